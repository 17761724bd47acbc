//! The document of `gatedl pull`, and of its plan.

use std::time::Duration;

use serde::Serialize;

use super::outcome::{access, state};
use crate::cli::arrival::word;
use crate::cli::diagnose::ErrorObject;
use crate::cli::document::VERSION;
use crate::event::{OddFile, seconds};
use crate::manifest::Gate;
use crate::ops::pull::{GateAnswer, PullRequest, Pulled, PulledFile, Savings};

/// A pull that ended well, or with `dry_run` the plan of one.
#[derive(Serialize)]
pub(super) struct PullDocument<'a> {
    version: u32,
    provider: &'a str,
    repo: &'a str,
    repo_type: &'static str,
    revision: &'a str,
    commit: &'a str,
    path: String,
    bytes_fetched: u64,
    #[serde(serialize_with = "seconds")]
    seconds: Duration,
    files: Vec<FileObject<'a>>,
    #[serde(skip_serializing_if = "<[OddFile]>::is_empty")]
    left_out: &'a [OddFile],
    /// What `--weights auto` would leave out, where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    weights_auto_saves: Option<u64>,
    /// What the choice of weights left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    weights_left_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loading: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_copied: Option<u64>,
    #[serde(flatten)]
    plan: Option<PlanPart>,
}

/// What only a plan has.
#[derive(Serialize)]
struct PlanPart {
    dry_run: bool,
    bytes_to_fetch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_to_copy: Option<u64>,
    gate: GateObject,
}

/// What guards the content, and whether it opens.
#[derive(Serialize)]
struct GateObject {
    kind: Option<&'static str>,
    access: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
}

#[derive(Serialize)]
struct FileObject<'a> {
    path: &'a str,
    size: u64,
    digest: Option<String>,
    state: &'static str,
    /// The number and the name that it was published under, where its provider has such.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// Where an application finds it, and how it got there.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrival: Option<String>,
}

impl<'a> PullDocument<'a> {
    pub(super) fn of(request: &'a PullRequest, pulled: &'a Pulled, took: Duration) -> Self {
        let is_plan = request.dry_run;
        let copied = request.into.is_some().then_some(pulled.bytes_copied);
        let (possible, made) = match pulled.savings {
            Some(Savings::Possible(bytes)) => (Some(bytes), None),
            Some(Savings::Made(bytes)) => (None, Some(bytes)),
            None => (None, None),
        };
        Self {
            version: VERSION,
            provider: &request.wanted.provider,
            repo: pulled.repo.id.as_str(),
            repo_type: pulled.repo.kind.singular(),
            revision: request.wanted.revision.as_str(),
            commit: pulled.commit.as_str(),
            path: pulled.path.display().to_string(),
            bytes_fetched: if is_plan { 0 } else { pulled.bytes_fetched },
            seconds: took,
            files: pulled.files.iter().map(|file| FileObject::of(file, is_plan)).collect(),
            left_out: &pulled.left_out,
            weights_auto_saves: possible,
            weights_left_out: made,
            loading: pulled.loading.as_ref().map(<[String; 2]>::as_slice),
            bytes_copied: copied.filter(|_| !is_plan),
            plan: is_plan.then(|| PlanPart {
                dry_run: true,
                bytes_to_fetch: pulled.bytes_fetched,
                bytes_to_copy: copied,
                gate: GateObject {
                    kind: pulled.gate.map(Gate::as_str),
                    access: access(&pulled.access),
                    error: match &pulled.access {
                        GateAnswer::Refused(error) => Some(ErrorObject::from(error)),
                        GateAnswer::Granted => None,
                    },
                },
            }),
        }
    }
}

impl<'a> FileObject<'a> {
    fn of(file: &'a PulledFile, is_plan: bool) -> Self {
        let published = file.listed.published.as_ref();
        Self {
            path: file.listed.path.as_str(),
            size: file.listed.size,
            digest: file.listed.digest.map(|digest| digest.to_string()),
            state: state(file, is_plan),
            id: published.map(|published| published.id),
            name: published.map(|published| published.name.as_str()),
            place: file.arrived.as_ref().map(|(place, _)| place.display().to_string()),
            arrival: file.arrived.as_ref().map(|(_, arrival)| word(*arrival).replace(' ', "_")),
        }
    }
}
