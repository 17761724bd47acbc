//! The `Link` header, by which a listing names its next page (RFC 8288, as far as hubs use it).

use url::Url;

/// The link of the next page in a `Link` header, resolved against the page's own link.
#[must_use]
pub fn next_page(header: Option<&str>, page: &Url) -> Option<Url> {
    let entries = header?.split(',');
    let next = entries.map(str::trim).find(|entry| {
        let parameters = entry.split(';').skip(1);
        parameters.map(str::trim).any(|parameter| matches!(parameter, "rel=\"next\"" | "rel=next"))
    })?;
    let link = next.strip_prefix('<')?.split_once('>')?.0;
    page.join(link).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let page = Url::parse("https://hub/api/tree?a=1").unwrap();
        let next = |header| next_page(Some(header), &page).map(|url| url.to_string());
        assert_eq!(next("<https://hub/api/tree?cursor=x>; rel=\"next\""), Some("https://hub/api/tree?cursor=x".into()));
        assert_eq!(next("</p>; rel=\"prev\", </n?c=1>; rel=next"), Some("https://hub/n?c=1".into()));
        assert_eq!(next("</p>; rel=\"prev\""), None);
        assert_eq!(next("garbage"), None);
        assert_eq!(next_page(None, &page), None);
    }
}
