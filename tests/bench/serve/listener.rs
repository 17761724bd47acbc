//! Accepts connections and hands their requests to routes.

use super::Counter;
use super::body::{Content, Pace};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

pub type Reply = Response<Content>;

/// What a server answers; shared by all its connections.
pub trait Routes: Send + Sync + 'static {
    /// Bytes a second for each connection.
    fn rate(&self) -> Option<u64> {
        None
    }

    fn counter(&self) -> &Arc<Counter>;

    fn answer(&self, request: &Request<Incoming>, pace: Option<Pace>) -> impl Future<Output = Reply> + Send;
}

/// A port taken, so that others can be told of it before it answers.
pub struct Listener(std::net::TcpListener);

impl Listener {
    /// On `127.0.0.<host>`, or on `127.0.0.1` where only that exists (macOS): another port is another origin too.
    pub fn bind(host: u8) -> io::Result<Self> {
        let at = |host| std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0)));
        let listener = at(host).or_else(|_| at(1))?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    pub fn serve(self, runtime: &Handle, routes: impl Routes) -> io::Result<Serving> {
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(self.0)?
        };
        Ok(Serving(runtime.spawn(listen(listener, Arc::new(routes)))))
    }
}

/// A server that runs until this is dropped; its open connections end with their clients.
pub struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen<Served: Routes>(listener: TcpListener, routes: Arc<Served>) {
    loop {
        // An error here is a connection that went away before it was accepted.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&routes)));
        }
    }
}

async fn serve<Served: Routes>(stream: TcpStream, routes: Arc<Served>) {
    stream.set_nodelay(true).ok();
    let pace = routes.rate().map(Pace::new);
    routes.counter().connected();
    let service = service_fn(|request| {
        let (routes, pace) = (Arc::clone(&routes), pace.clone());
        async move {
            routes.counter().request();
            Ok::<_, Infallible>(routes.answer(&request, pace).await)
        }
    });
    // An error is a client that left, which the row about resuming is about.
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
    routes.counter().disconnected();
}

/// An answer with a body from memory.
pub fn reply(status: StatusCode, body: impl Into<Bytes>, headers: &[(&str, &str)], counter: &Arc<Counter>) -> Reply {
    with_headers(status, Content::memory(body.into(), counter), headers)
}

/// # Panics
/// When a header cannot be sent: all of them are made here.
pub fn with_headers(status: StatusCode, content: Content, headers: &[(&str, &str)]) -> Reply {
    let builder =
        headers.iter().fold(Response::builder().status(status), |builder, (name, value)| builder.header(*name, *value));
    builder.body(content).expect("headers of letters and digits")
}

pub fn header<'request>(request: &'request Request<Incoming>, name: &str) -> Option<&'request str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}
