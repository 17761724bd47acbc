//! `gatedl verify`: what is wrong with what is here, line by line, and an exit status.

mod arguments;
mod document;
mod report;

pub(super) use self::arguments::Verify;
use self::document::VerifyDocument;
use crate::cli::diagnose;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::ops::cache::CachedTarget;
use crate::ops::verify::{FileVerdict, VerifyReport, VerifyRequest, VerifyScope, verify};
use crate::settings::env::Env;
use crate::settings::{Overrides, Settings};

/// Runs the command.
pub(super) fn run(arguments: &Verify, env: &Env, terminal: &Terminal) -> ExitStatus {
    match look(arguments, env, terminal) {
        Ok(report) => show(arguments, &report, terminal),
        Err(error) => diagnose::end(&error, arguments.output.is_json(), terminal),
    }
}

fn look(arguments: &Verify, env: &Env, terminal: &Terminal) -> Result<VerifyReport, Error> {
    let overrides = Overrides {
        endpoint: arguments.server.endpoint.clone(),
        provider: arguments.server.provider.clone(),
        cache_dir: arguments.cache_dir.clone(),
        allow_insecure_http: arguments.token.allow_insecure_http,
        ..arguments.network.overrides()
    };
    let settings = Settings::resolve(env, &overrides)?;
    let request = VerifyRequest { scope: scope(arguments, &settings)?, repair: arguments.repair };
    let token = arguments.token.choice()?;
    let running = Runner::new(terminal);
    let session = running.session(settings, env, token);
    running.finish(verify(&request, &session))
}

fn scope(arguments: &Verify, settings: &Settings) -> Result<VerifyScope, Error> {
    let targets = arguments.references.iter().map(|text| CachedTarget::read(text, settings));
    let mut targets = targets.collect::<Result<Vec<_>, _>>()?;
    let Some(at) = arguments.local_dir.clone() else {
        return Ok(if targets.is_empty() { VerifyScope::Everything } else { VerifyScope::Named(targets) });
    };
    let with = targets.pop().map(Box::new);
    match (&with, arguments.repair) {
        (None, true) => {
            let problem = "the folder does not tell what it was filled with; name the repository: \
                           gatedl verify org/model --local-dir DIR --repair";
            Err(Error::Usage(problem.to_owned()))
        }
        _ if !targets.is_empty() => Err(Error::Usage("one folder holds one repository; name one".to_owned())),
        _ => Ok(VerifyScope::Folder { at, with }),
    }
}

fn show(arguments: &Verify, report: &VerifyReport, terminal: &Terminal) -> ExitStatus {
    let status = status(report, arguments.extra);
    if terminal.summary
        && let Some(hint) = report::hint(report, arguments)
    {
        Terminal::say(&format!("{} {hint}", terminal.label("hint")));
    }
    let answered = if arguments.output.is_json() {
        terminal.document(&VerifyDocument::of(report, status))
    } else {
        Terminal::answer(&report::text(report, Terminal::columns()))
    };
    match answered {
        Ok(()) => status,
        Err(error) => diagnose::end(&error, false, terminal),
    }
}

/// What nothing tells the content of did not verify either.
fn status(report: &VerifyReport, extra: bool) -> ExitStatus {
    ExitStatus::of_all(report.files.iter().map(|file| match &file.verdict {
        FileVerdict::Right | FileVerdict::Repaired | FileVerdict::Missing => ExitStatus::Done,
        FileVerdict::Wrong(_) | FileVerdict::Unknown => ExitStatus::Corrupt,
        FileVerdict::Extra if extra => ExitStatus::Corrupt,
        FileVerdict::Extra => ExitStatus::Done,
        FileVerdict::Unreadable(_) => ExitStatus::Disk,
    }))
}
