//! Plain HTTP for the tests that talk to the hub without gatedl: what was sent is what is seen.

use crate::support::token_of;
use reqwest::redirect::Policy;
use reqwest::{Method, Response};

/// A client that follows nothing and decodes nothing.
pub struct Caller {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

pub struct Seen {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// What arrived, and whether the connection ended properly.
    pub body: Result<Vec<u8>, Vec<u8>>,
}

impl Seen {
    /// Empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub fn text(&self) -> String {
        let body = self.body.as_ref().expect("a whole body");
        String::from_utf8_lossy(body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text()).expect("JSON")
    }
}

impl Caller {
    pub fn new() -> Self {
        // refuses where another test has chosen it
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self { client: client.expect("a client"), runtime: runtime.expect("a runtime") }
    }

    pub fn ask(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request = self.client.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.runtime.block_on(async {
            let response = request.send().await.expect("an answer");
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Seen { status, headers, body: collect(response).await }
        })
    }

    pub fn get(&self, url: &str) -> Seen {
        self.ask(Method::GET, url, &[])
    }

    /// As [`get`](Self::get), with an account's token.
    pub fn get_as(&self, account: &str, url: &str) -> Seen {
        self.ask(Method::GET, url, &[("authorization", &format!("Bearer {}", token_of(account)))])
    }
}

async fn collect(mut response: Response) -> Result<Vec<u8>, Vec<u8>> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(_) => return Err(body),
        }
    }
}
