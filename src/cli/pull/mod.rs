//! `gatedl pull`: from arguments to a request, from its outcome to standard output.

mod arguments;
mod outcome;

use std::fmt::Display;
use std::time::{Duration, Instant};

pub(super) use self::arguments::Pull;
use crate::cli::diagnose;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::hub::auth::TokenChoice;
use crate::ops::pull::{Application, Installation, PullRequest, Pulled, pull};
use crate::pattern::Selection;
use crate::reference::Reference;
use crate::repo::{Repo, RepoKind, Revision};
use crate::settings::env::Env;
use crate::settings::{Overrides, Settings};

/// Runs the command.
pub(super) fn run(arguments: &Pull, env: &Env, terminal: &Terminal) -> ExitStatus {
    let since = Instant::now();
    let ended = prepare(arguments, env).and_then(|(request, token, settings)| {
        let running = Runner::new(terminal);
        let session = running.session(settings, env, token);
        let pulled = running.finish(pull(&request, &session))?;
        Ok((request, pulled))
    });
    let (request, pulled) = match ended {
        Ok(ended) => ended,
        Err(error) => return diagnose::end(&error, arguments.output.is_json(), terminal),
    };
    match show(arguments, &request, &pulled, since.elapsed(), terminal) {
        Ok(()) => ExitStatus::Done,
        Err(error) => diagnose::end(&error, false, terminal),
    }
}

/// Arguments, environment and configuration become one request.
fn prepare(arguments: &Pull, env: &Env) -> Result<(PullRequest, TokenChoice, Settings), Error> {
    let overrides = Overrides {
        endpoint: arguments.server.endpoint.clone(),
        provider: arguments.server.provider.clone(),
        cache_dir: arguments.cache_dir.clone(),
        offline: arguments.offline,
        allow_insecure_http: arguments.token.allow_insecure_http,
        ..arguments.network.overrides()
    };
    let settings = Settings::resolve(env, &overrides)?;
    let reference = Reference::parse(&spelled(arguments, &settings)?, &settings.known())?;
    if reference.file.is_some() && !(arguments.files.is_empty() && arguments.include.is_empty()) {
        let problem = "the reference names a file by its number; no other name and no --include can stand beside it";
        return Err(Error::Usage(problem.to_owned()));
    }
    let provider = one(reference.provider.clone(), arguments.server.provider.clone(), "--provider")?;
    let revision = one(reference.revision.clone(), revision(arguments)?, "--revision")?;
    let kind = kind(reference.repo.kind, arguments)?;
    if arguments.into.into.is_some() && kind != RepoKind::Model {
        return Err(Error::Usage(format!("--into is for models, and `{}` is none", Repo { kind, ..reference.repo })));
    }
    let into = arguments.into.installation(env)?;
    let is_for_transformers_js =
        matches!(into, Some(Installation { application: Application::TransformersJs { .. }, .. }));
    if arguments.expect.is_some() && is_for_transformers_js {
        let problem = "--expect is the hash of one file, and --into transformers.js brings several";
        return Err(Error::Usage(problem.to_owned()));
    }
    let quant = one(reference.quant.clone(), arguments.quant.clone(), "--quant")?;
    let names = reference.path.iter().map(ToString::to_string).chain(arguments.files.iter().cloned()).collect();
    let token = arguments.token.choice()?;
    let mut request = PullRequest {
        selection: Selection::new(names, &arguments.include, &arguments.exclude)?,
        expect: arguments.expect,
        allow_unsafe: arguments.allow_unsafe,
        weights: arguments.choice(quant)?,
        local_dir: arguments.local_dir.clone(),
        into,
        force: arguments.force,
        dry_run: arguments.dry_run,
        ..PullRequest::of(Reference { provider, revision, ..reference }, &settings)
    };
    if !settings.provider(&request.wanted.provider)?.facts.kinds.contains(&kind) {
        return Err(Error::Usage(format!("`{}` has models only", request.wanted.provider)));
    }
    request.wanted.repo.kind = kind;
    Ok((request, token, settings))
}

/// The reference; a number is one of the provider's where that numbers its models.
fn spelled(arguments: &Pull, settings: &Settings) -> Result<String, Error> {
    let name = arguments.server.provider.as_ref().unwrap_or(&settings.default_provider);
    let text = arguments.reference.trim();
    let is_numbered = settings.provider(name)?.facts.spelling.is_numbered;
    Ok(if is_numbered && !text.contains([':', '/']) { format!("{name}:{text}") } else { text.to_owned() })
}

/// A thing that the reference and a flag may both name, if they agree.
fn one<T: PartialEq + Display>(reference: Option<T>, flag: Option<T>, name: &str) -> Result<Option<T>, Error> {
    match (&reference, &flag) {
        (Some(one), Some(other)) if one != other => {
            Err(Error::Usage(format!("the reference says `{one}`, but {name} says `{other}`")))
        }
        _ => Ok(reference.or(flag)),
    }
}

fn revision(arguments: &Pull) -> Result<Option<Revision>, Error> {
    let parsed = arguments.revision.as_deref().map(str::parse).transpose();
    parsed.map_err(|error| Error::Reference(crate::reference::ReferenceError::Name(error)))
}

fn kind(reference: RepoKind, arguments: &Pull) -> Result<RepoKind, Error> {
    let named = (reference != RepoKind::Model).then_some(reference);
    Ok(one(named, arguments.repo_type.map(Into::into), "--repo-type")?.unwrap_or_default())
}

fn show(
    arguments: &Pull,
    request: &PullRequest,
    pulled: &Pulled,
    took: Duration,
    terminal: &Terminal,
) -> Result<(), Error> {
    let shown = match (arguments.output.is_json(), request.dry_run) {
        (true, _) => Terminal::answer(&outcome::document(request, pulled, took).to_string()),
        (false, true) => Terminal::answer(&outcome::plan(request, pulled)),
        (false, false) => Terminal::answer(&pulled.path.display().to_string()),
    };
    if terminal.summary && !request.dry_run {
        Terminal::say(&outcome::summary(request, pulled, took));
        if let Some(lines) = outcome::loading(pulled) {
            Terminal::say(&lines);
        }
    }
    shown
}
