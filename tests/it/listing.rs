//! Listings that no honest hub would send: each ends the run with a clear text, and nothing is written.

use crate::sandbox::{Run, Sandbox};
use crate::support::hostile::{HOSTILE_COMMITS, HOSTILE_ETAGS, HOSTILE_NAMES};
use crate::support::{
    Access, Account, At, Fault, Gate, Hub, Kind, Place, Repository, Times, TreeRoute, generated, token_of,
};
use snapbox::{assert_data_eq, str};

fn hub() -> Hub {
    let model = Repository::model("org/model")
        .file("config.json", "{}")
        .file("sub/config.json", "[]")
        .lfs("model.safetensors", generated(1, 5_000));
    Hub::start(vec![model])
}

/// A pull that will not wait.
fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", "--timeout", "1ms", "org/model"])
}

/// A hub that is no longer to be trusted for `fault`, and a pull from it that fails as one of a broken server.
#[track_caller]
fn refuses(place: At, fault: &Fault) -> String {
    let hub = hub();
    hub.fault(place, fault.clone(), Times::Always);
    let sandbox = Sandbox::new(&hub);
    let finished = pull(&sandbox).spawn().wait();
    assert_eq!((finished.status, finished.stdout.as_str()), (7, ""), "{fault:?}: {}", finished.stderr);
    assert!(finished.stderr.starts_with("error: "), "{fault:?}: {}", finished.stderr);
    for folder in ["home", "cache", "config", "data", "state", "run", "tmp", "desk"] {
        assert_eq!(sandbox.tree(folder), "", "{fault:?} left something in {folder}");
    }
    sandbox.redact(&finished.stderr)
}

#[test]
fn a_listing_of_several_pages_is_one_listing() {
    let many = (0..25).fold(Repository::model("org/model"), |model, at| model.file(&format!("{at:02}.json"), "{}"));
    let hub = Hub::start(vec![many]).with(|options| options.page_size = 10);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model"])
        .any_stdout()
        .stderr(str![[r#"
org/model@main: 25 files verified, 2 B fetched in [TIME]

"#]])
        .run();
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused_and_shown() {
    for name in HOSTILE_NAMES {
        let told = refuses(At::api("/tree/"), &Fault::HostileName(name));
        assert!(told.contains("the listing of org/model cannot be used"), "{name:?}: {told}");
    }
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::HostileName("../x")),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used
  caused by: `../x` is not a safe file name: a part of it is `.` or `..`
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]]
    );
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::HostileName("sub/.GIT/hooks/post-checkout")),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used
  caused by: `sub/.GIT/hooks/post-checkout` is not a safe file name: a part of it is git's own folder, whose files git takes for commands
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]]
    );
}

#[test]
fn a_name_that_comes_twice_or_is_file_and_folder_at_once_is_refused() {
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::HostileName("config.json")),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: it names `config.json` twice
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]]
    );
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::HostileName("config.json/x")),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: `config.json` is a file and a folder in it
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]]
    );
}

#[test]
fn hashes_that_are_none_are_refused() {
    for etag in HOSTILE_ETAGS {
        refuses(At::api("/tree/"), &Fault::HostileEtag(etag));
    }
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::HostileEtag("../../x")),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: the git id of `config.json` is `../../x`
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]]
    );
}

#[test]
fn commits_that_are_none_are_refused() {
    for commit in HOSTILE_COMMITS {
        refuses(At::api("/revision/"), &Fault::HostileCommit(commit));
    }
    assert_data_eq!(
        refuses(At::api("/revision/"), &Fault::HostileCommit("../../x")),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: `../../x` is not a commit hash (40 hexadecimal digits)
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]]
    );
}

#[test]
fn pages_without_an_end_are_refused() {
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::EndlessPages),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: it has no end
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]]
    );
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::SelfPage),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: it has a next page that leads nowhere
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]]
    );
}

#[test]
fn garbage_in_place_of_a_listing_is_refused() {
    for place in ["/revision/", "/tree/"] {
        for fault in [Fault::Garbage, Fault::HtmlPage, Fault::Gzip, Fault::Cut(10), Fault::HangUp] {
            refuses(At::api(place), &fault);
        }
    }
    assert_data_eq!(
        refuses(At::api("/revision/"), &Fault::Garbage),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the answer is not the JSON that was expected: invalid type: sequence, expected a string at line 1 column 8: [HUB]/api/models/org/model/revision/main
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between

"#]]
    );
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::HtmlPage),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the answer is not the JSON that was expected: expected value at line 1 column 1: [HUB]/api/models/org/model/tree/a009c1d15502c5809a463ea3dc5e86fcc112c78b
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between

"#]]
    );
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::HangUp),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the connection broke: [HUB]/api/models/org/model/tree/a009c1d15502c5809a463ea3dc5e86fcc112c78b
  caused by: connection closed before message completed

"#]]
    );
}

#[test]
fn an_answer_that_would_fill_the_memory_is_refused() {
    assert_data_eq!(
        refuses(At::api("/tree/"), &Fault::HugeJson(65 << 20)),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the answer is larger than 67108864 bytes: [HUB]/api/models/org/model/tree/a009c1d15502c5809a463ea3dc5e86fcc112c78b
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between

"#]]
    );
}

