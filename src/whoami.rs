//! Whose token it is, asked once: before it is stored, and when somebody wants to know.
//!
//! Never asked by a pull that goes well: the hub rations this question (hub-protocol §1.9).

use crate::credential::Credential;
use crate::error::{BadToken, Error};
use crate::http::{Client, Failure};
use crate::provider::{self, Account, ProviderError};
use crate::settings::Provider;

/// The account behind a credential; none where the provider has no such question.
///
/// # Errors
/// When the provider does not take the token, or cannot be asked.
pub async fn whoami(provider: &Provider, credential: &Credential, client: Client) -> Result<Option<Account>, Error> {
    let hub = provider::connect(provider, client, Some(credential.clone()));
    hub.account().await.map_err(|error| explain(provider, credential, error))
}

/// 401 for a token that is unknown or has expired, 403 for one that an organization revoked.
fn explain(provider: &Provider, credential: &Credential, error: ProviderError) -> Error {
    match error {
        ProviderError::Failure(failure @ Failure::Refused(_)) if is_about_the_token(&failure) => {
            let (source_name, page) = (credential.source().clone(), provider.token_page());
            Error::BadToken(Box::new(BadToken { source_name, page, failure }))
        }
        error => Error::Whose { host: provider.endpoint.origin().host().to_owned(), source: Box::new(error) },
    }
}

fn is_about_the_token(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refused) if refused.own && matches!(refused.status.as_u16(), 401 | 403))
}
