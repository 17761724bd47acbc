//! `gatedl vix`: from arguments to an order, from what became of each model to one status.

mod arguments;
mod document;
mod outcome;
mod table;

use std::path::Path;

pub(super) use self::arguments::Vix;
use self::arguments::{VixList, VixPull, WorkerArguments};
use self::document::{VixListDocument, VixPullDocument};
use crate::cli::diagnose;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::hub::auth::TokenChoice;
use crate::ops::vix::{VixRequest, list, pull};
use crate::regular_file;
use crate::settings::env::Env;
use crate::settings::{ConfigError, Overrides, Settings, SettingsError, others_can_write};

/// Runs one of its commands.
pub(super) fn run(command: &Vix, env: &Env, terminal: &Terminal) -> ExitStatus {
    let (shown, json) = match command {
        Vix::Pull(arguments) => (run_pull(arguments, env, terminal), arguments.output.is_json()),
        Vix::List(arguments) => (run_list(arguments, env, terminal), arguments.output.is_json()),
    };
    shown.unwrap_or_else(|error| diagnose::end(&error, json, terminal))
}

fn run_pull(arguments: &VixPull, env: &Env, terminal: &Terminal) -> Result<ExitStatus, Error> {
    let overrides = Overrides {
        cache_dir: arguments.cache_dir.clone(),
        offline: arguments.worker.offline,
        allow_insecure_http: arguments.allow_insecure_http,
        ..arguments.network.overrides()
    };
    let order = VixRequest {
        all: arguments.all,
        link: arguments.link.into(),
        force: arguments.force,
        dry_run: arguments.dry_run,
        ..order(&arguments.worker)
    };
    if !order.chooses() {
        let ways = "name some (`gatedl vix list` shows them), or say --gated, --all or --flow FILE";
        return Err(Error::Usage(format!("which models? {ways}")));
    }
    let (env, settings) = prepare(&arguments.worker, env, &overrides)?;
    let running = Runner::new(terminal);
    let session = running.session(settings, &env, TokenChoice::Search);
    let outcomes = running.finish(pull(&order, &session))?;
    let status = ExitStatus::of_all(outcomes.iter().map(outcome::status));
    let answered = if arguments.output.is_json() {
        terminal.document(&VixPullDocument::of(&outcomes, status))
    } else {
        answer_with(&outcome::paths(&outcomes))
    };
    outcome::tell(&outcomes, terminal);
    answered.map(|()| status)
}

fn run_list(arguments: &VixList, env: &Env, terminal: &Terminal) -> Result<ExitStatus, Error> {
    let overrides = Overrides { offline: arguments.worker.offline, ..Overrides::default() };
    let mut order = order(&arguments.worker);
    order.all = !order.chooses();
    let (env, settings) = prepare(&arguments.worker, env, &overrides)?;
    let running = Runner::new(terminal);
    let session = running.session(settings, &env, TokenChoice::Search);
    let listed = running.finish(list(&order, arguments.verify, &session))?;
    if arguments.output.is_json() {
        terminal.document(&VixListDocument::of(&listed, arguments.verify))?;
    } else {
        answer_with(&table::text(&listed))?;
    }
    if terminal.summary {
        Terminal::say(&table::summary(&listed, arguments.verify));
    }
    Ok(ExitStatus::Done)
}

fn order(worker: &WorkerArguments) -> VixRequest {
    VixRequest {
        catalogs: worker.catalog.clone(),
        flows: worker.flow.clone(),
        names: worker.names.clone(),
        gated: worker.gated,
        comfyui_dir: worker.comfyui_dir.clone(),
        models_dir: worker.models_dir.clone(),
        extra_model_paths: worker.extra_paths.clone(),
        ..VixRequest::default()
    }
}

/// The environment with the variables of `--env-file`, and the settings under it.
fn prepare(worker: &WorkerArguments, env: &Env, overrides: &Overrides) -> Result<(Env, Settings), Error> {
    let env = match &worker.env_file {
        Some(path) => with_file(env.clone(), path)?,
        None => env.clone(),
    };
    let settings = Settings::resolve(&env, overrides)?;
    Ok((env, settings))
}

fn with_file(env: Env, path: &Path) -> Result<Env, Error> {
    let text = regular_file::read_text_named(path, regular_file::TEXT)
        .map_err(|source| Error::Input { path: path.to_path_buf(), source })?;
    // it may name the servers that tokens are sent to
    if others_can_write(path) {
        return Err(SettingsError::Config(ConfigError::Writable { path: path.to_path_buf() }).into());
    }
    let named = path.display().to_string();
    env.with_file(&text, &named).map_err(|error| Error::Settings(SettingsError::Env(error)))
}

fn answer_with(text: &str) -> Result<(), Error> {
    if text.is_empty() { Ok(()) } else { Terminal::answer(text) }
}
