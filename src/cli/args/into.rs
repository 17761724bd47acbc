//! `--into`: an application and its folder, and how files get there.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cache::delivery::LinkMode;
use crate::comfyui::{ModelFolders, ModelType};
use crate::env::{self, Env, typed_path};
use crate::error::Error;
use crate::pull::{Application, Installation};
use crate::weights::Dtype;

/// Into whose folders, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct IntoArguments {
    /// Bring the files into an application's folders too: comfyui[=DIR] (its root; default: $COMFYUI_DIR, else
    /// ./ComfyUI) or transformers.js[=DIR] (default: ./models)
    #[arg(long, value_name = "APP[=DIR]", value_parser = target, conflicts_with = "local_dir", help_heading = "Where and how")]
    pub(in crate::cli) into: Option<Target>,
    /// With --into comfyui: what the files are, as in checkpoints, loras, vae
    #[arg(long, value_name = "TYPE", requires = "into", help_heading = "Where and how")]
    pub(in crate::cli) comfyui_type: Option<ModelType>,
    /// With --into transformers.js: only the ONNX files of this precision, as in q4, q8, fp16, fp32
    #[arg(long, value_name = "DTYPE", requires = "into", help_heading = "Where and how")]
    pub(in crate::cli) dtype: Option<Dtype>,
    /// With --into: how files get there; auto takes a reflink, else a hard link, else a copy
    #[arg(long, value_name = "WAY", default_value = "auto", requires = "into", help_heading = "Where and how")]
    pub(in crate::cli) link: Link,
}

/// The value of `--into`.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Target {
    name: Name,
    folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Comfyui,
    TransformersJs,
}

/// The value of `--link`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Link {
    Auto,
    Reflink,
    Hardlink,
    Symlink,
    Copy,
}

impl From<Link> for LinkMode {
    fn from(link: Link) -> Self {
        match link {
            Link::Auto => Self::Auto,
            Link::Reflink => Self::Reflink,
            Link::Hardlink => Self::HardLink,
            Link::Symlink => Self::Symlink,
            Link::Copy => Self::Copy,
        }
    }
}

fn target(text: &str) -> Result<Target, String> {
    let (name, folder) = text.split_once('=').map_or((text, None), |(name, folder)| (name, Some(folder)));
    let name = match name.to_ascii_lowercase().as_str() {
        "comfyui" => Name::Comfyui,
        "transformers.js" | "transformersjs" => Name::TransformersJs,
        _ => return Err("the applications are comfyui and transformers.js".to_owned()),
    };
    if folder == Some("") {
        return Err("a folder must follow the `=`".to_owned());
    }
    let folder = folder.map(|folder| typed_path(folder.as_ref())).transpose()?;
    Ok(Target { name, folder })
}

impl IntoArguments {
    /// The folders that are meant; reads ComfyUI's `extra_model_paths.yaml`.
    pub(in crate::cli) fn installation(&self, env: &Env) -> Result<Option<Installation>, Error> {
        let Some(target) = &self.into else { return Ok(None) };
        let misplaced = match target.name {
            Name::Comfyui => self.dtype.map(|_| "--dtype is for --into transformers.js"),
            Name::TransformersJs => self.comfyui_type.as_ref().map(|_| "--comfyui-type is for --into comfyui"),
        };
        if let Some(message) = misplaced {
            return Err(Error::Usage(message.to_owned()));
        }
        let application = match target.name {
            Name::Comfyui => {
                let root = target.folder.clone().or_else(|| env.path(&env::COMFYUI_DIR));
                let root = root.unwrap_or_else(|| PathBuf::from("ComfyUI"));
                Application::Comfyui { folders: comfyui(&root, env)?, kind: self.comfyui_type.clone() }
            }
            Name::TransformersJs => {
                let folder = target.folder.clone().unwrap_or_else(|| PathBuf::from("models"));
                Application::TransformersJs { folder, dtype: self.dtype }
            }
        };
        Ok(Some(Installation { application, link: self.link.into() }))
    }
}

/// A misspelt root would become a new tree that no ComfyUI looks into.
fn comfyui(root: &Path, env: &Env) -> Result<ModelFolders, Error> {
    if !root.is_dir() {
        let message = "there is no ComfyUI at `{}`; name its folder: --into comfyui=DIR, or COMFYUI_DIR";
        return Err(Error::Usage(message.replace("{}", &root.display().to_string())));
    }
    Ok(ModelFolders::of_application(root, None, env)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_may_have_a_folder() {
        let parsed = |text| target(text).map(|target| (target.name, target.folder));
        assert_eq!(parsed("comfyui"), Ok((Name::Comfyui, None)));
        assert_eq!(parsed("Transformers.js=a=b"), Ok((Name::TransformersJs, Some("a=b".into()))));
        assert!(parsed("comfyui=").is_err() && parsed("a1111").is_err());
    }
}
