//! The models of a Visionatrix worker: from catalogs and flows to verified files in the worker's own folders.
//!
//! A worker that starts with its models in place downloads nothing, and a stock one prints its token when a download is
//! denied (providers §2.1); so they are brought by this, before it starts. Each model is one pull of [`mod@crate::ops::pull`]
//! with the token of its own host, all in one transfer into the shared cache; from there it gets a second name where
//! ComfyUI looks, as soon as it has arrived. One that fails does not stop the others. What is there already is adopted by
//! its hash, under whatever name a loader finds it.

mod install;
mod list;
mod sources;
mod targets;

use std::collections::HashMap;
use std::path::PathBuf;

pub(crate) use self::list::{CatalogRow, ModelState};

use self::install::Installer;
use self::targets::Targets;
use crate::apps::visionatrix::catalog::{CatalogError, CatalogModel};
use crate::digest::Digest;
use crate::error::Error;
use crate::event::Warning;
use crate::session::Session;
use crate::store::cache::delivery::{Arrival, LinkMode};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct VixRequest {
    /// Catalogs, as addresses or files; none: those of the environment, or Visionatrix's own.
    pub(crate) catalogs: Vec<String>,
    /// Flows in API format whose models are meant.
    pub(crate) flows: Vec<PathBuf>,
    /// Models by name.
    pub(crate) names: Vec<String>,
    /// Every model that takes a token by what its catalog says.
    pub(crate) gated: bool,
    /// Every model.
    pub(crate) all: bool,
    /// The folder of ComfyUI.
    pub(crate) comfyui_dir: Option<PathBuf>,
    /// The folder of models.
    pub(crate) models_dir: Option<PathBuf>,
    /// Files like ComfyUI's own `extra_model_paths.yaml` that it is told to read.
    pub(crate) extra_model_paths: Vec<PathBuf>,
    /// How files get to their places.
    pub(crate) link: LinkMode,
    /// Replace what is in the way.
    pub(crate) force: bool,
    /// Plan, and do no more.
    pub(crate) dry_run: bool,
}

impl VixRequest {
    /// Whether it says which models are meant.
    #[must_use]
    pub(crate) fn chooses(&self) -> bool {
        self.all || self.gated || !self.names.is_empty() || !self.flows.is_empty()
    }
}

/// A model, or a loader that asks for one, and what became of it.
#[derive(Debug)]
pub(crate) struct ModelOutcome {
    /// The name of the entry; for a loader that nothing answers to, what it asks for.
    pub(crate) name: String,
    /// The entry, if there is one.
    pub(crate) model: Option<CatalogModel>,
    /// What became of it.
    pub(crate) result: Result<Placed, Error>,
}

/// A model in its place, or, for a dry run, on the way there.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// How it got there.
    pub(crate) way: ModelArrival,
    /// Where it is; of an archive, the folder with what was in it.
    pub(crate) path: PathBuf,
    /// How many bytes came over the network; for a dry run, how many would.
    pub(crate) bytes_fetched: u64,
    /// How many bytes of the disk a copy takes beside the cache; for a dry run, would take. Links take none.
    pub(crate) bytes_copied: u64,
}

/// How a model got into its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelArrival {
    /// It was there, under its own name.
    Present,
    /// It was there under another name or in another folder, by which loaders find it too.
    Adopted,
    /// It came from the cache.
    Brought(Arrival),
    /// It was unpacked.
    Unpacked,
    /// It would be brought: this was a dry run.
    Planned,
}

/// Brings the models to their folders, all by one transfer.
///
/// # Errors
/// Where a catalog, a flow or a folder cannot be used at all. What happens to one model is in its [`ModelOutcome`].
pub(crate) async fn pull(order: &VixRequest, session: &Session) -> Result<Vec<ModelOutcome>, Error> {
    let gathered = sources::gather(order, session).await?;
    let porter = Installer { order, session, targets: Targets::resolve(order, session.env())? };
    let mut results: Vec<Option<Result<Placed, Error>>> = gathered.models.iter().map(|_| None).collect();
    let mut taken: HashMap<PathBuf, (&str, Digest)> = HashMap::new();
    let mut wanted = Vec::new();
    for (number, model) in gathered.models.iter().enumerate() {
        // with `force` two such entries would replace each other for ever
        let path = porter.targets.place(model);
        match *taken.entry(path.clone()).or_insert((&model.name, model.digest)) {
            (_, digest) if digest == model.digest => wanted.push((number, model)),
            (first, _) => {
                let first = first.to_owned();
                results[number] = Some(Err(CatalogError::OnePlace { first, path }.into()));
            }
        }
    }
    porter.bring(wanted, &mut |number, result| results[number] = Some(result)).await?;
    let told = gathered.models.into_iter().zip(results);
    let mut outcomes: Vec<ModelOutcome> = told.map(|(model, result)| outcome(model, result)).collect();
    let unanswered = gathered.unmatched.into_iter().map(|(value, error)| ModelOutcome {
        name: value,
        model: None,
        result: Err(error.into()),
    });
    outcomes.extend(unanswered);
    Ok(outcomes)
}

fn outcome(model: CatalogModel, result: Option<Result<Placed, Error>>) -> ModelOutcome {
    let result = result.expect("of each model is told what became of it");
    ModelOutcome { name: model.name.clone(), model: Some(model), result }
}

/// Looks at what is there. With `verify`, content is hashed; without, a length that agrees is believed.
///
/// # Errors
/// Where a catalog, a flow or a folder cannot be used at all.
pub(crate) async fn list(order: &VixRequest, verify: bool, session: &Session) -> Result<Vec<CatalogRow>, Error> {
    let gathered = sources::gather(order, session).await?;
    for (_, error) in &gathered.unmatched {
        session.listener().event(&Warning::LoaderUnmatched { problem: error.to_string() }.into());
    }
    let targets = Targets::resolve(order, session.env())?;
    list::list(gathered.models, targets, verify, session.settings(), session.env()).await
}
