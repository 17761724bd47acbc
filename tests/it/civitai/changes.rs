//! What was published once does change: a file is uploaded anew, under its number or under another, and what was kept of it
//! is no longer true.

use super::{pull, site, weights};
use crate::sandbox::Sandbox;
use crate::support::civitai::{CivitAi, File, Model, Version};
use crate::support::{Place, generated};
use snapbox::str;

/// Model 1 with version 2, whose one file is here already.
fn stage() -> (CivitAi, Sandbox) {
    let site = site(Model::new(1, "One", "LORA").version(Version::new(2, "v1").file(weights())));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2").any_stdout().any_stderr().run();
    site.take_requests();
    (site, sandbox)
}

fn anew(id: u64) -> File {
    File::new(id, "pony.safetensors", generated(9, 250_000)).primary()
}

fn taken(sandbox: &Sandbox) -> Vec<u8> {
    let path = pull(sandbox, "civitai:1@2").args(["pony.safetensors", "--offline"]);
    let path = path.any_stdout().any_stderr().run().stdout;
    std::fs::read(path.trim()).expect("the file")
}

#[test]
fn by_force_the_listing_is_asked_for_again() {
    for id in [12, 13] {
        let (site, sandbox) = stage();
        site.change(2, |version| version.files = vec![anew(id)]);
        pull(&sandbox, "civitai:1@2")
            .args(["--force"])
            .any_stdout()
            .stderr(str![[r#"
1@2: 1 file verified, 250.00 kB fetched in [TIME]

"#]])
            .run();
        assert_eq!(taken(&sandbox), generated(9, 250_000), "{id}");
        site.take_requests();
        pull(&sandbox, "civitai:1@2").any_stdout().any_stderr().run();
        assert_eq!(site.count_all(), 0, "what is here is not asked for again");
    }
}

/// The listing was kept with another file of the version; the one that is fetched now is no longer the one in it.
#[test]
fn a_storage_that_answers_otherwise_than_the_kept_listing_is_believed_with_a_new_one() {
    for id in [12, 13] {
        let site = site(Model::new(1, "One", "LORA").version(Version::new(2, "v1").file(weights()).file(File::new(
            50,
            "other.bin",
            generated(5, 1_000),
        ))));
        let sandbox = Sandbox::with_civitai(&site, None);
        pull(&sandbox, "civitai:1@2+50").any_stdout().any_stderr().run();
        site.change(2, |version| version.files[0] = anew(id));
        pull(&sandbox, "civitai:1@2")
            .any_stdout()
            .stderr(str![[r#"
note: `civitai:1@2` has changed since it was last listed; it is taken as it is now
1@2: 1 file verified, 250.00 kB fetched in [TIME]

"#]])
            .run();
        assert_eq!(taken(&sandbox), generated(9, 250_000), "{id}");
    }
}

#[test]
fn a_file_that_came_to_a_version_later_is_found() {
    let (site, sandbox) = stage();
    site.change(2, |version| version.files.push(File::new(14, "late.safetensors", generated(8, 1_000))));
    for more in [&["civitai:1@2+14"][..], &["civitai:1@2", "late.safetensors"]] {
        let run = sandbox.args(["pull"]).args(more).env("CA_API_KEY", crate::support::key_of("bob"));
        assert!(run.any_stdout().any_stderr().run().stdout.ends_with("/late.safetensors\n"));
    }
    site.take_requests();
    pull(&sandbox, "civitai:1@2+99").status(5).any_stderr().run();
    assert_eq!(site.count(Place::Resolve), 0);
}

#[test]
fn a_wrong_hash_that_stays_wrong_ends_it_after_one_more_question() {
    let site = site(Model::new(1, "One", "LORA").version(
        Version::new(2, "v1").file(weights().with_sha256(&"AB".repeat(32))).file(File::new(
            50,
            "other.bin",
            generated(5, 1_000),
        )),
    ));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2+50").any_stdout().any_stderr().run();
    site.take_requests();
    pull(&sandbox, "civitai:1@2").status(6).any_stderr().run();
    let listings = site.requests().iter().filter(|request| request.path() == "/api/v1/model-versions/2").count();
    assert_eq!(listings, 1);
}

#[test]
fn a_vae_that_is_linked_from_another_version_comes_by_its_kind_and_is_verified() {
    let vae = File::new(77, "sdxl_vae.safetensors", generated(6, 5_000)).kind("VAE").linked_from(333);
    let site = site(Model::new(1, "One", "Checkpoint").version(Version::new(2, "v1").file(weights()).file(vae)));
    for reference in ["https://civitai.com/api/download/models/2?type=VAE", "civitai:1@2+77"] {
        let sandbox = Sandbox::with_civitai(&site, None);
        pull(&sandbox, reference).any_stdout().any_stderr().run();
        assert!(sandbox.tree("cache").contains("/sdxl_vae.safetensors"), "{}", sandbox.tree("cache"));
    }
    let downloads = site.requests().into_iter().filter(|request| request.path().contains("/download/"));
    assert!(downloads.map(|request| request.target).all(|target| target.ends_with("/2?type=VAE")));
}
