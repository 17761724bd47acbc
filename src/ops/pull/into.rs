//! `--into`: from the cache into the folders of an application.
//!
//! The files are pulled into the cache as always, so that nothing is fetched twice for two applications, and then brought
//! to their places. What stands there is looked at before any byte is fetched: a file of the user's that is in the way
//! ends the pull while that is cheap, and one that is the right file already is taken into the cache instead of fetched.
//! What an earlier pull of the same branch brought there and nobody changed since is not the user's, and is replaced by the
//! new commit's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::choice::first_of_quantization;
use super::{PullJob, Pulled};
use crate::apps::comfyui::{ComfyuiError, ModelFolders, ModelType};
use crate::apps::transformers_js;
use crate::apps::weights::{Choice, Dtype};
use crate::error::Error;
use crate::fetch::FileState;
use crate::file_thread;
use crate::manifest::{ListedFile, RepoFile, traits};
use crate::repo::{Commit, RepoPath};
use crate::store::cache::delivery::{Arrival, Delivery, Hashed, LinkMode, Occupant};
use crate::store::cache::{CacheError, Destination, LocalContent, RepoCache, space};

/// Folders of an application, into which the files go.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    /// Whose folders.
    pub(crate) application: Application,
    /// How files get there.
    pub(crate) link: LinkMode,
}

/// An application that gatedl knows the folders of.
#[derive(Debug, Clone)]
pub(crate) enum Application {
    /// ComfyUI: a folder for each type of model.
    Comfyui {
        /// The folders.
        folders: ModelFolders,
        /// The type of all files, where the user says it.
        kind: Option<ModelType>,
    },
    /// Transformers.js: a folder for each model.
    TransformersJs {
        /// The folder of the roots.
        folder: PathBuf,
        /// The precision of the sessions.
        dtype: Option<Dtype>,
    },
}

/// One file on its way into a folder.
struct Item {
    /// The file by its path below the folder.
    file: RepoFile,
    delivery: Delivery,
    cache: RepoCache,
    /// Its content in the cache.
    blob: PathBuf,
    /// The same path in other commits of the cache.
    earlier: Vec<PathBuf>,
    hashed: Hashed,
}

impl PullJob {
    /// Whether the whole tree is one model to the application.
    pub(super) fn is_whole_pipeline(&self) -> bool {
        let application = self.request.into.as_ref().map(|into| &into.application);
        matches!(application, Some(Application::Comfyui { kind: Some(kind), .. }) if kind.as_str() == "diffusers")
    }

    /// Looks at the places of the files before any of them is fetched.
    pub(super) async fn look_ahead(&self, destination: &Destination, chosen: &[Arc<ListedFile>]) -> Result<(), Error> {
        let Some(into) = &self.request.into else { return Ok(()) };
        let chosen: Vec<&ListedFile> = chosen.iter().map(AsRef::as_ref).collect();
        let places = self.places(into, &chosen)?;
        for (root, size) in self.copied(into, &chosen, &places) {
            space::ensure(&root, size)?;
        }
        let files = chosen.iter().zip(places).filter_map(|(entry, place)| Some((entry.to_file()?, place)));
        let items = files.map(|(file, place)| {
            let is_here = self.is_here(destination.commit(), &file);
            (is_here, self.item(destination, &file, place, Hashed::Before))
        });
        let items: Vec<(bool, Item)> = items.collect();
        let (link, force) = (into.link, self.request.force);
        let look = move || items.iter().try_for_each(|(is_here, item)| item.look_ahead(*is_here, link, force));
        Ok(file_thread::run(look).await??)
    }

    /// How much becomes bytes of its own in which folder: what there must be room for, and what the disk has less of then.
    fn copied(
        &self,
        into: &Installation,
        chosen: &[&ListedFile],
        places: &[(PathBuf, RepoPath)],
    ) -> BTreeMap<PathBuf, u64> {
        let mut sizes: BTreeMap<PathBuf, u64> = BTreeMap::new();
        for (entry, (root, below)) in chosen.iter().zip(places) {
            let missing = !root.join(below.to_path()).exists();
            *sizes.entry(root.clone()).or_default() += if missing { entry.size } else { 0 };
        }
        let cache = self.cache.layout().root();
        sizes.retain(|root, _| Delivery::into_folder(root, into.link, false).copies_from(cache));
        sizes
    }

    fn is_here(&self, commit: &Commit, file: &RepoFile) -> bool {
        self.cache.has_blob(file) || self.cache.is_complete(commit, file)
    }

