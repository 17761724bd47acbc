//! A command line as it is pasted into a shell.

use url::Url;

/// What a link may say behind its `?` that gatedl reads; all else there, a token too, is not repeated.
const READ: [&str; 8] = ["modelversionid", "version", "fileid", "type", "format", "size", "fp", "quanttype"];

/// The words as a line.
pub(super) fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(&without_secrets(word))).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn without_secrets(word: &str) -> String {
    let Ok(mut url) = Url::parse(word) else { return word.to_owned() };
    if !url.has_host() || (url.query().is_none() && url.username().is_empty() && url.password().is_none()) {
        return word.to_owned();
    }
    let read = url.query_pairs().filter(|(key, _)| READ.contains(&key.to_lowercase().as_str()));
    let pairs: Vec<(String, String)> = read.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    // neither fails for an address with a host
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_and_repeats_no_secret() {
        let shown = |words: &[&str]| line(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            shown(&["gatedl", "pull", "org/model@v1", "a b", "*.json"]),
            "gatedl pull org/model@v1 'a b' '*.json'"
        );
        assert_eq!(shown(&["it's", ""]), r"'it'\''s' ''");
        assert_eq!(
            shown(&["https://u:canary@civitai.com/models/1?modelVersionId=2&token=canary"]),
            "'https://civitai.com/models/1?modelVersionId=2'"
        );
        assert_eq!(shown(&["https://hf.co/o/m/resolve/main/f?download=true"]), "https://hf.co/o/m/resolve/main/f");
    }
}
