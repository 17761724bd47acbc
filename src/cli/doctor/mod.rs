//! `gatedl doctor`: a report that may be pasted into an issue as it is, and an exit status.

mod arguments;
mod document;
mod privacy;
mod report;

pub(super) use self::arguments::Doctor;
use self::document::DoctorDocument;
use crate::cli::diagnose;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::hub::auth::TokenChoice;
use crate::ops::doctor::{Examination, ExaminationRequest, Finding, Health};
use crate::session::RepoRequest;
use crate::settings::env::Env;
use crate::settings::{Overrides, Settings};

/// Runs the command.
pub(super) fn run(arguments: &Doctor, env: &Env, terminal: &Terminal) -> ExitStatus {
    match examine(arguments, env, terminal) {
        Ok(checks) => show(arguments, &checks, env, terminal),
        Err(error) => diagnose::end(&error, arguments.output.is_json(), terminal),
    }
}

fn examine(arguments: &Doctor, env: &Env, terminal: &Terminal) -> Result<Vec<Finding>, Error> {
    let overrides = Overrides {
        cache_dir: arguments.cache_dir.clone(),
        offline: arguments.offline,
        allow_insecure_http: arguments.allow_insecure_http,
        ..Overrides::default()
    };
    let settings = Settings::resolve(env, &overrides)?;
    let order = order(arguments.about.as_deref(), &settings)?;
    let running = Runner::new(terminal);
    let session = running.session(settings, env, TokenChoice::Search);
    running.finish(async {
        let mut examination = Examination::begin(&order, &session).await?;
        if session.settings().offline {
            examination.tokens_unasked();
        } else {
            examination.ask().await;
        }
        Ok(examination.report())
    })
}

/// A word that is the name of a provider means the provider.
fn order(about: Option<&str>, settings: &Settings) -> Result<ExaminationRequest, Error> {
    match about {
        None => Ok(ExaminationRequest::default()),
        Some(name) if settings.provider(name).is_ok() => {
            Ok(ExaminationRequest { provider: Some(name.to_owned()), repository: None })
        }
        Some(text) => Ok(ExaminationRequest { provider: None, repository: Some(RepoRequest::read(text, settings)?) }),
    }
}

fn show(arguments: &Doctor, checks: &[Finding], env: &Env, terminal: &Terminal) -> ExitStatus {
    let status = ExitStatus::of_all(checks.iter().filter_map(|check| match check.verdict {
        Health::Bad(status) => Some(status),
        Health::Good | Health::Doubtful => None,
    }));
    let privacy = privacy::Privacy::of(env);
    let answered = if arguments.output.is_json() {
        terminal.document(&DoctorDocument::of(checks, status, &privacy))
    } else {
        Terminal::answer(&report::text(checks, &privacy, Terminal::columns()))
    };
    match answered {
        Ok(()) => status,
        Err(error) => diagnose::end(&error, false, terminal),
    }
}