    /// Says where a planned pull's files would go.
    pub(super) fn foresee(&self, mut pulled: Pulled) -> Result<Pulled, Error> {
        let Some(into) = &self.request.into else { return Ok(pulled) };
        let chosen: Vec<&ListedFile> = pulled.files.iter().map(|file| file.listed.as_ref()).collect();
        let places = self.places(into, &chosen)?;
        let files: Vec<PathBuf> = places.iter().map(|(root, below)| absolute(root).join(below.to_path())).collect();
        pulled.bytes_copied = self.copied(into, &chosen, &places).values().sum();
        let roots: Vec<PathBuf> = places.into_iter().map(|(root, _)| root).collect();
        pulled.path = self.installed_path(into, &roots, &pulled, &files);
        Ok(pulled)
    }

    /// Brings a finished pull's files to their places.
    pub(super) async fn install(&self, mut pulled: Pulled, destination: &Destination) -> Result<Pulled, Error> {
        let Some(into) = &self.request.into else { return Ok(pulled) };
        let chosen: Vec<&ListedFile> = pulled.files.iter().map(|file| file.listed.as_ref()).collect();
        let places = self.places(into, &chosen)?;
        let roots: Vec<PathBuf> = places.iter().map(|(root, _)| root.clone()).collect();
        let mut items = Vec::new();
        for (pulled_file, place) in pulled.files.iter().zip(places) {
            let Some(file) = pulled_file.listed.to_file() else {
                return Err(Error::Masked { path: pulled_file.listed.path.clone() });
            };
            let hashed = match pulled_file.state {
                FileState::Missing { .. } | FileState::Here(LocalContent::Elsewhere(_)) => Hashed::ByThisRun,
                FileState::InPlace | FileState::Here(LocalContent::Blob) => Hashed::Before,
            };
            items.push(self.item(destination, &file, place, hashed));
        }
        let files = file_thread::run(move || items.iter().map(Item::bring).collect::<Result<Vec<_>, _>>()).await??;
        let at: Vec<PathBuf> = files.iter().map(|(place, _)| place.clone()).collect();
        let copied = files.iter().zip(&pulled.files).filter(|((_, arrival), _)| *arrival == Arrival::Copy);
        pulled.bytes_copied = copied.map(|(_, file)| file.listed.size).sum();
        pulled.path = self.installed_path(into, &roots, &pulled, &at);
        pulled.loading = self.loading(into, &pulled);
        for (file, arrived) in pulled.files.iter_mut().zip(files) {
            file.arrived = Some(arrived);
        }
        Ok(pulled)
    }

    /// The folder of each file, and its path below that.
    fn places(&self, into: &Installation, chosen: &[&ListedFile]) -> Result<Vec<(PathBuf, RepoPath)>, Error> {
        match &into.application {
            Application::TransformersJs { folder, .. } => {
                let root = transformers_js::root(folder, &self.request.wanted.revision);
                let folder = transformers_js::folder(&root, &self.request.wanted.repo);
                Ok(chosen.iter().map(|entry| (folder.clone(), entry.path.clone())).collect())
            }
            Application::Comfyui { folders, kind } => {
                let files: Vec<_> = chosen.iter().map(|entry| (&entry.path, published_type(entry))).collect();
                let placements = folders.placements(&self.request.wanted.repo, kind.as_ref(), &files);
                let placements = placements.map_err(|error| as_published(error, chosen))?;
                let placed = placements.into_iter().zip(chosen).map(|(placement, entry)| {
                    let looked = folders.of(&placement.kind);
                    let has = |folder: &&PathBuf| {
                        let found = std::fs::metadata(folder.join(placement.below.to_path()));
                        found.is_ok_and(|found| found.len() == entry.size)
                    };
                    // ComfyUI looks into all of them, so a file that is in the second is where it belongs
                    let folder = looked.iter().find(has).cloned();
                    (folder.unwrap_or_else(|| folders.home(&placement.kind, &placement.below)), placement.below)
                });
                Ok(placed.collect())
            }
        }
    }

    fn item(
        &self,
        destination: &Destination,
        file: &RepoFile,
        (root, below): (PathBuf, RepoPath),
        hashed: Hashed,
    ) -> Item {
        let link = self.request.into.as_ref().map(|into| into.link).unwrap_or_default();
        Item {
            delivery: Delivery::into_folder(&root, link, self.request.force),
            cache: self.cache.clone(),
            blob: destination.path(&file.path),
            earlier: self.replaceable(destination.commit(), &file.path),
            file: RepoFile { path: below, ..file.clone() },
            hashed,
        }
    }

    /// The same path in commits that this revision may have been before: what was brought from there is replaced by the
    /// commit that it is now. A revision that cannot move was nothing else, and what another revision is stays as well: two
    /// versions of a CivitAI model are two models.
    fn replaceable(&self, commit: &Commit, path: &RepoPath) -> Vec<PathBuf> {
        if self.fixed().is_some() {
            return Vec::new();
        }
        self.cache.unnamed_pointers(commit, &self.request.wanted.revision, path)
    }

