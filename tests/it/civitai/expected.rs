//! The hash that a caller expects, as catalogs do: it chooses among files, and nothing is fetched where it disagrees with
//! the publisher's. Through the library, since it has no flag.

use super::WEIGHTS;
use crate::support::civitai::{CivitAi, File, Model, Version};
use crate::support::digest::sha256_hex;
use crate::support::{Account, Hub, Place, Repository, generated, key_of};
use gatedl::digest::Digest;
use gatedl::error::{Error, ExitStatus};
use gatedl::hub::auth::TokenChoice;
use gatedl::ops::pull::{Pulled, Request, pull};
use gatedl::reference::Reference;
use gatedl::report::Silent;
use gatedl::session::Session;
use gatedl::settings::env::Env;
use gatedl::settings::{Overrides, Settings};
use std::path::Path;
use std::sync::Arc;

fn expecting(home: &Path, variables: &[(&str, &str)], reference: &str, sha256: &str) -> Result<Pulled, Error> {
    let env = Env::of(home.to_str().expect("a path of text"), variables.iter().copied());
    let settings = Settings::resolve(&env, &Overrides::default())?;
    let reference = Reference::parse(reference, &settings.known())?;
    let request = Request { expect: Digest::from_hex(sha256), ..Request::of(reference, &settings) };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let session = Session::new(settings, env, TokenChoice::Search, Arc::new(Silent));
    runtime.block_on(pull(&request, &session))
}

#[test]
fn it_chooses_among_the_files_of_a_version_whatever_their_names() {
    let version = Version::new(2, "v1")
        .file(File::new(21, "flux.safetensors", generated(2, 1_000)))
        .file(File::new(22, "flux.safetensors", generated(3, 2_000)).primary().preferred());
    let site = CivitAi::start(vec![Model::new(1, "One", "LORA").version(version)]).account(Account::new("bob"));
    let home = tempfile::tempdir().expect("a folder");
    let (url, key) = (site.url(), key_of("bob"));
    let variables = [("CIVITAI_ENDPOINT", url.as_str()), ("CA_API_KEY", &key)];
    let wanted = sha256_hex(&generated(2, 1_000));
    for link in ["https://civitai.com/api/download/models/2", "civitai:1@2"] {
        let pulled = expecting(home.path(), &variables, link, &wanted).expect("the file is there");
        let [file] = pulled.files.as_slice() else { panic!("one file was expected") };
        assert_eq!(file.listed.path.as_str(), "flux.21.safetensors");
        assert_eq!(std::fs::read(&pulled.path).expect("a file").len(), 1_000);
    }
    let downloads = site.requests().into_iter().filter(|request| request.path().contains("/download/"));
    assert!(downloads.map(|request| request.target).all(|target| target.ends_with("?fileId=21")));

    site.take_requests();
    let error = expecting(home.path(), &variables, "civitai:1@2", &"ab".repeat(32)).expect_err("no file has it");
    assert_eq!(error.status(), ExitStatus::Corrupt);
    assert_eq!(error.to_string(), format!("no file of it is listed as sha256:{}", "ab".repeat(32)));
    let error = expecting(home.path(), &variables, "civitai:1@2+22", &wanted).expect_err("the file has another");
    let listed = sha256_hex(&generated(3, 2_000));
    assert_eq!(
        error.to_string(),
        format!("`flux.safetensors` is listed as sha256:{listed}, but sha256:{wanted} is expected")
    );
    assert_eq!(site.count(Place::Resolve), 0, "nothing was fetched");
}

#[test]
fn at_a_hub_it_is_held_against_the_listing_before_any_byte() {
    let model = Repository::model("org/model").file("config.json", "{}").lfs("m.bin", generated(1, WEIGHTS));
    let hub = Hub::start(vec![model]);
    let home = tempfile::tempdir().expect("a folder");
    let url = hub.url();
    let variables = [("HF_ENDPOINT", url.as_str())];
    let link = "https://huggingface.co/org/model/resolve/main/m.bin";
    let error = expecting(home.path(), &variables, link, &"ab".repeat(32)).expect_err("another hash is listed");
    assert_eq!(error.status(), ExitStatus::Corrupt);
    assert_eq!(hub.count(Place::Resolve), 0);
    assert!(!home.path().join(".cache").exists(), "nothing was written");

    let right = sha256_hex(&generated(1, WEIGHTS));
    let pulled = expecting(home.path(), &variables, link, &right).expect("the listing agrees");
    assert!(pulled.path.ends_with("m.bin"));
    // git's id says nothing about a SHA-256: the caller has to look
    let small = "https://huggingface.co/org/model/resolve/main/config.json";
    assert!(expecting(home.path(), &variables, small, &"ab".repeat(32)).is_ok());
}
