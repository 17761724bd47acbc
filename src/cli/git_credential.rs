//! `gatedl git-credential get`: git's credential helper protocol, so that `git clone` of a gated repository needs no token
//! in its URL, where it would stay in `.git/config` for good.
//!
//! It answers for hosts of known providers only, and says nothing about all others: git then asks its next helper.
//! `store` and `erase` do nothing, because gatedl's tokens are not git's to change.

use std::io::Read as _;

use url::Url;

use super::diagnose;
use super::runner::Runner;
use super::terminal::Terminal;
use crate::endpoint::Origin;
use crate::error::{Error, ExitStatus};
use crate::hub::auth::TokenChoice;
use crate::repo::RepoId;
use crate::settings::env::Env;
use crate::settings::{Overrides, ProviderSettings, Settings};

/// The name that goes with a token (huggingface_hub stores the same). The hub reads the password only.
const USER: &str = "hf_user";

/// Runs the command.
pub(super) fn run(operation: &str, env: &Env, terminal: &Terminal) -> ExitStatus {
    if operation != "get" {
        return ExitStatus::Done;
    }
    match get(env, terminal) {
        Ok(()) => ExitStatus::Done,
        Err(error) => diagnose::end(&error, false, terminal),
    }
}

/// The longest question that is read; git's own have some hundred bytes.
const LONGEST: u64 = 64 << 10;

fn get(env: &Env, terminal: &Terminal) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|source| Error::Stream { action: "read git's question from standard input", source })?;
    if bytes.contains(&b'\r') {
        // git's helpers end lines in different ways, and so read different hosts (CVE-2024-52006)
        return Err(Error::Usage("git's question has a carriage return in it, so it is not answered".to_owned()));
    }
    let text = String::from_utf8(bytes).ok().filter(|text| text.len() as u64 <= LONGEST);
    let Some(question) = text.as_deref().and_then(Question::parse) else { return Ok(()) };
    let settings = Settings::resolve(env, &Overrides::default())?;
    let providers = question.providers(&settings.providers, terminal);
    if providers.is_empty() {
        return Ok(());
    }
    let running = Runner::new(terminal);
    let session = running.session(settings.clone(), env, TokenChoice::Search);
    let credential = running.finish(async {
        for (provider, prefix) in providers {
            let repo = question.repo(prefix);
            let found = session.find_credential(provider, repo.as_ref(), None).await?;
            if found.credential.is_some() {
                return Ok(found.credential);
            }
        }
        Ok(None)
    })?;
    let secret = credential.as_ref().and_then(|credential| credential.secret_for(&question.url));
    let Some(secret) = secret else { return Ok(()) };
    let user = question.user.unwrap_or_else(|| USER.to_owned());
    let answer = format!("username={user}\npassword={}", secret.expose());
    Terminal::answer(&answer)
}

/// What git asks for, as far as it matters here.
struct Question {
    /// The host, and the path where git tells it.
    url: Url,
    /// Git tells it only with `credential.useHttpPath`.
    has_path: bool,
    user: Option<String>,
}

impl Question {
    /// Reads `key=value` lines; none where git asks about something that is no web server.
    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().take_while(|line| !line.is_empty());
        let pairs: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once('=')).collect();
        let value = |key: &str| pairs.iter().rev().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let scheme = value("protocol").filter(|scheme| ["https", "http"].contains(scheme))?;
        // what else a reader of addresses would take away, turn round or decode, git's own may read in another way
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "-._:[]".contains(character);
        let host = value("host").filter(|host| host.chars().all(is_plain))?;
        let mut url = Url::parse(&format!("{scheme}://{host}/")).ok()?;
        let path = value("path");
        url.set_path(path.unwrap_or_default());
        Some(Self { url, has_path: path.is_some(), user: value("username").map(str::to_owned) })
    }

    /// The providers that are asked at this address, each with the length of its own part of the path. Of several on one
    /// host the path decides: one host serves many tenants, and the token of one is nothing for another.
    fn providers<'a>(&self, all: &'a [ProviderSettings], terminal: &Terminal) -> Vec<(&'a ProviderSettings, usize)> {
        let origin = Origin::of(&self.url);
        let on_host = all.iter().filter(|provider| provider.facts.serves_git);
        let on_host: Vec<&ProviderSettings> = on_host.filter(|provider| provider.endpoint.origin() == origin).collect();
        let within = |provider: &&'a ProviderSettings| Some((*provider, provider.endpoint.path_within(&self.url)?));
        let mut found: Vec<(&ProviderSettings, usize)> = on_host.iter().filter_map(within).collect();
        let longest = found.iter().map(|(_, prefix)| *prefix).max().unwrap_or_default();
        found.retain(|(_, prefix)| *prefix == longest);
        if !self.has_path && found.len() < on_host.len() {
            let host = format!("{}://{}", self.url.scheme(), origin.host());
            terminal.warn(&format!(
                "git does not say which part of {host} it asks about; `git config --global credential.{host}.useHttpPath true` lets it"
            ));
            return Vec::new();
        }
        found
    }

    /// The repository that it is about, where git tells.
    fn repo(&self, prefix: usize) -> Option<RepoId> {
        self.has_path.then(|| repo(&self.url.path()[prefix..])).flatten()
    }
}

/// The repository of a path.
fn repo(path: &str) -> Option<RepoId> {
    let path = path.trim_matches('/');
    let path = path.split_once(".git/").map_or(path, |(repo, _)| repo);
    let path = path.strip_suffix(".git").unwrap_or(path);
    ["datasets/", "spaces/"].iter().find_map(|kind| path.strip_prefix(kind)).unwrap_or(path).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_question_is_read_as_far_as_it_matters() {
        let question = Question::parse(
            "capability[]=state\nprotocol=https\nhost=hub.example:8443\npath=datasets/o/m.git\n\nx=y\n",
        );
        let question = question.unwrap();
        assert_eq!(question.url.as_str(), "https://hub.example:8443/datasets/o/m.git");
        assert_eq!((question.repo(0).unwrap().as_str(), question.user), ("o/m", None));
        assert_eq!(Question::parse("protocol=https\nhost=h\nusername=bob\n").unwrap().user.as_deref(), Some("bob"));
        for none in [
            "",
            "protocol=https\n",
            "protocol=ssh\nhost=h\n",
            "protocol=https\nhost=a@b\n",
            "protocol=https\nhost=a/b\n",
            "protocol=https\nhost=a/..\n",
            "protocol=https\nhost=a\tb\n",
            "protocol=https\nhost=%61b\n",
            "protocol=https\nhost=ｈuggingface.co\n",
            "protocol=https\nhost=huggingface。co\n",
            "protocol=https\nhost=a\\@b\n",
        ] {
            assert!(Question::parse(none).is_none(), "{none}");
        }
    }

    #[test]
    fn the_repository_of_a_path_is_found() {
        for (path, id) in [
            ("org/model", Some("org/model")),
            ("org/model.git", Some("org/model")),
            ("datasets/org/name.git/info/lfs", Some("org/name")),
            ("gpt2", Some("gpt2")),
            ("a/b/c/d", None),
        ] {
            assert_eq!(repo(path).as_ref().map(RepoId::as_str), id, "{path}");
        }
    }
}
