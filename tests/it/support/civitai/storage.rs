//! The storage: another origin, links that are signed and expire, 400 to whoever sends a key along.

use super::super::answer::Answer;
use super::super::record::Place;
use super::super::request::Request;
use super::State;
use super::catalog::File;
use bytes::Bytes;

/// A signed link.
#[derive(Clone, Debug)]
pub struct Link {
    pub file: String,
    pub content: Bytes,
    pub uses_left: Option<u32>,
    pub is_expired: bool,
}

/// A fresh link for a file.
pub fn sign(state: &mut State, file: &File, number: u64) -> String {
    let signature = format!("{number:064x}");
    let link =
        Link { file: file.name.clone(), content: file.content.clone(), uses_left: state.link_uses, is_expired: false };
    state.links.insert(signature.clone(), link);
    format!(
        "{}/civitai-delivery/model/1/{}.bin?X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}",
        state.storage_root.as_ref().unwrap_or(&state.roots[1]),
        file.id
    )
}

pub fn answer(state: &mut State, request: &Request) -> Answer {
    let mut answer = serve(state, request);
    answer.place = Place::Cdn;
    answer
}

fn serve(state: &mut State, request: &Request) -> Answer {
    if request.header("authorization").is_some() {
        return error(400, "InvalidRequest", "Missing x-amz-content-sha256");
    }
    let expired = state.expired_status.unwrap_or(403);
    let Some(link) = state.links.get_mut(request.query("X-Amz-Signature").unwrap_or_default()) else {
        return error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match");
    };
    let file = link.file.clone();
    if link.is_expired || link.uses_left == Some(0) {
        return error(expired, "ExpiredRequest", "Request has expired").about(Place::Cdn, &file);
    }
    link.uses_left = link.uses_left.map(|uses| uses - 1);
    let mut answer = Answer::content(link.content.clone())
        .with("etag", "\"an etag of the storage's own\"")
        .with("content-type", "application/octet-stream")
        .about(Place::Cdn, &file);
    answer.delivery.rate = state.storage_rate;
    if let Some((offset, times)) = state.cuts.filter(|_| request.header("range") != Some("bytes=0-0")) {
        answer.delivery.cut_at = Some(offset);
        state.cuts = (times > 1).then_some((offset, times - 1));
    }
    answer
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer::new(status, body).with("content-type", "application/xml")
}
