//! What the records of the site are like in the field: hashes in place of numbers, versions without files, answers that are
//! none, storages that refuse in XML.

use super::{assert_no_trace, behind, pull, site, weights};
use crate::sandbox::Sandbox;
use crate::support::civitai::{Door, File, Model, Version};
use crate::support::digest::sha256_hex;
use crate::support::generated;
use snapbox::str;

#[test]
fn a_link_by_hash_leads_to_that_file_of_its_version() {
    let second = File::new(13, "second.safetensors", generated(2, 2_000)).with_hash("BLAKE3", &"C4".repeat(32));
    let version = Version::new(2, "v1").file(weights()).file(second);
    let site = site(
        Model::new(1, "One", "LORA").version(Version::new(3, "v2").file(File::new(30, "new", "x"))).version(version),
    );
    let sha256 = sha256_hex(&generated(2, 2_000));
    for hash in [&sha256[..10], &sha256.to_uppercase(), &"c4".repeat(32)] {
        let sandbox = Sandbox::with_civitai(&site, None);
        for reference in
            [format!("https://civitai.com/api/v1/model-versions/by-hash/{hash}"), format!("civitai:by-hash/{hash}")]
        {
            let path = pull(&sandbox, &reference).any_stdout().any_stderr().run().stdout;
            assert!(
                path.ends_with("/models--1/snapshots/0000000000000000000000000000000000000002/second.safetensors\n")
            );
        }
    }
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:by-hash/0123456789")
        .status(5)
        .stderr(str![[r#"
error: there is nothing published as `civitai:by-hash/0123456789`
  caused by: 404 Not Found for [CIVITAI]/api/v1/model-versions/by-hash/0123456789
  server says: Model not found
hint: see [CIVITAI]/api/v1/model-versions/by-hash/0123456789; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_version_without_files_is_not_found() {
    let site = site(Model::new(1, "One", "LORA").version(Version::new(2, "v1")));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2")
        .status(5)
        .stderr(str![[r#"
error: there is nothing published as `civitai:1@2`
hint: see [CIVITAI]/models/1; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn an_answer_that_is_none_is_the_network_and_nothing_is_written() {
    for body in ["{}", "[]", "null", "{\"error\":\"try later\"}", "", "0"] {
        for reference in ["civitai:257749@290640", "civitai:257749"] {
            let site = behind(Door::Login).with(|state| state.odd = Some(body.to_owned()));
            let sandbox = Sandbox::with_civitai(&site, None);
            let run = pull(&sandbox, reference).args(["--timeout", "1ms"]).status(7).any_stderr().run();
            assert!(!run.stderr.contains("HF_ENDPOINT"), "{body}: {}", run.stderr);
            assert_no_trace(&sandbox);
        }
    }
}

#[test]
fn a_storage_that_refuses_in_xml_is_no_firewall() {
    let site = behind(Door::Login).with(|state| state.link_uses = Some(0));
    let sandbox = Sandbox::with_civitai(&site, None);
    let run = pull(&sandbox, "civitai:257749@290640").args(["--timeout", "1ms"]).status(7).any_stderr().run();
    assert!(run.stderr.contains("hint: the storage refuses the link that it was just given"), "{}", run.stderr);
    assert!(!run.stderr.contains("firewall"), "{}", run.stderr);
    assert_no_trace(&sandbox);
}

#[test]
fn a_server_that_cloudflare_cannot_reach_is_waited_for() {
    for status in [525, 529, 530] {
        let site = behind(Door::Broken(status));
        let sandbox = Sandbox::with_civitai(&site, None);
        let run = pull(&sandbox, "civitai:257749@290640").args(["--timeout", "1s"]).status(7).any_stderr().run();
        assert!(run.stderr.contains("the server is in trouble"), "{}", run.stderr);
        let asked = site.requests().iter().filter(|request| request.path().contains("/download/")).count();
        assert!(asked > 1, "{status}");
    }
}

#[test]
fn files_of_one_name_are_told_apart_by_precision_and_format() {
    let version = Version::new(2, "v1")
        .file(File::new(21, "m.safetensors", generated(2, 1_000)).form("SafeTensor", Some("fp8")))
        .file(File::new(22, "m.safetensors", generated(3, 2_000)).form("SafeTensor", None))
        .file(File::new(23, "m.gguf", generated(4, 1_000)).form("GGUF", None));
    let site = site(Model::new(1, "One", "LORA").version(version));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2")
        .args(["m.safetensors"])
        .status(2)
        .stderr(str![[r#"
error: 2 files are called `m.safetensors`: 21 (fp8, SafeTensor, pruned, 1.00 kB), 22 (SafeTensor, pruned, 2.00 kB)
hint: name one by its number at the end of the reference, as in `+21`

"#]])
        .run();
    pull(&sandbox, "civitai:1@2+9")
        .status(5)
        .stderr(str![[r#"
error: `1` has no file `9`
hint: there are: 21 is `m.safetensors` (fp8, SafeTensor, pruned), 22 is `m.safetensors` (SafeTensor, pruned), 23 is `m.gguf`

"#]])
        .run();
}
