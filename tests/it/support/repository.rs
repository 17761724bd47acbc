//! Repositories as a test describes them: files, commits, revisions, and who may see what.
//!
//! Everything is deterministic: the same description gives the same commit ids, object ids and etags.

use super::content::{Entry, IntoContent};
use super::digest;
use super::kind::{Gate, Kind, RevisionKind};
use std::collections::{BTreeMap, BTreeSet};

/// The files of one commit by path.
#[derive(Clone, Debug, Default)]
pub struct Tree(pub BTreeMap<String, Entry>);

impl Tree {
    #[must_use]
    pub fn file(mut self, path: &str, content: impl IntoContent) -> Self {
        self.0.insert(path.to_owned(), Entry::in_git(content));
        self
    }

    #[must_use]
    pub fn lfs(mut self, path: &str, content: impl IntoContent) -> Self {
        self.0.insert(path.to_owned(), Entry::in_lfs(content));
        self
    }

    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.0.remove(path);
        self
    }

    fn hash(&self, id: &str, index: usize) -> String {
        let mut text = format!("{id}\n{index}\n");
        for (path, entry) in &self.0 {
            text.extend([path, " ", &entry.oid, "\n"]);
        }
        digest::sha1_hex(text.as_bytes())
    }
}

#[derive(Clone, Debug)]
pub struct Commit {
    pub hash: String,
    pub tree: Tree,
}

/// A repository. `main` exists from the start; [`file`](Self::file) and [`lfs`](Self::lfs) change its newest commit in
/// place, [`commit`](Self::commit) adds one.
#[derive(Clone, Debug)]
#[must_use]
pub struct Repository {
    pub kind: Kind,
    pub id: String,
    pub gate: Gate,
    pub is_private: bool,
    pub is_disabled: bool,
    pub former_ids: Vec<String>,
    pub readers: BTreeSet<String>,
    pub commits: Vec<Commit>,
    pub revisions: BTreeMap<String, (RevisionKind, usize)>,
}

impl Repository {
    pub fn new(kind: Kind, id: &str) -> Self {
        let mut repository = Self {
            kind,
            id: id.to_owned(),
            gate: Gate::Open,
            is_private: false,
            is_disabled: false,
            former_ids: Vec::new(),
            readers: BTreeSet::new(),
            commits: vec![Commit { hash: String::new(), tree: Tree::default() }],
            revisions: BTreeMap::from([("main".to_owned(), (RevisionKind::Branch, 0))]),
        };
        repository.seal();
        repository
    }

    pub fn model(id: &str) -> Self {
        Self::new(Kind::Model, id)
    }

    pub fn dataset(id: &str) -> Self {
        Self::new(Kind::Dataset, id)
    }

    pub fn space(id: &str) -> Self {
        Self::new(Kind::Space, id)
    }

    pub fn gated(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// Only [`readable_by`](Self::readable_by) accounts, its owner and members of the owning organisation see it.
    pub fn private(mut self) -> Self {
        self.is_private = true;
        self
    }

    pub fn readable_by(mut self, account: &str) -> Self {
        self.readers.insert(account.to_owned());
        self
    }

    pub fn disabled(mut self) -> Self {
        self.is_disabled = true;
        self
    }

    /// Requests for the old id are redirected to the present one.
    pub fn formerly(mut self, id: &str) -> Self {
        self.former_ids.push(id.to_owned());
        self
    }

    pub fn file(self, path: &str, content: impl IntoContent) -> Self {
        self.change(|tree| tree.file(path, content))
    }

    pub fn lfs(self, path: &str, content: impl IntoContent) -> Self {
        self.change(|tree| tree.lfs(path, content))
    }

    /// Gives every LFS file of the newest commit a xet hash, as on today's huggingface.co.
    pub fn xet(self) -> Self {
        self.change(|tree| {
            let with_xet = |entry: Entry| {
                if entry.lfs.is_some() { entry.with_xet() } else { entry }
            };
            Tree(tree.0.into_iter().map(|(path, entry)| (path, with_xet(entry))).collect())
        })
    }

    /// Changes the newest commit in place.
    pub fn change(mut self, change: impl FnOnce(Tree) -> Tree) -> Self {
        let newest = self.revisions["main"].1;
        let tree = std::mem::take(&mut self.commits[newest].tree);
        self.commits[newest].tree = change(tree);
        self
    }

    /// A new commit on `main`, made from the one before.
    pub fn commit(mut self, change: impl FnOnce(Tree) -> Tree) -> Self {
        let index = self.derive(change);
        self.revisions.insert("main".to_owned(), (RevisionKind::Branch, index));
        self
    }

    /// A branch that starts where `main` is now.
    pub fn branch(mut self, name: &str) -> Self {
        let newest = self.revisions["main"].1;
        self.revisions.insert(name.to_owned(), (RevisionKind::Branch, newest));
        self
    }

    /// A tag on what `main` is now.
    pub fn tag(mut self, name: &str) -> Self {
        let newest = self.revisions["main"].1;
        self.revisions.insert(name.to_owned(), (RevisionKind::Tag, newest));
        self
    }

    /// `refs/pr/<number>`: a commit made from `main` that is not on `main`.
    pub fn pull_request(mut self, number: u32, change: impl FnOnce(Tree) -> Tree) -> Self {
        let index = self.derive(change);
        self.revisions.insert(format!("refs/pr/{number}"), (RevisionKind::PullRequest, index));
        self
    }

    fn derive(&mut self, change: impl FnOnce(Tree) -> Tree) -> usize {
        let tree = change(self.commits[self.revisions["main"].1].tree.clone());
        self.commits.push(Commit { hash: String::new(), tree });
        self.commits.len() - 1
    }

    /// Computes the commit ids. Done once and not at every change: some tests list ten thousand files.
    pub fn seal(&mut self) {
        for (index, commit) in self.commits.iter_mut().enumerate() {
            commit.hash = commit.tree.hash(&self.id, index);
        }
    }

    /// The commit that `revision` (a branch, tag, `refs/pr/N` or full commit id) means.
    pub fn resolve(&self, revision: &str) -> Option<&Commit> {
        match self.revisions.get(revision) {
            Some((_, index)) => self.commits.get(*index),
            None => self.commits.iter().find(|commit| commit.hash == revision),
        }
    }

    /// `org/name` of a model, `datasets/org/name` of a dataset: how tests and the account list name a repository.
    pub fn key(&self) -> String {
        format!("{}{}", self.kind.prefix(), self.id)
    }

    /// The 24 hexadecimal digits in `_id`, which also name the folder on the CDN.
    pub fn internal_id(&self) -> String {
        digest::sha1_hex(self.key().as_bytes())[..24].to_owned()
    }
}
