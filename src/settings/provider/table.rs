//! Everything that is known of the built-in providers, one row each. Nowhere else is a provider known by its name, and
//! what speaks its protocol is one file of `hub::provider`.

use crate::reference::Spelling;
use crate::repo::RepoKind;
use crate::settings::env::{self, Variable};

/// The language in which a provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Hugging Face's hub, its mirrors, BOINC AI: `owner/name` at a git revision.
    HuggingFace,
    /// CivitAI: numbered models, versions and files.
    CivitAi,
}

/// What is known of a provider, whatever the environment and the configuration file say.
#[derive(Debug)]
pub(crate) struct ProviderFacts {
    /// The name that stands before the colon of a reference.
    pub(in crate::settings) name: &'static str,
    /// What people call it.
    pub(crate) title: &'static str,
    /// How it is spoken to.
    pub(crate) protocol: Protocol,
    /// Where it answers.
    pub(super) endpoint: &'static str,
    /// The variable that names another address to be asked instead.
    pub(super) endpoint_variable: Option<Variable>,
    /// Whether people read about a repository and accept its terms at its own address also where a mirror is asked.
    pub(super) has_own_pages: bool,
    /// Other addresses of its pages, as pasted links have them.
    pub(super) other_addresses: &'static [&'static str],
    /// Another address where it answers with the same numbers, for what is not published at the first.
    pub(super) second: Option<&'static str>,
    /// The page on which its users make tokens, as parts of a path; none where it is not known.
    pub(super) token_page: &'static [&'static str],
    /// What is added to that page to make a token for downloads.
    pub(super) new_token: &'static str,
    /// The variables that may hold its token, in order.
    pub(super) token_variables: &'static [Variable],
    /// Variables that hold its token for other programs, and that people set for every program. They are not read: a token
    /// that nobody meant for gatedl would be sent. That one is set is worth a hint.
    pub(crate) unread_variables: &'static [&'static str],
    /// Where its cache is.
    pub(super) cache: CachePlace,
    /// Who else knows its logins.
    pub(super) login: LoginPlace,
    /// Whether it gives a CI job a token for its identity.
    pub(crate) exchanges_identity: bool,
    /// How the tokens of another provider begin that are often set for this one by mistake, and whose they are.
    pub(crate) foreign_tokens: Option<(&'static str, &'static str)>,
    /// What else to try where it does not take a token.
    pub(crate) bad_token_hint: Option<&'static str>,
    /// How its repositories are written.
    pub(crate) spelling: Spelling,
    /// The kinds of repositories that it has.
    pub(crate) kinds: &'static [RepoKind],
    /// Whether git reads its repositories, with the same token.
    pub(crate) serves_git: bool,
}

/// Where the cache of a provider is, unless somebody says otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) enum CachePlace {
    /// Where `huggingface_hub` has it.
    OfHuggingFaceHub,
    /// Where the provider's own library has it: these folders below the user's cache.
    Below(&'static [&'static str]),
    /// Where gatedl alone looks.
    Own,
}

/// Where the logins of a provider are stored.
#[derive(Debug, Clone, Copy)]
pub(super) enum LoginPlace {
    /// In the files of `huggingface_hub`.
    OfHuggingFaceHub,
    /// In gatedl's own file.
    Own,
}

/// One that the configuration file adds. The built-in ones say where they differ.
pub(super) const OF_CONFIGURATION: ProviderFacts = ProviderFacts {
    name: "",
    title: "",
    protocol: Protocol::HuggingFace,
    endpoint: "https://huggingface.co",
    endpoint_variable: None,
    has_own_pages: false,
    other_addresses: &[],
    second: None,
    token_page: &[],
    new_token: "",
    token_variables: &[],
    unread_variables: &[],
    cache: CachePlace::Own,
    login: LoginPlace::Own,
    exchanges_identity: false,
    foreign_tokens: None,
    bad_token_hint: None,
    spelling: Spelling { is_numbered: false, scheme: None, air: None },
    kinds: &RepoKind::ALL,
    serves_git: true,
};

