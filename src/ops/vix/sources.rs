//! Where catalogs and flows come from, and which models are meant.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::VixRequest;
use crate::apps::visionatrix::catalog::{Catalog, CatalogModel};
use crate::apps::visionatrix::flow::{Flow, FlowError};
use crate::endpoint::public;
use crate::error::Error;
use crate::event::{Listener, Warning};
use crate::hub::http::HttpRequest;
use crate::regular_file;
use crate::session::Session;
use crate::settings::env::{self, Env};

/// Where Visionatrix keeps its catalog.
const DEFAULT: &str = "https://visionatrix.github.io/VixFlowsDocs/";
/// What is added to an address that ends with a slash.
const FILE_NAME: &str = "models_catalog.json";
/// The largest catalog or flow that is read; the real catalog has 59 KB.
const LARGEST: u64 = 64 << 20;

/// The models that are meant.
pub(super) struct CatalogModels {
    pub(super) models: Vec<CatalogModel>,
    /// Loaders of flows that nothing answers to, by what they ask for.
    pub(super) unmatched: Vec<(String, FlowError)>,
}

/// Reads all catalogs and flows and chooses.
pub(super) async fn gather(order: &VixRequest, session: &Session) -> Result<CatalogModels, Error> {
    let listener = session.listener();
    let flows = order.flows.iter().map(|path| read_flow(path)).collect::<Result<Vec<_>, _>>()?;
    let mut catalog = Catalog::default();
    for text in locations(order, session.env())? {
        catalog.overlay(read_catalog(&text, session).await?);
    }
    for flow in &flows {
        if let Some(own) = flow.own_catalog()? {
            let models = own.models().map(|model| model.name.clone()).collect();
            listener.event(&Warning::FlowCatalog { flow: flow.from.clone(), models }.into());
            catalog.overlay(own);
        }
    }
    choose(order, &catalog, &flows, listener)
}

fn locations(order: &VixRequest, env: &Env) -> Result<Vec<String>, Error> {
    if !order.catalogs.is_empty() {
        return Ok(order.catalogs.clone());
    }
    let variable = env.text(env::MODELS_CATALOG_URL.name).map_err(|error| Error::Settings(error.into()))?;
    let parts = variable.unwrap_or(DEFAULT).split(';').map(str::trim);
    Ok(parts.filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

async fn read_catalog(text: &str, session: &Session) -> Result<Catalog, Error> {
    let text = if text.ends_with('/') { format!("{text}{FILE_NAME}") } else { text.to_owned() };
    if !text.contains("://") {
        let path = session.env().expand(&text);
        return Ok(Catalog::parse(&read(&path)?, &format!("`{}`", path.display()))?);
    }
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| Error::Usage(format!("`{text}` is neither a file nor an http address")))?;
    let shown = public(&url);
    if session.settings().offline {
        return Err(Error::CatalogOffline { url: shown });
    }
    // nobody's token is for a catalog
    let document = session.client()?.json::<Value>(&HttpRequest::get(url, None)).await;
    let (document, _) =
        document.map_err(|source| Error::CatalogUnreachable { url: shown.clone(), source: Box::new(source) })?;
    Ok(Catalog::from_document(document, &format!("`{shown}`"))?)
}

fn read_flow(path: &Path) -> Result<Flow, Error> {
    Ok(Flow::parse(&read(path)?, &format!("`{}`", path.display()))?)
}

/// A file of the user's, small enough to be what it should be.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    regular_file::read_named(path, LARGEST).map_err(|source| Error::Input { path: PathBuf::from(path), source })
}

fn choose(
    order: &VixRequest,
    catalog: &Catalog,
    flows: &[Flow],
    listener: &Arc<dyn Listener>,
) -> Result<CatalogModels, Error> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for name in &order.names {
        names.insert(catalog.get(name)?.name.clone());
    }
    let by_kind = catalog.models().filter(|model| order.all || (order.gated && model.gated));
    names.extend(by_kind.map(|model| model.name.clone()));
    let mut unmatched = Vec::new();
    for flow in flows {
        let needs = flow.needs(catalog)?;
        for (loader, found) in &needs.several {
            let (value, models) = (loader.value.clone(), found.iter().map(ToString::to_string).collect());
            let ambiguous = Warning::LoaderAmbiguous { flow: flow.from.clone(), node: loader.place(), value, models };
            listener.event(&ambiguous.into());
        }
        names.extend(needs.models);
        unmatched.extend(needs.unmatched.into_iter().map(|loader| {
            (loader.value.clone(), FlowError::Unmatched { from: flow.from.clone(), loader: Box::new(loader) })
        }));
    }
    let models = catalog.models().filter(|model| names.contains(&model.name)).cloned().collect();
    Ok(CatalogModels { models, unmatched })
}
