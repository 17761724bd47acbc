//! What to try after a refusal: each reason has its own way out, and where the token came from is always told.

use super::super::{OtherToken, RefusedPull};
use super::list;
use crate::credential::CredentialSource;
use crate::hub::provider::RefusalKind;
use crate::repo::Revision;

/// Names that other programs have for the newest commit.
const NEWEST: [&str; 5] = ["latest", "newest", "head", "master", "default"];
/// How names of files end, and names of repositories do not.
const FILE_ENDINGS: [&str; 8] = [".safetensors", ".gguf", ".bin", ".json", ".onnx", ".ckpt", ".pt", ".txt"];

impl RefusedPull {
    pub(super) fn hints(&self) -> Vec<String> {
        let page = &self.refusal.page;
        let mut hints = match self.refusal.kind {
            RefusalKind::NoToken if self.token.is_some() => vec![
                format!("accept the terms at {page} with the account of this token"),
                format!("`gatedl auth status {}` tells whether the token is still good", self.provider),
            ],
            RefusalKind::NoToken => {
                vec![format!("accept the terms at {page} with your account"), self.how_to_give_a_token()]
            }
            RefusalKind::NotRequested => vec![format!("accept the terms at {page} and run the same command again")],
            RefusalKind::Pending => vec![format!("the owners decide; {page} shows the state"), self.how_to_wait()],
            RefusalKind::Rejected => {
                vec![format!("a rejected request cannot be repeated; only the owners can help: {page}/discussions")]
            }
            RefusalKind::Reset => vec![format!("ask again at {page} and run the same command again")],
            RefusalKind::Gated => vec![format!("see {page}")],
            RefusalKind::TokenTooNarrow => vec![format!(
                "give the token \"Read access to contents of all public gated repos you can access\", or make one that has \
                 it: {page}; then run the same command again"
            )],
            RefusalKind::BadToken | RefusalKind::ExpiredToken => {
                vec![format!("make a new token at {page}{}", self.where_to_put_it())]
            }
            RefusalKind::Forbidden => vec![self.forbidden()],
            RefusalKind::Disabled => vec![format!("see {page} for the reason")],
            RefusalKind::LoginRequired => self.login(),
            RefusalKind::DownloadsDisabled => vec![format!("no token helps; another version may be free: {page}")],
            RefusalKind::EarlyAccess if self.token.is_none() => {
                vec![
                    format!("buy access at {page}, or come back later; an older version may be free"),
                    self.how_to_give_a_token(),
                ]
            }
            RefusalKind::EarlyAccess => {
                vec![format!("buy access at {page}, or come back later; an older version may be free")]
            }
            RefusalKind::NotEntitled => vec![format!("see {page} for how to get access")],
            RefusalKind::Archived => {
                vec![format!("the same content may have been published elsewhere; {page} may say where")]
            }
            RefusalKind::RegionBlocked => vec![format!("no token helps; see {page}")],
            RefusalKind::NotPublished => vec![format!(
                "see {page}; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`"
            )],
            RefusalKind::Malformed => {
                vec!["the numbers are those of the page's address: `civitai:MODEL@VERSION+FILE`".to_owned()]
            }
            RefusalKind::NotFoundOrPrivate => self.not_found(),
            RefusalKind::RevisionMissing => self.no_revision(),
            RefusalKind::FileMissing => {
                vec!["run the command again; the hub may be in the middle of a change".to_owned()]
            }
        };
        if self.public && matches!(self.refusal.kind, RefusalKind::BadToken | RefusalKind::ExpiredToken) {
            let way = "the same command with `--anonymous` pulls it without a token";
            hints.insert(0, format!("`{}` is public: {way}", self.repo));
        }
        hints.extend(self.about_the_token());
        hints.extend(self.about_the_hub());
        hints.extend(self.about_unread_variable());
        hints.extend(self.about_other_tokens());
        hints
    }

    fn how_to_wait(&self) -> String {
        let reference = &self.reference;
        format!("`gatedl access --wait 24h {reference} && gatedl pull {reference}` pulls it once they have let you in")
    }

    /// What to do with a new token, so that it is the one that is sent.
    fn where_to_put_it(&self) -> String {
        match &self.token {
            Some(CredentialSource::Variable(name)) => format!(" and set {name} to it"),
            Some(CredentialSource::Login(_) | CredentialSource::Stored { .. }) => {
                format!(" and store it with `gatedl auth login {}`", self.provider)
            }
            Some(_) => " and put it in the place of the old one".to_owned(),
            None => String::new(),
        }
    }

    fn no_revision(&self) -> Vec<String> {
        let newest = self.reference.strip_suffix(&format!("@{}", self.revision)).unwrap_or(&self.reference);
        let revision = self.revision.as_str();
        let mut hints = Vec::new();
        if NEWEST.iter().any(|word| word.eq_ignore_ascii_case(revision)) {
            hints.push(format!("the newest commit of the main branch needs no revision: `gatedl pull {newest}`"));
        }
        if let Some((revision, file)) = revision.split_once('/').filter(|(first, _)| *first != "refs") {
            hints.push(format!("a file follows behind a blank: `gatedl pull {newest}@{revision} {file}`"));
        }
        hints.push(format!("see the branches and tags at {}", self.refusal.page));
        hints
    }