    /// The file, where one was named; else the folder that all files are in.
    fn installed_path(&self, into: &Installation, roots: &[PathBuf], pulled: &Pulled, files: &[PathBuf]) -> PathBuf {
        let named = self.request.selection.only_file();
        let mut named = pulled.files.iter().zip(files).filter(|(file, _)| match named {
            Some(name) => file.listed.path.as_str() == name,
            None => self.request.variant.number.is_some() || self.request.expect.is_some(),
        });
        if let (Some((_, place)), None) = (named.next(), named.next()) {
            return place.clone();
        }
        if let Some(Choice::Quant(_)) = &self.request.weights {
            let entries: Vec<&ListedFile> = pulled.files.iter().map(|file| file.listed.as_ref()).collect();
            let first = first_of_quantization(&entries).map(|first| &first.path);
            if let Some(at) = pulled.files.iter().position(|file| Some(&file.listed.path) == first) {
                return files[at].clone();
            }
        }
        match (&into.application, roots) {
            (_, [first, rest @ ..]) if rest.iter().all(|root| root == first) => absolute(first),
            (Application::Comfyui { folders, .. }, _) => absolute(folders.models()),
            (Application::TransformersJs { folder, .. }, _) => absolute(folder),
        }
    }

    fn loading(&self, into: &Installation, pulled: &Pulled) -> Option<[String; 2]> {
        let Application::TransformersJs { folder, dtype } = &into.application else { return None };
        let root = absolute(&transformers_js::root(folder, &self.request.wanted.revision));
        let has_sessions = pulled.files.iter().any(|file| file.listed.path.as_str().contains(".onnx"));
        Some(transformers_js::loading(&root, &self.request.wanted.repo, has_sessions, dtype.map(Dtype::name)))
    }
}

/// The error with what the publisher calls the file that nothing tells the type of.
fn as_published(error: ComfyuiError, chosen: &[&ListedFile]) -> ComfyuiError {
    match error {
        ComfyuiError::Untyped { path, types, .. } => {
            let entry = chosen.iter().find(|entry| entry.path.as_str() == path);
            let published = entry.and_then(|entry| entry.published_trait(traits::OF_MODEL).map(str::to_owned));
            ComfyuiError::Untyped { path, published, types }
        }
        other => other,
    }
}

fn published_type(entry: &ListedFile) -> Option<ModelType> {
    entry.published.as_ref()?;
    let is_gguf = entry.has_trait("format", "GGUF") || entry.path.as_str().to_ascii_lowercase().ends_with(".gguf");
    ModelType::of_civitai(entry.published_trait(traits::OF_MODEL), entry.published_trait(traits::OF_FILE), is_gguf)
}

fn absolute(folder: &Path) -> PathBuf {
    Delivery::into_folder(folder, LinkMode::default(), false).root().to_path_buf()
}

impl Item {
    /// Takes what stands at the place already into the cache, if it is the file; what is the user's must stay. Where
    /// something is to be brought, it can be.
    fn look_ahead(&self, is_here: bool, link: LinkMode, force: bool) -> Result<(), CacheError> {
        let (cache, place) = (&self.cache, self.delivery.path(&self.file));
        if is_here {
            return if place.exists() { Ok(()) } else { self.delivery.ensure_writable(&self.file) };
        }
        match self.delivery.look(&self.file, None)? {
            Occupant::Right if link != LinkMode::Copy && !force => {
                cache.prepare()?;
                cache.adopt(&self.file, &place).map(drop)
            }
            Occupant::Right if !force => Ok(()),
            // the application wrote into what it shares with the cache: that is mended before anything is said
            Occupant::Other if RepoCache::shares(&self.blob, &place) => Ok(()),
            Occupant::Other if !force && !self.is_of_an_earlier_pull() => Err(CacheError::Occupied { path: place }),
            _ => self.delivery.ensure_writable(&self.file),
        }
    }

    fn bring(&self) -> Result<(PathBuf, Arrival), CacheError> {
        let held = self.cache.hold(&self.file, &self.blob);
        let arrival = match self.delivery.bring(&self.file, &self.blob, self.hashed) {
            Err(CacheError::Occupied { .. }) if self.is_of_an_earlier_pull() => {
                self.delivery.forced().bring(&self.file, &self.blob, self.hashed)?
            }
            brought => brought?,
        };
        let place = self.delivery.path(&self.file);
        if let (Some(held), Arrival::HardLink) = (held, arrival) {
            self.cache.note_link(held, &self.file, &self.blob, &place);
        }
        Ok((place, arrival))
    }

    fn is_of_an_earlier_pull(&self) -> bool {
        self.earlier.iter().any(|blob| self.delivery.came_from(&self.file, blob))
    }
}