/// The built-in providers; the first is the default.
pub(super) const BUILT_IN: &[ProviderFacts] = &[
    ProviderFacts {
        name: "hf",
        title: "Hugging Face",
        has_own_pages: true,
        other_addresses: &["https://hf.co"],
        endpoint_variable: Some(env::HF_ENDPOINT),
        token_page: &["settings", "tokens"],
        // the box for gated repositories is ticked there, which its users miss otherwise (huggingface_hub#2844)
        new_token: "/new?canReadGatedRepos=true&tokenType=fineGrained",
        token_variables: &[env::HF_AUTH_TOKEN, env::HF_TOKEN, env::HUGGING_FACE_HUB_TOKEN, env::HF_ACCESS_TOKEN],
        unread_variables: &[
            "HUGGINGFACE_TOKEN",
            "HUGGINGFACE_HUB_TOKEN",
            "HUGGINGFACEHUB_API_TOKEN",
            "HUGGINGFACE_API_TOKEN",
            "HUGGINGFACE_API_KEY",
            "HUGGINGFACE_ACCESS_TOKEN",
            "HUGGING_FACE_TOKEN",
            "HUGGING_FACE_API_KEY",
            "HF_API_TOKEN",
            "HF_API_KEY",
            "HF_HUB_TOKEN",
            "HF_READ_TOKEN",
            "HF_KEY",
        ],
        cache: CachePlace::OfHuggingFaceHub,
        login: LoginPlace::OfHuggingFaceHub,
        exchanges_identity: true,
        spelling: Spelling { is_numbered: false, scheme: Some("hf://"), air: Some("huggingface") },
        ..OF_CONFIGURATION
    },
    ProviderFacts {
        name: "ba",
        title: "BOINC AI",
        endpoint: "https://boincai.com",
        endpoint_variable: Some(env::BA_ENDPOINT),
        token_page: &["settings", "tokens"],
        token_variables: &[env::BA_ACCESS_TOKEN, env::BA_TOKEN],
        cache: CachePlace::Below(&["boincai", "hub"]),
        // its pages send people to huggingface.co for a token (providers §3); whether to send it there is for them to say
        bad_token_hint: Some(
            "if it is a token of Hugging Face, `BA_ENDPOINT=https://huggingface.co` asks that hub with it",
        ),
        ..OF_CONFIGURATION
    },
    ProviderFacts {
        name: "civitai",
        title: "CivitAI",
        protocol: Protocol::CivitAi,
        endpoint: "https://civitai.com",
        endpoint_variable: Some(env::CIVITAI_ENDPOINT),
        // where its pages are and were; only the first and `.red` have an API (providers §1.7)
        other_addresses: &[
            "https://civitai.com",
            "https://www.civitai.com",
            "https://civitai.red",
            "https://civitai.green",
            "https://civitai.blue",
        ],
        second: Some("https://civitai.red"),
        token_page: &["user", "account"],
        token_variables: &[
            env::CA_API_KEY,
            env::CA_AUTH_TOKEN,
            env::CIVITAI_API_TOKEN,
            env::CIVITAI_TOKEN,
            env::CIVITAI_API_KEY,
        ],
        unread_variables: &["CIVITAI_KEY", "CIVIT_API_KEY", "CIVIT_TOKEN", "CIVITAI_AUTH_TOKEN"],
        // they lie beside each other in the settings of every worker
        foreign_tokens: Some(("hf_", "Hugging Face")),
        spelling: Spelling { is_numbered: true, scheme: None, air: Some("civitai") },
        kinds: &[RepoKind::Model],
        serves_git: false,
        ..OF_CONFIGURATION
    },
];

/// The built-in provider of a name.
pub(in crate::settings) fn built_in(name: &str) -> Option<&'static ProviderFacts> {
    BUILT_IN.iter().find(|facts| facts.name == name)
}

impl ProviderFacts {
    /// Whether it speaks the protocol that the configuration file can name.
    pub(in crate::settings) fn speaks_as_configured(&self) -> bool {
        self.protocol == OF_CONFIGURATION.protocol
    }
}
