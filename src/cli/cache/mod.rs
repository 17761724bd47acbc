//! `gatedl cache`: what is here, and what may go.

mod arguments;
mod document;
mod filter;
mod report;

use std::io::{self, IsTerminal as _};
use std::time::SystemTime;

pub(super) use self::arguments::Cache;
use self::arguments::{CacheArguments, CacheLs, CachePath, RemovalArguments};
use self::document::{CacheDocument, CachePathDocument, RemovalDocument};
use crate::cli::diagnose;
use crate::cli::runner::Runner;
use crate::cli::size;
use crate::cli::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::hub::auth::TokenChoice;
use crate::ops::cache::{CachedTarget, CleanRequest, Cleaned, RemovalPlan, clean, find, survey};
use crate::session::Session;
use crate::settings::env::Env;
use crate::settings::{Overrides, Settings};

/// Runs the command.
pub(super) fn run(command: &Cache, env: &Env, terminal: &Terminal) -> ExitStatus {
    let ended = match command {
        Cache::Ls(arguments) => list(arguments, env, terminal),
        Cache::Path(arguments) => path(arguments, env, terminal),
        Cache::Rm(arguments) => settings(&arguments.removal.cache, env).and_then(|settings| {
            let targets = arguments.references.iter().map(|text| CachedTarget::read(text, &settings));
            let request = CleanRequest::Remove(targets.collect::<Result<_, _>>()?);
            make_room(request, &arguments.removal, settings, env, terminal)
        }),
        Cache::Prune(arguments) => settings(&arguments.removal.cache, env)
            .and_then(|settings| make_room(CleanRequest::Prune, &arguments.removal, settings, env, terminal)),
        Cache::Gc(arguments) => settings(&arguments.removal.cache, env).and_then(|settings| {
            let request = CleanRequest::Collect { most: arguments.max_size };
            make_room(request, &arguments.removal, settings, env, terminal)
        }),
    };
    ended.unwrap_or_else(|error| diagnose::end(&error, command.output().is_json(), terminal))
}

fn settings(arguments: &CacheArguments, env: &Env) -> Result<Settings, Error> {
    let overrides = Overrides {
        cache_dir: arguments.cache_dir.clone(),
        provider: arguments.provider.clone(),
        offline: true,
        ..Overrides::default()
    };
    Ok(Settings::resolve(env, &overrides)?)
}

fn session(settings: Settings, env: &Env, terminal: &Terminal) -> (Runner, Session) {
    let runner = Runner::new(terminal);
    let session = runner.session(settings, env, TokenChoice::Anonymous);
    (runner, session)
}

fn list(arguments: &CacheLs, env: &Env, terminal: &Terminal) -> Result<ExitStatus, Error> {
    let (runner, session) = session(settings(&arguments.cache, env)?, env, terminal);
    let mut usages = runner.finish(survey(&session))?;
    let now = SystemTime::now();
    usages.retain(|usage| arguments.filter.iter().all(|filter| filter.fits(usage, now)));
    let shown = if arguments.cache.output.is_json() {
        terminal.document(&CacheDocument::of(&usages))
    } else {
        Terminal::answer(&report::text(&usages, arguments.revisions, now, Terminal::columns()))
    };
    shown.map(|()| ExitStatus::Done)
}

fn path(arguments: &CachePath, env: &Env, terminal: &Terminal) -> Result<ExitStatus, Error> {
    let settings = settings(&arguments.cache, env)?;
    let target = CachedTarget::read(&arguments.reference, &settings)?;
    let (runner, _) = session(settings, env, terminal);
    let path = runner.finish(find(target))?.display().to_string();
    let is_json = arguments.cache.output.is_json();
    let shown = if is_json { terminal.document(&CachePathDocument::of(&path)) } else { Terminal::answer(&path) };
    shown.map(|()| ExitStatus::Done)
}

fn make_room(
    request: CleanRequest,
    arguments: &RemovalArguments,
    settings: Settings,
    env: &Env,
    terminal: &Terminal,
) -> Result<ExitStatus, Error> {
    let is_named = matches!(request, CleanRequest::Remove(_));
    let (runner, session) = session(settings, env, terminal);
    let (dry_run, yes) = (arguments.dry_run, arguments.yes);
    let agree = move |plan: &RemovalPlan| if dry_run { Ok(false) } else { Ok(yes || ask(plan)?) };
    let cleaned = runner.finish(clean(request, &session, agree))?;
    let status = match cleaned.plan.held.as_slice() {
        // what was named stays, and that was not what was asked for
        [_, ..] if is_named => ExitStatus::Disk,
        _ => ExitStatus::Done,
    };
    for line in held(&cleaned) {
        terminal.warn(&line);
    }
    let shown = if arguments.cache.output.is_json() {
        terminal.document(&RemovalDocument::of(&cleaned, dry_run, status))
    } else {
        Terminal::answer(&report::removal(&cleaned, dry_run))
    };
    shown.map(|()| status)
}

fn held(cleaned: &Cleaned) -> impl Iterator<Item = String> {
    cleaned.plan.held.iter().map(|(name, in_use)| match in_use.process {
        Some(process) => format!("`{name}` is left alone: process {process} works in it"),
        None => format!("`{name}` is left alone: another process works in it"),
    })
}

/// Asks at the terminal, which shows first what would go.
fn ask(plan: &RemovalPlan) -> Result<bool, Error> {
    if !io::stdin().is_terminal() {
        let problem = "nobody can be asked here: say --yes to remove it, or --dry-run to see what would go";
        return Err(Error::Usage(problem.to_owned()));
    }
    Terminal::say(&report::items(plan));
    Terminal::say(&format!("remove {}? [y/N]", size::bytes(plan.bytes())));
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    read.map_err(|source| Error::Stream { action: "read the answer", source })?;
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
