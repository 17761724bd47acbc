//! What people type and paste: it works, or the error shows the command that was meant. Each such command is run here as it
//! stands in the hint.

use crate::sandbox::Sandbox;
use crate::support::{Hub, Repository};
use snapbox::str;

fn hub() -> Hub {
    let model = Repository::model("org/model").file("config.json", "{}").file("onnx/model.onnx", "onnx");
    let quantized = Repository::model("org/model-GGUF")
        .file("m-Q4_K_M.gguf", "q4")
        .file("m-Q4_0.gguf", "q40")
        .file("m-Q8_0.gguf", "q8-q8");
    Hub::start(vec![
        model,
        quantized,
        Repository::dataset("org/data").file("train.csv", "1"),
        Repository::space("org/app").file("app.py", "1"),
    ])
    .allow_unused()
}

/// The commands in the hints of what was printed.
fn hinted(stderr: &str) -> Vec<String> {
    let hints = stderr.lines().filter(|line| line.starts_with("hint: "));
    let quoted = hints.flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|text| text.starts_with("gatedl ")).map(str::to_owned).collect()
}

/// The first command of the hints of a line that fails, after that command was run.
#[track_caller]
fn meant(sandbox: &Sandbox, line: &str) -> String {
    let failed = sandbox.command().line(line).any_stdout().any_stderr();
    let failed = failed.spawn().wait();
    assert!(failed.status != 0, "{line} works: {}", failed.stdout);
    let commands = hinted(&failed.stderr);
    let first = commands.first().unwrap_or_else(|| panic!("{line}: no command in {}", failed.stderr)).clone();
    sandbox.command().line(&*first).any_stdout().any_stderr().run();
    first
}

#[test]
fn what_has_one_meaning_works() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    for line in [
        "gatedl download org/model",
        "gatedl hf download org/model",
        "gatedl pull hf download org/model --include '*.json' --quiet",
        "gatedl huggingface-cli download org/model --include '*.json' '*.onnx' --exclude x y --max-workers 2",
        "gatedl pull 'hf download org/model'",
        "gatedl pull '$ huggingface-cli download org/model'",
        "gatedl pull '\"org/model\"'",
        "gatedl pull '`org/model`,'",
        "gatedl pull ' <https://huggingface.co/org/model>. '",
        "gatedl pull '(https://huggingface.co/org/model)'",
        "gatedl pull '[Model](https://huggingface.co/org/model)'",
        "gatedl pull org/model/",
        "gatedl pull org/model.",
        "gatedl pull HF:org/model",
        "gatedl pull HF://org/model",
        "gatedl pull Hf.co/org/model",
        "gatedl pull www.huggingface.co/org/model",
        "gatedl pull http://huggingface.co/org/model",
        "gatedl pull HTTPS://www.huggingface.co/org/model/",
        "gatedl pull https://huggingface.co/org/model.git",
        "gatedl pull git@hf.co:org/model.git",
        "gatedl pull 'https://huggingface.co/org/model/resolve/main/config.json?download=true'",
        "gatedl pull org/model/blob/main/config.json",
        "gatedl pull hf:org/model/resolve/main/onnx/model.onnx",
        "gatedl pull datasets/org/data/resolve/main/train.csv",
        "gatedl pull org/model-GGUF:q4_k_m",
        "gatedl pull hf.co/org/model-GGUF:Q8_0",
    ] {
        let finished = sandbox.command().line(line).any_stderr().any_stdout().run();
        assert!(finished.stdout.contains("/snapshots/"), "{line}: {}", finished.stdout);
    }
}

