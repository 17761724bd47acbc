//! One model: looked for, pulled into the cache, held to what the catalog promises, and given its name.

use std::path::{Path, PathBuf};

use super::targets::{Comparison, ModelTarget, TargetState, Targets};
use super::{ModelArrival, Placed, VixRequest};
use crate::apps::visionatrix::catalog::{CatalogError, CatalogModel};
use crate::digest::Digest;
use crate::endpoint::public;
use crate::error::Error;
use crate::fetch::{FileState, Planned};
use crate::file_thread;
use crate::ops::pull::{GateAnswer, Prepared, PullRequest, Pulled, prepare, settle, transfer};
use crate::reference::{Reference, Within};
use crate::session::Session;
use crate::settings::Settings;
use crate::store::archive::{self, Staging};
use crate::store::cache::delivery::{Arrival, Hashed};
use crate::store::cache::{CacheError, Links, RepoCache, RepoLayout, space};

/// Brings models to the folders of a worker.
pub(super) struct Installer<'a> {
    pub(super) order: &'a VixRequest,
    pub(super) session: &'a Session,
    pub(super) targets: Targets,
}

/// What is to become of a model.
enum PlannedModel {
    /// Nothing: it is there, or this is a dry run.
    Over(Placed),
    /// Its file is to be pulled and given its name.
    Pull(Box<Prepared>),
}

/// What stands at the places of a model.
enum Seen {
    /// The model itself: nothing is to do.
    There(Placed),
    /// Nothing, or what is to be replaced.
    Missing { replace: bool },
}

/// A model's file in the cache, whose content is the one that the catalog promises.
struct Cached {
    path: PathBuf,
    bytes_fetched: u64,
}

