//! The servers of one row: a hub for one repository, and whatever serves the large files.

use crate::Problem;
use crate::bench::Bench;
use crate::files::{Content, File, Repository};
use crate::serve::cdn::Cdn;
use crate::serve::hub::{Hub, cache_path};
use crate::serve::link::{Binding, Links};
use crate::serve::listener::{Listener, Serving};
use crate::serve::nginx::{Nginx, Secured};
use crate::serve::{Counter, Traffic};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is special about a row; the default is nothing.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    pub tls: bool,
    /// Before each answer of the hub.
    pub delay: Duration,
    /// Bytes a second for each connection to the content server.
    pub rate: Option<u64>,
    pub binding: Binding,
}

impl Default for Conditions {
    fn default() -> Self {
        Self { tls: false, delay: Duration::ZERO, rate: None, binding: Binding::Free }
    }
}

enum ContentServer {
    Nginx(Nginx),
    Own(#[allow(dead_code, reason = "serves until it is dropped")] Serving, Arc<Counter>),
}

pub struct Stage<'bench> {
    pub repository: Arc<Repository>,
    /// What `HF_ENDPOINT` is set to.
    pub endpoint: String,
    /// Whom clients must trust.
    pub authority: Option<&'bench PathBuf>,
    links: Links,
    hub: Arc<Counter>,
    content: ContentServer,
    _hub: Serving,
}

impl<'bench> Stage<'bench> {
    pub fn set(bench: &'bench Bench, repository: &Arc<Repository>, conditions: Conditions) -> Result<Self, Problem> {
        let listener = Listener::bind(1)?;
        let certificate = if conditions.tls { Some(bench.certificate()?) } else { None };
        let secured = match certificate {
            Some(certificate) => Some(Secured { certificate, hub: listener.address()? }),
            None => None,
        };
        let mut endpoint = format!("http://{}", listener.address()?);
        let is_plain = conditions.rate.is_none() && conditions.binding == Binding::Free;
        let (content, links) = if is_plain && bench.peers().nginx.is_some() {
            let nginx = Nginx::start(&bench.place().fresh("nginx")?, bench.place().path(), secured.as_ref())?;
            endpoint = nginx.hub_root.clone().unwrap_or(endpoint);
            let links = Links { root: nginx.root.clone(), binding: Binding::Free };
            (ContentServer::Nginx(nginx), links)
        } else if secured.is_some() {
            return Err("TLS needs nginx".into());
        } else {
            own_server(bench, conditions)?
        };
        let hub = Arc::<Counter>::default();
        let routes = Hub::new(repository, links.clone(), endpoint.clone(), conditions.delay, &hub);
        let serving = listener.serve(bench.runtime(), routes)?;
        let authority = certificate.map(|certificate| &certificate.authority);
        Ok(Self { repository: Arc::clone(repository), endpoint, authority, links, hub, content, _hub: serving })
    }

    /// Where a file's bytes are, for clients that are told: without a detour over the hub's redirect.
    pub fn final_url(&self, file: &File) -> String {
        match &file.content {
            Content::Object { sha256 } => self.links.sign(sha256, None),
            Content::Small(_) => format!("{}{}", self.endpoint, cache_path(&self.repository, file)),
        }
    }

    /// Where the hub tells where a file's bytes are.
    pub fn resolve_url(&self, file: &File) -> String {
        format!("{}/{}/resolve/{}/{}", self.endpoint, self.repository.id, self.repository.commit, file.path)
    }

    /// The link for one range of the first file.
    pub fn link_for(&self, range: &str) -> String {
        match self.repository.files.first().map(|file| &file.content) {
            Some(Content::Object { sha256 }) => self.links.sign(sha256, Some(range)),
            _ => String::new(),
        }
    }

    pub fn hub_traffic(&self) -> Traffic {
        self.hub.traffic()
    }

    pub fn content_traffic(&self) -> Traffic {
        match &self.content {
            ContentServer::Nginx(nginx) => nginx.traffic(),
            ContentServer::Own(_, counter) => counter.traffic(),
        }
    }

    /// The most connections to the content server at once since the last call; unknown of nginx.
    pub fn take_most_connections(&self) -> u64 {
        match &self.content {
            ContentServer::Nginx(_) => 0,
            ContentServer::Own(_, counter) => counter.take_most_connections(),
        }
    }

    pub fn server(&self) -> &'static str {
        match self.content {
            ContentServer::Nginx(_) => "nginx",
            ContentServer::Own(..) => "the bench's own file server",
        }
    }
}

fn own_server(bench: &Bench, conditions: Conditions) -> Result<(ContentServer, Links), Problem> {
    let listener = Listener::bind(2)?;
    let links = Links { root: format!("http://{}", listener.address()?), binding: conditions.binding };
    let counter = Arc::<Counter>::default();
    let cdn = Cdn {
        folder: bench.place().path().to_owned(),
        links: links.clone(),
        rate: conditions.rate,
        counter: Arc::clone(&counter),
    };
    Ok((ContentServer::Own(listener.serve(bench.runtime(), cdn)?, counter), links))
}
