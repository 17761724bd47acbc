//! Flags that several commands share, and the values that they take.

mod into;

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};

pub(in crate::cli) use self::into::{IntoArguments, LinkArgument};
use crate::credential::{CredentialSource, Secret};
use crate::error::Error;
use crate::hub::auth::{AuthError, TokenChoice};
use crate::settings::Overrides;
use crate::settings::env::typed_path;

/// A folder or a file, as [`typed_path`] understands it.
pub(in crate::cli) fn place() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|text| typed_path(&text))
}

/// Who is asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct ServerArguments {
    /// Provider of a reference that names none: hf, ba, civitai, or one of the configuration file
    #[arg(long, value_name = "NAME", help_heading = "Server")]
    pub(in crate::cli) provider: Option<String>,
    /// Ask this address instead of the provider's; the provider's token goes there
    #[arg(long, value_name = "URL", help_heading = "Server")]
    pub(in crate::cli) endpoint: Option<String>,
}

/// With which token.
#[derive(Debug, Args)]
pub(in crate::cli) struct TokenArguments {
    /// Send no token
    #[arg(long, conflicts_with_all = ["token_stdin", "token_file"], help_heading = "Token")]
    pub(in crate::cli) anonymous: bool,
    /// Read the token from standard input
    #[arg(long, conflicts_with = "token_file", help_heading = "Token")]
    pub(in crate::cli) token_stdin: bool,
    /// Read the token from this file
    #[arg(long, value_name = "FILE", value_parser = place(), help_heading = "Token")]
    pub(in crate::cli) token_file: Option<PathBuf>,
    /// Send the token over plain http beyond this machine too
    #[arg(long, help_heading = "Token")]
    pub(in crate::cli) allow_insecure_http: bool,
}

impl TokenArguments {
    /// What the flags say; standard input is read here and once.
    pub(in crate::cli) fn choice(&self) -> Result<TokenChoice, Error> {
        if self.token_stdin {
            let empty = || AuthError::Empty { from: CredentialSource::Stdin };
            return Ok(TokenChoice::Stdin(token_from_stdin()?.ok_or_else(empty)?));
        }
        Ok(match &self.token_file {
            Some(path) => TokenChoice::File(path.clone()),
            None if self.anonymous => TokenChoice::Anonymous,
            None => TokenChoice::Search,
        })
    }
}

/// One token, and one address that gets it, are for one provider: sent to several, each would learn the other's.
pub(in crate::cli) fn one_provider<'a>(
    token: &TokenChoice,
    endpoint: Option<&str>,
    mut providers: impl Iterator<Item = &'a str>,
) -> Result<(), Error> {
    let flag = match (token, endpoint) {
        (TokenChoice::Stdin(_), _) => "--token-stdin",
        (TokenChoice::File(_), _) => "--token-file",
        (_, Some(_)) => "--endpoint",
        _ => return Ok(()),
    };
    let first = providers.next().unwrap_or_default();
    match providers.find(|other| *other != first) {
        Some(other) => {
            Err(Error::Usage(format!("{flag} is for one provider, but these are of `{first}` and `{other}`")))
        }
        None => Ok(()),
    }
}

/// What `--token-stdin` means: none where there is nothing.
pub(in crate::cli) fn token_from_stdin() -> Result<Option<Secret>, Error> {
    /// No token is nearly as long.
    const LARGEST: u64 = 64 << 10;
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes);
    read.map_err(|source| Error::Stream { action: "read the token from standard input", source })?;
    Ok(Secret::parse_bytes(&bytes, &CredentialSource::Stdin).map_err(AuthError::from)?)
}

/// How the network is used.
#[derive(Debug, Args)]
pub(in crate::cli) struct NetworkArguments {
    /// Files fetched at once
    #[arg(long, value_name = "N", visible_alias = "max-workers", value_parser = clap::value_parser!(u16).range(1..=64), help_heading = "Network")]
    pub(in crate::cli) jobs: Option<u16>,
    /// Connections that all large files have together
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Network")]
    pub(in crate::cli) connections: u16,
    /// At most so many bytes a second, as in 20M
    #[arg(long, value_name = "RATE", value_parser = rate, help_heading = "Network")]
    pub(in crate::cli) limit_rate: Option<u64>,
    /// Give up after this time without progress: seconds, or as in 2m
    #[arg(long, value_name = "TIME", default_value = "120", value_parser = time, help_heading = "Network")]
    pub(in crate::cli) timeout: Duration,
}

impl NetworkArguments {
    /// What the flags say to the settings.
    pub(in crate::cli) fn overrides(&self) -> Overrides {
        Overrides {
            patience: Some(self.timeout),
            jobs: self.jobs.map(usize::from),
            connections: Some(usize::from(self.connections)),
            limit_rate: self.limit_rate,
            ..Overrides::default()
        }
    }
}

/// What standard output carries.
#[derive(Debug, Args)]
pub(in crate::cli) struct OutputArguments {
    /// What standard output carries: text, one document, or events as they happen and the document last
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(in crate::cli) output: Output,
    /// The same as --output json
    #[arg(long, conflicts_with = "output", help_heading = "Output")]
    pub(in crate::cli) json: bool,
}

impl OutputArguments {
    /// The form, by either flag.
    pub(in crate::cli) const fn form(&self) -> Output {
        if self.json { Output::Json } else { self.output }
    }

    /// Whether standard output carries a document.
    pub(in crate::cli) const fn is_json(&self) -> bool {
        !matches!(self.form(), Output::Text)
    }
}

/// The form of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Output {
    Text,
    Json,
    Ndjson,
}

/// Bytes a second: a number, perhaps with K, M or G for thousands, millions, billions.
fn rate(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']) {
        Some(digits) => (
            digits,
            match text.chars().last().map(|unit| unit.to_ascii_uppercase()) {
                Some('K') => 1_000,
                Some('M') => 1_000_000,
                _ => 1_000_000_000,
            },
        ),
        None => (text, 1),
    };
    let number: f64 = digits.parse().map_err(|_| "write bytes a second, as in 500K, 20M, 1.5G".to_owned())?;
    let bytes = number * f64::from(unit);
    if !(1_000.0..1e15).contains(&bytes) {
        return Err("it must be at least 1K".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range just checked")]
    Ok(bytes as u64)
}

/// Seconds as a number, or a time with units.
pub(in crate::cli) fn time(text: &str) -> Result<Duration, String> {
    let parsed = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            humantime::parse_duration(text).map_err(|error| format!("{error}; write seconds, or as in 90s, 2m, 1h"))?
        }
    };
    if parsed.is_zero() { Err("it must be more than 0".to_owned()) } else { Ok(parsed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_units() {
        assert_eq!(time("120"), Ok(Duration::from_secs(120)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "0", "-1", "soon", "0s"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_have_decimal_units() {
        assert_eq!(
            [rate("20M"), rate("1.5g"), rate("500k"), rate("2000")],
            [Ok(20_000_000), Ok(1_500_000_000), Ok(500_000), Ok(2_000)]
        );
        for bad in ["", "M", "fast", "-1M", "0", "999", "NaN", "inf"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
