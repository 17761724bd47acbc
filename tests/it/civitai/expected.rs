//! `--expect`: the hash that the caller knows chooses among files, ends a pull before its first byte where the publisher
//! lists another, and verifies what the publisher has no SHA-256 of.

use super::{WEIGHTS, assert_no_trace, pull, site, weights};
use crate::sandbox::{Run, Sandbox};
use crate::support::civitai::{CivitAi, File, Model, Version};
use crate::support::digest::sha256_hex;
use crate::support::{Hub, Place, Repository, generated};
use snapbox::str;

const NOBODYS: &str = "abababababababababababababababababababababababababababababababab";

fn two_of_one_name() -> CivitAi {
    let version = Version::new(2, "v1")
        .file(File::new(21, "flux.safetensors", generated(2, 1_000)))
        .file(File::new(22, "flux.safetensors", generated(3, 2_000)).primary().preferred());
    site(Model::new(1, "One", "LORA").version(version))
}

fn one(file: File) -> CivitAi {
    site(Model::new(1, "One", "LORA").version(Version::new(2, "v1").file(file)))
}

fn expecting(sandbox: &Sandbox, reference: &str, hash: &str) -> Run {
    pull(sandbox, reference).args(["--expect", hash])
}

#[test]
fn it_chooses_among_the_files_of_a_version_whatever_their_names() {
    let site = two_of_one_name();
    let wanted = sha256_hex(&generated(2, 1_000));
    for link in ["https://civitai.com/api/download/models/2", "civitai:1@2"] {
        let sandbox = Sandbox::with_civitai(&site, None);
        let run = expecting(&sandbox, link, &format!("sha256:{}", wanted.to_uppercase()));
        let path = run
            .stdout(str![[r#"
[ROOT]/cache/gatedl/civitai/models--1/snapshots/0000000000000000000000000000000000000002/flux.21.safetensors

"#]])
            .stderr(str![[r#"
1@2: 1 file verified, 1.00 kB fetched in [TIME]

"#]])
            .run()
            .stdout;
        assert_eq!(std::fs::read(path.trim()).expect("the file"), generated(2, 1_000));
    }
    let downloads = site.requests().into_iter().filter(|request| request.path().contains("/download/"));
    assert!(downloads.map(|request| request.target).all(|target| target.ends_with("?fileId=21")));
}

#[test]
fn nothing_is_fetched_where_another_hash_is_listed() {
    let site = two_of_one_name();
    let sandbox = Sandbox::with_civitai(&site, None);
    expecting(&sandbox, "civitai:1@2", NOBODYS)
        .status(6)
        .stderr(str![[r#"
error: no file of it is listed as sha256:abababababababababababababababababababababababababababababababab
hint: nothing was fetched; whoever expects the hash means another file, or the file has changed

"#]])
        .run();
    expecting(&sandbox, "civitai:1@2+22", &sha256_hex(&generated(2, 1_000))).status(6).stderr(str![[r#"
error: `flux.safetensors` is listed as sha256:ac2cfb42545a2b29c4fcd642d87f776ff14bdeeda095650e63f7d266e8bbb39d, but sha256:23dde59be9aa588d603e099243c17b2ba8ea7aefb23d334a3eb5134fd85f484d is expected
hint: nothing was fetched; whoever expects the hash means another file, or the file has changed

"#]]).run();
    assert_no_trace(&sandbox);
    assert_eq!(site.count(Place::Resolve), 0, "nothing was fetched");
}

#[test]
fn a_file_without_a_sha256_on_record_is_verified_by_it() {
    let records = [weights().without_sha256(), weights().without_sha256().with_hash("AutoV2", "3EC3AC3878")];
    let blake3 = weights().without_sha256().with_hash("BLAKE3", &"0A".repeat(32));
    for file in records.into_iter().chain([blake3]) {
        let site = one(file);
        let sandbox = Sandbox::with_civitai(&site, None);
        let hash = sha256_hex(&generated(1, WEIGHTS));
        for fetched in ["1 file verified, 300.00 kB fetched in [TIME]", "is up to date: 1 file"] {
            let run = expecting(&sandbox, "civitai:1@2", &hash)
                .stdout(str![[r#"
[ROOT]/cache/gatedl/civitai/models--1/snapshots/0000000000000000000000000000000000000002/pony.safetensors

"#]])
                .any_stderr()
                .run();
            assert!(run.stderr.contains(&fetched.replace("[TIME]", "")), "{}", run.stderr);
        }
        site.take_requests();
        expecting(&sandbox, "civitai:1@2", &hash).args(["--offline"]).any_stdout().any_stderr().run();
        assert_eq!(site.count_all(), 0);
    }
}

#[test]
fn what_arrives_with_another_hash_gets_no_name() {
    let site = one(weights().without_sha256());
    let sandbox = Sandbox::with_civitai(&site, None);
    expecting(&sandbox, "civitai:1@2", NOBODYS)
        .status(6)
        .stderr(str![[r#"
error: `pony.safetensors` is sha256:3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94, but sha256:abababababababababababababababababababababababababababababababab is expected
hint: whoever expects the hash means another file, or the file has changed

"#]])
        .run();
    let tree = sandbox.tree("cache");
    assert!(!tree.contains("pony") && !tree.contains("blobs/ab") && !tree.contains("refs/gatedl"), "{tree}");
}

#[test]
fn of_several_files_without_a_hash_one_must_be_named() {
    let file = |id, seed| File::new(id, "f.safetensors", generated(seed, 1_000)).without_sha256();
    let version = Version::new(2, "v1").file(weights()).file(file(21, 2)).file(file(22, 3));
    let site = site(Model::new(1, "One", "LORA").version(version));
    let sandbox = Sandbox::with_civitai(&site, None);
    let hash = sha256_hex(&generated(3, 1_000));
    expecting(&sandbox, "civitai:1@2", &hash)
        .status(6)
        .stderr(str![[r#"
error: no file of it is listed as sha256:f50dfcb3951b40942ea3463e643f7d3f4ab86717f302d9ed2fd6d59c56b880e9
hint: without a SHA-256 on record are: 21 (fp16, SafeTensor, pruned, 1.00 kB), 22 (fp16, SafeTensor, pruned, 1.00 kB); name one by its number, and it is held to the hash that is expected

"#]])
        .run();
    assert_no_trace(&sandbox);
    expecting(&sandbox, "civitai:1@2+22", &hash).any_stdout().any_stderr().run();
    assert!(sandbox.tree("cache").contains("/f.22.safetensors"), "{}", sandbox.tree("cache"));
}

fn hub() -> Hub {
    Hub::start(vec![Repository::model("org/model").file("config.json", "{}").lfs("m.bin", generated(1, WEIGHTS))])
}

#[test]
fn at_a_hub_it_is_held_against_the_listing_before_any_byte() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "org/model", "m.bin", "--expect", NOBODYS]);
    run.status(6)
        .stderr(str![[r#"
error: `m.bin` is listed as sha256:3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94, but sha256:abababababababababababababababababababababababababababababababab is expected
hint: nothing was fetched; whoever expects the hash means another file, or the file has changed

"#]])
        .run();
    assert_no_trace(&sandbox);
    assert_eq!(hub.count(Place::Resolve), 0);
    // of a whole repository, the file that has it
    let run = sandbox.args(["pull", "org/model", "--expect", &sha256_hex(&generated(1, WEIGHTS))]);
    assert!(run.any_stdout().any_stderr().run().stdout.ends_with("/m.bin\n"));
    assert!(!sandbox.tree("cache").contains("config.json"));
}

#[test]
fn a_file_with_a_git_id_is_hashed_before_it_gets_its_name() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    for place in [vec![], vec!["--local-dir", "here"]] {
        let run = sandbox.args(["pull", "org/model", "config.json", "--expect", NOBODYS]).args(place);
        run.status(6)
            .stderr(str![[r#"
error: `config.json` is sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a, but sha256:abababababababababababababababababababababababababababababababab is expected
hint: whoever expects the hash means another file, or the file has changed

"#]])
            .run();
        assert!(!sandbox.path("desk/here/config.json").exists());
        let tree = sandbox.tree("cache") + &sandbox.tree("desk");
        for named in ["0cc/config.json", "blobs/9e26", "refs/main", "metadata"] {
            assert!(!tree.contains(named), "{tree}");
        }
    }
    let run = sandbox.args(["pull", "org/model", "config.json", "--expect", &sha256_hex(b"{}")]);
    assert!(run.any_stdout().any_stderr().run().stdout.ends_with("/config.json\n"));
}

#[test]
fn what_is_here_already_is_held_to_it_too() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/model", "config.json"]).any_stdout().any_stderr().run();
    let commit = hub.commit("org/model", "main");
    for reference in ["org/model".to_owned(), format!("org/model@{commit}")] {
        for offline in [vec![], vec!["--offline"]] {
            let run = sandbox.args(["pull", &reference, "config.json", "--expect", NOBODYS]).args(offline);
            let ended = run.status(6).any_stderr().run();
            assert!(
                ended.stderr.starts_with("error: `config.json` is sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21")
            );
        }
        sandbox
            .args(["pull", &reference, "config.json", "--local-dir", "here", "--expect", NOBODYS])
            .status(6)
            .any_stderr()
            .run();
        assert!(!sandbox.path("desk/here/config.json").exists());
    }
}

#[test]
fn what_is_no_sha256_is_refused_and_so_is_a_hash_for_several_files() {
    let sandbox = Sandbox::without_hub();
    for text in ["", "abc", "a1".repeat(20).as_str(), &"g1".repeat(32), &"*".repeat(64)] {
        let ended = sandbox.args(["pull", "org/model", "--expect", text]).status(2).any_stderr().run();
        assert!(ended.stderr.contains("a SHA-256 has 64 hexadecimal digits") || text.is_empty(), "{}", ended.stderr);
    }
    let run = sandbox.args(["pull", "org/model", "--into", "transformers.js", "--expect", NOBODYS]);
    run.status(2)
        .stderr(str![[r#"
error: --expect is the hash of one file, and --into transformers.js brings several

"#]])
        .run();
}
