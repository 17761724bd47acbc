//! `stored_tokens`: huggingface_hub's logins by name, read as Python's configparser reads them and written as it writes.
//!
//! A section may hold more than a token: what a browser login needs to be renewed (`refresh_token`, `expires_at`), and
//! whatever a later version adds. A rewrite that lost those would log the user out weeks later, so everything that can be
//! read is kept, and a file that cannot be read is left alone. The Rust tool `hfrs` writes JSON to the very same path.

use std::path::Path;

use super::super::AuthError;

/// The key of the token itself.
const TOKEN: &str = "hf_token";
/// What the next token of a browser's login is asked for with.
const REFRESH: &str = "refresh_token";
/// When the token ends, in seconds since 1970.
const END: &str = "expires_at";
/// What belongs to one token and not to the next one of the same name.
const OF_THE_TOKEN: [&str; 2] = [REFRESH, END];
/// configparser's section of defaults, which is no login and stands first.
pub(super) const DEFAULT: &str = "DEFAULT";

/// A login as a browser makes it: what can be renewed has all three.
pub(super) struct Browser<'a> {
    pub(super) token: &'a str,
    pub(super) refresh_token: Option<&'a str>,
    pub(super) expires_at: Option<u64>,
}

/// The file. It has no `Debug`: most of its values are secrets.
#[derive(Default)]
pub(super) struct StoredTokens(Vec<Section>);

struct Section {
    name: String,
    entries: Vec<IniEntry>,
}

struct IniEntry {
    key: String,
    /// The lines of the value; nearly always one.
    lines: Vec<String>,
}

impl IniEntry {
    fn is(&self, key: &str) -> bool {
        self.key.to_lowercase() == key
    }
}

impl StoredTokens {
    /// Reads the text of the file at `path`.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, AuthError> {
        let mut reader = IniReader { sections: Vec::new(), indent: None };
        for (number, line) in text.lines().enumerate() {
            reader.take(line).map_err(|problem| AuthError::Malformed {
                path: path.to_owned(),
                line: number + 1,
                problem: format!("{problem}, so this is not a list of logins as huggingface_hub writes it"),
            })?;
        }
        Ok(Self(reader.sections))
    }

    /// The text of the file.
    pub(super) fn render(&mut self) -> String {
        self.0.sort_by(|one, other| (one.name != DEFAULT, &one.name).cmp(&(other.name != DEFAULT, &other.name)));
        let mut text = String::new();
        for section in &self.0 {
            text += &format!("[{}]\n", section.name);
            for entry in &section.entries {
                text += &format!("{} = {}\n", entry.key, entry.lines.join("\n").trim_end().replace('\n', "\n\t"));
            }
            text.push('\n');
        }
        text
    }

    /// Every login: its name and its token. A section without a token is somebody else's.
    pub(super) fn logins(&self) -> impl Iterator<Item = (&str, &str)> {
        let logins = self.0.iter().filter(|section| section.name != DEFAULT);
        logins.filter_map(|section| {
            let entry = section.entries.iter().find(|entry| entry.is(TOKEN))?;
            Some((section.name.as_str(), entry.lines.first()?.as_str()))
        })
    }

    /// Stores a token under a name. Another token of that name goes, and what belonged to it.
    pub(super) fn set(&mut self, name: &str, token: &str) {
        let same = self.logins().any(|login| login == (name, token));
        let at = self.0.iter().position(|section| section.name == name).unwrap_or_else(|| {
            self.0.push(Section { name: name.to_owned(), entries: Vec::new() });
            self.0.len() - 1
        });
        let entries = &mut self.0[at].entries;
        if !same {
            entries.retain(|entry| !entry.is(TOKEN) && !OF_THE_TOKEN.iter().any(|key| entry.is(key)));
            entries.insert(0, IniEntry { key: TOKEN.to_owned(), lines: vec![token.to_owned()] });
        }
    }

    /// Every login by name, with what a renewal needs.
    pub(super) fn browsers(&self) -> impl Iterator<Item = (&str, Browser<'_>)> {
        self.logins().map(|(name, token)| {
            let value = |key| self.value(name, key);
            let expires_at = value(END).and_then(|text| text.trim().parse().ok());
            (name, Browser { token, refresh_token: value(REFRESH), expires_at })
        })
    }

    fn value(&self, name: &str, key: &str) -> Option<&str> {
        let section = self.0.iter().find(|section| section.name == name)?;
        section.entries.iter().find(|entry| entry.is(key))?.lines.first().map(String::as_str)
    }

    /// Puts the next token of a browser's login in the place of the one that ends; its other keys stay.
    pub(super) fn renew(&mut self, name: &str, token: &str, refresh_token: &str, expires_at: Option<u64>) {
        self.set(name, token);
        let Some(section) = self.0.iter_mut().find(|section| section.name == name) else { return };
        section.entries.retain(|entry| !OF_THE_TOKEN.iter().any(|key| entry.is(key)));
        let end = expires_at.map(|end| (END, end.to_string()));
        let entries = [(REFRESH, refresh_token.to_owned())].into_iter().chain(end);
        let entries = entries.map(|(key, value)| IniEntry { key: key.to_owned(), lines: vec![value] });
        section.entries.splice(1..1, entries);
    }

    /// Removes a login; says whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|section| section.name != name);
        self.0.len() < before
    }
}