impl Installer<'_> {
    /// Brings models, all by one transfer, and says what became of each as soon as it is known. The numbers are those of
    /// the caller.
    pub(super) async fn bring(
        &self,
        mut models: Vec<(usize, &CatalogModel)>,
        told: &mut impl FnMut(usize, Result<Placed, Error>),
    ) -> Result<(), Error> {
        // a copy in the cache that another program changed is fetched again, once
        for force in [false, true] {
            let (mut owners, mut prepared) = (Vec::new(), Vec::new());
            for (number, model) in std::mem::take(&mut models) {
                match self.begin(model, force).await {
                    Ok(PlannedModel::Pull(pull)) => {
                        owners.push((number, model));
                        prepared.push(*pull);
                    }
                    Ok(PlannedModel::Over(placed)) => told(number, Ok(placed)),
                    Err(error) => told(number, Err(error)),
                }
            }
            if prepared.is_empty() {
                break;
            }
            let mut transfer = transfer(&mut prepared, self.session).await?;
            let mut prepared: Vec<Option<Prepared>> = prepared.into_iter().map(Some).collect();
            while let Some((place, outcome)) = transfer.next().await {
                let (number, model) = owners[place];
                let Some(pull) = prepared[place].take() else { continue };
                match self.end(model, pull, outcome).await {
                    Err(Error::Cache(CacheError::Damaged { .. })) if !force => models.push((number, model)),
                    outcome => told(number, outcome),
                }
            }
        }
        Ok(())
    }

    /// Looks for a model, and prepares its pull where it is missing.
    async fn begin(&self, model: &CatalogModel, force: bool) -> Result<PlannedModel, Error> {
        let request = request(model, self.session.settings(), self.order.dry_run);
        if let Seen::There(placed) = self.see(model, request.as_ref().ok()).await? {
            return Ok(PlannedModel::Over(placed));
        }
        self.targets.expect_root(model)?;
        let request = request?;
        let target = self.targets.of(model).swap_remove(0);
        let bytes_to_copy = self.bytes_to_copy(model, &request, &target);
        if !self.order.dry_run {
            let (delivery, file) = (target.delivery(false), target.file);
            let ready = move || {
                delivery.ensure_writable(&file)?;
                space::ensure(delivery.root(), bytes_to_copy)
            };
            file_thread::run(ready).await??;
        }
        let prepared = prepare(&PullRequest { force, ..request }, self.session).await?;
        if self.order.dry_run {
            return Self::plan(prepared, self.targets.place(model), bytes_to_copy).map(PlannedModel::Over);
        }
        check(prepared.files(), model)?;
        Ok(PlannedModel::Pull(Box::new(prepared)))
    }

    /// Ends a model's pull, and gives its file its name.
    async fn end(
        &self,
        model: &CatalogModel,
        prepared: Prepared,
        outcome: Result<u64, Error>,
    ) -> Result<Placed, Error> {
        let pulled = match outcome {
            Ok(bytes) => settle(prepared, bytes).await?,
            Err(error) => self.pull_anew(model, prepared.anew(error).await?).await?,
        };
        let cached = verified(model, &pulled).await?;
        let target = self.targets.of(model).swap_remove(0);
        if model.is_archive() {
            return self.unpack(model, cached, &target).await;
        }
        // another model of this run may have been brought to the same place, or to one where loaders find it
        let request = request(model, self.session.settings(), false)?;
        let replace = match self.see(model, Some(&request)).await? {
            Seen::There(placed) => return Ok(Placed { bytes_fetched: cached.bytes_fetched, ..placed }),
            Seen::Missing { replace } => replace,
        };
        let (delivery, file, from) = (target.delivery(replace), target.file.clone(), cached.path);
        let root = &self.session.settings().provider(&request.wanted.provider)?.cache;
        let (cache, at) = (RepoCache::open(root, &pulled.repo, Links::default()), target.path());
        let arrival = file_thread::run(move || {
            let held = cache.hold(&file, &from);
            let arrival = delivery.bring(&file, &from, Hashed::ByThisRun)?;
            if let (Some(held), Arrival::HardLink) = (held, arrival) {
                cache.note_link(held, &file, &from, &at);
            }
            Ok::<_, CacheError>(arrival)
        });
        let arrival = arrival.await??;
        let bytes_copied = if arrival == Arrival::Copy { model.size } else { 0 };
        let (path, bytes_fetched) = (target.path(), cached.bytes_fetched);
        Ok(Placed { way: ModelArrival::Brought(arrival), path, bytes_fetched, bytes_copied })
    }

    async fn pull_anew(&self, model: &CatalogModel, prepared: Prepared) -> Result<Pulled, Error> {
        check(prepared.files(), model)?;
        let mut prepared = [prepared];
        let outcome = transfer(&mut prepared, self.session).await?.next().await;
        let [prepared] = prepared;
        settle(prepared, outcome.map_or(Ok(0), |(_, outcome)| outcome)?).await
    }

    /// What stands at the places of a model, and what that means.
    async fn see(&self, model: &CatalogModel, request: Option<&PullRequest>) -> Result<Seen, Error> {
        let there = |way, path| Seen::There(Placed { way, path, bytes_fetched: 0, bytes_copied: 0 });
        Ok(match self.look(model, request).await? {
            TargetState::InPlace(path) => there(ModelArrival::Present, path),
            TargetState::Elsewhere(path) => there(ModelArrival::Adopted, path),
            TargetState::Occupied(path) if !self.order.force => return Err(CacheError::Occupied { path }.into()),
            TargetState::Occupied(_) | TargetState::Dummy(_) => Seen::Missing { replace: true },
            TargetState::Missing => Seen::Missing { replace: false },
        })
    }

    /// What stands at the places of a model. The copy in the cache that a file there came from saves a hash.
    async fn look(&self, model: &CatalogModel, request: Option<&PullRequest>) -> Result<TargetState, Error> {
        if model.is_archive() && model.members.is_empty() {
            // only the archive itself can tell whether it was unpacked
            return Ok(TargetState::Missing);
        }
        let cached = |request: &PullRequest| {
            let provider = self.session.settings().provider(&request.wanted.provider).ok()?;
            Some(RepoLayout::new(&provider.cache, &request.wanted.repo).blob(&model.digest))
        };
        let blob = request.and_then(cached);
        let (targets, model) = (self.targets.clone(), model.clone());
        file_thread::run(move || targets.look(&model, Comparison::AtContent(blob.as_deref()))).await?
    }

    /// How much of the disk a copy beside the cache takes, where there will be one; of an archive, what it takes at least.
    fn bytes_to_copy(&self, model: &CatalogModel, request: &PullRequest, target: &ModelTarget) -> u64 {
        let cache = request.wanted.provider(self.session.settings()).map(|provider| provider.cache);
        let copies = cache.is_ok_and(|cache| target.delivery(false).copies_from(&cache));
        if copies || model.is_archive() { model.size } else { 0 }
    }

    /// What would be done, and whether the gate is open.
    fn plan(prepared: Prepared, path: PathBuf, bytes_copied: u64) -> Result<Placed, Error> {
        let planned = prepared.foresee()?;
        match planned.access {
            GateAnswer::Granted => {
                Ok(Placed { way: ModelArrival::Planned, path, bytes_fetched: planned.bytes_fetched, bytes_copied })
            }
            GateAnswer::Refused(error) => Err(error),
        }
    }

    async fn unpack(&self, model: &CatalogModel, cached: Cached, target: &ModelTarget) -> Result<Placed, Error> {
        let place = target.path();
        let (delivery, file, beside) = (target.delivery(false), target.file.clone(), place.clone());
        file_thread::run(move || delivery.check_way(&file)).await??;
        // held here, so that it goes away also when this is interrupted
        let staging = file_thread::run(move || Staging::beside(&beside)).await??;
        let (hidden, members) = (staging.hidden(), model.members.clone());
        let unpacked = file_thread::run(move || archive::unpack(&cached.path, &hidden, &place, &members)).await??;
        let force = self.order.force;
        let publish = move || {
            let published = unpacked.publish(&staging, force)?;
            let size = if published.was_there { 0 } else { size_of(&published.path) };
            Ok::<_, archive::ArchiveError>((published, size))
        };
        let (published, bytes_copied) = file_thread::run(publish).await??;
        let way = if published.was_there { ModelArrival::Present } else { ModelArrival::Unpacked };
        Ok(Placed { way, path: published.path, bytes_fetched: cached.bytes_fetched, bytes_copied })
    }
}

