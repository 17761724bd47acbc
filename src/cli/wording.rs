//! What happens in sentences. The rooms below tell it as data (`event`), so that people and programs hear the same.

use crate::event::{Note, TokenTrouble, Warning};
use crate::text::printable;

/// Of many files that one thing is said about so many are named; the document names all.
const MOST: usize = 5;

/// A note, in one line.
pub(super) fn note(note: &Note) -> String {
    match note {
        Note::ScanPending { path, scan } => format!("the {scan} scan of `{path}` is not over"),
        Note::Namesakes { name, files, taken } => format!(
            "{} files are called `{name}`: {}; {taken} is taken, a number behind a `+` takes another",
            files.len(),
            files.join(", "),
        ),
        Note::LacksQuantization { path, quantization } => {
            format!("`{path}` has no {} and is left out", printable(quantization))
        }
        Note::LacksPrecision { session, wanted, taken } => {
            format!("the session `{session}` does not come in {wanted} and is taken in {taken}")
        }
        Note::ListingChanged { reference } => {
            format!("`{reference}` has changed since it was last listed; it is taken as it is now")
        }
        Note::NotesNotKept { problem } => format!("the next pull hashes this again: {problem}"),
    }
}

/// A warning, a line for each thing that it is about.
pub(super) fn warning(warning: &Warning) -> Vec<String> {
    let line = match warning {
        Warning::LeftOut { files } => {
            return lines(files, |file| {
                format!("`{}` is left out, for it cannot be a file here: {}", printable(&file.path), file.reason)
            });
        }
        Warning::LfsPointers { paths } => {
            return lines(paths, |path| {
                format!("`{path}` is no more than a Git LFS pointer: whoever uploaded it left the content behind")
            });
        }
        Warning::Damaged { path, at, sharers, refetch } => damaged(path.as_str(), at, sharers, *refetch),
        Warning::Removed { at } => format!("another program removed `{at}` while it was pulled; looking again"),
        Warning::HolesFound { path } => {
            format!("what an earlier run left of `{path}` has holes; fetching those again")
        }
        Warning::RemainsDamaged { path } => {
            format!("what an earlier run left of `{path}` was damaged; fetching it again")
        }
        Warning::RivalWrote { path } => format!("another process wrote wrong bytes into `{path}`; fetching it again"),
        Warning::HolderStuck { path, waited } => {
            format!("the process that fetches `{path}` has not got on for {waited:?}; fetching it beside that one")
        }
        Warning::Replaced { path } => format!("`{path}` in the folder is not what a pull left there; it is replaced"),
        Warning::Danger { path, scan } => format!("the {scan} scan found a danger in `{path}`"),
        Warning::FlowCatalog { flow, models } => {
            format!("the flow {flow} brings a catalog of its own, with {}", quoted(models))
        }
        Warning::LoaderAmbiguous { flow, node, value, models } => {
            format!("`{value}` of the node {node} in {flow} may be any of {}", quoted(models))
        }
        Warning::LoaderUnmatched { problem } => problem.clone(),
        Warning::Token(trouble) => token(trouble),
    };
    vec![line]
}

/// What should be known about a token.
pub(super) fn token(trouble: &TokenTrouble) -> String {
    match trouble {
        TokenTrouble::InLink => "the key in a pasted link is seen by whoever sees the link (on a command line: in the \
             process list and the shell's history); paste links without their `token=`, and renew this key if others use \
             this machine"
            .to_owned(),
        TokenTrouble::OfAnother { source, prefix, whose, endpoint } => format!(
            "the token from {source} was not sent: it begins with `{prefix}`, so it is one of {whose}, and {endpoint} would \
             learn it"
        ),
        TokenTrouble::Exposed { source, endpoint } => format!(
            "the token from {source} was not sent: {endpoint} is plain http and anyone on the way could read it \
             (--allow-insecure-http sends it all the same)"
        ),
        TokenTrouble::Readable { file } => {
            format!("other users can read the token in `{file}`; `chmod 600 {file}` mends it")
        }
        TokenTrouble::LoginEnded { login, provider, problem } => format!(
            "the login `{login}` could not be renewed ({problem}); `hf auth login` in a browser or \
             `gatedl auth login {provider}` with a token logs in again"
        ),
        TokenTrouble::LoginNotRenewed { login, problem } => {
            let problem = problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default();
            format!("the login `{login}` could not be renewed, so its token is used as it is{problem}")
        }
        TokenTrouble::JobTokenEnds { problem } => {
            format!("the token of this job ends, and there is no other: {problem}")
        }
    }
}

fn damaged(path: &str, at: &str, sharers: &[String], refetch: bool) -> String {
    let what = match sharers {
        [] => format!("`{path}` is damaged in the cache: `{at}` is not what its name says"),
        sharers => format!("`{path}` was changed in the cache through {}, which shares its bytes", quoted(sharers)),
    };
    match (refetch, sharers) {
        (false, _) => what,
        (true, []) => format!("{what}; fetching it again"),
        (true, _) => format!("{what}; fetching it again for the cache alone"),
    }
}

fn lines<T>(things: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    let rest = things.len().saturating_sub(MOST);
    let more = (rest > 0).then(|| format!("and {rest} more like the last one"));
    things.iter().take(MOST).map(line).chain(more).collect()
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
