//! Hard links: an application that writes into its model writes into the cache.

use super::*;
use std::io::Write as _;

const FLUX: &str = "Comfy-Org/flux";

fn stage() -> (Hub, Sandbox, InCache) {
    let repository = Repository::model(FLUX).lfs("split_files/vae/ae.safetensors", generated(3, 4_000));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
    let cached = InCache::of(&sandbox, &hub, FLUX);
    (hub, sandbox, cached)
}

fn install(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", FLUX, "--into", "comfyui", "--link", "hardlink"]).any_stdout()
}

#[test]
fn a_link_of_ours_leaves_the_note_fit() {
    let (_hub, sandbox, _cached) = stage();
    install(&sandbox).any_stderr().run();
    sandbox
        .args(["pull", FLUX])
        .any_stdout()
        .stderr(str![[r#"
Comfy-Org/flux@main is up to date: 1 file

"#]])
        .run();
    // nor does the doctor lose sight of it
    let report = sandbox.args(["doctor", "--offline"]).any_stdout().status(0).run();
    let row = "shared: 1 of the blobs (4.00 kB) have a second name";
    assert!(cfg!(windows) || report.stdout.contains(row), "{}", report.stdout);
}

#[cfg(unix)]
#[test]
fn what_an_application_appends_is_noticed_and_its_file_named() {
    let (hub, sandbox, cached) = stage();
    install(&sandbox).any_stderr().run();
    let place = sandbox.path("desk/ComfyUI/models/vae/ae.safetensors");
    let mut opened = fs::File::options().append(true).open(&place).expect("a model");
    opened.write_all(b"resumed").expect("appended");
    let blob = cached.blob(&hub.etag(FLUX, "split_files/vae/ae.safetensors"));
    assert_eq!(fs::metadata(&blob).expect("a blob").len(), 4_007, "the cache has it too");

    sandbox
        .args(["pull", FLUX])
        .any_stdout()
        .stderr(str![[r#"
warning: `split_files/vae/ae.safetensors` was changed in the cache through `[ROOT]/desk/ComfyUI/models/vae/ae.safetensors`, which shares its bytes; fetching it again for the cache alone
Comfy-Org/flux@main: 1 file verified, 4.00 kB fetched in [TIME]

"#]])
        .run();
    assert!(fs::read(&blob).expect("a blob") == generated(3, 4_000));
    assert_eq!(fs::metadata(&place).expect("a model").len(), 4_007, "parted: the application keeps what it wrote");
}

#[cfg(unix)]
#[test]
fn a_write_of_the_same_length_is_noticed_before_anything_is_installed() {
    let (hub, sandbox, cached) = stage();
    install(&sandbox).any_stderr().run();
    let place = sandbox.path("desk/ComfyUI/models/vae/ae.safetensors");
    fs::write(&place, generated(9, 4_000)).expect("written in place");
    install(&sandbox)
        .status(8)
        .stderr(str![[r#"
hashing 1 file that is here (4.00 kB)
warning: `split_files/vae/ae.safetensors` was changed in the cache through `[ROOT]/desk/ComfyUI/models/vae/ae.safetensors`, which shares its bytes; fetching it again for the cache alone
error: `[ROOT]/desk/ComfyUI/models/vae/ae.safetensors` is there already, with other content
hint: move it away, or replace it with --force

"#]])
        .run();
    let blob = cached.blob(&hub.etag(FLUX, "split_files/vae/ae.safetensors"));
    assert!(fs::read(&blob).expect("a blob") == generated(3, 4_000), "the cache is mended all the same");
    assert!(fs::read(&place).expect("a model") == generated(9, 4_000));
    install(&sandbox).args(["--force"]).any_stderr().run();
    assert!(fs::read(&place).expect("a model") == generated(3, 4_000));
}

#[test]
fn a_blob_that_two_repositories_share_is_hashed_for_the_second_only() {
    let content = generated(1, LARGE);
    let other = Repository::model("org/other").lfs("weights.bin", content.clone());
    let hub = Hub::start(vec![repository(), other]);
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/other", "--quiet"]).any_stdout().run();
    pulled(&sandbox);
    for name in [ID, "org/other"] {
        let told = sandbox.args(["pull", name]).any_stdout().any_stderr().run();
        assert!(!told.stderr.contains("hashing"), "{name}: {}", told.stderr);
    }
}
