//! The repository that was named: may it be read, and which server would send its largest file?

use url::Url;

use super::{Check, Topic, network};
use crate::connection::{Caller, Connection, Wanted};
use crate::endpoint::Origin;
use crate::error::Error;
use crate::http::{Ask, ByteRange, Client};
use crate::manifest::{Entry, Resolved};

/// The checks.
pub(super) async fn checks(wanted: &Wanted, caller: Caller<'_>, client: Client) -> Vec<Check> {
    let name = wanted.repo.to_string();
    let (connection, warnings) = match connect(wanted, caller, client).await {
        Ok(connected) => connected,
        Err(error) => return vec![Check::bad(Topic::Repository, &name, &error)],
    };
    // of any other token they stand in its own row
    let warnings = warnings.iter().filter(|_| wanted.token.is_some());
    let mut checks: Vec<Check> = warnings.map(|warning| Check::warning(Topic::Repository, &name, warning)).collect();
    let resolved = match connection.may_read(wanted.subject()).await {
        (Some(resolved), Ok(())) => resolved,
        (None, Ok(())) => return checks,
        (_, Err(error)) => {
            checks.push(Check::bad(Topic::Repository, &name, &error));
            return checks;
        }
    };
    let gate = resolved.gate.as_str();
    checks.push(Check::good(Topic::Repository, &name, format!("gate {gate}, may be read")));
    match sender(&connection, wanted, &resolved).await {
        Ok(Some(url)) => checks.push(network::content_host(&connection, url, &caller.settings.network).await),
        Ok(None) => {}
        Err(error) => checks.push(Check::bad(Topic::Repository, &name, &error)),
    }
    checks
}

/// The connection, and what should be known about its token.
async fn connect<'a>(
    wanted: &Wanted,
    caller: Caller<'a>,
    client: Client,
) -> Result<(Connection<'a>, Vec<String>), Error> {
    let settings = &wanted.provider(caller.settings)?;
    let found = wanted.credential(caller, settings, &client).await?;
    Ok((Connection::with(caller, settings, client, found.credential), found.warnings))
}

/// The server that the largest file's link leads to, if it leads to another one.
async fn sender(connection: &Connection<'_>, wanted: &Wanted, resolved: &Resolved) -> Result<Option<Url>, Error> {
    let (provider, subject) = (connection.provider(), wanted.subject());
    let manifest = match provider.list(&wanted.repo, &resolved.commit).await {
        Ok(manifest) => manifest,
        Err(error) => return Err(connection.explain(subject, error, Some(resolved.gate), None).await),
    };
    let files = manifest.entries.iter().filter_map(Entry::to_file);
    let Some(largest) = files.max_by_key(|file| file.size) else { return Ok(None) };
    let link = provider.link(&wanted.repo, &resolved.commit, &largest);
    let first = Some(ByteRange { start: 0, end: 1 });
    let ask = Ask { range: first, ..Ask::get(link.clone(), connection.credential()) };
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