#[test]
fn sizes_that_do_not_fit_the_files_end_before_a_name_is_given() {
    for by in [1, -1] {
        let hub = hub();
        hub.fault(At::api("/tree/"), Fault::TreeSize(by), Times::Always);
        let sandbox = Sandbox::new(&hub);
        let finished = pull(&sandbox).spawn().wait();
        assert!([6, 7].contains(&finished.status), "{by}: {} {}", finished.status, finished.stderr);
        let tree = sandbox.tree("cache");
        assert!(!tree.contains("->") && !tree.contains("refs/main"), "{by}: {tree}");
    }
}

#[test]
fn a_masked_hash_never_becomes_a_name() {
    // The gate answers yes and the listing masks all the same.
    let model =
        Repository::model("org/model").gated(Gate::Manual).file("config.json", "{}").lfs("w.bin", generated(1, 99));
    let hub = Hub::start(vec![model]).account(Account::new("bob")).access("bob", "org/model", Access::Granted);
    hub.fault(
        At::api("/tree/"),
        Fault::HostileEtag("****************************************************************"),
        Times::Always,
    );
    let sandbox = Sandbox::new(&hub);
    let finished = pull(&sandbox).env("HF_TOKEN", token_of("bob")).status(7).any_stderr().run();
    assert!(!finished.stderr.is_empty());
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn an_old_mirror_without_a_tree_is_asked_about_each_file_by_its_headers() {
    for route in [TreeRoute::NotFound, TreeRoute::BadRequest] {
        let hub = hub().with(|options| options.tree_route = route);
        let sandbox = Sandbox::new(&hub);
        sandbox
            .args(["pull", "org/model"])
            .any_stdout()
            .stderr(str![[r#"
org/model@main: 3 files verified, 5.00 kB fetched in [TIME]

"#]])
            .run();
        assert_eq!(
            hub.requests().iter().filter(|request| request.method == "HEAD" && request.place == Place::Resolve).count(),
            3
        );
        if route == TreeRoute::NotFound {
            assert_data_eq!(
                hub.log(),
                str![[r#"
GET cdn model.safetensors 200
GET hub /api/models/org/model/revision/a009c1d15502c5809a463ea3dc5e86fcc112c78b 200
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/a009c1d15502c5809a463ea3dc5e86fcc112c78b?recursive=true&expand=false 404
GET hub /org/model/resolve/a009c1d15502c5809a463ea3dc5e86fcc112c78b/config.json 307
GET hub /org/model/resolve/a009c1d15502c5809a463ea3dc5e86fcc112c78b/model.safetensors 302
GET hub /org/model/resolve/a009c1d15502c5809a463ea3dc5e86fcc112c78b/sub/config.json 307
GET hub resolve-cache config.json 200
GET hub resolve-cache sub/config.json 200
HEAD hub /org/model/resolve/a009c1d15502c5809a463ea3dc5e86fcc112c78b/config.json 307
HEAD hub /org/model/resolve/a009c1d15502c5809a463ea3dc5e86fcc112c78b/model.safetensors 302
HEAD hub /org/model/resolve/a009c1d15502c5809a463ea3dc5e86fcc112c78b/sub/config.json 307
HEAD hub resolve-cache config.json 200
HEAD hub resolve-cache sub/config.json 200

"#]]
            );
        }
    }
}

#[test]
fn an_old_mirror_is_trusted_with_names_and_hashes_no_more_than_a_new_one() {
    for (place, fault) in [
        (At::api("/revision/"), Fault::HostileName("../x")),
        (At::api("/revision/"), Fault::HostileName(".git/config")),
        (At::resolve(""), Fault::HostileEtag("../../x")),
    ] {
        let hub = hub().with(|options| options.tree_route = TreeRoute::NotFound);
        hub.fault(place, fault.clone(), Times::Always);
        let sandbox = Sandbox::new(&hub);
        let finished = pull(&sandbox).spawn().wait();
        assert_eq!(finished.status, 7, "{fault:?}: {}", finished.stderr);
        assert_eq!(sandbox.tree("cache"), "", "{fault:?}");
    }
}

#[test]
fn a_hub_that_names_no_commit_is_believed_only_about_the_commit_that_was_asked_for() {
    let hub = hub();
    let commit = hub.commit("org/model", "main");
    hub.fault(At::api("/revision/"), Fault::Replace("\"sha\"", "\"other\""), Times::Always);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox)
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: it names no commit for main
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]])
        .run();
    sandbox.args(["pull", &format!("org/model@{commit}")]).any_stdout().any_stderr().run();
}

#[test]
fn listings_of_every_kind_are_asked_for_at_their_own_routes() {
    for kind in [Kind::Model, Kind::Dataset, Kind::Space, Kind::Kernel] {
        let repository = Repository::new(kind, "org/name").file("a b#c?.txt", "odd but legal");
        let hub = Hub::start(vec![repository]);
        let sandbox = Sandbox::new(&hub);
        let reference = format!("{}/org/name", kind.plural());
        let finished = sandbox.args(["pull", &reference, "a b#c?.txt"]).any_stdout().any_stderr().run();
        assert_eq!(sandbox.read(finished.stdout.trim_end()), b"odd but legal");
    }
}
