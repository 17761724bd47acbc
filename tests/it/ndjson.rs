//! `--output ndjson`: a line for each event as it happens, and always last the document that `--json` prints.

use serde_json::Value;

use crate::sandbox::{Finished, Sandbox};
use crate::support::{At, Fault, Hub, Repository, Times, generated};

const MIB: usize = 1 << 20;

fn lines(text: &str) -> Vec<Value> {
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect();
    assert!(lines.iter().all(|line| line["version"] == 1), "{text}");
    lines
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["event"].as_str().expect("each line names its event")).collect()
}

/// The document of the last line, which is the only one of its kind.
fn result(finished: &Finished) -> Value {
    let lines = lines(&finished.stdout);
    let results = events(&lines).iter().filter(|event| **event == "result").count();
    assert_eq!(results, 1, "{}", finished.stdout);
    let last = lines.last().expect("a line");
    assert_eq!(last["event"], "result");
    last["result"].clone()
}

#[test]
fn a_pull_tells_its_events_and_ends_with_its_document() {
    let model = Repository::model("org/model").lfs("model.safetensors", generated(1, 5_000));
    let hub = Hub::start(vec![model]);
    let sandbox = Sandbox::new(&hub);
    let pulled = sandbox.args(["pull", "org/model", "--output", "ndjson"]).any_stdout().any_stderr().run();
    let lines = lines(&pulled.stdout);
    assert_eq!(events(&lines), ["plan", "start", "progress", "verified", "result"]);
    assert_eq!((&lines[0]["files"], &lines[0]["bytes"]), (&1.into(), &5_000.into()));
    assert_eq!((&lines[1]["path"], &lines[1]["size"]), (&"model.safetensors".into(), &5_000.into()));
    assert_eq!(lines[3]["path"], "model.safetensors");
    let document = result(&pulled);
    assert_eq!((&document["version"], &document["bytes_fetched"]), (&1.into(), &5_000.into()));
    let again = sandbox.args(["pull", "org/model", "--json"]).any_stdout().any_stderr().run().json();
    assert_eq!(again["files"][0]["digest"], document["files"][0]["digest"]);
}

#[test]
fn a_refusal_ends_with_the_error_that_json_has() {
    let hub = Hub::start(vec![Repository::model("org/model").file("config.json", "{}")]);
    let sandbox = Sandbox::new(&hub);
    for command in [&["pull", "org/none"][..], &["access", "org/none"], &["doctor", "no-such-provider/x/y"]] {
        let status = if command[0] == "doctor" { 2 } else { 5 };
        let run = |form| sandbox.args(command).args(["--output", form]).status(status).any_stdout().any_stderr().run();
        let (told, document) = (result(&run("ndjson")), run("json").json());
        assert_eq!(told["version"], 1);
        assert_eq!(told["error"]["kind"], document["error"]["kind"], "{command:?}");
        assert_eq!(told["repos"][0]["error"]["kind"], document["repos"][0]["error"]["kind"], "{command:?}");
    }
}

#[test]
fn a_command_line_that_cannot_be_read_is_a_document_too() {
    let sandbox = Sandbox::without_hub();
    let run = |form: &[&str], rest: &[&str]| {
        sandbox.args(["pull"]).args(form).args(rest).status(2).any_stdout().any_stderr().run()
    };
    let wrong: [(&[&str], &str); 3] = [
        (&["--inlcude", "x", "org/model"], "unexpected argument '--inlcude' found"),
        (&[], "the following required arguments were not provided: <REFERENCE>"),
        (&["--resume-download", "org/model"], "there is no option `--resume-download`"),
    ];
    for (rest, message) in wrong {
        for form in [&["--json"][..], &["--output", "json"], &["--output=json"]] {
            let error = run(form, rest).json()["error"].clone();
            let expected = (&"usage".into(), &message.into(), &2.into());
            assert_eq!((&error["kind"], &error["message"], &error["status"]), expected);
        }
        assert_eq!(result(&run(&["--output", "ndjson"], rest))["error"]["message"], message);
        assert_eq!(run(&["--output", "text"], rest).stdout, "", "text has no document");
    }
    // what stands behind `--` is no option
    assert_eq!(run(&["--inlcude", "x", "--"], &["--json"]).stdout, "");
}

#[test]
fn a_run_that_is_killed_leaves_whole_lines() {
    let model = Repository::model("org/model").lfs("model.safetensors", generated(1, 4 * MIB));
    let hub = Hub::start(vec![model]);
    let sandbox = Sandbox::new(&hub);
    hub.fault(At::cdn("model.safetensors"), Fault::StallAt(MIB as u64), Times::Always);
    let process = sandbox.args(["pull", "org/model", "--output", "ndjson"]).any_stdout().any_stderr().spawn();
    hub.until("it stalls", |requests| crate::in_cache::sent(requests) >= MIB as u64);
    let killed = process.kill();
    assert!(killed.stdout.is_empty() || killed.stdout.ends_with('\n'), "{}", killed.stdout);
    let lines = lines(&killed.stdout);
    assert!(!events(&lines).contains(&"result"), "{}", killed.stdout);
}
