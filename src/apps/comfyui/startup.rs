//! How a ComfyUI is started, as far as that decides where it looks for models.

use std::path::{Path, PathBuf};

use super::registry::Registry;
use super::{ComfyuiError, ModelFolders, extra};
use crate::settings::env::Env;
use crate::system::paths::HAS_LINKS;

/// A ComfyUI and the flags that it is started with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Startup<'a> {
    /// Its root: the folder of `main.py`.
    pub(crate) root: &'a Path,
    /// `--models-directory`, instead of the root's `models`.
    pub(crate) models: Option<&'a Path>,
    /// `--extra-model-paths-config`: further files like the root's own `extra_model_paths.yaml`.
    pub(crate) extra: &'a [PathBuf],
    /// The worker that runs it.
    pub(crate) worker: Option<WorkerFolders<'a>>,
}

/// A Visionatrix worker that runs a ComfyUI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkerFolders<'a> {
    /// Its folder of models.
    pub(crate) models: &'a Path,
    /// Its folder of results.
    pub(crate) output: &'a Path,
}

impl ModelFolders {
    /// The folders of a ComfyUI that is started so. Reads its `extra_model_paths.yaml`, if it has one; no folder has to exist.
    ///
    /// # Errors
    /// When such a file is unusable. ComfyUI does not start with it either.
    pub(crate) fn of_application(startup: Startup<'_>, env: &Env) -> Result<Self, ComfyuiError> {
        // Python asks for the real path of the program: what a link to the root leads to, or one to the program alone
        let program = std::fs::canonicalize(startup.root.join("main.py")).ok();
        let root = program.as_deref().and_then(Path::parent).map_or_else(|| real(startup.root), real);
        let own_models = startup.models.map_or_else(|| root.join("models"), absolute);
        let models = startup.worker.map_or_else(|| own_models.clone(), |worker| real(worker.models));
        let output = startup.worker.map_or_else(|| root.join("output"), |worker| real(worker.output));

        let mut registry = Registry::of_comfyui(&own_models);
        if startup.worker.is_some() {
            registry.add_of_worker(&models);
        }
        let beside = root.join(EXTRA);
        // read where the user knows it, for the messages
        let own = beside.is_file().then(|| (startup.root.join(EXTRA), root.clone()));
        let further = startup.extra.iter().map(|path| (path.clone(), absolute(path.parent().unwrap_or(path))));
        for (path, folder) in own.into_iter().chain(further) {
            for extra in extra::read(&path, &folder, env)? {
                registry.add(extra.kind.as_str(), extra.folder, extra.is_default);
            }
        }
        registry.add_saved(&output);
        registry.add_of_packs(&models);
        Ok(Self { models, registry })
    }
}

/// The file that ComfyUI reads without being told to.
const EXTRA: &str = "extra_model_paths.yaml";

/// The path through all links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    // on Windows the spelling would change for the worse, and links are rare
    if HAS_LINKS { std::fs::canonicalize(path).unwrap_or_else(|_| absolute(path)) } else { absolute(path) }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
