//! Which file of a version is meant, and what must be known about it before a byte is taken.

use super::{assert_no_trace, pull, site, weights};
use crate::sandbox::Sandbox;
use crate::support::civitai::{CivitAi, File, Model, Version};
use crate::support::generated;
use snapbox::str;

const FP16: usize = 400_000;
const FP8: usize = 200_000;

/// As Flux Dev 691639: two files of one name, and the one that the account prefers is not the primary.
fn flux() -> CivitAi {
    let version = Version::new(691_639, "Dev")
        .file(File::new(21, "flux_dev.safetensors", generated(2, FP8)).preferred())
        .file(File::new(22, "flux_dev.safetensors", generated(3, FP16)).primary())
        .file(File::new(23, "flux_dev_config.zip", generated(4, 1_000)).kind("Config"));
    site(Model::new(618_692, "FLUX", "Checkpoint").version(version))
}

fn one(file: File) -> CivitAi {
    site(Model::new(1, "One", "LORA").version(Version::new(2, "v1").file(file)))
}

#[test]
fn of_two_files_with_one_name_the_primary_is_taken_and_both_are_named() {
    let site = flux();
    let sandbox = Sandbox::with_civitai(&site, None);
    let folder = pull(&sandbox, "civitai:618692@691639").any_stdout().stderr(str![[r#"
note: 2 files are called `flux_dev.safetensors`: 21 (fp16, SafeTensor, pruned, 200.00 kB), 22 (fp16, SafeTensor, pruned, 400.00 kB); 22 is taken, a number behind a `+` takes another
618692@691639: 1 file verified, 400.00 kB fetched in [TIME]

"#]]).run().stdout;
    let taken = std::fs::read(std::path::Path::new(folder.trim()).join("flux_dev.safetensors")).expect("the file");
    assert_eq!(taken.len(), FP16);
    let downloads = site.requests().into_iter().filter(|request| request.path().contains("/download/"));
    assert!(downloads.map(|request| request.target).all(|target| target.ends_with("?fileId=22")));
}

#[test]
fn a_pattern_that_takes_both_is_an_error_and_a_number_takes_one() {
    let site = flux();
    let sandbox = Sandbox::with_civitai(&site, None);
    let run = pull(&sandbox, "civitai:618692@691639").args(["--include", "*.safetensors"]);
    run.status(2)
        .stderr(str![[r#"
error: 2 files are called `flux_dev.safetensors`: 21 (fp16, SafeTensor, pruned, 200.00 kB), 22 (fp16, SafeTensor, pruned, 400.00 kB)
hint: name one by its number at the end of the reference, as in `+21`

"#]])
        .run();
    assert_no_trace(&sandbox);
    pull(&sandbox, "civitai:618692@691639+99")
        .status(5)
        .stderr(str![[r#"
error: `618692` has no file `99`
hint: there are: 21 is `flux_dev.safetensors` (fp16, SafeTensor, pruned), 22 is `flux_dev.safetensors` (fp16, SafeTensor, pruned), 23 is `flux_dev_config.zip`

"#]])
        .run();
    assert_no_trace(&sandbox);
    let file = pull(&sandbox, "civitai:618692@691639+21")
        .stdout(str![[r#"
[ROOT]/cache/gatedl/civitai/models--618692/snapshots/0000000000000000000000000000000000691639/flux_dev.21.safetensors

"#]])
        .any_stderr()
        .run()
        .stdout;
    assert_eq!(std::fs::read(file.trim()).expect("the file").len(), FP8);
    let run = pull(&sandbox, "civitai:618692@691639").args(["--include", "*config*"]);
    let folder = run.any_stdout().any_stderr().run().stdout;
    assert!(std::path::Path::new(folder.trim()).join("flux_dev_config.zip").is_file());
    let file = pull(&sandbox, "civitai:618692@691639").args(["flux_dev.21.safetensors"]);
    assert!(file.any_stdout().any_stderr().run().stdout.ends_with("/flux_dev.21.safetensors\n"));
}

#[test]
fn a_server_that_ignores_the_number_of_the_file_is_found_out_by_the_hash() {
    let site = flux().with(|state| state.ignores_file_id = true);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:618692@691639").status(6).any_stderr().run();
    assert!(!sandbox.tree("cache").contains("flux_dev"), "{}", sandbox.tree("cache"));
}

#[test]
fn a_file_without_a_hash_on_record_is_refused_before_any_byte() {
    let site = one(weights().without_sha256());
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2")
        .status(6)
        .stderr(str![[r#"
error: no SHA-256 of `pony.safetensors` is on record, so what would arrive could not be verified
hint: a fresh upload is hashed within minutes; one that is older stays so until its creator uploads it anew, which you can ask for on the page of the model
hint: another version, or the same file published elsewhere, may have a hash
hint: if you know its SHA-256 from elsewhere, `--expect HASH` takes the file and holds it to that

"#]])
        .run();
    assert_no_trace(&sandbox);
    assert!(site.requests().iter().all(|request| !request.path().contains("/download/")));
}

#[test]
fn another_file_without_a_hash_does_not_keep_the_listing_from_being_kept() {
    let site = site(
        Model::new(1, "One", "LORA").version(
            Version::new(2, "v1")
                .file(weights())
                .file(File::new(13, "train.zip", "x").kind("Training Data").without_sha256()),
        ),
    );
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2").any_stdout().any_stderr().run();
    site.take_requests();
    pull(&sandbox, "civitai:1@2").any_stdout().any_stderr().run();
    assert_eq!(site.count_all(), 0);
    pull(&sandbox, "civitai:1@2+13").status(6).any_stderr().run();
}

#[test]
fn a_wrong_hash_on_record_is_found_out_and_nothing_gets_a_name() {
    let site = one(weights().with_sha256(&"AB".repeat(32)));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2").status(6).stderr(str![[r#"
error: `pony.safetensors` did not verify and was deleted
  caused by: the content has the hash sha256:3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94, the publisher lists sha256:abababababababababababababababababababababababababababababababab
hint: run the command again; if it ends the same way, something on the line (a proxy, a mirror) changes files

"#]]).run();
    assert!(!sandbox.tree("cache").contains("pony"), "{}", sandbox.tree("cache"));
}

#[test]
fn a_danger_is_refused_unless_it_is_asked_for() {
    let site = one(weights().scanned("Danger", "Success"));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2")
        .status(4)
        .stderr(str![[r#"
error: the pickle scan found a danger in `pony.safetensors`
hint: it may run code when it is loaded; `--allow-unsafe` takes it all the same

"#]])
        .run();
    assert_no_trace(&sandbox);
    pull(&sandbox, "civitai:1@2")
        .args(["--allow-unsafe"])
        .any_stdout()
        .stderr(str![[r#"
warning: the pickle scan found a danger in `pony.safetensors`
1@2: 1 file verified, 300.00 kB fetched in [TIME]

"#]])
        .run();
}

#[test]
fn a_scan_that_is_not_over_is_a_note() {
    let site = one(weights().scanned("Success", "Pending"));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2")
        .any_stdout()
        .stderr(str![[r#"
note: the virus scan of `pony.safetensors` is not over
1@2: 1 file verified, 300.00 kB fetched in [TIME]

"#]])
        .run();
}

#[test]
fn a_hostile_name_stays_in_its_folder() {
    let site = one(File::new(12, "../../../../desk/owned.safetensors", generated(1, 1_000)).primary());
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2").any_stdout().any_stderr().run();
    assert_eq!(sandbox.tree("desk"), "");
    assert!(sandbox.tree("cache").contains("/_.._.._.._desk_owned.safetensors"), "{}", sandbox.tree("cache"));
}

#[test]
fn plain_files_in_a_folder_of_the_user() {
    let site = flux();
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:618692@691639").args(["--local-dir", "here"]).any_stdout().any_stderr().run();
    assert_eq!(sandbox.read("desk/here/flux_dev.safetensors").len(), FP16);
    site.take_requests();
    pull(&sandbox, "civitai:618692@691639").args(["--local-dir", "here"]).any_stdout().any_stderr().run();
    assert_eq!(site.count_all(), 0);
}

#[test]
fn what_a_download_link_says_about_the_file_is_heeded() {
    let site = flux();
    let sandbox = Sandbox::with_civitai(&site, None);
    let link = |query: &str| format!("https://civitai.com/api/download/models/691639?{query}");
    let run = pull(&sandbox, &link("type=Model&format=SafeTensor&size=pruned&fp=fp16"));
    assert!(run.any_stdout().any_stderr().run().stdout.contains("/models--618692/"));
    assert!(sandbox.tree("cache").contains("/flux_dev.safetensors"));
    pull(&sandbox, &link("type=Config")).any_stdout().any_stderr().run();
    assert!(sandbox.tree("cache").contains("/flux_dev_config.zip"));
    pull(&sandbox, &link("format=GGUF"))
        .status(5)
        .stderr(str![[r#"
error: `618692` has no file `format=GGUF`
hint: there are: 21 is `flux_dev.safetensors` (fp16, SafeTensor, pruned), 22 is `flux_dev.safetensors` (fp16, SafeTensor, pruned), 23 is `flux_dev_config.zip`

"#]])
        .run();
}

#[test]
fn a_hash_that_comes_on_record_later_is_asked_for_anew() {
    let late = File::new(13, "late.safetensors", generated(5, 2_000));
    let version = Version::new(2, "v1").file(weights()).file(late.clone().without_sha256());
    let site = site(Model::new(1, "One", "LORA").version(version));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2").any_stdout().any_stderr().run();
    pull(&sandbox, "civitai:1@2+13").status(6).any_stderr().run();
    site.change(2, |version| version.files[1] = late);
    pull(&sandbox, "civitai:1@2+13").any_stdout().any_stderr().run();
    site.take_requests();
    for reference in ["civitai:1@2", "civitai:1@2+13"] {
        pull(&sandbox, reference).any_stdout().any_stderr().run();
    }
    assert_eq!(site.count_all(), 0, "the length of the first file is still known");
}

#[test]
fn a_name_that_several_bear_and_none_keeps_is_no_name() {
    let file = |id, seed| File::new(id, "f.safetensors", generated(seed, 1_000));
    let version = Version::new(2, "v1").file(weights()).file(file(21, 2)).file(file(22, 3));
    let site = site(Model::new(1, "One", "LORA").version(version));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2")
        .args(["pony.safetensors", "f.safetensors"])
        .status(2)
        .stderr(str![[r#"
error: 2 files are called `f.safetensors`: 21 (fp16, SafeTensor, pruned, 1.00 kB), 22 (fp16, SafeTensor, pruned, 1.00 kB)
hint: name one by its number at the end of the reference, as in `+21`

"#]])
        .run();
    assert_no_trace(&sandbox);
    let both = pull(&sandbox, "civitai:1@2").args(["f.21.safetensors", "f.22.safetensors"]);
    both.any_stdout()
        .stderr(str![[r#"
1@2: 2 files verified, 2.00 kB fetched in [TIME]

"#]])
        .run();
    pull(&sandbox, "civitai:1@2").args(["--exclude", "pony*"]).any_stdout().any_stderr().run();
    pull(&sandbox, "civitai:1@2").args(["--exclude", "*"]).status(5).any_stderr().run();
}

#[test]
fn a_near_name_is_listed_once_though_a_file_has_two_names() {
    let site = flux();
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:618692@691639")
        .args(["flux_def.safetensors"])
        .status(5)
        .stderr(str![[r#"
error: `618692` has not all of the files that were asked for
  caused by: no file in the repository matches `flux_def.safetensors`
hint: near `flux_def.safetensors`: `flux_dev.safetensors`, `flux_dev.21.safetensors`

"#]])
        .run();
}
