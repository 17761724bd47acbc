//! `gatedl access`: from references to questions, from the answers to a table, a document and an exit status.

mod arguments;
mod document;
mod list;
mod report;

pub(super) use self::arguments::Access;
use self::document::AccessDocument;
use crate::cli::flags::one_provider;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::cli::{browser, diagnose};
use crate::error::{Error, ExitStatus};
use crate::hub::auth::TokenChoice;
use crate::ops::access::{AccessCheck, AccessReport};
use crate::session::RepoRequest;
use crate::settings::env::Env;
use crate::settings::{Overrides, Settings};

/// What is asked for, before any request.
struct Task {
    wanted: Vec<RepoRequest>,
    /// How many models of a catalog nobody can be asked about.
    elsewhere: usize,
    token: TokenChoice,
    settings: Settings,
}

/// Runs the command.
pub(super) fn run(arguments: &Access, env: &Env, terminal: &Terminal) -> ExitStatus {
    let ended = prepare(arguments, env).and_then(|task| ask(arguments, task, env, terminal));
    match ended {
        Ok(report) => show(arguments, &report, terminal),
        Err(Error::Interrupted) => {
            // nothing was fetched, so there is nothing to go on from
            Terminal::say(&format!("{} interrupted", terminal.label("error")));
            ExitStatus::Interrupted
        }
        Err(error) => diagnose::end(&error, arguments.output.is_json(), terminal),
    }
}

fn ask(arguments: &Access, task: Task, env: &Env, terminal: &Terminal) -> Result<AccessReport, Error> {
    if task.elsewhere > 0 {
        let label = terminal.label("warning");
        Terminal::say(&format!(
            "{label} {} of the catalog's models are on hosts that have no gates to ask",
            task.elsewhere
        ));
    }
    let running = Runner::new(terminal);
    let session = running.session(task.settings, env, task.token);
    running.finish(async {
        let mut check = AccessCheck::begin(task.wanted, &session).await?;
        if arguments.open {
            open(&check.pages(), env, terminal);
        }
        if let Some(limit) = arguments.wait {
            check.wait(limit).await;
        }
        Ok(check.report().await)
    })
}

/// Arguments, environment and configuration become one task.
fn prepare(arguments: &Access, env: &Env) -> Result<Task, Error> {
    let overrides = Overrides {
        endpoint: arguments.server.endpoint.clone(),
        provider: arguments.server.provider.clone(),
        allow_insecure_http: arguments.token.allow_insecure_http,
        ..Overrides::default()
    };
    let settings = Settings::resolve(env, &overrides)?;
    if settings.offline {
        let variables = "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set";
        return Err(Error::Usage(format!("{variables}, and only the provider knows whether a gate is open")));
    }
    let mut wanted: Vec<RepoRequest> = Vec::new();
    let mut elsewhere = 0;
    for text in &arguments.references {
        wanted.push(RepoRequest::read(text, &settings)?);
    }
    if let Some(path) = &arguments.file {
        let listed = list::read(path, &settings)?;
        wanted.extend(listed.wanted);
        elsewhere = listed.elsewhere;
    }
    let mut seen: Vec<RepoRequest> = Vec::new();
    for one in wanted {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    let token = arguments.token.choice()?;
    one_provider(&token, arguments.server.endpoint.as_deref(), seen.iter().map(|one| one.provider.as_str()))?;
    Ok(Task { wanted: seen, elsewhere, token, settings })
}

fn open(pages: &[String], env: &Env, terminal: &Terminal) {
    if terminal.summary {
        for page in pages {
            Terminal::say(&format!("opening {page}"));
        }
    }
    for (page, error) in browser::open(pages, env) {
        terminal.warn(&format!("no browser could be started ({error}); open {page} yourself"));
    }
}

fn show(arguments: &Access, report: &AccessReport, terminal: &Terminal) -> ExitStatus {
    let status = ExitStatus::of_all(report.repos.iter().map(report::status));
    for warning in report::warnings(report) {
        terminal.warn(&warning);
    }
    let answered = if arguments.output.is_json() {
        terminal.document(&AccessDocument::of(report, status))
    } else {
        Terminal::answer(&report::text(report, Terminal::columns()))
    };
    match answered {
        Ok(()) => status,
        Err(error) => diagnose::end(&error, false, terminal),
    }
}
