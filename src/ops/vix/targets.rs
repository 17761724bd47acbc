//! Where the models of a worker belong, and what stands there.
//!
//! Visionatrix takes any file in any folder of the model's type whose name a loader would find and whose hash is right. So
//! all of them are looked at before anything is fetched, but only files of the right length are hashed: a folder with half
//! a terabyte of models is not read to find one of them. What its own code finds is the table `tests/it/data/comfyui.json`.

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use super::VixRequest;
use crate::apps::comfyui::{ModelFolders, ModelType, Startup, WorkerFolders};
use crate::apps::visionatrix::catalog::{CatalogModel, Home};
use crate::digest::Digest;
use crate::error::Error;
use crate::manifest::RepoFile;
use crate::regular_file;
use crate::repo::RepoPath;
use crate::settings::env::{self, Env};
use crate::store::archive;
use crate::store::cache::delivery::{Delivery, LinkMode, Occupant};

/// What a worker in server mode writes in place of a model that it does not load itself.
const DUMMY: &[u8] = b"SERVER MODE";
/// How unfinished files of ours end.
const UNFINISHED: &str = ".gatedl.incomplete";

/// The folders of a worker.
#[derive(Debug, Clone)]
pub(super) struct Targets {
    comfyui: PathBuf,
    models: PathBuf,
    folders: ModelFolders,
    link: LinkMode,
}

/// One place for a model: a folder that may be anywhere, and a path within it that leads nowhere else.
#[derive(Debug, Clone)]
pub(super) struct ModelTarget {
    pub(super) root: PathBuf,
    pub(super) file: RepoFile,
    link: LinkMode,
}

/// What stands at the places of a model.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TargetState {
    /// The model, under its own name in its first folder.
    InPlace(PathBuf),
    /// The model, elsewhere.
    Elsewhere(PathBuf),
    /// Something else has its name.
    Occupied(PathBuf),
    /// What a worker in server mode puts there.
    Dummy(PathBuf),
    /// Nothing.
    Missing,
}

/// How closely to look.
#[derive(Debug, Clone, Copy)]
pub(super) enum Comparison<'a> {
    /// A length that agrees is believed.
    AtLength,
    /// Content is hashed, unless it is the content of this path in the cache.
    AtContent(Option<&'a Path>),
}

impl Targets {
    /// The folders by flags, then by the variables of Visionatrix.
    pub(super) fn resolve(order: &VixRequest, env: &Env) -> Result<Self, Error> {
        let variable = |variable: &env::Variable| env.path(variable);
        let comfyui = order.comfyui_dir.clone().or_else(|| variable(&env::COMFYUI_DIR));
        let comfyui = comfyui.unwrap_or_else(|| PathBuf::from("ComfyUI"));
        let data = variable(&env::BASE_DATA_DIR).unwrap_or_else(|| PathBuf::from("ComfyUI-Data"));
        let models = order.models_dir.clone().or_else(|| variable(&env::MODELS_DIR));
        let models = models.unwrap_or_else(|| data.join("models"));
        let output = variable(&env::OUTPUT_DIR).unwrap_or_else(|| data.join("output"));
        let worker = Some(WorkerFolders { models: &models, output: &output });
        let startup = Startup { root: &comfyui, models: None, extra: &order.extra_model_paths, worker };
        let folders = ModelFolders::of_application(startup, env)?;
        Ok(Self { comfyui, models, folders, link: order.link })
    }

    /// The places of a model, the one for a new file first; never none.
    pub(super) fn of(&self, model: &CatalogModel) -> Vec<ModelTarget> {
        match &model.home {
            Home::Types(types) => {
                let kind = self.kind(types);
                let home = self.folders.home(&kind, &model.file);
                let others = self.folders.of(&kind).into_iter().filter(|folder| *folder != home);
                std::iter::once(home.clone())
                    .chain(others)
                    .map(|root| self.at(model, root, model.file.clone()))
                    .collect()
            }
            Home::Models => vec![self.at(model, self.models.clone(), model.file.clone())],
            // the folder of a node pack may be a link to where its author works on it
            Home::ComfyUi => {
                let parts: Vec<&str> = model.file.parts().collect();
                let pack = parts.len().saturating_sub(1).min(2);
                let below = parts[pack..].join("/").parse().expect("the end of a path that was checked");
                vec![self.at(model, self.comfyui.join(parts[..pack].iter().collect::<PathBuf>()), below)]
            }
        }
    }

    fn at(&self, model: &CatalogModel, root: PathBuf, path: RepoPath) -> ModelTarget {
        ModelTarget { root, file: RepoFile { path, size: model.size, digest: model.digest, id: None }, link: self.link }
    }

    /// The first of the types that ComfyUI knows. It knows no old names here.
    fn kind(&self, types: &[String]) -> ModelType {
        let parsed = types.iter().filter_map(|name| Some((name, name.parse::<ModelType>().ok()?)));
        let parsed: Vec<(&String, ModelType)> = parsed.collect();
        let known = parsed.iter().find(|(name, kind)| *kind.as_str() == ***name && self.folders.knows(kind));
        known.or(parsed.first()).map(|(_, kind)| kind.clone()).expect("a catalog's types were checked")
    }

