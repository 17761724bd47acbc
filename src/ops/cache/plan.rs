//! What may go, before any of it goes: chosen here, shown to the user, and looked at again when it is its turn.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::usage::{ContentUsage, RepoUsage, RevisionUsage};
use crate::store::removal::{InUse, Removal, unused};
use crate::store::scan;
use crate::system::files::FileIdentity;

/// One thing that goes, for people.
#[derive(Debug, Clone)]
pub(crate) struct RemovalItem {
    /// The repository; the root, of what repositories share.
    pub(crate) owner: String,
    /// What of it, in a few words.
    pub(crate) what: String,
    /// How many bytes it takes. Content that something else needs as well is not counted.
    pub(crate) bytes: u64,
}

/// All that goes.
#[derive(Debug, Default)]
pub(crate) struct RemovalPlan {
    /// What goes, in words.
    pub(crate) items: Vec<RemovalItem>,
    /// Repositories that are left alone because somebody works in them.
    pub(crate) held: Vec<(String, InUse)>,
    /// Roots whose shared store has content that nobody needs.
    pub(super) unused: Vec<(PathBuf, PathBuf)>,
    pub(super) removals: Vec<Removal>,
}

impl RemovalPlan {
    /// How many bytes it takes in all.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        self.items.iter().map(|item| item.bytes).fold(0, u64::saturating_add)
    }

    /// Whether nothing goes.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn note_held(&mut self, usage: &RepoUsage, in_use: &InUse) {
        self.held.push((usage.name.clone(), in_use.clone()));
    }

    fn add(&mut self, usage: &RepoUsage, what: String, bytes: u64) {
        self.items.push(RemovalItem { owner: usage.name.clone(), what, bytes });
    }
}

/// How many names each content has in all caches: one that loses its last makes room.
#[derive(Debug, Default)]
pub(super) struct Holders(HashMap<FileIdentity, (u64, usize)>);

impl Holders {
    pub(super) fn of(usages: &[RepoUsage]) -> Self {
        let mut holders = Self::default();
        for content in usages.iter().flat_map(|usage| &usage.revisions).flat_map(|revision| &revision.contents) {
            holders.0.entry(content.key).or_insert((content.size, 0)).1 += 1;
        }
        holders
    }

    /// The bytes that are freed where these names go.
    pub(super) fn release<'a>(&mut self, contents: impl Iterator<Item = &'a ContentUsage>) -> u64 {
        let mut freed: u64 = 0;
        for content in contents {
            if let Some((size, count)) = self.0.get_mut(&content.key) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    freed = freed.saturating_add(*size);
                }
            }
        }
        freed
    }
}

pub(super) fn nothing_of(usage: &RepoUsage) -> Removal {
    Removal {
        folder: usage.folder.clone(),
        whole: false,
        references: Vec::new(),
        files: Vec::new(),
        commits: Vec::new(),
        contents: Vec::new(),
    }
}

impl RemovalPlan {
    /// A repository with all that it has.
    pub(super) fn remove_whole(&mut self, usage: &RepoUsage, holders: &mut Holders) {
        let named = holders.release(usage.revisions.iter().flat_map(|revision| &revision.contents));
        let left: u64 = usage.unfinished.iter().map(|one| one.bytes).fold(0, u64::saturating_add);
        let bytes = named.saturating_add(left).saturating_add(orphans(usage).1);
        self.add(usage, "the repository".to_owned(), bytes);
        self.removals.push(Removal { whole: true, ..nothing_of(usage) });
    }

    /// A revision with what only it has.
    pub(super) fn remove_revision(
        &mut self,
        usage: &RepoUsage,
        revision: &RevisionUsage,
        holders: &mut Holders,
    ) -> u64 {
        let bytes = holders.release(revision.contents.iter());
        let commit = match revision.commit.as_number() {
            Some(number) => format!("version {number}"),
            None => format!("commit {}", &revision.commit.as_str()[..12]),
        };
        let names = if revision.references.is_empty() {
            String::new()
        } else {
            format!(" ({})", revision.references.join(", "))
        };
        self.add(usage, commit + &names, bytes);
        let references = scan::references(&usage.folder.layout).into_iter();
        let references = references.filter(|one| one.commit.as_ref() == Some(&revision.commit)).map(|one| one.path);
        let removal = Removal {
            references: references.collect(),
            commits: vec![revision.commit.clone()],
            contents: revision.blobs.clone(),
            ..nothing_of(usage)
        };
        self.removals.push(removal);
        bytes
    }

    /// The name of a revision that has others.
    pub(super) fn remove_reference(&mut self, usage: &RepoUsage, revision: &str) {
        let references = scan::references(&usage.folder.layout).into_iter();
        let own = references.filter(|one| !one.is_mark && one.revision == revision).map(|one| one.path);
        self.add(usage, format!("the name {revision}"), 0);
        self.removals.push(Removal { references: own.collect(), ..nothing_of(usage) });
    }

