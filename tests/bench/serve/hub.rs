//! A lean hub with one public repository: the answers of huggingface.co that a download needs, made beforehand.

use super::Counter;
use super::body::Pace;
use super::link::Links;
use super::listener::{Reply, Routes, header, reply};
use crate::files::{Content, File, Repository};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Entries on a page of the tree, as on huggingface.co.
const PAGE: usize = 1000;

pub struct Hub {
    repository: Arc<Repository>,
    links: Links,
    /// As clients know it: the TLS server's when there is one.
    root: String,
    /// Before each answer.
    delay: Duration,
    counter: Arc<Counter>,
    info: Bytes,
    pages: Vec<Bytes>,
}

impl Hub {
    pub fn new(
        repository: &Arc<Repository>,
        links: Links,
        root: String,
        delay: Duration,
        counter: &Arc<Counter>,
    ) -> Self {
        let nodes: Vec<Value> = repository.files.iter().map(node).collect();
        Self {
            info: describe(repository).to_string().into(),
            pages: nodes.chunks(PAGE).map(|page| json!(page).to_string().into()).collect(),
            repository: Arc::clone(repository),
            links,
            root,
            delay,
            counter: Arc::clone(counter),
        }
    }

    fn route(&self, request: &Request<Incoming>) -> Option<Reply> {
        let path = request.uri().path();
        let id = &self.repository.id;
        if let Some(rest) = path.strip_prefix("/api/resolve-cache/models/") {
            let path = rest.strip_prefix(id)?.strip_prefix('/')?.split_once('/')?.1;
            return self.cached(path);
        }
        if let Some(rest) = path.strip_prefix("/api/models/") {
            let rest = rest.strip_prefix(id)?;
            return match rest.split('/').nth(1) {
                None | Some("revision") => Some(self.json(&self.info, &[])),
                Some("tree") => self.page(request),
                Some(_) => None,
            };
        }
        let (_, path) = path.strip_prefix('/')?.strip_prefix(id)?.strip_prefix("/resolve/")?.split_once('/')?;
        self.resolve(path, header(request, "range"))
    }

    fn page(&self, request: &Request<Incoming>) -> Option<Reply> {
        let query = request.uri().query().unwrap_or_default();
        let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="));
        let number = cursor.map_or(Some(0), |cursor| cursor.parse().ok())?;
        let page = self.pages.get(number)?;
        if number + 1 == self.pages.len() {
            return Some(self.json(page, &[]));
        }
        let next = format!("{}{}?recursive=true&expand=false&cursor={}", self.root, request.uri().path(), number + 1);
        Some(self.json(page, &[("link", &format!("<{next}>; rel=\"next\""))]))
    }

    /// A large file's answer points to the content server; a small file's to the hub's own cache, and has no `ETag`.
    fn resolve(&self, path: &str, range: Option<&str>) -> Option<Reply> {
        self.counter.resolve();
        let file = self.repository.file(path)?;
        let commit = ("x-repo-commit", self.repository.commit.as_str());
        Some(match &file.content {
            Content::Object { sha256 } => {
                let location = self.links.sign(sha256, range);
                let headers = [
                    ("location", location.as_str()),
                    ("x-linked-size", &file.size.to_string()),
                    ("x-linked-etag", &format!("\"{sha256}\"")),
                    ("accept-ranges", "bytes"),
                    commit,
                ];
                reply(StatusCode::FOUND, "", &headers, &self.counter)
            }
            Content::Small(_) => {
                let location = cache_path(&self.repository, file);
                let headers = [("location", location.as_str()), commit];
                reply(StatusCode::TEMPORARY_REDIRECT, "", &headers, &self.counter)
            }
        })
    }

    fn cached(&self, path: &str) -> Option<Reply> {
        self.counter.resolve();
        let file = self.repository.file(path)?;
        let Content::Small(content) = &file.content else {
            return None;
        };
        let headers = [("etag", format!("\"{}\"", file.oid)), ("x-repo-commit", self.repository.commit.clone())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        Some(reply(StatusCode::OK, content.clone(), &headers, &self.counter))
    }

    fn json(&self, body: &Bytes, headers: &[(&str, &str)]) -> Reply {
        let headers = [headers, &[("content-type", "application/json; charset=utf-8")]].concat();
        reply(StatusCode::OK, body.clone(), &headers, &self.counter)
    }
}

impl Routes for Hub {
    fn counter(&self) -> &Arc<Counter> {
        &self.counter
    }

    async fn answer(&self, request: &Request<Incoming>, _: Option<Pace>) -> Reply {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        self.route(request).unwrap_or_else(|| {
            let body = r#"{"error":"Sorry, we can't find the page you are looking for."}"#;
            reply(StatusCode::NOT_FOUND, body, &[("content-type", "application/json")], &self.counter)
        })
    }
}

/// Where a small public file is really served.
pub fn cache_path(repository: &Repository, file: &File) -> String {
    let Repository { id, commit, .. } = repository;
    let File { path, oid, .. } = file;
    let here = format!("/{id}/resolve/{commit}/{path}").replace('/', "%2F");
    format!("/api/resolve-cache/models/{id}/{commit}/{path}?{here}=&etag=%22{oid}%22")
}

fn node(file: &File) -> Value {
    let mut node = json!({"type": "file", "oid": file.oid, "size": file.size, "path": file.path});
    if let Content::Object { sha256 } = &file.content {
        node["lfs"] = json!({"oid": sha256, "size": file.size, "pointerSize": 134});
    }
    node
}

fn describe(repository: &Repository) -> Value {
    let siblings: Vec<Value> = repository.files.iter().map(|file| json!({"rfilename": file.path})).collect();
    json!({
        "_id": "68e3a1f0c2d4b5a697788990", "id": repository.id, "modelId": repository.id, "author": "bench",
        "sha": repository.commit, "private": false, "gated": false, "disabled": false,
        "lastModified": "2026-10-06T13:24:38.000Z", "createdAt": "2026-10-06T13:20:00.000Z", "tags": [],
        "downloads": 0, "likes": 0, "siblings": siblings, "usedStorage": repository.size(),
    })
}
