//! The folders that Transformers.js loads from, in every version since 2: `<root>/<org>/<name>/<files>`.
//!
//! Three traps (providers §4.4). Versions 4.0 to 4.3 look for a revision's files without its name, so
//! a folder `<root>/<org>/<name>/<revision>` does not load there: each revision has a root of its own instead. Without
//! `tokenizer_config.json` these versions end in a `TypeError` that names nothing, so that file comes along always. And
//! the library has no variable for a BOINC AI token at all, so what is gated there it can only load from a folder.

use std::path::{Path, PathBuf};

use crate::repo::{Repo, RepoPath, Revision};

/// The file without which nothing loads.
pub(crate) const ALWAYS: &str = "tokenizer_config.json";

/// The root for a revision: the folder itself for `main`, else one within it that no owner can be called like.
#[must_use]
pub(crate) fn root(folder: &Path, revision: &Revision) -> PathBuf {
    if *revision == Revision::main() {
        return folder.to_path_buf();
    }
    folder.join(format!("@{}", revision.as_str().replace('/', "--")))
}

/// The folder of a model below its root.
#[must_use]
pub(crate) fn folder(root: &Path, repo: &Repo) -> PathBuf {
    root.join(repo.id.as_str().split('/').collect::<PathBuf>())
}

/// Whether the library could load the file: its configuration, its template, its sessions with their data. Indexes of
/// other weights are JSON too, and of no use to it.
#[must_use]
pub(crate) fn is_loadable(path: &RepoPath) -> bool {
    let name = path.file_name();
    let is_json = name.ends_with(".json") && !name.contains(".index.");
    is_json || name.ends_with(".jinja") || name.contains(".onnx")
}

/// Two lines of JavaScript that load a model from its folder and from nowhere else.
#[must_use]
pub(crate) fn loading(root: &Path, repo: &Repo, has_sessions: bool, dtype: Option<&str>) -> [String; 2] {
    let class = if has_sessions { "AutoModel" } else { "AutoTokenizer" };
    let options = dtype.filter(|_| has_sessions).map_or_else(String::new, |dtype| format!(", {{ dtype: '{dtype}' }}"));
    // JSON's strings are JavaScript's, whatever a folder is called
    let root = serde_json::Value::from(root.display().to_string());
    [
        format!("env.allowRemoteModels = false; env.localModelPath = {root};"),
        format!("const loaded = await {class}.from_pretrained('{}'{options});", repo.id),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::RepoKind;

    fn repo(id: &str) -> Repo {
        Repo { kind: RepoKind::Model, id: id.parse().unwrap() }
    }

    #[test]
    fn every_revision_but_main_has_a_root_of_its_own() {
        for (revision, expected) in [("main", "m"), ("v1.0", "m/@v1.0"), ("refs/pr/1", "m/@refs--pr--1")] {
            assert_eq!(root(Path::new("m"), &revision.parse().unwrap()), Path::new(expected));
        }
        assert_eq!(folder(Path::new("m"), &repo("org/name")), Path::new("m/org/name"));
        assert_eq!(folder(Path::new("m"), &repo("gpt2")), Path::new("m/gpt2"));
    }

    #[test]
    fn what_the_library_cannot_load_stays_away() {
        let is = |path: &str| is_loadable(&path.parse().unwrap());
        for good in ["tokenizer.json", "chat_template.jinja", "onnx/model_q4.onnx", "onnx/model.onnx_data_1"] {
            assert!(is(good), "{good}");
        }
        for bad in ["model.safetensors", "model.safetensors.index.json", "README.md", ".gitattributes", "tf_model.h5"] {
            assert!(!is(bad), "{bad}");
        }
    }

    #[test]
    fn the_lines_hold_whatever_the_folder_is_called() {
        let [first, second] = loading(Path::new("/m/it's \"here\""), &repo("org/name"), false, Some("q4"));
        assert_eq!(first, r#"env.allowRemoteModels = false; env.localModelPath = "/m/it's \"here\"";"#);
        assert_eq!(second, "const loaded = await AutoTokenizer.from_pretrained('org/name');");
        let [_, second] = loading(Path::new("/m"), &repo("org/name"), true, Some("q4"));
        assert_eq!(second, "const loaded = await AutoModel.from_pretrained('org/name', { dtype: 'q4' });");
    }
}
