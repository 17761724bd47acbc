//! The CDN: another origin, signed links, headers of its own, and no patience for an Authorization header.

use super::answer::Answer;
use super::options::LinkBinding;
use super::record::Place;
use super::request::Request;
use super::state::{Link, State};

pub fn answer(state: &mut State, request: &Request) -> Answer {
    let delay = state.options.cdn_delay;
    let mut answer = serve(state, request);
    answer.place = Place::Cdn;
    answer.delivery.delay = delay;
    answer
}

fn serve(state: &mut State, request: &Request) -> Answer {
    if state.options.cdn_at_once.is_some_and(|most| state.record.under_way(Place::Cdn) >= most) {
        return error(503, "SlowDown", "Please reduce your request rate");
    }
    if request.header("authorization").is_some() {
        let message = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query \
                       string parameter or the Authorization header should be specified";
        return error(400, "InvalidArgument", message);
    }
    let binding = state.options.link_binding;
    let signature = request.query("X-Amz-Signature").unwrap_or_default();
    let Some(link) = state.links.get_mut(signature).filter(|link| link.path == request.path) else {
        return error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match");
    };
    let file = link.file.clone();
    let answer = match check(link, binding, request.header("range")) {
        Ok(()) => {
            // Its own ETag, of the right shape and of no use.
            let etag = format!("\"{}\"", link.etag);
            Answer::content(link.content.clone())
                .with("etag", &etag)
                .with("content-type", "application/octet-stream")
                .with("x-amz-cf-id", "cdn-request")
        }
        Err(reason) => error(403, "AccessDenied", reason),
    };
    answer.about(Place::Cdn, &file)
}

/// Whether the link may be used for this range now; counts as a use.
fn check(link: &mut Link, binding: LinkBinding, range: Option<&str>) -> Result<(), &'static str> {
    if link.is_expired || link.uses_left == Some(0) {
        return Err("Request has expired");
    }
    let fits = match binding {
        LinkBinding::Free => true,
        LinkBinding::OnlyIfRanged => link.range.is_none() || link.range.as_deref() == range,
        LinkBinding::Exact => link.range.as_deref() == range,
    };
    if !fits {
        return Err("Auth failed: invalid range");
    }
    link.uses_left = link.uses_left.map(|uses| uses - 1);
    Ok(())
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer::new(status, body).with("content-type", "application/xml")
}
