//! `gatedl pull --file`: many pulls as one. What is had once, what one failure does to the others, what a list may say.

use std::fmt::Write as _;
use std::fs;

use serde_json::json;
use snapbox::str;

use crate::sandbox::{Run, Sandbox};
use crate::support::civitai::{CivitAi, File, Model, Version};
use crate::support::{Access, Account, Gate, Hub, Place, Repository, generated, key_of, token_of};

fn model(name: &str) -> Repository {
    let model = Repository::model(&format!("org/{name}"));
    (0..5).fold(model, |model, number| {
        let seed = name.bytes().map(u64::from).sum::<u64>() * 10 + number;
        model.lfs(&format!("f{number}.safetensors"), generated(seed, 2_000))
    })
}

fn pull(sandbox: &Sandbox, list: &str) -> Run {
    sandbox.write("desk/models.txt", list);
    sandbox.args(["pull", "--file", "models.txt"]).env("HF_TOKEN", token_of("bob"))
}

/// Two repositories, of which bob may read the open one.
fn two() -> Hub {
    let open = Repository::model("org/open").file("config.json", "{}\n").lfs("w.safetensors", generated(1, 5_000));
    let gated = Repository::model("org/gated").gated(Gate::Manual).lfs("w.safetensors", generated(2, 5_000));
    Hub::start(vec![open, gated]).account(Account::new("bob")).access("bob", "org/gated", Access::Pending)
}

