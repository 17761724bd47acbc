//! The repository that was named: may it be read, and which server would send its largest file?

use url::Url;

use super::{Finding, Topic, network};
use crate::endpoint::Origin;
use crate::error::Error;
use crate::hub::http::{ByteRange, HttpRequest};
use crate::manifest::Resolved;
use crate::session::{Connection, RepoRequest, Session};

/// The checks.
pub(super) async fn checks(wanted: &RepoRequest, session: &Session) -> Vec<Finding> {
    let name = wanted.repo.to_string();
    let (connection, warnings) = match session.open(wanted).await {
        Ok(opened) => opened,
        Err(error) => return vec![Finding::bad(Topic::Repository, &name, &error)],
    };
    // of any other token they stand in its own row
    let warnings = warnings.iter().filter(|_| wanted.token.is_some());
    let mut checks: Vec<Finding> =
        warnings.map(|warning| Finding::warning(Topic::Repository, &name, warning)).collect();
    let resolved = match connection.may_read(wanted.subject()).await {
        Ok(resolved) => resolved,
        Err(error) => {
            checks.push(Finding::bad(Topic::Repository, &name, &error));
            return checks;
        }
    };
    let gate = resolved.gate.as_str();
    checks.push(Finding::good(Topic::Repository, &name, format!("gate {gate}, may be read")));
    match sender(&connection, wanted, &resolved).await {
        Ok(Some(url)) => checks.push(network::content_host(&connection, url, &session.settings().network).await),
        Ok(None) => {}
        Err(error) => checks.push(Finding::bad(Topic::Repository, &name, &error)),
    }
    checks
}

/// The server that the largest file's link leads to, if it leads to another one.
async fn sender(connection: &Connection, wanted: &RepoRequest, resolved: &Resolved) -> Result<Option<Url>, Error> {
    let (provider, subject) = (connection.provider(), wanted.subject());
    let listing = match provider.list(&wanted.repo, &resolved.commit).await {
        Ok(listing) => listing,
        Err(error) => return Err(connection.explain(subject, error, Some(resolved.gate), None).await),
    };
    let files = listing.entries.iter().filter_map(|entry| entry.to_file());
    let Some(largest) = files.max_by_key(|file| file.size) else { return Ok(None) };
    let link = provider.link(&wanted.repo, &resolved.commit, &largest);
    let first = Some(ByteRange { start: 0, end: 1 });
    let ask = HttpRequest { range: first, ..HttpRequest::get(link.clone(), connection.credential()) };
    match connection.client().look(&ask).await {
        Ok(look) => {
            let elsewhere = look.location.filter(|location| Origin::of(location) != Origin::of(&link));
            Ok(elsewhere.and_then(|location| location.join("/").ok()))
        }
        Err(failure) => {
            Err(connection.explain(subject, failure.into(), Some(resolved.gate), Some(&largest.path)).await)
        }
    }
}
