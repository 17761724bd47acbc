//! Every place of a provider at once: which is used, which it shadows, which is empty.
//!
//! The question behind it is "why is my new login not used?", and the answer is often a variable that was
//! exported long ago (lemonade-sdk/lemonade#58). A `token_command` that cannot win, or is for some repositories only, is
//! not run: a password manager would ask for its passphrase only to be told that nobody wants the token.

use super::place::{self, TokenPlace};
use super::token_file::Holding;
use super::{AuthError, Cancellation, FoundCredential, bind};
use crate::credential::CredentialSource;
use crate::settings::env::Env;
use crate::settings::{BoundToken, ProviderSettings, Settings, TokenKey};

/// What is to be said about a place.
#[derive(Debug)]
pub(crate) enum PlaceState {
    /// There is no token.
    Empty,
    /// Its token is sent.
    Used,
    /// It holds a token, and this earlier place has one too.
    Shadowed {
        /// The place that wins.
        by: CredentialSource,
    },
    /// It is a command that was not run.
    NotRun {
        /// The place that wins over it, if one does.
        by: Option<CredentialSource>,
    },
    /// It holds a token, and something switched the search off.
    Withheld,
    /// It cannot be read.
    Unreadable {
        /// Why.
        problem: String,
    },
}

/// A place, and what is to be said about it.
#[derive(Debug)]
pub(crate) struct Surveyed {
    /// The place.
    pub(crate) source: CredentialSource,
    /// The repositories that it is for, where it is for some only.
    pub(crate) only: Vec<String>,
    /// What is to be said.
    pub(crate) standing: PlaceState,
}

/// All places of a provider, in order.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The places.
    pub(crate) places: Vec<Surveyed>,
    /// What a run that is about no particular repository would send.
    pub(crate) found: FoundCredential,
    /// What such a run would end with, if the first place that is not empty cannot be read.
    pub(crate) blocked: Option<AuthError>,
}

/// Looks at every place of a provider. `winner` has won over all of them already, if there is one.
#[must_use]
pub(crate) fn survey(
    settings: &Settings,
    env: &Env,
    provider: &ProviderSettings,
    winner: Option<CredentialSource>,
    cancellation: &Cancellation,
) -> Survey {
    let mut surveyor = Surveyor { settings, env, provider, winner, cancellation, survey: Survey::default() };
    let bound = settings.bound_tokens.iter().filter(|token| token.provider == provider.name);
    let (variables, rest): (Vec<_>, Vec<_>) =
        place::places(settings, provider, None).into_iter().partition(|place| matches!(place, TokenPlace::Variable(_)));
    for place in variables.into_iter().chain(bound.map(TokenPlace::Bound)).chain(rest) {
        surveyor.look_at(&place);
    }
    surveyor.survey
}

struct Surveyor<'a> {
    settings: &'a Settings,
    env: &'a Env,
    provider: &'a ProviderSettings,
    winner: Option<CredentialSource>,
    cancellation: &'a Cancellation,
    survey: Survey,
}

impl Surveyor<'_> {
    fn look_at(&mut self, place: &TokenPlace<'_>) {
        let source = place.source(self.provider);
        let bound = if let TokenPlace::Bound(token) = place { Some(*token) } else { None };
        let is_idle = self.winner.is_some() || bound.is_some() || !self.settings.implicit_tokens;
        let (source, standing) = if is_idle && is_command(place) {
            (source, PlaceState::NotRun { by: self.winner.clone() })
        } else {
            match place.read(self.env, self.provider, self.cancellation) {
                Ok(Some(holding)) => self.judge(holding, bound),
                Ok(None) => (source, PlaceState::Empty),
                Err(error) => {
                    let standing = PlaceState::Unreadable { problem: error.to_string() };
                    // nothing behind a broken place is ever reached
                    if bound.is_none() && self.winner.is_none() && self.settings.implicit_tokens {
                        self.winner = Some(source.clone());
                        self.survey.blocked = Some(error);
                    }
                    (source, standing)
                }
            }
        };
        let only = bound.map(|token| token.only.iter().map(|pattern| pattern.as_str().to_owned()).collect());
        self.survey.places.push(Surveyed { source, only: only.unwrap_or_default(), standing });
    }

    /// A place that holds a token: does it win?
    fn judge(&mut self, holding: Holding, bound: Option<&BoundToken>) -> (CredentialSource, PlaceState) {
        let source = holding.1.clone();
        let standing = match &self.winner {
            _ if !self.settings.implicit_tokens => PlaceState::Withheld,
            Some(by) => PlaceState::Shadowed { by: by.clone() },
            None => {
                if bound.is_none() {
                    self.winner = Some(source.clone());
                    self.survey.found = bind(holding, self.settings, self.provider);
                }
                PlaceState::Used
            }
        };
        (source, standing)
    }
}

const fn is_command(place: &TokenPlace<'_>) -> bool {
    matches!(
        place,
        TokenPlace::Bound(BoundToken { token: TokenKey::Command(_), .. }) | TokenPlace::Config(TokenKey::Command(_))
    )
}
