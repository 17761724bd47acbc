//! Whose certificates are trusted, and which library computes.
//!
//! That is ring: with aws-lc, rustls' first choice, the program is a third larger and takes a minute more to build. What it
//! gives up is in SECURITY.md.
//!
//! By default the system's and Mozilla's together: the verifier of the platform refuses to build any client, even for
//! plain http, where the machine has no certificate store, as slim containers have none (reqwest#2988). A bundle that the
//! user names replaces both, as with curl and Python: behind an inspecting proxy it is the only one that works.

use reqwest::{Certificate, ClientBuilder};

use super::ClientError;
use super::failure::root_cause;
use crate::regular_file;
use crate::settings::Network;

/// Makes ring the library of this process; it stays so.
pub(super) fn choose_library() {
    // refuses where it was chosen already
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub(super) fn trust(builder: ClientBuilder, network: &Network) -> Result<ClientBuilder, ClientError> {
    let Some((path, variable)) = &network.certificates else {
        let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        return Ok(builder.tls_certs_merge(mozilla.filter_map(|certificate| Certificate::from_der(certificate).ok())));
    };
    let refuse = |problem: String| ClientError::Certificates { path: path.display().to_string(), variable, problem };
    let bundle = regular_file::read(path, regular_file::TEXT).map_err(|error| refuse(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&bundle).map_err(|error| refuse(error.to_string()))?;
    if certificates.is_empty() {
        return Err(refuse("there is no certificate in it".to_owned()));
    }
    Ok(builder.tls_certs_only(certificates))
}

/// What a client that could not be built says: certificates are parsed only then.
pub(super) fn blame(error: reqwest::Error, network: &Network) -> ClientError {
    match &network.certificates {
        Some((path, variable)) => {
            let problem = root_cause(&error);
            ClientError::Certificates { path: path.display().to_string(), variable, problem }
        }
        None => ClientError::Build(error),
    }
}
