//! How CivitAI's things are written: `MODEL@VERSION+FILE`, addresses of its pages and its API, and AIRs.
//!
//! The traps: 128713 is a model and a version, so a number alone says nothing; links copied from the
//! site may carry `token=`, which is a password in the clipboard; an AIR's `.format` looks like a part of its version.

use url::Url;

use super::{KnownProvider, Reference, ReferenceError, Variant};
use crate::credential::{CredentialSource, Secret};
use crate::endpoint::{Endpoint, Origin, public};
use crate::repo::{Repo, RepoKind, Revision, printable};

/// The largest number that the API takes.
const LARGEST: u64 = i32::MAX as u64;

/// What a download link may say about the file instead of its number.
const TRAITS: [&str; 5] = ["type", "format", "size", "fp", "quantType"];

/// `MODEL`, `MODEL@VERSION`, `MODEL@VERSION+FILE`, each a number; and `model-versions/VERSION`, where a page named no
/// model.
pub(super) fn numbered(text: &str, provider: Option<&str>) -> Result<Reference, ReferenceError> {
    if let Some(version) = text.strip_prefix("model-versions/") {
        let version = version.split('@').next().unwrap_or_default();
        return Ok(assemble(provider, CivitAiNumber::Version(number(version)?), None));
    }
    if let Some(hash) = text.strip_prefix("by-hash/") {
        return Ok(assemble(provider, CivitAiNumber::Hash(checked_hash(hash)?), None));
    }
    let (rest, file) = match text.split_once('+') {
        // an AIR may name the form of the file
        Some((rest, file)) => (rest, Some(number(file.split('.').next().unwrap_or_default())?)),
        None => (text, None),
    };
    let (model, version) = match rest.split_once('@') {
        Some((model, "main")) => (model, None),
        Some((model, version)) => (model, Some(number(version.split('.').next().unwrap_or_default())?)),
        None => (rest, None),
    };
    Ok(assemble(provider, CivitAiNumber::Model(number(model)?, version), file))
}

