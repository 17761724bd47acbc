//! One model: looked for, pulled into the cache, held to what the catalog promises, and given its name.

use std::path::PathBuf;

use super::targets::{Found, Look, Target, Targets};
use super::{Order, Placed, Way};
use crate::archive::{self, Staging};
use crate::cache::delivery::Hashed;
use crate::cache::{CacheError, RepoLayout};
use crate::catalog::{CatalogError, CatalogModel};
use crate::digest::Digest;
use crate::endpoint::{Protocol, public};
use crate::error::Error;
use crate::fetch::{FileState, blocking};
use crate::pull::{Access, Pulled, PulledFile, Request, pull};
use crate::reference::{Reference, Within};
use crate::session::Session;
use crate::settings::Settings;

/// Brings models to the folders of a worker.
pub(super) struct Porter<'a> {
    pub(super) order: &'a Order,
    pub(super) session: &'a Session,
    pub(super) targets: Targets,
}

/// A model's file in the cache, whose content is the one that the catalog promises.
struct Cached {
    path: PathBuf,
    bytes_fetched: u64,
}

impl Porter<'_> {
    /// Brings one model.
    pub(super) async fn bring(&self, model: &CatalogModel) -> Result<Placed, Error> {
        let request = request(model, self.session.settings(), self.order.dry_run);
        let replace = match self.look(model, request.as_ref().ok()).await? {
            Found::InPlace(path) => return Ok(Placed { way: Way::Present, path, bytes_fetched: 0 }),
            Found::Elsewhere(path) => return Ok(Placed { way: Way::Adopted, path, bytes_fetched: 0 }),
            Found::Occupied(path) if !self.order.force => return Err(CacheError::Occupied { path }.into()),
            Found::Occupied(_) | Found::Dummy(_) => true,
            Found::Missing => false,
        };
        self.targets.expect_root(model)?;
        let request = request?;
        let target = self.targets.of(model).swap_remove(0);
        if self.order.dry_run {
            return self.plan(&request, self.targets.place(model)).await;
        }
        match self.fetch_and_place(model, &request, &target, replace).await {
            // another program changed the copy in the cache: it is fetched again, once
            Err(Error::Cache(CacheError::Damaged { .. })) => {
                self.fetch_and_place(model, &Request { force: true, ..request }, &target, replace).await
            }
            outcome => outcome,
        }
    }

    /// What stands at the places of a model. The copy in the cache that a file there came from saves a hash.
    async fn look(&self, model: &CatalogModel, request: Option<&Request>) -> Result<Found, Error> {
        if model.is_archive() && model.members.is_empty() {
            // only the archive itself can tell whether it was unpacked
            return Ok(Found::Missing);
        }
        let cached = |request: &Request| {
            let provider = self.session.settings().provider(&request.wanted.provider).ok()?;
            Some(RepoLayout::new(&provider.cache, &request.wanted.repo).blob(&model.digest))
        };
        let blob = request.and_then(cached);
        let (targets, model) = (self.targets.clone(), model.clone());
        blocking(move || targets.look(&model, Look::AtContent(blob.as_deref()))).await?
    }

    async fn fetch_and_place(
        &self,
        model: &CatalogModel,
        request: &Request,
        target: &Target,
        replace: bool,
    ) -> Result<Placed, Error> {
        let cached = self.fetch(model, request).await?;
        if model.is_archive() {
            return self.unpack(model, cached, target).await;
        }
        let (delivery, file, from) = (target.delivery(replace), target.file.clone(), cached.path);
        let arrival = blocking(move || delivery.bring(&file, &from, Hashed::ByThisRun)).await??;
        Ok(Placed { way: Way::Brought(arrival), path: target.path(), bytes_fetched: cached.bytes_fetched })
    }

    /// What would be done, and whether the gate is open.
    async fn plan(&self, request: &Request, path: PathBuf) -> Result<Placed, Error> {
        let planned = pull(request, self.session).await?;
        match planned.access {
            Access::Granted => Ok(Placed { way: Way::Planned, path, bytes_fetched: planned.bytes_fetched }),
            Access::Refused(error) => Err(error),
        }
    }

    /// Pulls the file into the cache and holds it to the catalog's promise.
    async fn fetch(&self, model: &CatalogModel, request: &Request) -> Result<Cached, Error> {
        let pulled = pull(request, self.session).await?;
        let file = the_file(&pulled, model)?;
        let promised = file.entry.digest == Some(model.digest);
        let path = pulled.path.clone();
        // hubs give small files another kind of hash, and what was in the cache may be of another tool
        if !promised || !matches!(file.state, FileState::Missing { .. }) {
            let read = path.clone();
            let found = blocking(move || archive::sha256(&read)).await?.map_err(CacheError::at("read", &path))?;
            if found != model.digest {
                return Err(if promised { CacheError::Damaged { path }.into() } else { broken_promise(model, found) });
            }
        }
        Ok(Cached { path, bytes_fetched: pulled.bytes_fetched })
    }

    async fn unpack(&self, model: &CatalogModel, cached: Cached, target: &Target) -> Result<Placed, Error> {
        let place = target.path();
        let (delivery, file, beside) = (target.delivery(false), target.file.clone(), place.clone());
        blocking(move || delivery.check_way(&file)).await??;
        // held here, so that it goes away also when this is interrupted
        let staging = blocking(move || Staging::beside(&beside)).await??;
        let (hidden, members) = (staging.hidden(), model.members.clone());
        let unpacked = blocking(move || archive::unpack(&cached.path, &hidden, &place, &members)).await??;
        let force = self.order.force;
        let published = blocking(move || unpacked.publish(&staging, force)).await??;
        let way = if published.was_there { Way::Present } else { Way::Unpacked };
        Ok(Placed { way, path: published.path, bytes_fetched: cached.bytes_fetched })
    }
}

/// The pull that brings a model's file: its address is a reference to one file.
pub(super) fn request(model: &CatalogModel, settings: &Settings, dry_run: bool) -> Result<Request, Error> {
    let reference = Reference::parse(model.url.as_str(), &settings.known())?;
    let provider = reference.provider.as_deref().unwrap_or(&settings.default_provider);
    // a link of CivitAI may name a version alone: the hash tells which of its files is meant
    let is_numbered = settings.provider(provider)?.protocol == Protocol::CivitAi;
    if !is_numbered && !matches!(reference.path, Some(Within::File(_))) {
        return Err(CatalogError::NoFile { url: public(&model.url) }.into());
    }
    Ok(Request { expect: Some(model.digest), dry_run, ..Request::of(reference, settings) })
}

/// The one file of a pull, held to what the catalog says before its content is looked at.
fn the_file<'a>(pulled: &'a Pulled, model: &CatalogModel) -> Result<&'a PulledFile, Error> {
    let [file] = pulled.files.as_slice() else {
        return Err(CatalogError::NoFile { url: public(&model.url) }.into());
    };
    if let Some(found @ Digest::Sha256(_)) = file.entry.digest
        && found != model.digest
    {
        return Err(broken_promise(model, found));
    }
    if file.entry.size != model.size {
        let problem = format!("it has {} bytes, not {}", file.entry.size, model.size);
        return Err(Error::Promise { problem });
    }
    Ok(file)
}

fn broken_promise(model: &CatalogModel, found: Digest) -> Error {
    let problem = format!("it is {found}, not {}", model.digest);
    Error::Promise { problem }
}
