//! The listeners: accepts connections, asks the routes, lets the faults have their way, writes the record.

use super::answer::Answer;
use super::fault::Fault;
use super::record::{Origin, Place, Record, Recorded};
use super::request::Request;
use super::state::State;
use super::wire::{Closer, Frames, Wire};
use super::{api, cdn, control, fault, mischief, oauth, resolve};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

/// What answers behind a set of listeners, and keeps the record of it.
pub trait Site: Default + Send + 'static {
    /// The answer to `request`, recorded, and the counter of the bytes that will be sent.
    fn decide(&mut self, request: &Request) -> (Answer, Arc<AtomicU64>);

    fn record(&mut self) -> &mut Record;

    /// Whether held answers are kept back.
    fn holds_answers(&self) -> bool {
        false
    }

    /// Told when every connection is to be closed.
    fn closing(&self) -> Arc<Notify> {
        Arc::default()
    }

    /// A connection came (`true`) or went.
    fn connected(&mut self, origin: Origin, came: bool) {
        let _ = (origin, came);
    }
}

/// The state of one site, shared between its listeners and the test.
#[derive(Default)]
pub struct Shared<S>(Arc<Mutex<S>>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Shared<S> {
    /// A route that panicked has been noted already; what it left behind is good enough to finish the test with.
    pub fn lock(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener on `127.0.0.<host>`, or on another port of `127.0.0.1` where only that exists (macOS).
pub fn bind(host: u8) -> io::Result<std::net::TcpListener> {
    let at = |host| std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0)));
    let listener = at(host).or_else(|_| at(1))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

pub fn root(listener: &std::net::TcpListener) -> String {
    listener.local_addr().map(|address| format!("http://{address}")).unwrap_or_default()
}

/// Serves until the sender of `stopped` is dropped; connections still open end with the runtime.
pub fn run<S: Site>(
    listeners: Vec<(std::net::TcpListener, Origin)>,
    shared: &Shared<S>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for (listener, origin) in listeners {
            let listener = TcpListener::from_std(listener).expect("a listener");
            tokio::spawn(listen(listener, origin, shared.clone()));
        }
        let _ = stopped.await;
    });
}

/// Accepts connections until the runtime stops.
async fn listen<S: Site>(listener: TcpListener, origin: Origin, shared: Shared<S>) {
    loop {
        // An error here is a connection that went away before it was accepted.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, origin, shared.clone()));
        }
    }
}

async fn serve<S: Site>(stream: TcpStream, origin: Origin, shared: Shared<S>) {
    stream.set_nodelay(true).ok();
    let closer = Closer::default();
    let wire = TokioIo::new(Wire::new(stream, Closer::clone(&closer)));
    let service = service_fn(|incoming| answer(incoming, origin, shared.clone(), Closer::clone(&closer)));
    shared.lock().connected(origin, true);
    // Errors are clients that left or connections that were cut: both are what tests are about.
    let closing = shared.lock().closing();
    tokio::select! {
        _ = hyper::server::conn::http1::Builder::new().serve_connection(wire, service) => {}
        () = closing.notified() => {}
    }
    shared.lock().connected(origin, false);
}