/// A hash, whichever of the six kinds it is: the shortest has 8 digits, the longest 64.
fn checked_hash(text: &str) -> Result<String, ReferenceError> {
    let is_hash = (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { Ok(text.to_owned()) } else { Err(ReferenceError::NotAHash { text: printable(text) }) }
}

/// A link that CivitAI's own API or storage gave: the API has written `undefined` for its host since 2023 (providers §1.1),
/// which is still its path; a link of the storage names no model.
pub(super) fn astray(url: &Url, known: &[KnownProvider<'_>]) -> Option<Result<Reference, ReferenceError>> {
    let provider = known.iter().find(|provider| provider.spelling.is_numbered)?;
    let (host, path) = (url.host_str()?, url.path());
    if host == "undefined" && path.starts_with("/api/") {
        return Some(link(url, 0, provider));
    }
    let is_r2 = host.starts_with("civitai-") && host.ends_with(".r2.cloudflarestorage.com");
    let is_b2 = host == "b2.civitai.com" || (host.ends_with(".backblazeb2.com") && path.contains("/civitai-"));
    (is_r2 || is_b2).then(|| Err(ReferenceError::Storage { host: host.to_owned() }))
}

/// The address of a page, or of a route of the API. Its `token=` becomes the credential and is never shown.
pub(super) fn link(url: &Url, within: usize, provider: &KnownProvider<'_>) -> Result<Reference, ReferenceError> {
    // from the source of a page comes `&amp;`, and the site itself writes some keys in lower case
    let is = |key: &str, name: &str| key.trim_start_matches("amp;").eq_ignore_ascii_case(name);
    let query = |name: &str| url.query_pairs().find(|(key, _)| is(key, name)).map(|(_, value)| value.into_owned());
    let optional = |text: Option<String>| text.map(|text| number(&text)).transpose();
    let parts: Vec<&str> = url.path()[within..].split('/').filter(|part| !part.is_empty()).collect();
    let named = match parts.as_slice() {
        ["models", model, ..] | ["api", "v1", "models", model] => {
            CivitAiNumber::Model(number(model)?, optional(query("modelVersionId").or_else(|| query("version")))?)
        }
        ["api", "v1", "model-versions", "by-hash", hash] => CivitAiNumber::Hash(checked_hash(hash)?),
        ["model-versions", version, ..]
        | ["api", "v1", "model-versions", "mini", version]
        | ["api", "v1", "model-versions", version]
        | ["api", "download", "models", version] => CivitAiNumber::Version(number(version)?),
        _ => return Err(ReferenceError::NotARepository { text: printable(&public(url)) }),
    };
    let second = provider.second.clone().filter(|second| second.origin() == Origin::of(url));
    let token = query("token").map(|text| Secret::parse(&text, &CredentialSource::Link)).transpose()?.flatten();
    let traits = TRAITS.iter().filter_map(|key| Some(((*key).to_owned(), query(key)?))).collect();
    let reference = assemble(Some(provider.name), named, optional(query("fileId"))?);
    let variant = Variant { traits, ..reference.variant };
    Ok(Reference { variant, site: second, token, ..reference })
}

/// `urn:air:{ecosystem}:{type}:{source}:{id}[@{version}][+{file}][.{format}]`, of which `urn:`, `air:`, ecosystem and type
/// may be missing; none where the text is no AIR.
pub(super) fn air(text: &str, known: &[KnownProvider<'_>]) -> Option<Result<Reference, ReferenceError>> {
    let parts: Vec<&str> = text.split(':').collect();
    let begins = |word: &str, at: usize| parts.get(at).is_some_and(|part| part.eq_ignore_ascii_case(word));
    let prefix = usize::from(begins("urn", 0));
    let prefix = prefix + usize::from(begins("air", prefix));
    let named = |at| known.iter().find(|one| one.spelling.air.is_some_and(|word| begins(word, at)));
    let source = (prefix..parts.len().min(prefix + 3)).find_map(|at| Some((at, named(at)?)));
    match source {
        None if prefix > 0 => Some(Err(ReferenceError::UnknownAir { text: printable(text) })),
        None | Some((0, _)) => None,
        Some((at, source)) => {
            let rest = parts[at + 1..].join(":");
            let read = || Reference::parse(&format!("{}:{rest}", source.name), known);
            Some(if source.spelling.is_numbered { numbered(&rest, Some(source.name)) } else { read() })
        }
    }
}

/// What a reference names.
enum CivitAiNumber {
    Model(u64, Option<u64>),
    Version(u64),
    Hash(String),
}

fn assemble(provider: Option<&str>, named: CivitAiNumber, file: Option<u64>) -> Reference {
    let (id, version) = match named {
        CivitAiNumber::Model(model, version) => (model.to_string(), version),
        CivitAiNumber::Version(version) => (format!("model-versions/{version}"), Some(version)),
        CivitAiNumber::Hash(hash) => (format!("by-hash/{hash}"), None),
    };
    let id = id.parse().expect("numbers, hashes and these words follow the rules of ids");
    let revision = version.map(|version| version.to_string().parse::<Revision>().expect("a number is a revision"));
    let repo = Repo { kind: RepoKind::Model, id };
    let site: Option<Endpoint> = None;
    let (provider, variant) = (provider.map(str::to_owned), Variant { number: file, traits: Vec::new() });
    Reference { provider, repo, revision, path: None, quant: None, variant, site, token: None }
}

fn number(text: &str) -> Result<u64, ReferenceError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_number && (1..=LARGEST).contains(number));
    number.ok_or_else(|| ReferenceError::NotANumber { text: printable(text) })
}

#[cfg(test)]
mod tests {
    use super::super::Spelling;
    use super::*;

    fn parse(text: &str) -> Result<Reference, ReferenceError> {
        let address = |text: &str| text.parse::<Endpoint>().unwrap();
        let hosts = ["civitai.com", "www.civitai.com", "civitai.red", "civitai.green", "civitai.blue"];
        let hub = KnownProvider {
            name: "hf",
            spelling: Spelling { is_numbered: false, scheme: Some("hf://"), air: Some("huggingface") },
            addresses: vec![address("https://huggingface.co")],
            second: None,
        };
        let civitai = KnownProvider {
            name: "civitai",
            spelling: Spelling { is_numbered: true, scheme: None, air: Some("civitai") },
            addresses: hosts.iter().map(|host| address(&format!("https://{host}"))).collect(),
            second: Some(address("https://civitai.red")),
        };
        Reference::parse(text, &[hub, civitai])
    }

    fn shown(text: &str) -> String {
        let reference = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let revision = reference.revision.map(|revision| format!("@{revision}")).unwrap_or_default();
        let file = reference.variant.number.map(|file| format!("+{file}")).unwrap_or_default();
        let site = reference.site.map(|site| format!(" at {site}")).unwrap_or_default();
        let token = reference.token.map(|token| format!(" with {}", token.expose())).unwrap_or_default();
        format!("{}:{}{revision}{file}{site}{token}", reference.provider.unwrap_or_default(), reference.repo)
    }

    #[test]
    fn every_spelling_of_the_site_is_read() {
        for (text, meaning) in [
            ("civitai:257749", "civitai:257749"),
            ("civitai:257749@main", "civitai:257749"),
            ("civitai:257749@290640", "civitai:257749@290640"),
            ("civitai:257749@290640+1234", "civitai:257749@290640+1234"),
            ("civitai:257749+1234", "civitai:257749+1234"),
            ("civitai:model-versions/290640", "civitai:model-versions/290640@290640"),
            ("https://civitai.com/models/257749", "civitai:257749"),
            ("https://civitai.com/models/257749/pony-v6?modelVersionId=290640#x", "civitai:257749@290640"),
            ("https://www.civitai.com/models/257749?version=290640", "civitai:257749@290640"),
            ("https://civitai.red/models/257749", "civitai:257749 at https://civitai.red"),
            ("https://civitai.green/models/257749", "civitai:257749"),
            ("civitai.blue/model-versions/290640", "civitai:model-versions/290640@290640"),
            ("https://civitai.com/api/v1/models/257749", "civitai:257749"),
            ("https://civitai.com/api/v1/model-versions/290640", "civitai:model-versions/290640@290640"),
            ("https://civitai.com/api/v1/model-versions/mini/290640", "civitai:model-versions/290640@290640"),
            (
                "https://civitai.com/api/download/models/290640?fileId=12&token=abc",
                "civitai:model-versions/290640@290640+12 with abc",
            ),
            ("https://civitai.com/models/257749/pony?modelversionid=290640&amp;fileid=12", "civitai:257749@290640+12"),
            ("//civitai.com/api/download/models/290640", "civitai:model-versions/290640@290640"),
            ("https://undefined/api/download/models/290640?fileId=12", "civitai:model-versions/290640@290640+12"),
            ("https://civitai.com/api/v1/model-versions/by-hash/A5F58EB1C3", "civitai:by-hash/A5F58EB1C3"),
            ("civitai:by-hash/A5F58EB1C3", "civitai:by-hash/A5F58EB1C3"),
            (
                "https://civitai.com/api/download/models/290640?type=Model&amp;token=abc",
                "civitai:model-versions/290640@290640 with abc",
            ),
            ("urn:air:sdxl:lora:civitai:328553@368189", "civitai:328553@368189"),
            ("URN:AIR:flux1:checkpoint:CivitAI:618692@691639+7.safetensors", "civitai:618692@691639+7"),
            ("air:sdxl:lora:civitai:328553@368189.safetensors", "civitai:328553@368189"),
            ("sdxl:lora:civitai:328553", "civitai:328553"),
            (
                "urn:air:flux1:checkpoint:huggingface:black-forest-labs/FLUX.1-dev@main",
                "hf:black-forest-labs/FLUX.1-dev@main",
            ),
        ] {
            assert_eq!(shown(text), meaning, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_and_a_key_never_shown() {
        for (text, reason) in [
            ("257749", "a number alone"),
            ("257749@290640", "a number alone"),
            ("civitai:pony", "`pony` is not a number"),
            ("civitai:0", "`0` is not a number"),
            ("civitai:2147483648", "is not a number"),
            ("civitai:1@v2", "`v2` is not a number"),
            ("civitai:1@2+x", "`x` is not a number"),
            ("civitai:../x", "is not a number"),
            ("https://civitai.com/models/pony?token=canary", "`pony` is not a number"),
            ("https://civitai.com/user/bob?token=canary", "does not lead to a repository"),
            ("https://b2.civitai.com/models/1?token=canary", "b2.civitai.com"),
            (
                "https://civitai-delivery-worker-prod.5ac0637cfd0766c97916cefa3764fbdf.r2.cloudflarestorage.com/m?X-Amz-Signature=canary",
                "a storage of CivitAI",
            ),
            ("https://f004.backblazeb2.com/file/civitai-modelfiles/x?Authorization=canary", "a storage of CivitAI"),
            (
                "https://f004.backblazeb2.com/file/others/x?Authorization=canary",
                "is not the address of a known provider",
            ),
            ("https://undefined/models/1?token=canary", "`undefined` is not the address"),
            ("https://civitai.com/api/v1/model-versions/by-hash/xyz?token=canary", "`xyz` is no hash"),
            ("civitai:by-hash/123", "`123` is no hash"),
            ("https://civitai.com.evil.example/models/1?token=canary", "civitai.com.evil.example"),
            ("urn:air:other:image:orchestrator:job/1", "names neither"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(reason) && !error.contains("canary"), "{text}: {error}");
        }
        let reference = parse("https://civitai.com/models/1?token=canary").unwrap();
        assert!(!format!("{reference:?}").contains("canary"));
    }
}