    /// Files of a revision that stays.
    pub(super) fn remove_files(
        &mut self,
        usage: &RepoUsage,
        revision: &RevisionUsage,
        is_meant: impl Fn(&str) -> bool,
        holders: &mut Holders,
    ) {
        let layout = &usage.folder.layout;
        let files = scan::snapshot_files(layout, &revision.commit).unwrap_or_default().into_iter();
        let mut removal = nothing_of(usage);
        for file in files.filter(|file| is_meant(&file.name)) {
            let content = ContentUsage::of(&file.at);
            self.add(usage, file.name, holders.release(content.iter()));
            removal
                .contents
                .extend(file.target.as_deref().and_then(Path::file_name).map(|name| layout.blobs().join(name)));
            removal.files.push(file.at);
        }
        if !removal.files.is_empty() {
            self.removals.push(removal);
        }
    }

    /// What is of use to nobody: dead partial files, revisions and blobs without a name, refs and links to nothing.
    pub(super) fn prune(&mut self, usage: &RepoUsage, holders: &mut Holders) {
        if usage.revisions.is_empty() && !usage.unfinished.iter().any(|one| one.ours || one.busy) {
            return self.remove_whole(usage, holders);
        }
        let dead = usage.unfinished.iter().filter(|one| {
            let is_sweepable = scan::name_of(&one.path).is_some_and(|name| name.ends_with(".incomplete"));
            one.debris || (!one.ours && !one.busy && is_sweepable)
        });
        let dead: Vec<_> = dead.collect();
        if !dead.is_empty() {
            let bytes = dead.iter().map(|one| one.bytes).fold(0, u64::saturating_add);
            self.add(usage, format!("{} that no program goes on from", counted(dead.len(), "unfinished file")), bytes);
            let contents = dead.iter().map(|one| one.path.clone()).collect();
            self.removals.push(Removal { contents, ..nothing_of(usage) });
        }
        for revision in usage.revisions.iter().filter(|revision| !revision.is_named()) {
            self.remove_revision(usage, revision, holders);
        }
        let (blobs, bytes) = orphans(usage);
        if !blobs.is_empty() {
            self.add(usage, format!("{} without a name", counted(blobs.len(), "blob")), bytes);
            self.removals.push(Removal { contents: blobs, ..nothing_of(usage) });
        }
        self.prune_names(usage);
    }

    /// Names that lead to nothing: `hf` drops the whole repository for one of them.
    fn prune_names(&mut self, usage: &RepoUsage) {
        let layout = &usage.folder.layout;
        let here: HashSet<_> = usage.revisions.iter().map(|revision| &revision.commit).collect();
        let references = scan::references(layout).into_iter();
        let lost = references.filter(|one| one.commit.as_ref().is_some_and(|commit| !here.contains(commit)));
        let references: Vec<PathBuf> = lost.map(|one| one.path).collect();
        let files = here.iter().flat_map(|commit| scan::snapshot_files(layout, commit).unwrap_or_default());
        let broken = files.filter(|file| file.target.is_some() && fs::metadata(&file.at).is_err());
        let files: Vec<PathBuf> = broken.map(|file| file.at).collect();
        if !references.is_empty() || !files.is_empty() {
            let count = references.len() + files.len();
            self.add(
                usage,
                format!("{} that lead{} to nothing", counted(count, "name"), if count == 1 { "s" } else { "" }),
                0,
            );
            self.removals.push(Removal { references, files, ..nothing_of(usage) });
        }
    }

    /// What of the stores that repositories share nobody needs.
    pub(super) fn prune_stores(&mut self, roots: impl Iterator<Item = PathBuf>) {
        for root in roots {
            let contents = unused(&root);
            if contents.is_empty() {
                continue;
            }
            let bytes = contents.iter().map(|(_, size)| *size).fold(0, u64::saturating_add);
            let what = format!("{} without a name", counted(contents.len(), "shared blob"));
            self.items.push(RemovalItem { owner: root.display().to_string(), what, bytes });
            self.unused.extend(contents.into_iter().map(|(content, _)| (root.clone(), content)));
        }
    }
}

/// The blobs that no snapshot names, and their bytes.
fn orphans(usage: &RepoUsage) -> (Vec<PathBuf>, u64) {
    // what has a name that cannot be seen is no orphan
    let Ok(named) = scan::named_blobs(&usage.folder.layout) else { return (Vec::new(), 0) };
    let blobs = scan::blobs(&usage.folder.layout).into_iter().map(|blob| blob.path);
    let orphans: Vec<PathBuf> =
        blobs.filter(|blob| blob.file_name().is_some_and(|name| !named.contains(name))).collect();
    let own = orphans.iter().filter_map(|blob| fs::symlink_metadata(blob).ok());
    let bytes = own.filter(fs::Metadata::is_file).map(|found| found.len()).fold(0, u64::saturating_add);
    (orphans, bytes)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