async fn answer<S: Site>(
    incoming: hyper::Request<Incoming>,
    origin: Origin,
    shared: Shared<S>,
    closer: Closer,
) -> io::Result<hyper::Response<Frames>> {
    let request = Request::read(origin, incoming).await;
    let (answer, sent) = {
        let mut state = shared.lock();
        let decided = catch_unwind(AssertUnwindSafe(|| state.decide(&request)));
        decided.unwrap_or_else(|_| {
            state.record().panics.push(format!("{} {}", request.method, request.target));
            (Answer::text(500, "the test server panicked"), Arc::default())
        })
    };
    tokio::time::sleep(answer.delivery.delay).await;
    while answer.delivery.is_held && shared.lock().holds_answers() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if answer.delivery.hangs_up {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    let frames = Frames::new(&answer, sent, closer);
    let mut response = hyper::Response::new(frames);
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).map_err(io::Error::other)?;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

impl Site for State {
    fn decide(&mut self, request: &Request) -> (Answer, Arc<AtomicU64>) {
        decide(self, request)
    }

    fn record(&mut self) -> &mut Record {
        &mut self.record
    }

    fn holds_answers(&self) -> bool {
        self.faults.iter().any(|rule| rule.fault == Fault::Held)
    }

    fn closing(&self) -> Arc<Notify> {
        Arc::clone(&self.closing)
    }
}

fn decide(state: &mut State, request: &Request) -> (Answer, Arc<AtomicU64>) {
    if let Some(answer) = control::answer(state, request) {
        return (answer, Arc::default());
    }
    look_for_leaks(state, request);
    let mut recorded = Recorded::new(request.origin, &request.method, &request.target);
    recorded.range = request.header("range").map(str::to_owned);
    recorded.token = state.caller(request).label();
    let sent = recorded.counter();
    let number = state.record.arrive(recorded);

    let mut answer = route(state, request);
    stamp(state, &mut answer, number);
    if let Some(offset) = state.options.clock_offset {
        answer.set("date", &httpdate::fmt_http_date(shifted(offset)));
    }
    if answer.carries_file {
        answer.delivery.rate = state.options.content_rate;
    }
    let mut rules = std::mem::take(&mut state.faults);
    for fault in fault::due(&mut rules, request, &answer) {
        mischief::apply(&fault, &mut answer, request, state);
    }
    state.faults = rules;
    answer.settle(request);

    if let Some(recorded) = state.record.newest() {
        recorded.place = answer.place;
        recorded.file.clone_from(&answer.file);
        recorded.status = answer.status;
    }
    (answer, sent)
}

fn look_for_leaks(state: &mut State, request: &Request) {
    let head = request.head();
    if request.origin != Origin::Hub || state.options.forbids_tokens {
        state.record.look_for_leak(request.origin, &head);
    } else if super::canary::is_in(&request.target) {
        // Even at the hub a token belongs in the header, never in a URL that proxies log.
        state.record.look_for_leak(request.origin, &request.target);
    }
}

fn route(state: &mut State, request: &Request) -> Answer {
    match request.origin {
        Origin::Cdn => cdn::answer(state, request),
        Origin::Foreign => foreign(state, request),
        Origin::Hub => {
            let Some(parts) = request.parts_behind(&state.options.prefix) else {
                return api::no_such_route();
            };
            match parts.split_first() {
                Some((first, rest)) if first == "api" => api::answer(state, request, rest),
                _ if parts == ["oauth", "token"] => oauth::token(state, request),
                _ => resolve::answer(state, request, &parts).unwrap_or_else(api::no_such_route),
            }
        }
    }
}

/// Bytes nobody asked for, or a redirect back to where the client came from.
fn foreign(state: &State, request: &Request) -> Answer {
    if let Some(answer) = oauth::issue(request) {
        return answer;
    }
    let mut answer = match request.target.strip_prefix("/back/") {
        Some(location) => Answer::text(307, "Temporary Redirect").with("location", location),
        None => Answer::new(200, state.options.foreign_content.clone()),
    };
    answer.place = Place::Foreign;
    answer
}

/// The time on a clock that is so many seconds ahead.
fn shifted(offset: i64) -> SystemTime {
    let difference = Duration::from_secs(offset.unsigned_abs());
    if offset < 0 { SystemTime::now() - difference } else { SystemTime::now() + difference }
}

/// What every answer of the hub has. What is over the quota is refused.
fn stamp(state: &mut State, answer: &mut Answer, number: u64) {
    // The shape of the load balancer's ids, so that clients and redactions see the real thing.
    let id = format!("Root=1-6a000000-{number:024x}");
    answer.set("x-request-id", &id);
    let (bucket, plenty) = match answer.place {
        Place::Api => ("api", 1000),
        Place::Resolve | Place::ResolveCache => ("resolvers", 5000),
        Place::Cdn | Place::Foreign | Place::Content => return,
    };
    let (since, used) = state.used.entry(bucket).or_insert((Instant::now(), 0));
    *used += 1;
    let (remaining, resets, limit) = match state.options.quota {
        // always plenty
        None => (plenty - *used % (plenty / 2), 172, plenty),
        Some((limit, window)) => {
            if since.elapsed() >= window {
                (*since, *used) = (Instant::now(), 1);
            }
            if *used > limit {
                let refusal = Answer::json(429, &serde_json::json!({ "error": "We had to rate limit you." }));
                *answer = Answer { place: answer.place, ..refusal.with("x-request-id", &id) };
            }
            let left = window.saturating_sub(since.elapsed());
            (limit.saturating_sub(*used), left.as_secs() + u64::from(left.subsec_nanos() > 0), limit)
        }
    };
    answer.set("ratelimit", &format!("\"{bucket}\";r={remaining};t={resets}"));
    answer.set("ratelimit-policy", &format!("\"fixed window\";\"{bucket}\";q={limit};w=300"));
}