/// configparser's reading, line by line (`_read` of CPython 3.11, with no interpolation).
struct IniReader {
    sections: Vec<Section>,
    /// How far the entry under way is indented; its value goes on in lines that are further in.
    indent: Option<usize>,
}

impl IniReader {
    fn take(&mut self, line: &str) -> Result<(), &'static str> {
        let text = line.trim();
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.len() - line.trim_start().len();
        if let Some(entry) = self.going_on(text, indent) {
            entry.lines.push(text.to_owned());
            return Ok(());
        }
        if text.is_empty() {
            return Ok(());
        }
        self.indent = None;
        if let Some(name) = text.strip_prefix('[').and_then(|rest| Some(&rest[..rest.rfind(']')?])) {
            return self.begin(name);
        }
        let section = self.sections.last_mut().ok_or("the first line is no [section]")?;
        let (key, value) = text.split_once(['=', ':']).ok_or("a line is neither a section nor `key = value`")?;
        let key = key.trim_end();
        if key.is_empty() || section.entries.iter().any(|entry| entry.is(&key.to_lowercase())) {
            return Err("a key is empty or stands there twice");
        }
        section.entries.push(IniEntry { key: key.to_owned(), lines: vec![value.trim_start().to_owned()] });
        self.indent = Some(indent);
        Ok(())
    }

    /// The entry whose value goes on in this line.
    fn going_on(&mut self, text: &str, indent: usize) -> Option<&mut IniEntry> {
        let own = self.indent?;
        (text.is_empty() || indent > own).then(|| self.sections.last_mut()?.entries.last_mut()).flatten()
    }

    fn begin(&mut self, name: &str) -> Result<(), &'static str> {
        if name.is_empty() || self.sections.iter().any(|section| section.name == name) {
            return Err("a section has no name or stands there twice");
        }
        self.sections.push(Section { name: name.to_owned(), entries: Vec::new() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> StoredTokens {
        StoredTokens::parse(text, Path::new("stored_tokens")).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As CPython 3.11 writes it.
    const PYTHON: &str = "[ci-read]\nhf_token = hf_a\n\n[oauth-bob]\nhf_token = hf_oauth_b\nrefresh_token = hf_r\nexpires_at = 1793491200\n\n";

    #[test]
    fn what_python_wrote_comes_out_byte_for_byte() {
        for text in
            [PYTHON, "", "[DEFAULT]\na = b\n\n[A]\nhf_token = x\n\n", "[a]\nhf_token = x\nnote = one\n\ttwo\n\n"]
        {
            assert_eq!(parse(text).render(), text);
        }
        let logins = [("ci-read", "hf_a"), ("oauth-bob", "hf_oauth_b")];
        assert_eq!(parse(PYTHON).logins().collect::<Vec<_>>(), logins);
    }

    #[test]
    fn what_people_wrote_is_understood_as_python_understands_it() {
        let text = "# mine\r\n[b]\r\nHF_Token: x\r\n\r\n; old\r\n[a]]\r\nhf_token=\r\n  y\r\n[foreign]\r\nkey = 1\r\n";
        let mut stored = parse(text);
        assert_eq!(stored.logins().collect::<Vec<_>>(), [("b", "x"), ("a]", "")]);
        assert_eq!(stored.render(), "[a]]\nhf_token = \n\ty\n\n[b]\nHF_Token = x\n\n[foreign]\nkey = 1\n\n");
    }

    #[test]
    fn a_new_login_stands_in_its_place_and_others_keep_all_they_have() {
        let mut stored = parse(PYTHON);
        stored.set("b", "hf_b");
        stored.set("Zoe", "hf_z");
        let rest = PYTHON.split_once("[oauth").unwrap().1;
        let expected =
            format!("[Zoe]\nhf_token = hf_z\n\n[b]\nhf_token = hf_b\n\n[ci-read]\nhf_token = hf_a\n\n[oauth{rest}");
        assert_eq!(stored.render(), expected);
        assert!(stored.remove("b") && stored.remove("Zoe") && !stored.remove("b"));
        assert_eq!(stored.render(), PYTHON);
    }

    #[test]
    fn what_belongs_to_a_token_goes_with_it_and_the_rest_of_its_section_stays() {
        let mut stored = parse("[a]\nhf_token = x\nrefresh_token = r\nexpires_at = 1\nnote = mine\n\n");
        stored.set("a", "x");
        assert!(stored.render().contains("refresh_token = r"));
        stored.set("a", "y");
        assert_eq!(stored.render(), "[a]\nhf_token = y\nnote = mine\n\n");
    }

    #[test]
    fn a_renewed_login_is_written_as_python_writes_it() {
        let mut stored = parse(PYTHON);
        let browsers: Vec<_> = stored.browsers().map(|(name, one)| (name, one.refresh_token, one.expires_at)).collect();
        assert_eq!(browsers, [("ci-read", None, None), ("oauth-bob", Some("hf_r"), Some(1_793_491_200))]);
        stored.renew("oauth-bob", "hf_oauth_c", "hf_s", Some(7));
        let expected = PYTHON.replace("hf_oauth_b", "hf_oauth_c").replace("hf_r", "hf_s").replace("1793491200", "7");
        assert_eq!(stored.render(), expected);
        stored.renew("oauth-bob", "hf_oauth_d", "hf_s", None);
        assert!(!stored.render().contains("expires_at"));
        for odd in ["-1", "18446744073709551616", "soon", "NaN", ""] {
            let stored = parse(&PYTHON.replace("1793491200", odd));
            assert_eq!(stored.browsers().last().expect("a login").1.expires_at, None, "{odd}");
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused_without_its_values() {
        for (text, line) in [
            ("{\"tokens\": {\"a\": \"hf_canary\"}}", 1),
            ("\u{feff}[a]\nhf_token = hf_canary", 1),
            ("[a]\nhf_canary\n", 2),
            ("[a]\nhf_token = hf_canary\n[a]\n", 3),
            ("[a]\nhf_token = x\nHF_TOKEN = hf_canary\n", 3),
            ("[]\n", 1),
        ] {
            let error = StoredTokens::parse(text, Path::new("/h/stored_tokens")).map(|_| ()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`/h/stored_tokens`, line {line}: ")), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
