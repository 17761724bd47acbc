//! What a user should know though the work goes on: one variant for each thing that can be said, with what it is about.

use std::time::Duration;

use serde::Serialize;

use super::seconds;
use crate::repo::RepoPath;

/// A file of a repository that cannot be a file here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OddFile {
    /// Its name in the repository: not safe to print.
    pub(crate) path: String,
    /// Why, to be read after "it": "it contains a backslash".
    pub(crate) reason: &'static str,
}

/// Something worth knowing that needs no act of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Note {
    /// A provider's scan of a file is not over.
    ScanPending { path: RepoPath, scan: String },
    /// Several files were published under one name.
    Namesakes {
        /// The name.
        name: String,
        /// All of them, each with its number and what tells it from the others.
        files: Vec<String>,
        /// The number of the one that is taken.
        taken: u64,
    },
    /// A file does not come in the quantization that was asked for, and is left out.
    LacksQuantization { path: String, quantization: String },
    /// A session of Transformers.js does not come in the precision that was asked for.
    LacksPrecision { session: String, wanted: &'static str, taken: &'static str },
    /// What a listing says is not what it said when it was kept.
    ListingChanged { reference: String },
    /// What was hashed could not be noted, so the next pull hashes it again.
    NotesNotKept { problem: String },
}

/// Something the user should know, once, though the work goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Warning {
    /// Content in the cache is not what its name says.
    Damaged {
        path: RepoPath,
        /// Where it stands.
        at: String,
        /// Files of applications through which it was changed, for they share its bytes.
        sharers: Vec<String>,
        /// Whether it is fetched again; offline it is not.
        refetch: bool,
    },
    /// Another program removed a file while it was pulled.
    Removed { at: String },
    /// What an earlier run left of a file has holes, which are fetched again.
    HolesFound { path: RepoPath },
    /// What an earlier run left of a file was damaged; it is fetched again.
    RemainsDamaged { path: RepoPath },
    /// Another process wrote wrong bytes into a file; it is fetched again.
    RivalWrote { path: RepoPath },
    /// The process that fetches a file does not get on; it is fetched beside that one.
    HolderStuck {
        path: RepoPath,
        /// How long nothing came.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        waited: Duration,
    },
    /// What stands in the folder is not what a pull left there; it is replaced.
    Replaced { path: RepoPath },
    /// A provider's scan found a danger in a file, and the user takes it all the same.
    Danger { path: RepoPath, scan: String },
    /// Files that cannot be files here.
    LeftOut { files: Vec<OddFile> },
    /// Files that are pointers of Git LFS in place of their content.
    LfsPointers { paths: Vec<RepoPath> },
    /// A flow of Visionatrix brings a catalog of its own.
    FlowCatalog { flow: String, models: Vec<String> },
    /// What a node of a flow loads may be any of these models.
    LoaderAmbiguous { flow: String, node: String, value: String, models: Vec<String> },
    /// No model of the catalog answers to what a flow loads.
    LoaderUnmatched { problem: String },
    /// Something about the token.
    Token(TokenTrouble),
}

/// What should be known about the token that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "token", rename_all = "snake_case")]
pub(crate) enum TokenTrouble {
    /// It stood in a link, where others see it.
    InLink,
    /// It is one of another site, so it was not sent.
    OfAnother {
        /// Where it came from.
        source: String,
        /// How it begins.
        prefix: &'static str,
        /// Whose tokens begin so.
        whose: &'static str,
        /// Who would have learned it.
        endpoint: String,
    },
    /// The way to the endpoint is plain http, so it was not sent.
    Exposed { source: String, endpoint: String },
    /// Other users can read the file that it stands in.
    Readable { file: String },
    /// A login could not be renewed and has ended.
    LoginEnded { login: String, provider: String, problem: String },
    /// A login could not be renewed; perhaps it will be another time.
    LoginNotRenewed { login: String, problem: Option<String> },
    /// The token of a CI job ends, and its identity gives no other.
    JobTokenEnds { problem: String },
}

impl From<TokenTrouble> for Warning {
    fn from(trouble: TokenTrouble) -> Self {
        Self::Token(trouble)
    }
}