    /// Where files of this model under other names are looked for: everywhere below its folders.
    fn searched(&self, model: &CatalogModel) -> Vec<PathBuf> {
        match &model.home {
            Home::Types(types) => self.folders.of(&self.kind(types)),
            Home::Models => vec![self.models.clone()],
            Home::ComfyUi => vec![self.comfyui.clone()],
        }
    }

    /// What belongs below ComfyUI needs one: one that is misspelt would become a new tree that nobody looks into.
    pub(super) fn expect_root(&self, model: &CatalogModel) -> Result<(), Error> {
        let below = std::path::absolute(&self.comfyui).unwrap_or_else(|_| self.comfyui.clone());
        let target = std::path::absolute(&self.of(model).swap_remove(0).root);
        if self.comfyui.is_dir() || !target.is_ok_and(|target| target.starts_with(below)) {
            return Ok(());
        }
        let place = self.comfyui.display();
        Err(Error::Usage(format!(
            "there is no ComfyUI at `{place}`; name its folder: --comfyui-dir DIR, or COMFYUI_DIR"
        )))
    }

    /// Where a model will be: of an archive, the folder that its members are looked for in.
    pub(super) fn place(&self, model: &CatalogModel) -> PathBuf {
        let path = self.of(model).swap_remove(0).path();
        if model.is_archive() { archive::members_folder(&path) } else { path }
    }

    /// Looks for a model in all its places. Reads, and changes nothing.
    pub(super) fn look(&self, model: &CatalogModel, look: Comparison<'_>) -> Result<TargetState, Error> {
        let targets = self.of(model);
        if model.is_archive() {
            return Ok(look_for_members(model, &targets, look));
        }
        let mut in_the_way = TargetState::Missing;
        for (index, target) in targets.iter().enumerate() {
            let path = target.path();
            match target.standing(look)? {
                Occupant::Right if index == 0 => return Ok(TargetState::InPlace(path)),
                Occupant::Right => return Ok(TargetState::Elsewhere(path)),
                Occupant::Other if index == 0 => in_the_way = occupied(path),
                Occupant::Other | Occupant::Missing => {}
            }
        }
        for folder in self.searched(model).into_iter().filter(|_| model.may_have_other_names()) {
            for path in candidates(model, &folder)? {
                let other = self.at(model, folder.clone(), path);
                if other.standing(look)? == Occupant::Right {
                    return Ok(TargetState::Elsewhere(other.path()));
                }
            }
        }
        Ok(in_the_way)
    }
}

impl ModelTarget {
    /// Where the file is.
    pub(super) fn path(&self) -> PathBuf {
        self.delivery(false).path(&self.file)
    }

    /// A delivery to this place; with `force`, what stands there is replaced.
    pub(super) fn delivery(&self, force: bool) -> Delivery {
        Delivery::into_folder(&self.root, self.link, force)
    }

    fn standing(&self, look: Comparison<'_>) -> Result<Occupant, Error> {
        match look {
            Comparison::AtContent(blob) => Ok(self.delivery(false).look(&self.file, blob)?),
            Comparison::AtLength => Ok(match fs::metadata(self.path()) {
                Ok(found) if found.is_file() && found.len() == self.file.size => Occupant::Right,
                Ok(_) => Occupant::Other,
                Err(_) => Occupant::Missing,
            }),
        }
    }
}

fn occupied(path: PathBuf) -> TargetState {
    let is_dummy = fs::metadata(&path).is_ok_and(|found| found.len() == DUMMY.len() as u64)
        && regular_file::read(&path, DUMMY.len() as u64).is_ok_and(|content| content == DUMMY);
    if is_dummy { TargetState::Dummy(path) } else { TargetState::Occupied(path) }
}

/// The files below a folder, however deep and however hidden, that have the right length and a name that a loader of this
/// model would ask for. Folders that are links are left alone, as Visionatrix leaves them.
fn candidates(model: &CatalogModel, folder: &Path) -> Result<Vec<RepoPath>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, below)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
            if kind.is_dir() {
                folders.push((entry.path(), format!("{below}{name}/")));
            } else if fs::metadata(entry.path()).is_ok_and(|found| found.is_file() && found.len() == model.size)
                && !name.ends_with(UNFINISHED)
                && model.may_be_named(&name)?
            {
                found.extend(format!("{below}{name}").parse::<RepoPath>().ok());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether an archive was unpacked: its members are where Visionatrix looks for them. One without hashes shows no more
/// than that there is a folder.
fn look_for_members(model: &CatalogModel, targets: &[ModelTarget], look: Comparison<'_>) -> TargetState {
    let right = |path: &Path, digest: &Digest| match look {
        Comparison::AtLength => path.is_file(),
        Comparison::AtContent(_) => archive::sha256(path).is_ok_and(|found| found == *digest),
    };
    let mut in_the_way = TargetState::Missing;
    for (index, target) in targets.iter().enumerate() {
        let folder = archive::members_folder(&target.path());
        if !folder.is_dir() {
            continue;
        }
        if model.members.iter().all(|(member, digest)| right(&folder.join(member.to_path()), digest)) {
            return TargetState::InPlace(folder);
        }
        if index == 0 {
            in_the_way = TargetState::Occupied(folder);
        }
    }
    in_the_way
}
