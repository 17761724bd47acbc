//! The listeners of the site and its storage: each request is recorded, answered, and searched for a key that is astray.

use super::super::answer::Answer;
use super::super::canary;
use super::super::record::{Origin, Recorded};
use super::super::request::Request;
use super::super::wire::{Closer, Frames, Wire};
use super::{State, site, storage};
use crate::support::account::Caller;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves until the sender of `stopped` is dropped.
pub fn run(listeners: Vec<(std::net::TcpListener, Origin)>, shared: &Shared, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for (listener, origin) in listeners {
            let listener = TcpListener::from_std(listener).expect("a listener");
            tokio::spawn(listen(listener, origin, shared.clone()));
        }
        let _ = stopped.await;
    });
}

async fn listen(listener: TcpListener, origin: Origin, shared: Shared) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, origin, shared.clone()));
        }
    }
}

async fn serve(stream: TcpStream, origin: Origin, shared: Shared) {
    stream.set_nodelay(true).ok();
    let closer = Closer::default();
    let wire = TokioIo::new(Wire::new(stream, Closer::clone(&closer)));
    let service = service_fn(|incoming| answer(incoming, origin, shared.clone(), Closer::clone(&closer)));
    if origin == Origin::Cdn {
        let connections = &mut shared.lock().connections;
        connections.0 += 1;
        connections.1 = connections.1.max(connections.0);
    }
    hyper::server::conn::http1::Builder::new().serve_connection(wire, service).await.ok();
    if origin == Origin::Cdn {
        shared.lock().connections.0 -= 1;
    }
}

async fn answer(
    incoming: hyper::Request<Incoming>,
    origin: Origin,
    shared: Shared,
    closer: Closer,
) -> io::Result<hyper::Response<Frames>> {
    let request = Request::read(origin, incoming).await;
    let (answer, sent) = {
        let mut state = shared.lock();
        let decided = catch_unwind(AssertUnwindSafe(|| decide(&mut state, &request)));
        decided.unwrap_or_else(|_| {
            state.record.panics.push(format!("{} {}", request.method, request.target));
            (Answer::text(500, "the test site panicked"), Arc::default())
        })
    };
    let mut response = hyper::Response::new(Frames::new(&answer, sent, closer));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).map_err(io::Error::other)?;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

fn decide(state: &mut State, request: &Request) -> (Answer, Arc<AtomicU64>) {
    look_for_leaks(state, request);
    let caller = Caller::from_authorization(request.header("authorization"), &state.accounts);
    let mut recorded = Recorded::new(request.origin, &request.method, &request.target);
    recorded.range = request.header("range").map(str::to_owned);
    recorded.token = caller.label();
    let sent = recorded.counter();
    let number = state.record.arrive(recorded);
    let mut answer = match request.origin {
        Origin::Hub => site::answer(state, request, &caller, number),
        Origin::Cdn | Origin::Foreign => storage::answer(state, request),
    };
    answer.settle(request);
    if let Some(recorded) = state.record.newest() {
        recorded.place = answer.place;
        recorded.file.clone_from(&answer.file);
        recorded.status = answer.status;
    }
    (answer, sent)
}

fn look_for_leaks(state: &mut State, request: &Request) {
    if request.origin != Origin::Hub {
        state.record.look_for_leak(request.origin, &request.head());
    } else if canary::is_in(&request.target) {
        state.record.look_for_leak(request.origin, &request.target);
    }
    let agent = request.header("user-agent").unwrap_or_default().to_lowercase();
    if ["mozilla", "chrome", "safari", "firefox", "opera", "edge"].iter().any(|word| agent.contains(word)) {
        state.browsers.push(agent);
    }
}
