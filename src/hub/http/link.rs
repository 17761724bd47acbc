//! The `Link` header, by which a listing names its next page (RFC 8288).
//!
//! A page that is missed is half a listing that looks whole. So commas inside of links and quotes, several links and
//! several headers, and lists of relations are read as the RFC has them, and a next page that cannot be read is not none.

use std::str::Chars;

use reqwest::header::{HeaderMap, LINK};

/// The link of the next page, as it is written: perhaps relative.
///
/// # Errors
/// When the header cannot be read and may name a next page, or names two.
pub(crate) fn next_page(headers: &HeaderMap) -> Result<Option<String>, &'static str> {
    let mut next: Option<String> = None;
    for value in headers.get_all(LINK) {
        let text = String::from_utf8_lossy(value.as_bytes());
        let Some(links) = parse(&text) else {
            if text.to_ascii_lowercase().contains("next") {
                return Err("the link to its next page cannot be read");
            }
            continue;
        };
        for link in links.into_iter().filter(LinkValue::is_next) {
            match &next {
                Some(known) if *known != link.target => return Err("it names two next pages"),
                _ => next = Some(link.target),
            }
        }
    }
    Ok(next)
}

#[derive(Debug, Default)]
struct LinkValue {
    target: String,
    /// The first one counts.
    relations: Option<String>,
}

impl LinkValue {
    fn is_next(&self) -> bool {
        let mut relations = self.relations.iter().flat_map(|relations| relations.split_ascii_whitespace());
        relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    }
}

/// `<target>; name=token; name="quoted \" text", <target>…`; none where the text is something else.
fn parse(text: &str) -> Option<Vec<LinkValue>> {
    let (mut rest, mut links) = (text.chars(), Vec::new());
    while let Some(character) = skip(&mut rest, &[' ', '\t', ',']) {
        let mut link = LinkValue::default();
        (character == '<').then(|| rest.next())?;
        until(&mut rest, &['>']).trim().clone_into(&mut link.target);
        (rest.next() == Some('>')).then_some(())?;
        while skip(&mut rest, &[' ', '\t']) == Some(';') {
            rest.next();
            skip(&mut rest, &[' ', '\t']);
            let (name, value) = parameter(&mut rest)?;
            if name.eq_ignore_ascii_case("rel") {
                link.relations.get_or_insert(value);
            }
        }
        matches!(peek(&rest), None | Some(',')).then(|| links.push(link))?;
    }
    Some(links)
}

fn parameter(rest: &mut Chars<'_>) -> Option<(String, String)> {
    let name = until(rest, &['=', ';', ',', ' ', '\t']);
    if skip(rest, &[' ', '\t']) != Some('=') {
        return Some((name, String::new()));
    }
    rest.next();
    if skip(rest, &[' ', '\t']) != Some('"') {
        return Some((name, until(rest, &[';', ',', ' ', '\t'])));
    }
    rest.next();
    let mut value = String::new();
    loop {
        match rest.next()? {
            '"' => return Some((name, value)),
            '\\' => value.push(rest.next()?),
            character => value.push(character),
        }
    }
}

fn peek(rest: &Chars<'_>) -> Option<char> {
    rest.clone().next()
}

/// Skips these characters and says which one comes then.
fn skip(rest: &mut Chars<'_>, skipped: &[char]) -> Option<char> {
    *rest = rest.as_str().trim_start_matches(skipped).chars();
    peek(rest)
}

/// What comes before the next of these characters, or before the end.
fn until(rest: &mut Chars<'_>, ends: &[char]) -> String {
    let text = rest.as_str();
    let end = text.find(ends).unwrap_or(text.len());
    *rest = text[end..].chars();
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(values: &[&[u8]]) -> Result<Option<String>, &'static str> {
        let values = values.iter().map(|value| (LINK, reqwest::header::HeaderValue::from_bytes(value).unwrap()));
        next_page(&values.collect())
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        for (text, expected) in [
            ("<https://hub/api/tree?cursor=x>; rel=\"next\"", Some("https://hub/api/tree?cursor=x")),
            ("</p>; rel=\"prev\", </n?c=1>; rel=next", Some("/n?c=1")),
            ("<https://hub/tree?cursor=a,b,c>; rel=\"next\"", Some("https://hub/tree?cursor=a,b,c")),
            ("<?cursor=1;2>;title=\"a, b; rel=prev \\\" <x>\" ; REL = \"last  NEXT\"", Some("?cursor=1;2")),
            ("</x>; rel=\"xet-auth\", </n>; rel=\"next\", </n>; rel=\"next\"", Some("/n")),
            (", ,</n>;rel=next,", Some("/n")),
            ("</n>;rel=prev;rel=next", None),
            ("</n>; crossorigin; rel=next", Some("/n")),
            ("< /n >; rel=next", Some("/n")),
            ("</p>; rel=\"prev\"", None),
            ("</p>; rel=\"nextpage\"", None),
            ("garbage", None),
            ("", None),
        ] {
            assert_eq!(next(&[text.as_bytes()]), Ok(expected.map(str::to_owned)), "{text}");
        }
        assert_eq!(next(&[b"</a>; rel=prev", b"</b>; rel=next"]), Ok(Some("/b".to_owned())));
        assert_eq!(next(&[]), Ok(None));
    }

    #[test]
    fn a_next_page_that_cannot_be_read_is_an_error() {
        for text in [
            "/n; rel=next",
            "</n; rel=next",
            "</n>; rel=\"next",
            "</n> rel=next",
            "<a>; rel=next, <b>; rel=next",
            "NEXT",
        ] {
            assert!(next(&[text.as_bytes()]).is_err(), "{text}");
        }
    }
}
