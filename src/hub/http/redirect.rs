//! Where a redirect leads, and whether it may be followed.

use url::Url;

use super::Failure;
use crate::endpoint::{Origin, public};

/// Whether a redirect leads to another origin. Where that is the answer it is not followed, so it need not be fit to be.
pub(super) fn leaves(from: &Url, location: &str) -> bool {
    from.join(location).is_ok_and(|to| Origin::of(&to) != Origin::of(from))
}

/// Where a redirect leads, if it may be followed.
pub(super) fn redirect(from: &Url, location: &str) -> Result<Url, Failure> {
    let to =
        from.join(location).map_err(|error| Failure::broken(from, format!("the redirect leads nowhere: {error}")))?;
    if !to.username().is_empty() || to.password().is_some() {
        // sent as `Authorization: Basic`, in place of what we would send or withhold
        return Err(Failure::broken(from, format!("the redirect to {} has a user or password in it", public(&to))));
    }
    match (from.scheme(), to.scheme()) {
        ("https", "http") => Err(Failure::broken(from, format!("the redirect leaves https for {}", public(&to)))),
        (_, "http" | "https") => Ok(to),
        (_, scheme) => Err(Failure::broken(from, format!("the redirect leads to `{scheme}:`, which is not the web"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_the_web_and_never_leave_https() {
        let from = |text: &str, location: &str| redirect(&Url::parse(text).unwrap(), location);
        assert_eq!(from("https://a/b/c?x=1", "d?y=2").unwrap().as_str(), "https://a/b/d?y=2");
        assert_eq!(from("https://a/b", "//other/x").unwrap().as_str(), "https://other/x");
        assert_eq!(from("http://a/b", "https://a/b").unwrap().as_str(), "https://a/b");
        for (url, location) in [
            ("https://a/", "http://a/"),
            ("https://a/", "file:///etc/passwd"),
            ("http://a/", "http://["),
            ("http://a/", "http://me@b/"),
            ("http://a/", "//me:pw@a/"),
            ("http://a/", "http://:pw@a/"),
        ] {
            assert!(from(url, location).is_err(), "{location}");
        }
    }
}
