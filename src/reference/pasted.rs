//! What clings to a reference that was copied out of a sentence, a chat or a shell, and is no part of it.

use std::borrow::Cow;

use url::Url;

/// What stands around a name in writing.
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '‘', '’', '„', '«', '»', '<', '>'];

/// The text without blanks, quotes and brackets around it; of a link in Markdown its address, of one for ssh its path.
pub(super) fn bare(text: &str) -> Cow<'_, str> {
    // what closes a bracket that is not open belongs to the sentence
    let in_markdown = text.trim().strip_suffix(')').and_then(|text| Some(text.split_once("](")?.1));
    let text = in_markdown.unwrap_or(text).trim();
    let text = text.strip_prefix('(').map_or(text, |rest| rest.trim_end_matches([')', '.', ',']));
    let text = if text.contains('(') { text } else { text.trim_end_matches(')') };
    let is_quote = |character: char| character.is_whitespace() || QUOTES.contains(&character);
    let is_stop = |character: char| is_quote(character) || ['.', ',', ';', ':', '!'].contains(&character);
    let text = if text.starts_with(is_quote) { text.trim_end_matches(is_stop) } else { text };
    let text = text.trim_matches(is_quote);
    let over_ssh = text.strip_prefix("git@").and_then(|rest| rest.split_once(':'));
    over_ssh.map_or(Cow::Borrowed(text), |(host, path)| Cow::Owned(format!("https://{host}/{path}")))
}

/// The text without the punctuation and the slash behind it: no id, no revision and no page ends with one.
pub(super) fn without_stop(text: &str) -> &str {
    let rest = text.trim_end_matches(['.', ',', ';', '!', '/']);
    if rest.is_empty() || rest.ends_with("..") { text } else { rest }
}

/// What follows a prefix, whatever its case.
pub(super) fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Whether it is a path of this machine, as shells and Windows write it.
pub(super) fn is_path(text: &str) -> bool {
    let is_rooted = text.starts_with('/') && !text.starts_with("//");
    let begins = ["./", "../", "~/", ".\\", "..\\"].iter().any(|start| text.starts_with(start));
    is_rooted || begins || [".", "..", "~"].contains(&text) || text.contains(":\\")
}

/// An address as its host has it today: `https`, and no `www.`.
pub(super) fn as_today(url: &Url) -> Option<Url> {
    let mut today = url.clone();
    today.set_scheme("https").ok()?;
    let host = url.host_str()?;
    today.set_host(Some(host.strip_prefix("www.").unwrap_or(host))).ok()?;
    Some(today)
}