#[test]
fn what_other_programs_are_told_leads_to_the_command_that_was_meant() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    for (line, command) in [
        ("gatedl org/model", "gatedl pull org/model"),
        ("gatedl org/model config.json --quiet", "gatedl pull org/model config.json --quiet"),
        ("gatedl https://huggingface.co/org/model?token=canary", "gatedl pull https://huggingface.co/org/model"),
        (
            "gatedl git clone https://huggingface.co/org/model",
            "gatedl pull https://huggingface.co/org/model --local-dir model",
        ),
        (
            "gatedl pull git clone --depth 1 https://huggingface.co/org/model.git x",
            "gatedl pull https://huggingface.co/org/model.git --local-dir x",
        ),
        (
            "gatedl pull 'git lfs clone https://huggingface.co/datasets/org/data'",
            "gatedl pull https://huggingface.co/datasets/org/data --local-dir data",
        ),
        ("gatedl ollama run hf.co/org/model-GGUF:Q8_0", "gatedl pull hf.co/org/model-GGUF:Q8_0"),
        ("gatedl pull docker model pull hf.co/org/model-GGUF:Q8_0", "gatedl pull hf.co/org/model-GGUF:Q8_0"),
        ("gatedl pull llama-server -hf org/model-GGUF:Q8_0", "gatedl pull org/model-GGUF:Q8_0"),
        ("gatedl vllm serve org/model --dtype auto", "gatedl pull org/model"),
        (
            "gatedl pull wget -O x https://huggingface.co/org/model/resolve/main/config.json",
            "gatedl pull https://huggingface.co/org/model/resolve/main/config.json",
        ),
        (
            "gatedl pull 'curl -L https://huggingface.co/org/model/resolve/main/config.json'",
            "gatedl pull https://huggingface.co/org/model/resolve/main/config.json",
        ),
        ("gatedl ./hfd.sh org/model --tool aria2c -x 4", "gatedl pull org/model"),
        ("gatedl get org/model", "gatedl pull org/model"),
        ("gatedl pul org/model", "gatedl pull org/model"),
        ("gatedl whoami", "gatedl auth status"),
        ("gatedl auth whoami", "gatedl auth status"),
        ("gatedl auth stauts", "gatedl auth status"),
        ("gatedl check org/model", "gatedl access org/model"),
        ("gatedl version", "gatedl --version"),
        ("gatedl env", "gatedl help environment"),
        ("gatedl frobnicate", "gatedl --help"),
        ("gatedl pull org/model --resume-download", "gatedl pull org/model"),
        ("gatedl pull org/model --local-dir d --local-dir-use-symlinks False", "gatedl pull org/model --local-dir d"),
        (
            "gatedl pull org/model --local_dir_use_symlinks=False --resume-download --allow-patterns '*.json'",
            "gatedl pull org/model --include '*.json'",
        ),
        ("gatedl pull --repo-id org/model --filename config.json", "gatedl pull org/model config.json"),
        (
            "gatedl download --dataset org/data --save_dir=d",
            "gatedl download --repo-type dataset org/data --local-dir d",
        ),
        ("gatedl hf download org/model --resume-download", "gatedl pull org/model"),
        ("gatedl pull 'org/model?download=true'", "gatedl pull org/model"),
        ("gatedl pull org/model/config.json", "gatedl pull org/model config.json"),
        ("gatedl pull hf:org/model/onnx/model.onnx", "gatedl pull hf:org/model onnx/model.onnx"),
        ("gatedl pull org/model@latest", "gatedl pull org/model"),
        ("gatedl pull org/model@main/config.json", "gatedl pull org/model@main config.json"),
        ("gatedl pull org/data", "gatedl pull datasets/org/data"),
        ("gatedl pull org/app", "gatedl pull spaces/org/app"),
        ("gatedl pull datasets/org/model", "gatedl pull org/model"),
        ("gatedl pull org/model-GGUF:Q4", "gatedl pull hf:org/model-GGUF@main:Q4_K_M"),
        ("gatedl pull hf.co/org/model-GGUF:latest", "gatedl pull hf:org/model-GGUF@main:Q4_K_M"),
        ("gatedl help tokens", "gatedl help auth"),
        ("gatedl help exti", "gatedl help exit"),
        ("gatedl help auth lgoin", "gatedl help auth login"),
    ] {
        assert_eq!(meant(&sandbox, line), command, "{line}");
    }
}

#[test]
fn hf_commands_about_logins_are_ours() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let status = sandbox.args(["auth", "status"]).any_stdout().any_stderr().run();
    for line in ["gatedl hf auth whoami", "gatedl huggingface-cli whoami"] {
        let same = sandbox.command().line(line).any_stderr().any_stdout().run();
        assert_eq!(same.stdout, status.stdout, "{line}");
    }
}

#[test]
fn where_a_name_says_too_little_the_error_says_what_is_missing() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let refused = |line: &str, status| sandbox.command().line(line).status(status);
    refused("gatedl pull org", 5).stderr(str![[r#"
error: `org` does not exist, or is private and needs a token
  caused by: 401 Unauthorized for [HUB]/api/models/org/revision/main (request id [ID])
  server says: Invalid username or password.
hint: near names: `org/model`, `org/model-GGUF`
hint: if it is private: store a token of that account (https://huggingface.co/settings/tokens) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
    refused("gatedl pull model.safetensors", 5).any_stderr().run();
    refused("gatedl pull ./models/llama", 2)
        .stderr(str![[r#"
error: `./models/llama` is a path on this machine, not a repository
hint: a repository is put there with --local-dir: `gatedl pull OWNER/NAME --local-dir ./models/llama`

"#]])
        .run();
    refused("gatedl pull ollama run llama3", 2)
        .stderr(str![[r#"
error: this is a command line of `ollama`
hint: a name alone is one of Ollama's library; write the model's as the hub does: OWNER/NAME:QUANT

"#]])
        .run();
}

#[test]
fn a_command_line_that_cannot_be_parsed_is_a_document_for_programs() {
    let sandbox = Sandbox::without_hub();
    for line in
        ["gatedl pull --json", "gatedl pull org/model --jobs 0 --output json", "gatedl pull x --output=json --nix"]
    {
        let document = sandbox.command().line(line).status(2).any_stdout().any_stderr().run().json();
        assert_eq!(document["error"]["kind"], "usage", "{line}");
        assert_eq!(document["error"]["status"], 2, "{line}");
    }
    let line = "gatedl pul org/model --json";
    let document = sandbox.command().line(line).status(2).any_stdout().any_stderr().run().json();
    assert_eq!(document["error"]["hints"][0], "here it is `gatedl pull org/model --json`");
}