    fn not_found(&self) -> Vec<String> {
        let mut hints = Vec::new();
        if let Some((kind, reference)) = &self.other_kind {
            hints.push(format!("there is a {} of this name: `gatedl pull {reference}`", kind.singular()));
        }
        let name = self.repo.id.name();
        if self.repo.id.owner().is_none() && FILE_ENDINGS.iter().any(|ending| name.to_lowercase().ends_with(ending)) {
            hints.push(format!("a file stands behind its repository: `gatedl pull OWNER/NAME {name}`"));
        }
        if !self.similar.is_empty() {
            hints.push(format!("near names: {}", list(&self.similar)));
        }
        if self.token.is_none() {
            hints.push(format!("if it is private: {}", self.how_to_give_a_token()));
        }
        hints
    }

    fn login(&self) -> Vec<String> {
        let page = &self.refusal.page;
        match &self.account {
            None => vec![self.how_to_give_a_token()],
            Some(account) => match account.standing.as_deref() {
                Some(standing) if standing != "active" => vec![format!("the account is {standing}: see {page}")],
                _ => vec![format!("see {page}, or try another token")],
            },
        }
    }

    /// The server's own words say more than gatedl knows; what they are about decides where to look.
    fn forbidden(&self) -> String {
        let page = &self.refusal.page;
        let about_token = |message: &String| message.to_lowercase().contains("token");
        match &self.token_page {
            Some(tokens) if self.refusal.server_message.as_ref().is_some_and(about_token) => {
                format!("another token may be allowed: {tokens}")
            }
            _ => format!("a policy or an administrator forbids it; {page} may say more"),
        }
    }

    fn how_to_give_a_token(&self) -> String {
        match self.withheld {
            Some(flag) if flag.starts_with('-') => return format!("run it without {flag} to send a token"),
            // not every command takes a token, but all read this
            Some(name) => {
                return format!("{name} is set, so no token was looked for; run it with {name}=0 to send one");
            }
            None => {}
        }
        let variable = self.token_variables.iter().find(|name| *name == "HF_TOKEN").or(self.token_variables.first());
        let tokens = self.token_page.as_ref().map(|page| format!(" ({page})")).unwrap_or_default();
        let provider = &self.provider;
        let set = variable.map(|name| format!(" or set {name},")).unwrap_or_default();
        format!(
            "store a token of that account{tokens} with `gatedl auth login {provider}`,{set} and run the same command again"
        )
    }

    fn about_the_token(&self) -> Option<String> {
        let of_token = |kind: RefusalKind| {
            kind.is_about_the_account()
                || matches!(kind, RefusalKind::NoToken | RefusalKind::BadToken | RefusalKind::ExpiredToken)
        };
        let source = self.token.as_ref().filter(|_| of_token(self.refusal.kind))?;
        let account = self.account.as_ref().map(|account| format!(" (account `{}`)", account.name)).unwrap_or_default();
        Some(format!("the token came from {source}{account}; `gatedl auth status` shows the others"))
    }

    /// Not where the other hub was asked already.
    fn about_the_hub(&self) -> Option<String> {
        let is_bad = matches!(self.refusal.kind, RefusalKind::BadToken | RefusalKind::ExpiredToken);
        let is_elsewhere = !self.refusal.page.starts_with("https://huggingface.co/");
        self.bad_token_hint.filter(|_| is_bad && is_elsewhere).map(str::to_owned)
    }

    fn about_unread_variable(&self) -> Option<String> {
        let name = self.unread_variable.filter(|_| self.is_without_a_token())?;
        let read = self.token_variables.iter().find(|name| *name == "HF_TOKEN").or(self.token_variables.first())?;
        Some(format!("{name} is set, but it is not read; set {read} to the token instead"))
    }

    /// Whether there is no token, and one would have helped.
    fn is_without_a_token(&self) -> bool {
        let kind = self.refusal.kind;
        let sought = matches!(kind, RefusalKind::NoToken | RefusalKind::NotFoundOrPrivate | RefusalKind::LoginRequired);
        sought && self.token.is_none() && self.withheld.is_none()
    }

    fn about_other_tokens(&self) -> Option<String> {
        let alike = self.other_tokens.iter().find(|other| other.is_alike);
        let other = alike.or(self.other_tokens.first()).filter(|_| self.is_without_a_token())?;
        let OtherToken { variable, provider, is_alike } = other;
        if !is_alike {
            return Some(format!("{variable} is set, but it is for the provider `{provider}` and is sent to no other"));
        }
        let (repo, revision) = (&self.repo, &self.revision);
        let at = if *revision == Revision::main() { String::new() } else { format!("@{revision}") };
        Some(format!(
            "{variable} is set, but it is for the provider `{provider}`; did you mean `{provider}:{repo}{at}`?"
        ))
    }
}
