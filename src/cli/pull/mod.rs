//! `gatedl pull`: from arguments to a request, from its outcome to standard output.

mod arguments;
mod batch;
mod document;
pub(super) mod list;
mod outcome;

use std::fmt::Display;
use std::time::{Duration, Instant};

pub(super) use self::arguments::Pull;
use self::document::PullDocument;
use crate::cli::diagnose;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::hub::auth::TokenChoice;
use crate::ops::pull::{Application, Installation, PullRequest, Pulled, pull};
use crate::pattern::Selection;
use crate::reference::Reference;
use crate::repo::{RepoKind, Revision};
use crate::settings::env::Env;
use crate::settings::{Overrides, Settings};

/// Runs the command.
pub(super) fn run(arguments: &Pull, env: &Env, terminal: &Terminal) -> ExitStatus {
    if !arguments.file.is_empty() {
        return batch::run(arguments, env, terminal);
    }
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
    let settings = settings(arguments, env)?;
    let request = request(arguments, arguments, &settings, env)?;
    Ok((request, arguments.token.choice()?, settings))
}

fn settings(arguments: &Pull, env: &Env) -> Result<Settings, Error> {
    let overrides = Overrides {
        endpoint: arguments.server.endpoint.clone(),
        provider: arguments.server.provider.clone(),
        cache_dir: arguments.cache_dir.clone(),
        offline: arguments.offline,
        allow_insecure_http: arguments.token.allow_insecure_http,
        ..arguments.network.overrides()
    };
    Ok(Settings::resolve(env, &overrides)?)
}

/// What one pull says is a request, with what the command says about all of them.
pub(super) fn request(pull: &Pull, command: &Pull, settings: &Settings, env: &Env) -> Result<PullRequest, Error> {
    let reference = reference(pull, command.server.provider.as_ref(), settings)?;
    if reference.variant.number.is_some() && !(pull.files.is_empty() && pull.include.is_empty()) {
        let problem = "the reference names a file by its number; no other name and no --include can stand beside it";
        return Err(Error::Usage(problem.to_owned()));
    }
    if pull.into.into.is_some() && reference.repo.kind != RepoKind::Model {
        return Err(Error::Usage(format!("--into is for models, and `{}` is none", reference.repo)));
    }
    let into = pull.into.installation(env)?;
    let is_for_transformers_js =
        matches!(into, Some(Installation { application: Application::TransformersJs { .. }, .. }));
    if pull.expect.is_some() && is_for_transformers_js {
        let problem = "--expect is the hash of one file, and --into transformers.js brings several";
        return Err(Error::Usage(problem.to_owned()));
    }
    let names = reference.path.iter().map(ToString::to_string).chain(pull.files.iter().cloned()).collect();
    Ok(PullRequest {
        selection: Selection::new(names, &pull.include, &pull.exclude)?,
        expect: pull.expect,
        allow_unsafe: command.allow_unsafe,
        weights: pull.choice(reference.quant.clone())?,
        local_dir: pull.local_dir.clone(),
        into,
        force: command.force,
        dry_run: command.dry_run,
        ..PullRequest::of(reference, settings)
    })
}

/// What the reference and the flags that say the same name together.
pub(super) fn reference(pull: &Pull, default: Option<&String>, settings: &Settings) -> Result<Reference, Error> {
    let mut reference = Reference::parse(&spelled(pull, default, settings)?, &settings.known())?;
    reference.provider = one(reference.provider, default.cloned(), "--provider")?;
    reference.revision = one(reference.revision, revision(pull)?, "--revision")?;
    reference.repo.kind = kind(reference.repo.kind, pull)?;
    reference.quant = one(reference.quant, pull.quant.clone(), "--quant")?;
    let provider = reference.provider.as_ref().unwrap_or(&settings.default_provider);
    if !settings.provider(provider)?.facts.kinds.contains(&reference.repo.kind) {
        return Err(Error::Usage(format!("`{provider}` has models only")));
    }
    Ok(reference)
}

/// The reference; a number is one of the provider's where that numbers its models.
fn spelled(pull: &Pull, default: Option<&String>, settings: &Settings) -> Result<String, Error> {
    let name = default.unwrap_or(&settings.default_provider);
    let text = pull.reference.as_deref().unwrap_or_default().trim();
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
        (true, _) => terminal.document(&PullDocument::of(request, pulled, took)),
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
