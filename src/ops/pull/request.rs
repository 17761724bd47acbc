//! What a pull is asked for.

use std::path::PathBuf;

use super::Installation;
use crate::apps::weights::Choice;
use crate::digest::Digest;
use crate::pattern::Selection;
use crate::reference::{Reference, Variant};
use crate::session::RepoRequest;
use crate::settings::Settings;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    /// The repository and the revision, and where they are.
    pub(crate) wanted: RepoRequest,
    /// Which of its files.
    pub(crate) selection: Selection,
    /// Which of its alternative files, where the provider has such.
    pub(crate) variant: Variant,
    /// The SHA-256 that the one file must have. It chooses among files; where the listing tells another one, nothing is
    /// fetched. A file that is listed without a hash is verified by it; one with a git id is hashed before it gets its
    /// name. The path of the answer is then the file's.
    pub(crate) expect: Option<Digest>,
    /// Take files in which a scan found a danger.
    pub(crate) allow_unsafe: bool,
    /// Which of the weights among them; none for all.
    pub(crate) weights: Option<Choice>,
    /// A folder for the files, instead of the shared cache.
    pub(crate) local_dir: Option<PathBuf>,
    /// Folders of an application, besides the cache.
    pub(crate) into: Option<Installation>,
    /// Fetch again what is here.
    pub(crate) force: bool,
    /// Plan, and do no more.
    pub(crate) dry_run: bool,
}

impl PullRequest {
    /// All that a reference leads to, with the defaults of everything that it does not say.
    #[must_use]
    pub(crate) fn of(reference: Reference, settings: &Settings) -> Self {
        let names = reference.path.iter().map(ToString::to_string).collect();
        Self {
            selection: Selection::of_names(names),
            variant: reference.variant.clone(),
            weights: reference.quant.clone().map(Choice::Quant),
            ..Self::about(RepoRequest::of(reference, settings))
        }
    }

    /// All that a revision has.
    #[must_use]
    pub(crate) fn about(wanted: RepoRequest) -> Self {
        Self {
            wanted,
            selection: Selection::of_names(Vec::new()),
            variant: Variant::default(),
            weights: None,
            expect: None,
            allow_unsafe: false,
            local_dir: None,
            into: None,
            force: false,
            dry_run: false,
        }
    }
}
