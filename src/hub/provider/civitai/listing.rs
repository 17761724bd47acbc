//! From the files of a version to a listing in which every file has a name of its own.
//!
//! The trap: names are generated, and two files of one version may share one. Flux Dev 691639 has fp16
//! with 22.2 GB and fp8 with 15.9 GB, both `flux_dev.safetensors`; clients that go by the name keep whichever came last.

use std::collections::{BTreeMap, HashMap};

use url::Url;

use super::super::ProviderError;
use super::AskedAs;
use super::wire::{Version, WireFile};
use crate::digest::Digest;
use crate::manifest::{ListedFile, Published, Scan, traits as known};
use crate::repo::{Repo, RepoPath, printable};

/// In bytes. File systems take 255, and a number or the ending of a note of ours may be added.
const LONGEST_NAME: usize = 220;
/// In bytes; what is longer behind a full stop is no ending.
const LONGEST_ENDING: usize = 20;

const TRAITS: [&str; 4] = ["format", "size", "fp", "quantType"];

pub(super) fn problem(repo: &Repo, problem: &str) -> ProviderError {
    ProviderError::Listing { repo: repo.clone(), problem: problem.to_owned() }
}

/// The files of a version, sorted by path. Of those with one name the primary keeps it, and each of the others has its
/// number in it. `number` is that of the version.
pub(super) fn entries(repo: &Repo, number: Option<u64>, version: &Version) -> Result<Vec<ListedFile>, ProviderError> {
    let mut entries: Vec<ListedFile> =
        version.files.iter().flatten().filter_map(|file| entry(number, version, file)).collect();
    let mut bearers: HashMap<String, usize> = HashMap::new();
    for entry in &entries {
        *bearers.entry(folded(entry.path.as_str())).or_default() += 1;
    }
    for entry in &mut entries {
        let Some(published) = entry.published.as_ref() else { continue };
        if !published.primary && bearers[&folded(entry.path.as_str())] > 1 {
            entry.path = with_number(&entry.path, published.id);
        }
    }
    entries.sort_by(|left, right| left.path.cmp(&right.path));
    match entries.windows(2).find(|pair| folded(pair[0].path.as_str()) == folded(pair[1].path.as_str())) {
        Some(pair) => Err(problem(repo, &format!("it names `{}` twice", pair[0].path))),
        None => Ok(entries),
    }
}

/// Some file systems take `Model.bin` and `model.bin` for one file.
fn folded(path: &str) -> String {
    path.to_lowercase()
}

fn entry(number: Option<u64>, version: &Version, file: &WireFile) -> Option<ListedFile> {
    let id = file.id?;
    let name = file.name.as_deref().unwrap_or_default();
    let traits = traits(version, file);
    let sha256 = file.hash("SHA256");
    let published = Published {
        id,
        name: printable(name),
        primary: file.primary == Some(true),
        form: form(&traits),
        traits,
        scans: [("pickle", &file.pickle_scan_result), ("virus", &file.virus_scan_result)]
            .map(|(name, result)| (name.to_owned(), scan(result.as_deref())))
            .into(),
        measured: false,
        asked_as: asked_as(number, version, file).map(|asked_as| asked_as.to_string()),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a hint; `as` cuts what makes no sense"
    )]
    let size = ((file.size_kb.unwrap_or_default() * 1024.0).round() as u64).min(super::LARGEST_FILE);
    Some(ListedFile {
        path: file_name(name, id),
        size,
        // the record is in upper case; a digest has one spelling
        digest: sha256
            .and_then(|hash| Digest::from_hex(&hash.to_ascii_lowercase()))
            .filter(|digest| matches!(digest, Digest::Sha256(_))),
        blob_id: None,
        xet_hash: None,
        published: Some(Box::new(published)),
    })
}

/// How a file is asked for that is not the version's own. The API says so by asking for it at another version, or by its
/// kind alone where it asks for the version's own by number.
fn asked_as(number: Option<u64>, version: &Version, file: &WireFile) -> Option<AskedAs> {
    let link = file.download_url.as_deref().and_then(|link| Url::parse(link).ok());
    let at = || link.as_ref()?.path().strip_prefix("/api/download/models/")?.parse().ok();
    if let (Some(own), Some(other)) = (number, file.model_version_id.or_else(at))
        && own != other
    {
        return Some(AskedAs::OfVersion(other));
    }
    let asks_for = |key: &str| link.as_ref().is_some_and(|link| link.query_pairs().any(|(name, _)| name == key));
    let kind = file.kind.as_ref().filter(|kind| !kind.ends_with("Model"))?;
    let alike = version.files.iter().flatten().filter(|other| other.kind.as_ref() == Some(kind)).count();
    (asks_for("type") && !asks_for("fileId") && alike == 1).then(|| AskedAs::Kind(kind.clone()))
}

/// What the version and the file are, and what tells the file from others; of the latter only texts count, and only the
/// keys that a link may ask for.
fn traits(version: &Version, file: &WireFile) -> BTreeMap<String, String> {
    let value = |key: &str| file.metadata.as_ref()?.get(key)?.as_str();
    let of_file = TRAITS.iter().map(|key| (*key, value(key)));
    let model = version.model.as_ref().and_then(|model| model.kind.as_deref());
    let all = of_file.chain([
        (known::OF_FILE, file.kind.as_deref()),
        (known::OF_MODEL, model),
        ("baseModel", version.base_model.as_deref()),
    ]);
    all.filter_map(|(key, value)| Some((key.to_owned(), printable(value?)))).collect()
}