/// 50 lines about 10 repositories of 3 providers: each repository is asked about once, each file fetched once.
#[cfg(unix)]
#[test]
fn what_fifty_lines_want_is_asked_for_once() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let hub = Hub::start(
        names.map(model).map(|model| if model.id == "org/a" { model.gated(Gate::Auto) } else { model }).to_vec(),
    )
    .account(Account::new("bob"))
    .access("bob", "org/a", Access::Granted);
    let boinc_ai = Hub::start(vec![model("y"), model("z")]).account(Account::new("bob"));
    let version = |first: u64| {
        (0..5).fold(Version::new(first, "v"), |version, number| {
            let content = generated(first + number, 3_000);
            version.file(File::new(first * 10 + number, &format!("f{number}.safetensors"), content))
        })
    };
    let civitai = CivitAi::start(vec![
        Model::new(7, "Seven", "LORA").version(version(700)),
        Model::new(8, "Eight", "LORA").version(version(800)),
    ])
    .account(Account::new("bob"));
    let sandbox = Sandbox::with_civitai(&civitai, Some(&hub));
    let (mut list, mut expected) = (String::new(), Vec::new());
    // the lines of a repository do not stand together
    for number in 0..5 {
        for name in names {
            writeln!(list, "org/{name} f{number}.safetensors").unwrap();
            expected.push(format!("f{number}.safetensors"));
        }
        for name in ["y", "z"] {
            writeln!(list, "ba:org/{name} --include 'f{number}.*'   # of another hub").unwrap();
            expected.push(boinc_ai.commit(&format!("org/{name}"), "main"));
        }
        for first in [700, 800] {
            writeln!(list, "civitai:{}@{first}+{}", first / 100, first * 10 + number).unwrap();
            expected.push(format!("f{number}.safetensors"));
        }
    }
    sandbox.write("secret", token_of("bob") + "\n");
    let command = "echo asked >> ../asked; cat ../secret";
    let config =
        sandbox.write_private("gatedl.toml", format!("[provider.hf]\ntoken_command = ['sh', '-c', '{command}']\n"));
    let run = pull(&sandbox, &list).without_env("HF_TOKEN").env("GATEDL_CONFIG", config);
    let run = run.env("BA_ENDPOINT", boinc_ai.url()).env("BA_TOKEN", token_of("bob")).env("CA_API_KEY", key_of("bob"));
    let run = run.any_stdout().any_stderr().run();

    let ends: Vec<String> =
        run.stdout.lines().map(|line| line.rsplit('/').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(ends, expected);
    assert!(run.stderr.starts_with("50 pulls: 50 files verified, 110.00 kB fetched"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(sandbox.path("asked")).expect("the command ran"), "asked\n");
    let log = hub.take_log();
    for (question, times) in
        [("/revision/main ", 6), ("/auth-check ", 1), ("/tree/", 6), ("/resolve/", 30), ("whoami", 0)]
    {
        assert_eq!(log.matches(question).count(), times, "{question}\n{log}");
    }
    let log = boinc_ai.take_log();
    for (question, times) in [("/revision/main ", 2), ("/tree/", 2), ("/resolve/", 10)] {
        assert_eq!(log.matches(question).count(), times, "{question}\n{log}");
    }
    let log = civitai.take_log();
    assert_eq!(log.matches("/api/v1/").count(), 2, "{log}");

    // the second time nothing but the branches can have changed
    let config = sandbox.path("gatedl.toml");
    let again = pull(&sandbox, &list).without_env("HF_TOKEN").env("GATEDL_CONFIG", config);
    let again = again.env("BA_ENDPOINT", boinc_ai.url()).env("BA_TOKEN", token_of("bob"));
    let again = again.any_stderr().any_stdout().run();
    assert_eq!(again.stdout, run.stdout);
    assert!(again.stderr.contains("0 files verified (50 files in place before), 0 B fetched"), "{}", again.stderr);
    assert_eq!((hub.count_all(), boinc_ai.count_all(), civitai.count_all()), (6, 2, 0));
}

#[test]
fn a_refused_repository_stops_no_other_and_is_asked_about_once() {
    let hub = two();
    let sandbox = Sandbox::new(&hub);
    let list = "org/gated w.safetensors\norg/open config.json\n\n# twice\norg/gated\norg/none\n";
    pull(&sandbox, list)
        .status(4)
        .stdout(str![[r#"

[ROOT]/cache/huggingface/hub/models--org--open/snapshots/0867f68cb24603079ab8e979aefd8a922dfc4161/config.json



"#]])
        .stderr(str![[r#"
error: `models.txt`, line 1: access to `org/gated` is gated and the request of this account awaits a review
  caused by: 403 Forbidden for [HUB]/api/models/org/gated/auth-check (request id [ID])
  server says: Your request to access model org/gated is awaiting a review from the repo authors.
hint: the owners decide; https://huggingface.co/org/gated shows the state
hint: `gatedl access --wait 24h org/gated && gatedl pull org/gated` pulls it once they have let you in
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others
error: `models.txt`, line 5: access to `org/gated` is gated and the request of this account awaits a review
  caused by: 403 Forbidden for [HUB]/api/models/org/gated/auth-check (request id [ID])
  server says: Your request to access model org/gated is awaiting a review from the repo authors.
hint: the owners decide; https://huggingface.co/org/gated shows the state
hint: `gatedl access --wait 24h org/gated && gatedl pull org/gated` pulls it once they have let you in
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others
error: `models.txt`, line 6: `org/none` does not exist, or is private and this token may not see it
  caused by: 404 Not Found for [HUB]/api/models/org/none/revision/main (request id [ID])
  server says: Repository not found
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others
4 pulls, 3 failed: 1 file verified, 3 B fetched in [TIME]

"#]])
        .run();
    let log = hub.take_log();
    assert_eq!(log.matches("/org/gated/").count(), 2, "{log}");
    let run = pull(&sandbox, list).args(["--json"]).status(4).any_stdout().any_stderr().run();
    let document = run.json();
    assert_eq!(
        (&document["version"], &document["status"], &document["bytes_fetched"]),
        (&json!(1), &json!(4), &json!(0))
    );
    let told = document["pulls"].as_array().expect("pulls").iter();
    let told: Vec<_> =
        told.map(|pull| (pull["line"].clone(), pull["status"].clone(), pull["error"]["kind"].clone())).collect();
    assert_eq!(
        told,
        [
            (json!("`models.txt`, line 1"), json!(4), json!("pending")),
            (json!("`models.txt`, line 2"), json!(0), json!(null)),
            (json!("`models.txt`, line 5"), json!(4), json!("pending")),
            (json!("`models.txt`, line 6"), json!(5), json!("not_found_or_private")),
        ]
    );
    assert_eq!(document["pulls"][1]["repo"], "org/open");
}

#[test]
fn a_bad_line_is_named_before_anything_is_asked() {
    let hub = two().allow_unused();
    let sandbox = Sandbox::new(&hub);
    for (line, problem) in [
        ("org/open --nonsense", "`models.txt`, line 2: unexpected argument '--nonsense' found"),
        ("org/open 'config.json", "`models.txt`, line 2: a quote is not closed, or a backslash stands at the end"),
        (
            "a/b/c",
            "`models.txt`, line 2: `a/b/c` is not a repository id: it is `name` or `owner/name`, with one slash at most; files follow after a blank",
        ),
        ("org/open --weights best", "`models.txt`, line 2: invalid value 'best' for '--weights <FORMAT>'"),
        (
            "org/open --token-stdin",
            "`models.txt`, line 2: `--token-stdin` is for all lines together: it stands behind `gatedl pull`, not in a list",
        ),
        (
            "org/open --file other.txt",
            "`models.txt`, line 2: the argument '[REFERENCE]' cannot be used with '--file <LIST>'",
        ),
        ("org/open@v1 --revision v2", "`models.txt`, line 2: the reference says `v1`, but --revision says `v2`"),
    ] {
        let run = pull(&sandbox, &format!("org/open\n{line}\n")).status(2).any_stderr().run();
        assert_eq!(run.stderr.lines().next().unwrap_or_default(), format!("error: {problem}"), "{line}");
    }
    let run = pull(&sandbox, &format!("org/open\n{}\n", token_of("bob"))).status(2).any_stderr().run();
    assert!(run.stderr.starts_with("error: `models.txt`, line 2: `hf_"), "{}", run.stderr);
    pull(&sandbox, "# nothing yet\n")
        .status(2)
        .stderr(str![[r#"
error: `models.txt` lists nothing to pull

"#]])
        .run();
    let both = sandbox.args(["pull", "org/open", "--file", "models.txt"]).status(2).any_stderr().run();
    assert!(both.stderr.contains("cannot be used with"), "{}", both.stderr);
    sandbox.args(["pull", "--file", "none.txt"]).status(2).any_stderr().run();
    assert_eq!(hub.count_all(), 0);
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn a_list_comes_from_standard_input_and_from_several_files() {
    let hub = two();
    let sandbox = Sandbox::new(&hub);
    let run = pull(&sandbox, "\u{feff}org/open config.json\r\n").args(["--file", "-", "--quiet"]);
    run.stdin("org/open w.safetensors --local-dir 'my models'\n")
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--open/snapshots/0867f68cb24603079ab8e979aefd8a922dfc4161/config.json
[ROOT]/desk/my models/w.safetensors

"#]])
        .run();
    assert_eq!(sandbox.read("desk/my models/w.safetensors"), generated(1, 5_000).to_vec());
    let run = sandbox.args(["pull", "--file", "-", "--token-stdin"]).stdin("org/open\n").status(2);
    run.stderr(str![[r#"
error: --token-stdin and `--file -` both read standard input

"#]])
        .run();
}

#[test]
fn a_plan_of_a_list_writes_nothing() {
    let hub = two();
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/open config.json\norg/open w.safetensors\n")
        .args(["--dry-run"])
        .stdout(str![[r#"
org/open@main is commit 0867f68cb24603079ab8e979aefd8a922dfc4161
gate: none, it is public
   fetch         3 B  config.json
1 file, 3 B; 3 B to fetch

org/open@main is commit 0867f68cb24603079ab8e979aefd8a922dfc4161
gate: none, it is public
   fetch     5.00 kB  w.safetensors
1 file, 5.00 kB; 5.00 kB to fetch

"#]])
        .run();
    assert_eq!(hub.count_all(), 2);
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn two_lines_cannot_write_two_files_to_one_place() {
    let hub = two().access("bob", "org/gated", Access::Granted);
    let sandbox = Sandbox::new(&hub);
    let list = "org/open --local-dir here\norg/gated --local-dir here\norg/gated --local-dir there\n";
    let run = pull(&sandbox, list).status(2).any_stdout().any_stderr().run();
    let problem = "error: `models.txt`, line 2: `[ROOT]/desk/here/w.safetensors` is where another file goes, that of `org/open@main` in the same run";
    assert_eq!(sandbox.redact(run.stderr.lines().next().unwrap_or_default()), problem);
    assert_eq!(sandbox.read("desk/here/w.safetensors"), generated(1, 5_000).to_vec());
    assert_eq!(sandbox.read("desk/there/w.safetensors"), generated(2, 5_000).to_vec());
}

/// As people type who know package managers.
#[test]
fn a_second_repository_is_no_file_of_the_first() {
    let hub = two();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/open", "org/other-7B-v1.5"]).status(5).stderr(str![[r#"
error: `org/open` has not all of the files that were asked for
  caused by: no file in the repository matches `org/other-7B-v1.5`
hint: names behind a reference are its files; two repositories are two pulls: `gatedl pull org/open && gatedl pull org/other-7B-v1.5`
hint: or a line each in a file: `gatedl pull --file models.txt`

"#]]).run();
    let run = sandbox.args(["pull", "org/open", "onnx/model.onnx"]).status(5).any_stderr().run();
    assert!(!run.stderr.contains("two pulls"), "{}", run.stderr);
    assert_eq!(hub.count(Place::Resolve), 0);
}
