//! A hub as JSON. Unknown fields are errors, because a misspelt option would make a test pass for the wrong reason.
//!
//! ```json
//! {"repos": [{"id": "org/model", "gate": "manual",
//!             "files": [{"path": "config.json", "text": "{}"}, {"path": "w.bin", "from": "/tmp/w.bin", "lfs": true}]}],
//!  "accounts": [{"name": "bob"}],
//!  "access": [{"account": "bob", "repo": "org/model", "state": "granted"}],
//!  "options": {"prefix": "/hub", "page_size": 2}}
//! ```

use crate::support::control::access_from_name;
use crate::support::repository::Tree;
use crate::support::{Account, Gate, Hub, Kind, LinkBinding, Repository, Role, TreeRoute, generated};
use bytes::Bytes;
use serde::Deserialize;
use std::error::Error;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    repos: Vec<Repo>,
    #[serde(default)]
    pub accounts: Vec<Person>,
    #[serde(default)]
    access: Vec<Grant>,
    #[serde(default)]
    options: Switches,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repo {
    id: String,
    /// `model`, `dataset` or `space`.
    #[serde(default = "model")]
    kind: String,
    /// `open`, `auto` or `manual`.
    #[serde(default)]
    gate: String,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    formerly: Vec<String>,
    #[serde(default)]
    readers: Vec<String>,
    #[serde(default)]
    xet: bool,
    files: Vec<Source>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    branches: Vec<String>,
    /// Commits after the first, each with the files that change.
    #[serde(default)]
    commits: Vec<Vec<Source>>,
    /// `refs/pr/1` and so on, made from the last commit.
    #[serde(default)]
    pull_requests: Vec<Vec<Source>>,
}

fn model() -> String {
    "model".to_owned()
}

/// One file; exactly one of `text`, `from` (a file on disk) and `size` (made up, from `seed`) says what is in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    path: String,
    text: Option<String>,
    from: Option<PathBuf>,
    size: Option<usize>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    lfs: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    /// `read`, `write` or `fineGrained`.
    #[serde(default)]
    role: String,
    #[serde(default = "yes")]
    can_read_gated: bool,
    #[serde(default)]
    expired: bool,
    #[serde(default)]
    revoked: bool,
    #[serde(default)]
    organizations: Vec<String>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    account: String,
    repo: String,
    /// `never-asked`, `pending`, `rejected`, `reset`, `granted` or `granted-after-N`.
    state: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Switches {
    prefix: Option<String>,
    auth_check: Option<bool>,
    /// `present`, `not-found` or `bad-request`.
    tree: Option<String>,
    commit_header: Option<bool>,
    expand: Option<bool>,
    page_size: Option<usize>,
    links_name_huggingface: Option<bool>,
    /// `exact`, `only-if-ranged` or `free`.
    link_binding: Option<String>,
    link_uses: Option<u32>,
    content_rate: Option<u64>,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

impl Description {
    /// Starts the hub, with its control routes.
    pub fn start(self) -> Outcome<Hub> {
        let repositories = self.repos.into_iter().map(Repo::build).collect::<Outcome<Vec<_>>>()?;
        let mut hub = Hub::start(repositories).allow_unused();
        for person in self.accounts {
            hub = hub.account(person.build()?);
        }
        for Grant { account, repo, state } in self.access {
            let access = access_from_name(&state).ok_or_else(|| format!("no such state: {state}"))?;
            hub = hub.access(&account, &repo, access);
        }
        self.options.apply(&hub)?;
        Ok(hub)
    }
}

impl Repo {
    fn build(self) -> Outcome<Repository> {
        let kind = Kind::from_plural(&format!("{}s", self.kind)).ok_or("no such kind")?;
        let gate = match self.gate.as_str() {
            "" | "open" => Gate::Open,
            "auto" => Gate::Auto,
            "manual" => Gate::Manual,
            other => return Err(format!("no such gate: {other}").into()),
        };
        let mut repository = Repository::new(kind, &self.id).gated(gate);
        repository.is_private = self.private;
        repository.is_disabled = self.disabled;
        repository.former_ids = self.formerly;
        repository.readers = self.readers.into_iter().collect();
        let files = load(self.files)?;
        repository = repository.change(|tree| add(tree, files));
        if self.xet {
            repository = repository.xet();
        }
        for name in self.tags {
            repository = repository.tag(&name);
        }
        for name in self.branches {
            repository = repository.branch(&name);
        }
        for files in self.commits {
            let files = load(files)?;
            repository = repository.commit(|tree| add(tree, files));
        }
        for (number, files) in (1..).zip(self.pull_requests) {
            let files = load(files)?;
            repository = repository.pull_request(number, |tree| add(tree, files));
        }
        Ok(repository)
    }
}

/// Path, content, and whether it is in LFS.
type Loaded = Vec<(String, Bytes, bool)>;

fn load(sources: Vec<Source>) -> Outcome<Loaded> {
    let load = |source: Source| {
        let content = match (source.text, source.from, source.size) {
            (Some(text), None, None) => text.into(),
            (None, Some(path), None) => std::fs::read(path)?.into(),
            (None, None, Some(size)) => generated(source.seed, size),
            _ => return Err(format!("{}: one of text, from, size", source.path).into()),
        };
        Ok((source.path, content, source.lfs))
    };
    sources.into_iter().map(load).collect()
}

fn add(tree: Tree, files: Loaded) -> Tree {
    files.into_iter().fold(
        tree,
        |tree, (path, content, in_lfs)| {
            if in_lfs { tree.lfs(&path, content) } else { tree.file(&path, content) }
        },
    )
}

impl Person {
    fn build(self) -> Outcome<Account> {
        let role = match self.role.as_str() {
            "" | "read" => Role::Read,
            "write" => Role::Write,
            "fineGrained" => Role::FineGrained,
            other => return Err(format!("no such role: {other}").into()),
        };
        let mut account = Account::new(&self.name).role(role);
        account.can_read_gated = self.can_read_gated;
        account.organizations = self.organizations.into_iter().collect();
        if self.expired {
            account = account.expired();
        }
        if self.revoked {
            account = account.revoked();
        }
        Ok(account)
    }
}

impl Switches {
    fn apply(self, hub: &Hub) -> Outcome<()> {
        let tree_route = match self.tree.as_deref() {
            None | Some("present") => TreeRoute::Present,
            Some("not-found") => TreeRoute::NotFound,
            Some("bad-request") => TreeRoute::BadRequest,
            Some(other) => return Err(format!("no such tree option: {other}").into()),
        };
        let link_binding = match self.link_binding.as_deref() {
            None | Some("exact") => LinkBinding::Exact,
            Some("only-if-ranged") => LinkBinding::OnlyIfRanged,
            Some("free") => LinkBinding::Free,
            Some(other) => return Err(format!("no such binding: {other}").into()),
        };
        hub.configure(|options| {
            options.has_control_routes = true;
            options.tree_route = tree_route;
            options.link_binding = link_binding;
            options.prefix = self.prefix.unwrap_or_default();
            options.has_auth_check = self.auth_check.unwrap_or(true);
            options.sends_commit = self.commit_header.unwrap_or(true);
            options.knows_expand = self.expand.unwrap_or(true);
            options.page_size = self.page_size.unwrap_or(options.page_size);
            options.links_name_huggingface = self.links_name_huggingface.unwrap_or(false);
            options.link_uses = self.link_uses;
            options.content_rate = self.content_rate;
        });
        Ok(())
    }
}