/// What a person tells a file from others of its name by.
fn form(traits: &BTreeMap<String, String>) -> String {
    let words = ["fp", "quantType", "format", "size"].iter().filter_map(|key| traits.get(*key));
    words.map(String::as_str).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}

fn scan(result: Option<&str>) -> Scan {
    match result {
        Some("Success") => Scan::Passed,
        Some("Danger") => Scan::Danger,
        Some("Pending") | None => Scan::Pending,
        Some(_) => Scan::Unclear,
    }
}

/// The name of a file as one part of a path, whatever the server wrote.
fn file_name(name: &str, id: u64) -> RepoPath {
    let plain: String =
        printable(name).chars().map(|character| if "/\\:".contains(character) { '_' } else { character }).collect();
    let fallback = || format!("file-{id}").parse().expect("letters and digits make a path");
    shortened(plain.trim_matches(['.', ' '])).parse().unwrap_or_else(|_| fallback())
}

/// A name that file systems take, with its ending: loaders go by that.
fn shortened(name: &str) -> String {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= LONGEST_ENDING => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let most = (LONGEST_NAME - ending.len()).min(stem.len());
    let end = (0..=most).rev().find(|at| stem.is_char_boundary(*at)).unwrap_or_default();
    format!("{}{ending}", &stem[..end])
}

/// `flux_dev.safetensors` with the number 12 is `flux_dev.12.safetensors`.
fn with_number(path: &RepoPath, id: u64) -> RepoPath {
    let name = match path.as_str().rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{id}.{extension}"),
        None => format!("{path}.{id}"),
    };
    name.parse().unwrap_or_else(|_| file_name("", id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(files: &str) -> Result<Vec<ListedFile>, String> {
        let version: Version = serde_json::from_str(&format!(r#"{{"files":[{files}]}}"#)).unwrap();
        let repo = Repo { kind: crate::repo::RepoKind::Model, id: "7".parse().unwrap() };
        entries(&repo, Some(2), &version).map_err(|error| error.to_string())
    }

    fn names(files: &[(u64, &str, bool)]) -> Vec<String> {
        let file = |(id, name, primary): &(u64, &str, bool)| {
            serde_json::json!({"id": id, "name": name, "primary": primary}).to_string()
        };
        let files: Vec<String> = files.iter().map(file).collect();
        listed(&files.join(",")).unwrap().iter().map(|entry| entry.path.to_string()).collect()
    }

    #[test]
    fn no_name_is_borne_twice() {
        assert_eq!(
            names(&[(1, "f.safetensors", false), (2, "f.safetensors", true), (3, "F.safetensors", false)]),
            ["F.3.safetensors", "f.1.safetensors", "f.safetensors"]
        );
        assert_eq!(names(&[(1, "f", false), (2, "f", false)]), ["f.1", "f.2"]);
        assert_eq!(names(&[(1, "a.bin", false), (2, "b.bin", false)]), ["a.bin", "b.bin"]);
        let clash = r#"{"id":1,"name":"f.2.x"},{"id":2,"name":"f.x"},{"id":3,"name":"f.x","primary":true}"#;
        assert!(listed(clash).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_hostile_name_becomes_one_part() {
        for (name, safe) in [
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..\\..\\x", "_.._x"),
            ("C:\\x", "C__x"),
            ("\u{1b}[2Jm.bin", "[2Jm.bin"),
            ("..", "file-9"),
            ("", "file-9"),
            (&"n".repeat(300), &"n".repeat(220)),
            (&format!("{}.safetensors", "ä".repeat(200)), &format!("{}.safetensors", "ä".repeat(104))),
            (&format!("{}.{}", "n".repeat(9), "e".repeat(300)), &format!("{}.{}", "n".repeat(9), "e".repeat(210))),
        ] {
            assert_eq!(names(&[(9, name, true)]), [safe], "{name:?}");
        }
    }

    #[test]
    fn of_two_long_names_that_become_one_each_keeps_its_ending() {
        let long = |end: &str| format!("{}{end}.safetensors", "n".repeat(250));
        let names = names(&[(1, &long("a"), true), (2, &long("b"), false)]);
        assert!(names.iter().all(|name| name.ends_with(".safetensors") && name.len() < 255), "{names:?}");
        assert!(names[0].ends_with("n.2.safetensors") && names[0] != names[1]);
    }

    #[test]
    fn hashes_are_read_in_either_case_and_only_sha256_counts() {
        let digest = |hashes: &str| listed(&format!(r#"{{"id":1,"name":"f","hashes":{hashes}}}"#)).unwrap()[0].digest;
        let hex = "A1".repeat(32);
        assert_eq!(digest(&format!(r#"{{"SHA256":"{hex}"}}"#)).unwrap().hex(), hex.to_lowercase());
        for none in ["{}", "null", r#"{"SHA256":""}"#, r#"{"AutoV2":"A1A1A1A1A1"}"#] {
            assert_eq!(digest(none), None, "{none}");
        }
        assert_eq!(digest(&format!(r#"{{"SHA256":"{}"}}"#, "A1".repeat(20))), None);
    }

    #[test]
    fn odd_sizes_are_hints_and_nothing_more() {
        let size = |text: &str| listed(&format!(r#"{{"id":1,"name":"f","sizeKB":{text}}}"#)).unwrap()[0].size;
        assert_eq!((size("1.5"), size("-1"), size("1e300")), (1536, 0, 1 << 45));
    }
}