/// How many bytes the files below a folder have.
fn size_of(folder: &Path) -> u64 {
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_of(&entry.path()),
        found => found.map_or(0, |found| found.len()),
    };
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(size).sum()
}

/// The pull that brings a model's file: its address is a reference to one file.
pub(super) fn request(model: &CatalogModel, settings: &Settings, dry_run: bool) -> Result<PullRequest, Error> {
    let reference = Reference::parse(model.url.as_str(), &settings.known())?;
    let provider = reference.provider.as_deref().unwrap_or(&settings.default_provider);
    // a link of CivitAI may name a version alone: the hash tells which of its files is meant
    let is_numbered = settings.provider(provider)?.facts.spelling.is_numbered;
    if !is_numbered && !matches!(reference.path, Some(Within::File(_))) {
        return Err(CatalogError::NoFile { url: public(&model.url) }.into());
    }
    Ok(PullRequest { expect: Some(model.digest), dry_run, ..PullRequest::of(reference, settings) })
}

/// Holds the one file of a pull to what the catalog says, before any of its bytes is fetched.
fn check(files: &[Planned], model: &CatalogModel) -> Result<(), Error> {
    let [Planned { listed, .. }] = files else {
        return Err(CatalogError::NoFile { url: public(&model.url) }.into());
    };
    if let Some(found @ Digest::Sha256(_)) = listed.digest
        && found != model.digest
    {
        return Err(broken_promise(model, found));
    }
    if listed.size != model.size {
        let problem = format!("it has {} bytes, not {}", listed.size, model.size);
        return Err(Error::Promise { problem });
    }
    Ok(())
}

/// Holds the content to what the catalog says. Hubs give small files another kind of hash, and what was in the cache may
/// be of another tool.
async fn verified(model: &CatalogModel, pulled: &Pulled) -> Result<Cached, Error> {
    let promised = pulled.files.iter().all(|file| file.listed.digest == Some(model.digest));
    let is_new = pulled.files.iter().all(|file| matches!(file.state, FileState::Missing { .. }));
    let path = pulled.path.clone();
    if !promised || !is_new {
        let read = path.clone();
        let found = file_thread::run(move || archive::sha256(&read)).await?.map_err(CacheError::at("read", &path))?;
        if found != model.digest {
            return Err(if promised { CacheError::Damaged { path }.into() } else { broken_promise(model, found) });
        }
    }
    Ok(Cached { path, bytes_fetched: pulled.bytes_fetched })
}

fn broken_promise(model: &CatalogModel, found: Digest) -> Error {
    let problem = format!("it is {found}, not {}", model.digest);
    Error::Promise { problem }
}
