//! The caches of all providers, and what of them somebody means by a reference: a repository, one of its revisions, or a
//! file.

use std::path::PathBuf;

use crate::error::Error;
use crate::reference::{Reference, Variant, Within};
use crate::repo::{Commit, Repo, Revision};
use crate::settings::{ProviderSettings, Settings};
use crate::store::cache::resolve;
use crate::store::scan::{self, RepoFolder};

/// The root of a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CacheRoot {
    /// The providers whose files go there, and whether each numbers its versions.
    pub(crate) providers: Vec<(String, bool)>,
    /// The folder, with its links resolved. It need not be there.
    pub(crate) path: PathBuf,
}

impl CacheRoot {
    /// The provider that a repository is of. Where several share a root, its commits tell whether it is one that numbers
    /// its versions; of the others it is the first.
    #[must_use]
    pub(crate) fn provider_of(&self, folder: &RepoFolder) -> String {
        let is_numbered = scan::snapshots(&folder.layout).iter().any(|commit| commit.as_number().is_some());
        let fits = |(_, numbers): &&(String, bool)| *numbers == is_numbered;
        let found = self.providers.iter().find(fits).or(self.providers.first());
        found.map(|(name, _)| name.clone()).unwrap_or_default()
    }
}

/// The caches, each once, in the order of the providers.
#[must_use]
pub(crate) fn roots(settings: &Settings) -> Vec<CacheRoot> {
    let mut roots: Vec<CacheRoot> = Vec::new();
    for provider in &settings.providers {
        let path = resolve(&provider.cache);
        let one = (provider.name.clone(), provider.facts.spelling.is_numbered);
        match roots.iter_mut().find(|root| root.path == path) {
            Some(root) => root.providers.push(one),
            None => roots.push(CacheRoot { providers: vec![one], path }),
        }
    }
    roots
}

/// What a reference means among what is here.
#[derive(Debug, Clone)]
pub(crate) struct CachedTarget {
    /// The reference, as it was typed.
    pub(crate) text: String,
    /// The provider.
    pub(crate) provider: ProviderSettings,
    /// The repository.
    pub(crate) repo: Repo,
    /// The revision, where one is named; all that are here where none is.
    pub(crate) revision: Option<Revision>,
    /// The file or folder, where one is named.
    pub(crate) within: Option<Within>,
}

impl CachedTarget {
    /// Reads a reference.
    ///
    /// # Errors
    /// When it is none, or names what only a hub can tell.
    pub(crate) fn read(text: &str, settings: &Settings) -> Result<Self, Error> {
        let reference = Reference::parse(text, &settings.known())?;
        if reference.quant.is_some() || reference.variant != Variant::default() {
            let problem =
                format!("`{text}` names a file by what it is like; name it by its path, or name the repository");
            return Err(Error::Usage(problem));
        }
        let name = reference.provider.as_ref().unwrap_or(&settings.default_provider);
        Ok(Self {
            text: text.to_owned(),
            provider: settings.provider(name)?.clone(),
            repo: reference.repo,
            revision: reference.revision,
            within: reference.path,
        })
    }

    /// The repository's folder. Looks at the disk.
    #[must_use]
    pub(crate) fn folder(&self) -> Option<RepoFolder> {
        scan::repositories(&self.provider.cache).into_iter().find(|folder| folder.repo == self.repo)
    }

    /// The commits that are meant and have a snapshot here. Looks at the disk.
    #[must_use]
    pub(crate) fn commits(&self, folder: &RepoFolder) -> Vec<Commit> {
        let snapshots = scan::snapshots(&folder.layout);
        let Some(revision) = &self.revision else { return snapshots };
        let named = || {
            let mut references = scan::references(&folder.layout).into_iter();
            references.find(|one| !one.is_mark && one.revision == revision.as_str())?.commit
        };
        let meant = self.provider.fixed(revision).or_else(named);
        snapshots.into_iter().filter(|commit| Some(commit) == meant.as_ref()).collect()
    }

    /// Whether a file of a snapshot is meant.
    #[must_use]
    pub(crate) fn includes(&self, name: &str) -> bool {
        match &self.within {
            None => true,
            Some(Within::File(path)) => path.as_str() == name,
            Some(Within::Folder(path)) => name.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/')),
        }
    }
}
