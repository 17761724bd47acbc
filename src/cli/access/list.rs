//! A file that lists pulls, as `gatedl pull --file` reads it, or a catalog of Visionatrix.
//!
//! A catalog is told by its first character; its models on hosts that gatedl has no provider for cannot be asked about,
//! and are counted.

use std::path::Path;

use crate::apps::visionatrix::catalog::Catalog;
use crate::cli::pull::list;
use crate::error::Error;
use crate::reference::ReferenceError;
use crate::session::RepoRequest;
use crate::settings::Settings;

/// What a file lists.
#[derive(Debug, Default)]
pub(super) struct AccessList {
    /// What can be asked about.
    pub(super) wanted: Vec<RepoRequest>,
    /// How many models are on other hosts.
    pub(super) elsewhere: usize,
}

/// Reads a file; an error names the line or the entry.
pub(super) fn read(path: &Path, settings: &Settings) -> Result<AccessList, Error> {
    let text = list::text(path)?;
    let listed = if text.trim_start().starts_with('{') {
        of_catalog(&text, path, settings)?
    } else {
        of_lines(&text, path, settings)?
    };
    if listed.wanted.is_empty() {
        return Err(Error::Usage(format!("`{}` lists nothing that can be asked about", path.display())));
    }
    Ok(listed)
}

fn of_lines(text: &str, path: &Path, settings: &Settings) -> Result<AccessList, Error> {
    let wanted = list::lines(text, path)?.iter().map(|line| line.wanted(settings)).collect::<Result<_, _>>()?;
    Ok(AccessList { wanted, elsewhere: 0 })
}

fn of_catalog(text: &str, path: &Path, settings: &Settings) -> Result<AccessList, Error> {
    let catalog = Catalog::parse(text.as_bytes(), &format!("`{}`", path.display()))?;
    let mut listed = AccessList::default();
    for model in catalog.models() {
        match RepoRequest::read(model.url.as_str(), settings) {
            Ok(wanted) => listed.wanted.push(wanted),
            Err(Error::Reference(ReferenceError::UnknownHost { .. } | ReferenceError::NotARepository { .. })) => {
                listed.elsewhere += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(listed)
}
