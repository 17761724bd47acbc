//! Two servers that pass requests on: a proxy, and TLS in front of a hub. A thread for each connection and one request
//! on each, because nothing here is about speed.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A proxy for http, and for https by `CONNECT`.
pub struct Proxy {
    address: String,
    heads: Heads,
}

type Heads = Arc<Mutex<Vec<String>>>;

impl Proxy {
    /// # Panics
    /// When loopback has no free port.
    pub fn start() -> Self {
        Self::leading(&[])
    }

    /// A proxy at which hosts lead to servers of the test: `civitai.com` to a listener on loopback.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn leading(routes: &[(&str, &str)]) -> Self {
        let routes: Vec<(String, String)> =
            routes.iter().map(|(host, to)| ((*host).to_owned(), to.trim_start_matches("http://").to_owned())).collect();
        let heads = Heads::default();
        let for_thread = Arc::clone(&heads);
        let address = serve(move |mut client| {
            let head = read_head(&mut client)?;
            lock(&for_thread).push(head.clone());
            let mut words = head.split(' ');
            let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let lead = |authority: &str| {
                let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
                let led = routes.iter().find(|(host, _)| host == name);
                led.map_or_else(|| authority.to_owned(), |(_, to)| to.clone())
            };
            if method == "CONNECT" {
                return tunnel(client, &lead(target));
            }
            let (authority, path) = split(target).ok_or(io::ErrorKind::InvalidInput)?;
            forward(&mut client, &lead(&authority), &head.replacen(target, &path, 1))
        });
        Self { address, heads }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Request lines and headers, as they arrived, since the last call.
    pub fn take_heads(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.heads))
    }
}

/// A hub behind TLS, with a certificate that nobody trusts who was not told to.
pub struct Tls {
    address: String,
    authority: String,
}

impl Tls {
    /// # Panics
    /// When no certificate can be made, or loopback has no free port.
    pub fn in_front_of(url: &str) -> Self {
        let upstream = url.trim_start_matches("http://").to_owned();
        let (config, authority) = certified();
        let address = serve(move |client| {
            let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            let mut client = StreamOwned::new(connection, client);
            let head = read_head(&mut client)?;
            forward(&mut client, &upstream, &head)?;
            client.conn.send_close_notify();
            client.flush()
        });
        Self { address, authority }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate of the authority, as PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// The certificate of an authority that has signed nothing. A program that trusts it alone is spared reading those of
/// the system, which takes longer than everything else in a short run that is not optimised.
///
/// # Panics
/// When it cannot be made.
pub fn idle_authority() -> String {
    let key = KeyPair::generate().expect("a key");
    CertificateParams::default().self_signed(&key).expect("a certificate").pem()
}

/// What the servers of tests are called.
const NAMES: [&str; 6] = ["127.0.0.1", "localhost", "hub.example", "civitai.com", "civitai.red", "b2.civitai.com"];

fn certified() -> (Arc<ServerConfig>, String) {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, key()).expect("an authority");
    let server_key = key();
    let params = CertificateParams::new(NAMES.map(str::to_owned)).expect("names");
    let server = params.signed_by(&server_key, &authority).expect("a certificate");
    let private = PrivateKeyDer::try_from(server_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], private)
        .expect("a certificate for the key");
    (Arc::new(config), authority.pem())
}

/// Accepts for ever, in threads that end with the process. Errors are clients that left.
fn serve(answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(client));
        }
    });
    address
}

/// Up to the empty line. No request of a downloader has a body.
fn read_head(client: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

/// Passes one request on and its answer back. Headers that are for a proxy only are taken out, as every proxy must.
fn forward(client: &mut impl Write, upstream: &str, head: &str) -> io::Result<()> {
    let mut server = TcpStream::connect(upstream)?;
    let is_for_the_next = |line: &&str| {
        let line = line.to_ascii_lowercase();
        !line.is_empty() && !line.starts_with("proxy-") && !line.starts_with("connection:")
    };
    for line in head.split("\r\n").filter(is_for_the_next) {
        write!(server, "{line}\r\n")?;
    }
    write!(server, "connection: close\r\n\r\n")?;
    io::copy(&mut server, client)?;
    client.flush()
}

fn tunnel(mut client: TcpStream, target: &str) -> io::Result<()> {
    let mut server = TcpStream::connect(target)?;
    write!(client, "HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        io::copy(&mut from_client, &mut to_server).ok();
        to_server.shutdown(Shutdown::Write).ok();
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}

/// `http://host:port/path` as authority and path.
fn split(target: &str) -> Option<(String, String)> {
    let rest = target.strip_prefix("http://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    Some((rest[..end].to_owned(), if end < rest.len() { rest[end..].to_owned() } else { "/".to_owned() }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
