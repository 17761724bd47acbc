//! What is printed, and where: stdout is for scripts, stderr for people, and the exit status for both.

use crate::sandbox::{Run, Sandbox};
use crate::support::{Hub, Repository, generated};
use gatedl::{ExitStatus, VARIABLES};
use snapbox::str;
use std::process::Stdio;

fn hub() -> Hub {
    let model = Repository::model("org/model").file("config.json", "{}").lfs("model.safetensors", generated(1, 5_000));
    Hub::start(vec![model])
}

fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", "org/model"])
}

#[test]
fn stdout_is_the_path_alone_and_stderr_one_line() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox)
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a

"#]])
        .stderr(str![[r#"
org/model@main: 2 files verified, 5.00 kB fetched in [TIME]

"#]])
        .run();
    pull(&sandbox)
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a

"#]])
        .stderr(str![[r#"
org/model@main is up to date: 2 files

"#]])
        .run();
}

#[test]
fn a_partial_pull_says_what_was_in_place_before() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox).args(["config.json"]).any_stdout().any_stderr().run();
    pull(&sandbox)
        .any_stdout()
        .stderr(str![[r#"
org/model@main: 1 file verified (1 file in place before), 5.00 kB fetched in [TIME]

"#]])
        .run();
}

#[test]
fn a_pull_is_one_json_document() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox).args(["--json"]).stdout(str![[r#"
{"version":1,"provider":"hf","repo":"org/model","repo_type":"model","revision":"main","commit":"83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a","path":"[ROOT]/cache/huggingface/hub/models--org--model/snapshots/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a","bytes_fetched":5002,"seconds":[SECONDS],"files":[{"path":"config.json","size":2,"digest":"git-sha1:9e26dfeeb6e641a33dae4961196235bdb965b21b","state":"fetched"},{"path":"model.safetensors","size":5000,"digest":"sha256:1ee63c61c4a35366fd4e1748608fdb6538de86fea79671ddea88f3141ab58669","state":"fetched"}]}

"#]]).any_stderr().run();
    pull(&sandbox).args(["--output", "json"]).stdout(str![[r#"
{"version":1,"provider":"hf","repo":"org/model","repo_type":"model","revision":"main","commit":"83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a","path":"[ROOT]/cache/huggingface/hub/models--org--model/snapshots/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a","bytes_fetched":0,"seconds":[SECONDS],"files":[{"path":"config.json","size":2,"digest":"git-sha1:9e26dfeeb6e641a33dae4961196235bdb965b21b","state":"present"},{"path":"model.safetensors","size":5000,"digest":"sha256:1ee63c61c4a35366fd4e1748608fdb6538de86fea79671ddea88f3141ab58669","state":"present"}]}

"#]]).any_stderr().run();
}

#[test]
fn a_usage_error_in_json_is_one_document_too() {
    let sandbox = Sandbox::without_hub();
    sandbox.args(["pull", "--json", "a/b/c"]).status(2).stdout(str![[r#"
{"version":1,"error":{"kind":"usage","message":"`a/b/c` is not a repository id: it is `name` or `owner/name`, with one slash at most; files follow after a blank","causes":[],"server_message":null,"url":null,"status":2,"hints":["if it is a file: `gatedl pull a/b c`"]}}

"#]]).any_stderr().run();
}

#[test]
fn quiet_says_nothing_but_the_path_and_errors() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox)
        .args(["--quiet"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a

"#]])
        .run();
    sandbox.args(["-q", "pull", "org/none"]).status(5).stderr(str![[r#"
error: `org/none` does not exist, or is private and needs a token
  caused by: 401 Unauthorized for [HUB]/api/models/org/none/revision/main (request id [ID])
  server says: Invalid username or password.
hint: if it is private: store a token of that account (https://huggingface.co/settings/tokens) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
}

#[test]
fn verbose_shows_the_requests_in_order() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox).args(["--verbose", "config.json"]).any_stdout().stderr(str![[r#"
DEBUG gatedl::hub::http: request method=GET url=[HUB]/api/models/org/model/revision/main
DEBUG gatedl::hub::http: answer status=200 url=[HUB]/api/models/org/model/revision/main
DEBUG gatedl::hub::http: request method=GET url=[HUB]/api/models/org/model/tree/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a
DEBUG gatedl::hub::http: answer status=200 url=[HUB]/api/models/org/model/tree/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a
DEBUG gatedl::hub::http: request method=GET url=[HUB]/org/model/resolve/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a/config.json
DEBUG gatedl::hub::http: answer status=307 url=[HUB]/org/model/resolve/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a/config.json
DEBUG gatedl::hub::http: request method=GET url=[HUB]/api/resolve-cache/models/org/model/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a/config.json
DEBUG gatedl::hub::http: answer status=200 url=[HUB]/api/resolve-cache/models/org/model/83a454b8695b9cfb0fc2ba44ecbb84fc10f0a32a/config.json
org/model@main: 1 file verified, 2 B fetched in [TIME]

"#]]).run();
}

#[test]
fn there_are_no_colours_and_no_bars_off_a_terminal() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    for name in ["NO_COLOR", "HF_HUB_DISABLE_PROGRESS_BARS", "UNUSED"] {
        let finished = pull(&sandbox).args(["--force", "--verbose"]).env(name, "1").any_stdout().any_stderr().run();
        assert!(!finished.stderr.contains(['\u{1b}', '\r', '█']), "{:?}", finished.stderr);
        assert!(!finished.stdout.contains('\u{1b}'));
    }
}

#[test]
fn what_was_typed_and_cannot_be_seen_is_not_repeated() {
    let sandbox = Sandbox::without_hub();
    for arguments in [
        ["pull", "org/m\u{202e}od\u{200b}el"],
        ["pull", "--re\u{2028}visi\u{1b}[31mon"],
        ["pull", "--timeout=\u{e0041}soon\u{200e}"],
        ["--provider=\u{2066}nobody\u{feff}", "doctor"],
        ["help", "\u{9b}31mpull\u{61c}"],
        ["frob\u{200d}\u{7}nicate", "x"],
    ] {
        let finished = sandbox.args(arguments).status(2).any_stderr().run();
        let odd = |letter: char| {
            (letter.is_control() && letter != '\n')
                || "\u{202e}\u{200b}\u{200d}\u{200e}\u{2028}\u{2066}\u{e0041}\u{feff}\u{61c}".contains(letter)
        };
        assert!(!finished.stderr.contains(odd), "{:?}", finished.stderr);
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox).any_stdout().any_stderr().run();
    let gone = Stdio::from(closed_pipe());
    let finished = pull(&sandbox).stdout_to(gone).any_stderr().run();
    assert!(finished.stderr.contains("up to date"), "{}", finished.stderr);
}

/// The writing end of a pipe that nobody reads.
fn closed_pipe() -> std::io::PipeWriter {
    let (_, writer) = std::io::pipe().expect("a pipe");
    writer
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_behind_stdout_is_an_error() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox).any_stdout().any_stderr().run();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    pull(&sandbox)
        .stdout_to(Stdio::from(full))
        .status(1)
        .stderr(str![[r#"
org/model@main is up to date: 2 files
error: could not write to standard output
  caused by: No space left on device (os error 28)

"#]])
        .run();
}

#[test]
fn usage_errors_are_exit_2() {
    let sandbox = Sandbox::without_hub();
    sandbox
        .command()
        .status(2)
        .stderr(str![[r#"
Download gated models

Usage: gatedl [OPTIONS] <COMMAND>

  pull    Bring a model, dataset or space to this machine
  access  Ask whether models may be read, before anything is written
  auth    Log in, and see which token is used and what it may do
  cache   Show what is on this machine, and make room
  doctor  Find out what is wrong with the network, the tokens or the cache
  verify  Hash what is on this machine, and fetch again what is wrong
  vix     Bring the models of a Visionatrix worker to its folders
  help    Print help

Examples:
  gatedl auth login
  gatedl pull meta-llama/Llama-3.1-8B --weights auto
  gatedl doctor

Everything: gatedl --help

"#]])
        .run();
    sandbox
        .args(["pull"])
        .status(2)
        .stderr(str![[r#"
error: the following required arguments were not provided:
  <REFERENCE>

Usage: gatedl pull <REFERENCE> [FILES]...

For more information, try '--help'.

"#]])
        .run();
    sandbox
        .args(["pull", "--jobs", "0", "org/model"])
        .status(2)
        .stderr(str![[r#"
error: invalid value '0' for '--jobs <N>': 0 is not in 1..=64

For more information, try '--help'.

"#]])
        .run();
    sandbox
        .args(["pull", "--timeout", "soon", "org/model"])
        .status(2)
        .stderr(str![[r#"
error: invalid value 'soon' for '--timeout <TIME>': expected number at 0; write seconds, or as in [TIME], 2m, 1h

For more information, try '--help'.

"#]])
        .run();
    sandbox
        .args(["pull", "--inlcude", "*.json", "org/model"])
        .status(2)
        .stderr(str![[r#"
error: unexpected argument '--inlcude' found

  tip: a similar argument exists: '--include'

Usage: gatedl pull --include <PATTERN> [REFERENCE] [FILES]...

For more information, try '--help'.

"#]])
        .run();
    sandbox
        .args(["pul", "org/model"])
        .status(2)
        .stderr(str![[r#"
error: there is no command `pul`
hint: here it is `gatedl pull org/model`

"#]])
        .run();
    sandbox.args(["pull", "--json", "--output", "text", "org/model"]).status(2).any_stdout().any_stderr().run();
    sandbox.args(["pull", "--force", "--offline", "org/model"]).status(2).any_stderr().run();
    sandbox.args(["pull", "--quiet", "--verbose", "org/model"]).status(2).any_stderr().run();
}

#[test]
fn bad_variables_are_exit_2_and_named() {
    let sandbox = Sandbox::without_hub();
    let pull = || sandbox.args(["pull", "org/model"]).status(2);
    pull()
        .env("HF_HUB_ETAG_TIMEOUT", "soon")
        .stderr(str![[r#"
error: the environment variable HF_HUB_ETAG_TIMEOUT must be a number of seconds above 0, not `soon`

"#]])
        .run();
    pull()
        .env("HF_ENDPOINT", "huggingface.co")
        .stderr(str![[r#"
error: HF_ENDPOINT is not usable
  caused by: `huggingface.co` is not an endpoint: it must begin with https:// (or http://)

"#]])
        .run();
    pull()
        .env("SSL_CERT_FILE", "nowhere.pem")
        .stderr(str![[r#"
error: could not use the certificates in `nowhere.pem` (from SSL_CERT_FILE): No such file or directory (os error 2)

"#]])
        .run();
}

#[test]
fn the_help_is_a_page_a_newcomer_can_read() {
    let sandbox = Sandbox::without_hub();
    sandbox
        .args(["--help"])
        .stdout(str![[r#"
Download gated models: the right token to the right host, every byte verified, no work lost

Usage: gatedl [OPTIONS] <COMMAND>

Commands:
  pull            Bring a model, dataset or space to this machine
  access          Ask whether models may be read, before anything is written
  auth            Log in, and see which token is used and what it may do
  cache           Show what is on this machine, and make room
  doctor          Find out what is wrong with the network, the tokens or the cache
  git-credential  Give git the token for a provider's host, as a credential helper
  verify          Hash what is on this machine, and fetch again what is wrong
  vix             Bring the models of a Visionatrix worker to its folders
  help            Print help; `gatedl help environment` lists every variable

Options:
  -h, --help     Print help
  -V, --version  Print version

Output:
  -q, --quiet    Say nothing but errors and warnings
  -v, --verbose  Show every request (never a token)

Exit status:
    0  done: everything asked for is verified and in place (--dry-run: shown)
    1  another failure
    2  wrong usage, reference or configuration
    3  no token, or a bad one
    4  access refused: not asked for, pending, rejected, token too narrow, disabled, paid, unsafe
    5  not found: repository (missing or private), revision or file; offline and not here
    6  the content did not verify, or has no hash to verify it by
    7  network or server, after retries
    8  disk, cache or lock
  130  interrupted by Ctrl-C or SIGTERM; what has arrived is kept

Every environment variable: gatedl help environment

"#]])
        .run();
}

#[test]
fn the_help_of_pull_names_every_option() {
    let sandbox = Sandbox::without_hub();
    sandbox
        .args(["pull", "--help"])
        .stdout(str![[r#"
Bring a model, dataset or space to this machine

Usage: gatedl pull [OPTIONS] [REFERENCE] [FILES]...

Arguments:
  [REFERENCE]  What to pull: org/model, org/model@revision, datasets/org/name, PROVIDER:org/model,
               civitai:MODEL@VERSION, or a pasted link
  [FILES]...   Only these files: exact names, or a folder with a closing slash

Options:
  -h, --help  Print help

What to pull:
      --file <LIST>          Pull every line of this file, written as behind `gatedl pull`; `-` is
                             standard input (repeatable)
      --revision <REVISION>  Branch, tag, refs/pr/N or commit
      --repo-type <KIND>     Kind of the repository [alias: --type] [possible values: model,
                             dataset, space, kernel]
      --include <PATTERN>    Only files that match this pattern (repeatable); * crosses folders
      --exclude <PATTERN>    No files that match this pattern (repeatable)
      --weights <FORMAT>     One set of weights instead of all: auto takes a complete one,
                             safetensors first [possible values: auto, safetensors, gguf, onnx,
                             pytorch]
      --quant <NAME>         Only the GGUF files of this quantization, as in Q4_K_M;
                             org/model:Q4_K_M says the same
      --expect <HASH>        The SHA-256 that the one file must have; it is chosen by that, and
                             nothing else gets its name

Server:
      --provider <NAME>  Provider of a reference that names none: hf, ba, civitai, or one of the
                         configuration file
      --endpoint <URL>   Ask this address instead of the provider's; the provider's token goes there

Where and how:
      --cache-dir <DIR>      Root of the cache
      --local-dir <DIR>      Put the files into this folder instead of the cache
      --into <APP[=DIR]>     Bring the files into an application's folders too: comfyui[=DIR] (its
                             root; default: $COMFYUI_DIR, else ./ComfyUI) or transformers.js[=DIR]
                             (default: ./models)
      --comfyui-type <TYPE>  With --into comfyui: what the files are, as in checkpoints, loras, vae
      --models-dir <DIR>     With --into comfyui: its models, as its own --models-directory
      --extra-paths <FILE>   With --into comfyui: as its own --extra-model-paths-config (repeatable)
      --dtype <DTYPE>        With --into transformers.js: only the ONNX files of this precision, as
                             in q4, q8, fp16, fp32
      --link <WAY>           With --into: how files get there; auto takes a reflink, else a hard
                             link, else a copy [default: auto] [possible values: auto, reflink,
                             hardlink, symlink, copy]
      --force                Fetch again what is here; with --into, replace what is in the way
                             [alias: --force-download]
      --allow-unsafe         Take files in which the provider's scan found a danger
      --dry-run              Show what would be done, and write nothing
      --offline              Open no connection; use what is in the cache

Token:
      --anonymous            Send no token
      --token-stdin          Read the token from standard input
      --token-file <FILE>    Read the token from this file
      --allow-insecure-http  Send the token over plain http beyond this machine too

Network:
      --jobs <N>           Files fetched at once [alias: --max-workers]
      --connections <N>    Connections that all large files have together [default: 16]
      --limit-rate <RATE>  At most so many bytes a second, as in 20M
      --timeout <TIME>     Give up after this time without progress: seconds, or as in 2m [default:
                           120]

Output:
  -q, --quiet            Say nothing but errors and warnings
  -v, --verbose          Show every request (never a token)
      --output <FORMAT>  What standard output carries: text, one document, or events as they happen
                         and the document last [default: text] [possible values: text, json, ndjson]
      --json             The same as --output json

Examples:
  gatedl pull org/model
  gatedl pull org/model@v1.0 config.json tokenizer/
  gatedl pull org/model --include '*.safetensors' --exclude 'original/*'
  gatedl pull org/model --weights auto
  gatedl pull org/model --into comfyui --comfyui-type loras
  gatedl pull --file models.txt
  DIR=$(gatedl pull org/model)

"#]])
        .run();
}

#[test]
fn help_about_a_command_is_its_page() {
    let sandbox = Sandbox::without_hub();
    let short = sandbox.args(["help"]).any_stdout().run().stdout;
    assert!(short.contains("gatedl help environment"), "{short}");
    let of_pull = sandbox.args(["help", "pull"]).any_stdout().run().stdout;
    assert!(of_pull.contains("--local-dir"), "{of_pull}");
    sandbox
        .args(["help", "nothing"])
        .status(2)
        .stderr(str![[r#"
error: there is no help about `nothing`
hint: there is `gatedl help` about pull, access, auth, cache, doctor, git-credential, verify, vix, environment, exit

"#]])
        .run();
}

#[test]
fn the_short_help_of_every_command_fits_a_small_screen() {
    let sandbox = Sandbox::without_hub();
    let screen = |words: &[&str], status| {
        let run = sandbox.args(words).env("COLUMNS", "80").status(status).any_stdout().any_stderr().run();
        let text = run.stdout + &run.stderr;
        // the prompt has a line too
        assert!(
            text.lines().count() <= 23,
            "{words:?} has too many lines; `cli/help.rs` says what stands there\n{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{words:?} is too wide\n{text}");
        text
    };
    let own = screen(&[], 2);
    assert!(own.contains("Usage: gatedl") && own.contains("Everything: gatedl --help"), "{own}");
    assert_eq!(own, screen(&["-h"], 0));
    let all = sandbox.args(["--help"]).any_stdout().run().stdout;
    let commands = |help: &str| {
        let rows = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        let names = rows.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    for command in commands(&all) {
        screen(&[&command, "-h"], 0);
        for inner in commands(&sandbox.args([&*command, "--help"]).any_stdout().run().stdout) {
            screen(&[&command, &inner, "-h"], 0);
        }
    }
    let pull = screen(&["pull", "-h"], 0);
    let full = sandbox.args(["pull", "--help"]).any_stdout().run().stdout;
    assert_eq!(pull.lines().filter(|line| line.starts_with("  --")).count(), 10, "{pull}");
    assert!(full.contains("--comfyui-type") && !pull.contains("--comfyui-type"), "{pull}");
}

#[test]
fn every_exit_status_is_in_the_help_and_in_the_readme() {
    let help = Sandbox::without_hub().args(["--help"]).any_stdout().run().stdout;
    let readme = include_str!("../../README.md");
    for status in ExitStatus::ALL {
        let row = format!("| {} | {} |", status.code(), status.meaning());
        assert!(readme.lines().any(|line| line == row), "{row}");
        let line = format!("{:>3}  {}", status.code(), status.meaning());
        assert!(help.contains(&line), "{line}");
    }
}

#[test]
fn the_page_about_the_environment_has_every_variable() {
    let sandbox = Sandbox::without_hub();
    let page = sandbox
        .args(["help", "environment"])
        .stdout(str![[r#"
Tokens (the first that is set wins):
  HF_OIDC_RESOURCE                repository or user that trusts this CI job: its identity is exchanged for a token
  HF_OIDC_ID_TOKEN                identity of this CI job, where GitHub Actions is not asked for it
  HF_OIDC_ID_TOKEN_FILE           file with that identity, which may be replaced while gatedl runs
  ACTIONS_ID_TOKEN_REQUEST_URL    where GitHub Actions gives a job its identity
  ACTIONS_ID_TOKEN_REQUEST_TOKEN  what GitHub Actions wants to see for that
  HF_AUTH_TOKEN                   token for Hugging Face (the name that Visionatrix uses)
  HF_TOKEN                        token for Hugging Face
  HUGGING_FACE_HUB_TOKEN          token for Hugging Face (older name)
  HF_ACCESS_TOKEN                 token for Hugging Face (the name that Transformers.js uses)
  BA_ACCESS_TOKEN                 token for BOINC AI
  BA_TOKEN                        token for BOINC AI (short name)
  CA_API_KEY                      key for CivitAI
  CA_AUTH_TOKEN                   key for CivitAI (the name that Visionatrix uses)
  CIVITAI_API_TOKEN               key for CivitAI (the name that comfy-cli uses)
  CIVITAI_TOKEN                   key for CivitAI (the name of CivitAI's own program)
  CIVITAI_API_KEY                 key for CivitAI (another name in use)
  HF_TOKEN_PATH                   file with the token for Hugging Face; default: $HF_HOME/token
  HF_HUB_DISABLE_IMPLICIT_TOKEN   1: send no token unless --token-file or --token-stdin gives one

Servers:
  HF_ENDPOINT                     base address of the Hugging Face hub or of its mirror; default: https://huggingface.co
  BA_ENDPOINT                     base address of the BOINC AI hub; default: https://boincai.com
  CIVITAI_ENDPOINT                base address of CivitAI; default: https://civitai.com
  MODELS_CATALOG_URL              catalogs of models for gatedl vix, addresses or files with ; between; default: Visionatrix's own
  GATEDL_CONFIG                   configuration file; default: gatedl/config.toml in the user's configuration folder

Folders:
  HF_HOME                         folder of Hugging Face's tools; default: huggingface in the user's cache folder
  HF_HUB_CACHE                    cache of Hugging Face repositories; default: $HF_HOME/hub
  HUGGINGFACE_HUB_CACHE           the same (older name)
  XDG_CACHE_HOME                  the user's cache folder; default: ~/.cache
  COMFYUI_DIR                     root of ComfyUI, for --into comfyui and for gatedl vix; default: ./ComfyUI
  BASE_DATA_DIR                   folder of Visionatrix's data; default: ./ComfyUI-Data
  MODELS_DIR                      folder of Visionatrix's models; default: $BASE_DATA_DIR/models
  OUTPUT_DIR                      folder of Visionatrix's results, with models that ComfyUI saved; default: $BASE_DATA_DIR/output
  HF_HUB_DISABLE_SYMLINKS         1: write caches without symbolic links

Network:
  HF_HUB_OFFLINE                  1: use what is in the cache and open no connection
  TRANSFORMERS_OFFLINE            the same
  HF_HUB_DOWNLOAD_TIMEOUT         seconds without a byte after which a connection is given up; default: 20
  HF_HUB_ETAG_TIMEOUT             seconds to wait for the beginning of an answer; default: 30
  HTTPS_PROXY                     proxy for https
  HTTP_PROXY                      proxy for http
  ALL_PROXY                       proxy for both
  NO_PROXY                        hosts that are reached without a proxy, as .example.org, 10.*, 10.0.0.0/8, host:port; * for all
  SSL_CERT_FILE                   certificates to trust, instead of the system's
  REQUESTS_CA_BUNDLE              the same, where SSL_CERT_FILE is not set
  CURL_CA_BUNDLE                  the same, where neither is set

Output:
  NO_COLOR                        set: no colours
  HF_HUB_DISABLE_PROGRESS_BARS    1: no progress, only why it waits where it does
  BROWSER                         program that --open opens pages with; several are separated as in PATH, the first that starts is used
  TERM                            dumb: lines instead of bars, no colours

An empty or blank value counts as unset. Switches are on at 1, ON, YES or TRUE.
A provider of the configuration file reads the variable that its `token_env` names.

"#]])
        .run()
        .stdout;
    for variable in VARIABLES {
        let has = |line: &str| line.split_whitespace().next() == Some(variable.name) && line.contains(variable.meaning);
        assert_eq!(page.lines().filter(|line| has(line)).count(), 1, "{}", variable.name);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let shown = Sandbox::without_hub().args(["--version"]).any_stdout().run().stdout;
    assert_eq!(shown, concat!("gatedl ", env!("CARGO_PKG_VERSION"), "\n"));
}
