//! What of a catalog is there, what is missing, what takes a token, and which token that would be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::install::request;
use super::targets::{Comparison, TargetState, Targets};
use crate::apps::visionatrix::catalog::CatalogModel;
use crate::error::Error;
use crate::file_thread;
use crate::hub::auth::{self, Cancellation, Exchange, TokenChoice};
use crate::settings::Settings;
use crate::settings::env::Env;

/// A model of a catalog, and how it stands with it.
#[derive(Debug)]
pub(crate) struct CatalogRow {
    /// The entry.
    pub(crate) model: CatalogModel,
    /// How it stands.
    pub(crate) state: ModelState,
    /// Where it is, or would be.
    pub(crate) path: PathBuf,
    /// The provider that its address belongs to; none where no provider has it.
    pub(crate) provider: Option<String>,
    /// The place of the token that would be sent for it: the name of a variable, never a value.
    pub(crate) token: Option<String>,
}

/// How it stands with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelState {
    /// It is there.
    Present,
    /// Something else has its name.
    Occupied,
    /// What a worker in server mode puts there instead.
    Dummy,
    /// It is not there.
    Missing,
}

/// Looks for each model; the order stays.
pub(super) async fn list(
    models: Vec<CatalogModel>,
    targets: Targets,
    verify: bool,
    settings: &Settings,
    env: &Env,
) -> Result<Vec<CatalogRow>, Error> {
    // a token command may wait for somebody to type a passphrase
    let (settings, env) = (settings.clone(), env.clone());
    let cancellation = Cancellation::default();
    let _guard = cancellation.on_drop();
    let listed = move || {
        let look = if verify { Comparison::AtContent(None) } else { Comparison::AtLength };
        let mut tokens =
            TokenChoices { settings: &settings, env: &env, cancellation: &cancellation, known: BTreeMap::new() };
        let listed = |model: CatalogModel| {
            let (state, path) = match targets.look(&model, look)? {
                TargetState::InPlace(path) | TargetState::Elsewhere(path) => (ModelState::Present, path),
                TargetState::Occupied(path) => (ModelState::Occupied, path),
                TargetState::Dummy(path) => (ModelState::Dummy, path),
                TargetState::Missing => (ModelState::Missing, targets.place(&model)),
            };
            let (provider, token) = tokens.of(&model)?;
            Ok(CatalogRow { model, state, path, provider, token })
        };
        models.into_iter().map(listed).collect()
    };
    file_thread::run(listed).await?
}

/// Which token would be sent, asked once for each provider where none is bound to some repositories only.
struct TokenChoices<'a> {
    settings: &'a Settings,
    env: &'a Env,
    cancellation: &'a Cancellation,
    known: BTreeMap<(String, String), Option<String>>,
}

impl TokenChoices<'_> {
    fn of(&mut self, model: &CatalogModel) -> Result<(Option<String>, Option<String>), Error> {
        let Ok(request) = request(model, self.settings, true) else { return Ok((None, None)) };
        let provider = self.settings.provider(&request.wanted.provider)?;
        let some_are_bound = self.settings.bound_tokens.iter().any(|token| token.provider == provider.name);
        let repo = if some_are_bound { request.wanted.repo.id.as_str().to_owned() } else { String::new() };
        let key = (provider.name.clone(), repo);
        if let Some(source) = self.known.get(&key) {
            return Ok((Some(key.0), source.clone()));
        }
        let exchange = Exchange::planned(self.settings, self.env, provider, &TokenChoice::Search)?;
        let source = match exchange {
            Some(exchange) => Some(exchange.source()),
            None => {
                let (repo, choice) = (Some(&request.wanted.repo.id), TokenChoice::Search);
                let found = auth::find(self.settings, self.env, provider, repo, &choice, self.cancellation)?;
                found.credential.map(|credential| credential.source().clone())
            }
        };
        let source = source.map(|source| source.to_string());
        self.known.insert(key.clone(), source.clone());
        Ok((Some(key.0), source))
    }
}
