//! `--into`: an application and its folder, and how files get there.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::place;
use crate::apps::comfyui::{ModelFolders, ModelType, Startup};
use crate::apps::weights::Dtype;
use crate::error::Error;
use crate::ops::pull::{Application, Installation};
use crate::settings::env::{self, Env, typed_path};
use crate::store::cache::delivery::LinkMode;

/// Into whose folders, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct IntoArguments {
    /// Bring the files into an application's folders too: comfyui[=DIR] (its root; default: $COMFYUI_DIR, else
    /// ./ComfyUI) or transformers.js[=DIR] (default: ./models)
    #[arg(long, value_name = "APP[=DIR]", value_parser = target, conflicts_with = "local_dir", help_heading = "Where and how")]
    pub(in crate::cli) into: Option<ApplicationFolder>,
    /// With --into comfyui: what the files are, as in checkpoints, loras, vae
    #[arg(long, value_name = "TYPE", requires = "into", help_heading = "Where and how")]
    pub(in crate::cli) comfyui_type: Option<ModelType>,
    /// With --into comfyui: its models, as its own --models-directory
    #[arg(long, value_name = "DIR", value_parser = place(), requires = "into", help_heading = "Where and how")]
    pub(in crate::cli) models_dir: Option<PathBuf>,
    /// With --into comfyui: as its own --extra-model-paths-config (repeatable)
    #[arg(long, value_name = "FILE", value_parser = place(), requires = "into", help_heading = "Where and how")]
    pub(in crate::cli) extra_paths: Vec<PathBuf>,
    /// With --into transformers.js: only the ONNX files of this precision, as in q4, q8, fp16, fp32
    #[arg(long, value_name = "DTYPE", requires = "into", help_heading = "Where and how")]
    pub(in crate::cli) dtype: Option<Dtype>,
    /// With --into: how files get there; auto takes a reflink, else a hard link, else a copy
    #[arg(long, value_name = "WAY", default_value = "auto", requires = "into", help_heading = "Where and how")]
    pub(in crate::cli) link: LinkArgument,
}

/// The value of `--into`.
#[derive(Debug, Clone)]
pub(in crate::cli) struct ApplicationFolder {
    name: ApplicationName,
    folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ApplicationName {
    Comfyui,
    TransformersJs,
}

/// The value of `--link`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LinkArgument {
    Auto,
    Reflink,
    Hardlink,
    Symlink,
    Copy,
}

impl From<LinkArgument> for LinkMode {
    fn from(link: LinkArgument) -> Self {
        match link {
            LinkArgument::Auto => Self::Auto,
            LinkArgument::Reflink => Self::Reflink,
            LinkArgument::Hardlink => Self::HardLink,
            LinkArgument::Symlink => Self::Symlink,
            LinkArgument::Copy => Self::Copy,
        }
    }
}

fn target(text: &str) -> Result<ApplicationFolder, String> {
    let (name, folder) = text.split_once('=').map_or((text, None), |(name, folder)| (name, Some(folder)));
    let name = match name.to_ascii_lowercase().as_str() {
        "comfyui" => ApplicationName::Comfyui,
        "transformers.js" | "transformersjs" => ApplicationName::TransformersJs,
        _ => return Err("the applications are comfyui and transformers.js".to_owned()),
    };
    if folder == Some("") {
        return Err("a folder must follow the `=`".to_owned());
    }
    let folder = folder.map(|folder| typed_path(folder.as_ref())).transpose()?;
    Ok(ApplicationFolder { name, folder })
}

impl IntoArguments {
    /// The folders that are meant; reads ComfyUI's `extra_model_paths.yaml`.
    pub(in crate::cli) fn installation(&self, env: &Env) -> Result<Option<Installation>, Error> {
        let Some(target) = &self.into else { return Ok(None) };
        let only_comfyui = [
            (self.comfyui_type.is_some(), "--comfyui-type"),
            (self.models_dir.is_some(), "--models-dir"),
            (!self.extra_paths.is_empty(), "--extra-paths"),
        ];
        let misplaced = match target.name {
            ApplicationName::Comfyui => self.dtype.map(|_| "--dtype is for --into transformers.js".to_owned()),
            ApplicationName::TransformersJs => {
                let given = only_comfyui.into_iter().find(|(is_given, _)| *is_given);
                given.map(|(_, flag)| format!("{flag} is for --into comfyui"))
            }
        };
        if let Some(message) = misplaced {
            return Err(Error::Usage(message));
        }
        let application = match target.name {
            ApplicationName::Comfyui => {
                let root = target.folder.clone().or_else(|| env.path(&env::COMFYUI_DIR));
                let root = root.unwrap_or_else(|| PathBuf::from("ComfyUI"));
                Application::Comfyui { folders: self.comfyui(&root, env)?, kind: self.comfyui_type.clone() }
            }
            ApplicationName::TransformersJs => {
                let folder = target.folder.clone().unwrap_or_else(|| PathBuf::from("models"));
                Application::TransformersJs { folder, dtype: self.dtype }
            }
        };
        Ok(Some(Installation { application, link: self.link.into() }))
    }

    /// A misspelt root would become a new tree that no ComfyUI looks into.
    fn comfyui(&self, root: &Path, env: &Env) -> Result<ModelFolders, Error> {
        if !root.is_dir() {
            let message = "there is no ComfyUI at `{}`; name its folder: --into comfyui=DIR, or COMFYUI_DIR";
            return Err(Error::Usage(message.replace("{}", &root.display().to_string())));
        }
        let models = self.models_dir.as_deref();
        if let Some(missing) = models.filter(|models| !models.is_dir()) {
            return Err(Error::Usage(format!("there is no folder `{}`, which --models-dir names", missing.display())));
        }
        let startup = Startup { root, models, extra: &self.extra_paths, worker: None };
        Ok(ModelFolders::of_application(startup, env)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_may_have_a_folder() {
        let parsed = |text| target(text).map(|target| (target.name, target.folder));
        assert_eq!(parsed("comfyui"), Ok((ApplicationName::Comfyui, None)));
        assert_eq!(parsed("Transformers.js=a=b"), Ok((ApplicationName::TransformersJs, Some("a=b".into()))));
        assert!(parsed("comfyui=").is_err() && parsed("a1111").is_err());
    }
}
