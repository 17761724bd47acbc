//! Listings that are no lie but lack something: what mirrors leave out, what moves while it is asked about, and what a
//! repository has that a folder cannot hold. Whatever can be pulled is pulled, and the rest is named.

use crate::sandbox::{Finished, Sandbox};
use crate::support::hostile::ODD_NAMES;
use crate::support::{At, Fault, Hub, Place, Repository, Times, generated};
use snapbox::str;

fn hub() -> Hub {
    let model = Repository::model("org/model")
        .file("config.json", "{}")
        .file("sub/config.json", "[]")
        .lfs("model.safetensors", generated(1, 5_000));
    Hub::start(vec![model])
}

/// A hub with a fault in every answer at `place`.
fn with(place: &str, fault: Fault) -> Hub {
    let hub = hub();
    hub.fault(At::api(place), fault, Times::Always);
    hub
}

fn heads(hub: &Hub) -> usize {
    hub.requests().iter().filter(|request| request.method == "HEAD" && request.place == Place::Resolve).count()
}

/// A pull of all three files, and a second one that finds them in place.
#[track_caller]
fn pulls_all(hub: &Hub) {
    let sandbox = Sandbox::new(hub);
    sandbox
        .args(["pull", "org/model"])
        .any_stdout()
        .stderr(str![[r#"
org/model@main: 3 files verified, 5.00 kB fetched in [TIME]

"#]])
        .run();
    hub.clear_faults();
    sandbox
        .args(["pull", "org/model"])
        .any_stdout()
        .stderr(str![[r#"
org/model@main is up to date: 3 files

"#]])
        .run();
}

/// A pull that will not wait and ends in 7.
#[track_caller]
fn refuses(hub: &Hub, reference: &str, expected: impl snapbox::IntoData) {
    let sandbox = Sandbox::new(hub);
    sandbox.args(["pull", "--timeout", "1ms", reference]).status(7).stderr(expected).run();
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn a_tree_without_files_is_not_believed_where_the_description_names_some() {
    let hub = with("/tree/", Fault::Json("[]"));
    pulls_all(&hub);
    assert_eq!(heads(&hub), 3);
}

#[test]
fn a_server_that_names_no_file_anywhere_has_not_said_that_there_are_none() {
    let hub = with("/tree/", Fault::Json("[]"));
    hub.fault(At::api("/revision/"), Fault::Replace("siblings", "brothers"), Times::Always);
    refuses(
        &hub,
        "org/model",
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: the server does not say which files there are
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]],
    );
}

#[test]
fn a_tree_that_does_not_go_into_folders_is_filled_from_the_description() {
    let hub = hub();
    let files = format!(
        r#"[{{"type":"file","path":"config.json","size":2,"oid":"{}"}},{{"type":"directory","path":"sub","oid":"x","size":0}}]"#,
        hub.etag("org/model", "config.json")
    );
    hub.fault(At::api("/tree/"), Fault::Json(files.leak()), Times::Always);
    pulls_all(&hub);
    assert_eq!(heads(&hub), 2);
}

#[test]
fn a_size_or_a_hash_that_is_not_listed_is_asked_for_and_never_made_up() {
    for fault in [
        Fault::Replace("\"size\"", "\"length\""),
        Fault::Replace("\"size\":", "\"size\":-"),
        Fault::Replace("\"oid\"", "\"id\""),
        // what the listing says is about the pointers then
        Fault::Replace("\"lfs\"", "\"large\""),
    ] {
        pulls_all(&with("/tree/", fault));
    }
    let untold = with("/tree/", Fault::Replace("\"size\"", "\"length\""));
    untold.fault(At::resolve(""), Fault::HostileEtag(""), Times::Always);
    refuses(
        &untold,
        "org/model",
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: the server gives no size and hash for `model.safetensors`
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]],
    );
}

#[test]
fn a_small_file_of_lfs_is_noticed_where_nothing_is_said_of_lfs() {
    for length in [120, 150, 201, 1_000, 4_095] {
        let model = Repository::model("org/model").file("config.json", "{}").lfs("model.bin", generated(1, length));
        let hub = Hub::start(vec![model]);
        hub.fault(At::api("/tree/"), Fault::Replace("\"lfs\"", "\"large\""), Times::Always);
        let sandbox = Sandbox::new(&hub);
        sandbox.args(["pull", "org/model"]).any_stdout().any_stderr().run();
        // one that shows what the listing is about, and then each file
        assert_eq!(heads(&hub), 3, "{length}");
    }
}

#[test]
fn files_are_not_asked_about_by_the_thousands() {
    let hub = with("/tree/", Fault::Json("[]"));
    let names: Vec<String> = (0..5_001).map(|number| format!(r#"{{"rfilename":"{number}.txt"}}"#)).collect();
    let described = format!(r#"{{"sha":"{}","siblings":[{}]}}"#, hub.commit("org/model", "main"), names.join(","));
    hub.fault(At::api("/revision/"), Fault::Json(described.leak()), Times::Always);
    refuses(
        &hub,
        "org/model",
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: it tells no size or hash of 5001 files, and at most 5000 are asked about one by one
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]],
    );
    assert_eq!(heads(&hub), 0);
}

#[test]
fn hashes_are_read_as_pointers_write_them() {
    let hub = hub();
    let sha256 = hub.etag("org/model", "model.safetensors");
    let (bare, prefixed) = (format!("\"{sha256}\"").leak(), format!("\"sha256:{sha256}\"").leak());
    hub.fault(At::api("/tree/"), Fault::Replace(bare, prefixed), Times::Always);
    pulls_all(&hub);
    assert_eq!(heads(&hub), 0);
}

#[test]
fn one_entry_twice_is_one_entry() {
    let hub = with("/tree/", Fault::Twice);
    pulls_all(&hub);
    assert_eq!(heads(&hub), 0);
}

#[test]
fn a_page_of_folders_only_is_not_the_end() {
    let model = Repository::model("org/model").file("a/b/c/d/one.json", "1").file("a/b/c/d/two.json", "2");
    let hub = Hub::start(vec![model]).with(|options| options.page_size = 1);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model"])
        .any_stdout()
        .stderr(str![[r#"
org/model@main: 2 files verified, 2 B fetched in [TIME]

"#]])
        .run();
    assert_eq!(hub.log().matches("/tree/").count(), 6);
}

#[test]
fn a_description_that_does_not_say_whether_it_is_private_is_believed() {
    pulls_all(&with("/revision/", Fault::Replace("\"private\":false", "\"private\":null")));
}

const OTHER: &str = "1234567890123456789012345678901234567890";

#[test]
fn a_commit_that_was_asked_for_is_never_exchanged_for_another() {
    let hub = with("/revision/", Fault::HostileCommit(OTHER));
    let commit = hub.commit("org/model", "main");
    refuses(
        &hub,
        &format!("org/model@{commit}"),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model@a009c1d15502c5809a463ea3dc5e86fcc112c78b`
  caused by: the listing of org/model cannot be used: commit a009c1d15502c5809a463ea3dc5e86fcc112c78b was asked for, and the server answers with 1234567890123456789012345678901234567890
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]],
    );
    let shouted =
        with("/revision/", Fault::Json(r#"{"sha":"1234567890123456789012345678901234567890","siblings":[]}"#));
    refuses(
        &shouted,
        &format!("org/model@{}", commit.to_uppercase()),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model@A009C1D15502C5809A463EA3DC5E86FCC112C78B`
  caused by: the listing of org/model cannot be used: commit a009c1d15502c5809a463ea3dc5e86fcc112c78b was asked for, and the server answers with 1234567890123456789012345678901234567890
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]],
    );
    let other = with("/tree/", Fault::Json("[]"));
    other.fault(At::resolve(""), Fault::HostileCommit(OTHER), Times::Always);
    refuses(
        &other,
        &format!("org/model@{commit}"),
        str![[r#"
error: could not ask 127.0.0.1 about `org/model@a009c1d15502c5809a463ea3dc5e86fcc112c78b`
  caused by: the listing of org/model cannot be used: `model.safetensors` was asked for at a009c1d15502c5809a463ea3dc5e86fcc112c78b, and is that of 1234567890123456789012345678901234567890
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]],
    );
}

#[test]
fn a_branch_whose_commit_is_gone_is_not_a_branch_that_is_missing() {
    refuses(
        &with("/revision/", Fault::HostileCommit(OTHER)),
        "org/model",
        str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: the server names the commit 1234567890123456789012345678901234567890, but does not have it
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]],
    );
}

/// A pull from a hub that lists a file under an odd name beside three others.
fn odd(name: &'static str, args: &[&str]) -> (Hub, Sandbox, Finished) {
    let hub = with("/tree/", Fault::HostileName(name));
    let sandbox = Sandbox::new(&hub);
    let finished = sandbox.args(["pull", "org/model"]).args(args).spawn().wait();
    (hub, sandbox, finished)
}

#[test]
fn a_file_with_an_odd_name_does_not_keep_the_others_away() {
    for name in ODD_NAMES {
        let (hub, sandbox, first) = odd(name, &["--json"]);
        assert_eq!(first.status, 0, "{name:?}: {}", first.stderr);
        assert_eq!(first.json()["files"].as_array().map(Vec::len), Some(3), "{name:?}");
        assert_eq!(first.json()["left_out"][0]["path"], name);
        assert!(first.stderr.starts_with("warning: `") && first.stderr.contains("is left out"), "{}", first.stderr);
        hub.take_requests();
        let again = sandbox.args(["pull", "org/model", "--json"]).any_stdout().any_stderr().run();
        assert_eq!(again.json()["left_out"], first.json()["left_out"], "it is remembered");
        assert_eq!(hub.count_all(), 1, "{}", hub.log());
    }
}

#[test]
fn whoever_asks_for_a_file_with_an_odd_name_is_told_and_nobody_else() {
    const NAME: &str = "data\\train.csv";
    let (_hub, sandbox, finished) = odd(NAME, &[]);
    assert_eq!(
        sandbox.redact(&finished.stderr),
        "warning: `data\\train.csv` is left out, for it cannot be a file here: it contains a backslash\n\
         org/model@main: 3 files verified, 5.00 kB fetched in [TIME]\n"
    );
    for args in [&["config.json"][..], &["--include", "*.json"], &["--exclude", r"data\*"], &["sub/"]] {
        let (_hub, _sandbox, finished) = odd(NAME, args);
        assert_eq!(
            (finished.status, finished.stderr.contains("train.csv")),
            (0, false),
            "{args:?} {}",
            finished.stderr
        );
    }
    for args in [&[NAME][..], &["--include", "data/*"], &["config.json", NAME]] {
        let (_hub, sandbox, finished) = odd(NAME, args);
        assert_eq!(
            (finished.status, finished.stderr.as_str()),
            (
                8,
                "error: `data\\train.csv` of `org/model` cannot be a file here: it contains a backslash\n\
                 hint: `--exclude 'data?train.csv'` leaves it out\n"
            ),
            "{args:?}"
        );
        assert_eq!(sandbox.tree("cache"), "");
    }
}

#[test]
fn notes_about_downloads_that_were_committed_stay_where_they_are() {
    let model = Repository::model("org/model").file("config.json", "{}").file(".cache/huggingface/x.json", "[]");
    let hub = Hub::start(vec![model]);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model", "--local-dir", "here"])
        .any_stdout()
        .stderr(str![[r#"
warning: `.cache/huggingface/x.json` is left out, for it cannot be a file here: the notes about downloads stand there
org/model@main: 1 file verified, 2 B fetched in [TIME]

"#]])
        .run();
    sandbox
        .args(["pull", "org/model", "--local-dir", "here", "--include", "*.json"])
        .any_stdout()
        .stderr(str![[r#"
warning: `.cache/huggingface/x.json` is left out, for it cannot be a file here: the notes about downloads stand there
org/model@main is up to date: 1 file

"#]])
        .run();
    for args in
        [&["--include", ".cache/*"][..], &[".cache/huggingface/x.json"], &["config.json", ".cache/huggingface/x.json"]]
    {
        sandbox
            .args(["pull", "org/model", "--local-dir", "there"])
            .args(args)
            .status(8)
            .stderr(str![[r#"
error: `.cache/huggingface/x.json` of `org/model` cannot be a file here: the notes about downloads stand there
hint: `--exclude '.cache/huggingface/x.json'` leaves it out

"#]])
            .run();
    }
    assert!(!sandbox.path("desk/here/.cache/huggingface/x.json").exists() && !sandbox.path("desk/there").exists());
    sandbox.args(["pull", "org/model", "--quiet"]).any_stdout().run();
}

#[test]
fn a_pointer_in_the_place_of_weights_is_said_to_be_one() {
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5000\n", "a1".repeat(32));
    let hub = Hub::start(vec![Repository::model("org/model").file("model.safetensors", pointer)]);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model"])
        .any_stdout()
        .stderr(str![[r#"
warning: `model.safetensors` is no more than a Git LFS pointer: whoever uploaded it left the content behind
org/model@main: 1 file verified, 129 B fetched in [TIME]

"#]])
        .run();
    sandbox
        .args(["pull", "org/model"])
        .any_stdout()
        .stderr(str![[r#"
warning: `model.safetensors` is no more than a Git LFS pointer: whoever uploaded it left the content behind
org/model@main is up to date: 1 file

"#]])
        .run();
}
