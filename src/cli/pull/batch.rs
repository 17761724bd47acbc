//! `gatedl pull --file`: from the lines of lists to one pull of many, and from what became of each to standard output.

mod document;

use std::path::Path;
use std::time::Instant;

use self::document::BatchDocument;
use super::list::{self, ListLine};
use super::{Pull, outcome, settings};
use crate::cli::flags::one_provider;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::cli::{diagnose, size};
use crate::error::{Error, ExitStatus};
use crate::fetch::FileState;
use crate::hub::auth::TokenChoice;
use crate::ops::batch::{Outcome, pull_all};
use crate::ops::pull::PullRequest;
use crate::settings::Settings;
use crate::settings::env::Env;

/// A line and the request that it is.
pub(super) struct Wanted {
    pub(super) line: ListLine,
    pub(super) request: PullRequest,
}

/// Runs the command.
pub(super) fn run(arguments: &Pull, env: &Env, terminal: &Terminal) -> ExitStatus {
    let shown = prepare(arguments, env).and_then(|(wanted, token, settings)| {
        let since = Instant::now();
        let running = Runner::new(terminal);
        let session = running.session(settings, env, token);
        let requests: Vec<PullRequest> = wanted.iter().map(|one| one.request.clone()).collect();
        let outcomes = running.finish(pull_all(&requests, &session))?;
        show(arguments, &wanted, &outcomes, since, terminal)
    });
    shown.unwrap_or_else(|error| diagnose::end(&error, arguments.output.is_json(), terminal))
}

/// Every line is read before anything is asked.
fn prepare(arguments: &Pull, env: &Env) -> Result<(Vec<Wanted>, TokenChoice, Settings), Error> {
    let settings = settings(arguments, env)?;
    if arguments.token.token_stdin && arguments.file.iter().any(|file| file == Path::new("-")) {
        return Err(Error::Usage("--token-stdin and `--file -` both read standard input".to_owned()));
    }
    let mut wanted = Vec::new();
    for file in &arguments.file {
        for line in list::lines(&list::text(file)?, file)? {
            wanted.push(Wanted { request: line.request(arguments, &settings, env)?, line });
        }
    }
    if wanted.is_empty() {
        return Err(Error::Usage(format!("`{}` lists nothing to pull", arguments.file[0].display())));
    }
    let token = arguments.token.choice()?;
    let providers = wanted.iter().map(|one| one.request.wanted.provider.as_str());
    one_provider(&token, arguments.server.endpoint.as_deref(), providers)?;
    Ok((wanted, token, settings))
}

fn show(
    arguments: &Pull,
    wanted: &[Wanted],
    outcomes: &[Outcome],
    since: Instant,
    terminal: &Terminal,
) -> Result<ExitStatus, Error> {
    let took = since.elapsed();
    let status = ExitStatus::of_all(outcomes.iter().map(status));
    let answered = if arguments.output.is_json() {
        terminal.document(&BatchDocument::of(wanted, outcomes, status, took))
    } else if arguments.dry_run {
        let plans = wanted.iter().zip(outcomes).filter_map(|(one, outcome)| Some((one, outcome.as_ref().ok()?)));
        let plans: Vec<String> = plans.map(|(one, pulled)| outcome::plan(&one.request, pulled)).collect();
        if plans.is_empty() { Ok(()) } else { Terminal::answer(&plans.join("\n\n")) }
    } else {
        let path = |outcome: &Outcome| {
            outcome.as_ref().map_or_else(|_| String::new(), |pulled| pulled.path.display().to_string())
        };
        Terminal::answer(&outcomes.iter().map(path).collect::<Vec<_>>().join("\n"))
    };
    for (one, outcome) in wanted.iter().zip(outcomes) {
        if let Err(error) = outcome {
            Terminal::say(&diagnose::text_about(&one.line.place, error, terminal));
        }
    }
    if terminal.summary && !arguments.dry_run {
        Terminal::say(&summary(outcomes, took.as_secs_f64()));
    }
    answered.map(|()| status)
}

/// The status of one line; of a plan it is that the plan could be made.
fn status(outcome: &Outcome) -> ExitStatus {
    outcome.as_ref().map_or_else(|error| error.status(), |_| ExitStatus::Done)
}

/// One line about all of them.
fn summary(outcomes: &[Outcome], seconds: f64) -> String {
    let pulled: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    let (files, failed) = (pulled.iter().flat_map(|pulled| &pulled.files), outcomes.len() - pulled.len());
    let here = files.clone().filter(|file| file.state == FileState::InPlace).count();
    let brought = files.count() - here;
    let fetched: u64 = pulled.iter().map(|pulled| pulled.bytes_fetched).sum();
    let pulls = if outcomes.len() == 1 { "1 pull".to_owned() } else { format!("{} pulls", outcomes.len()) };
    let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
    let rest = if here > 0 { format!(" ({} in place before)", size::files(here)) } else { String::new() };
    let (brought, fetched) = (size::files(brought), size::bytes(fetched));
    format!("{pulls}{failed}: {brought} verified{rest}, {fetched} fetched in {seconds:.1} s")
}
