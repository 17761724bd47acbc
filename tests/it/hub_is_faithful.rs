//! The hub is only worth something if it behaves like the real one: these tests talk to it without gatedl.

use crate::support::{
    Access, Account, At, Fault, Gate, Hub, LinkBinding, Place, Repository, Times, generated, token_of,
};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode};

/// A client that follows nothing and decodes nothing.
struct Caller {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

struct Seen {
    status: u16,
    headers: reqwest::header::HeaderMap,
    /// What arrived, and whether the connection ended properly.
    body: Result<Vec<u8>, Vec<u8>>,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    fn text(&self) -> String {
        let body = self.body.as_ref().expect("a whole body");
        String::from_utf8_lossy(body).into_owned()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text()).expect("JSON")
    }
}

impl Caller {
    fn new() -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self { client: client.expect("a client"), runtime: runtime.expect("a runtime") }
    }

    fn ask(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> Seen {
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

    fn get(&self, url: &str) -> Seen {
        self.ask(Method::GET, url, &[])
    }

    fn get_as(&self, account: &str, url: &str) -> Seen {
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

fn gated() -> Hub {
    let repository = Repository::model("org/model")
        .gated(Gate::Manual)
        .file("README.md", "read me")
        .file("config.json", "{}")
        .lfs("model.safetensors", generated(1, 5000));
    Hub::start(vec![repository]).account(Account::new("bob"))
}

#[test]
fn a_gate_says_which_of_its_states_applies() {
    let hub =
        gated().account(Account::new("narrow").without_gated_permission()).account(Account::new("late").expired());
    let caller = Caller::new();
    let url = format!("{}/api/models/org/model/auth-check", hub.url());

    let anonymous = caller.get(&url);
    assert_eq!(anonymous.status, 401);
    assert_eq!(anonymous.header("x-error-code"), "GatedRepo");
    assert!(anonymous.header("www-authenticate").starts_with("Bearer realm="));

    for (access, words) in [
        (Access::NeverAsked, "you are not in the authorized list. Visit https://huggingface.co/org/model"),
        (Access::Pending, "is awaiting a review from the repo authors."),
        (Access::Rejected, "has been rejected by the repo's authors."),
        (Access::Reset, "to submit a new request."),
    ] {
        hub.set_access("bob", "org/model", access);
        let refused = caller.get_as("bob", &url);
        assert_eq!(refused.status, 403);
        assert_eq!(refused.header("x-error-code"), "GatedRepo");
        assert!(refused.header("x-error-message").contains(words), "{words}");
        assert_eq!(refused.json()["error"], refused.header("x-error-message"));
    }

    hub.set_access("bob", "org/model", Access::GrantedAfter(2));
    let statuses = [(); 3].map(|()| caller.get_as("bob", &url).status);
    assert_eq!(statuses, [403, 403, 200]);

    let narrow = caller.get_as("narrow", &url);
    assert_eq!((narrow.status, narrow.header("x-error-code")), (403, ""));
    let late = caller.get_as("late", &url);
    assert_eq!((late.status, late.header("x-error-message")), (401, "User Access Token \"late-token\" is expired"));
    let unknown = caller.get_as("nobody", &url);
    assert_eq!(unknown.header("x-error-message"), "Invalid credentials in Authorization header");
}

#[test]
fn the_listing_is_public_but_its_hashes_are_masked() {
    let hub = gated().access("bob", "org/model", Access::Granted);
    let caller = Caller::new();
    let url = format!("{}/api/models/org/model/tree/main?recursive=true", hub.url());
    let hash = |seen: &Seen| seen.json()[2]["lfs"]["oid"].as_str().expect("an oid").to_owned();

    assert_eq!(hash(&caller.get(&url)), "*".repeat(64));
    assert_eq!(hash(&caller.get_as("bob", &url)), hub.etag("org/model", "model.safetensors"));
}

#[test]
fn the_readme_of_a_gated_repository_is_open_and_the_rest_hides_behind_the_gate() {
    let hub = gated();
    let caller = Caller::new();
    let resolve = |path: &str| caller.get(&format!("{}/org/model/resolve/main/{path}", hub.url()));

    assert_eq!(resolve("README.md").status, 307);
    assert_eq!(resolve("LICENSE").header("x-error-code"), "EntryNotFound");
    assert_eq!(resolve("config.json").header("x-error-code"), "GatedRepo");
    assert_eq!(resolve("no-such-file").header("x-error-code"), "GatedRepo");
}

#[test]
fn a_small_public_file_takes_two_hops_and_has_no_etag_on_the_first() {
    let hub = Hub::start(vec![Repository::model("gpt2").file("a/b c.json", "{\"a\": 1}")]);
    let caller = Caller::new();
    let first = caller.get(&format!("{}/gpt2/resolve/main/a/b%20c.json", hub.url()));
    assert_eq!((first.status, first.header("etag")), (307, ""));
    assert_eq!(first.header("x-repo-commit"), hub.commit("gpt2", "main"));

    let url = format!("{}{}", hub.url(), first.header("location"));
    let second = caller.ask(Method::GET, &url, &[("accept-encoding", "identity")]);
    assert_eq!((second.status, second.header("content-length")), (200, "8"));
    assert_eq!(second.header("etag"), format!("\"{}\"", hub.etag("gpt2", "a/b c.json")));
    assert_eq!(caller.get(&url).header("content-length"), "");
    assert_eq!(hub.count(Place::ResolveCache), 2);
}

#[test]
fn a_link_serves_the_range_it_was_made_for_and_no_other() {
    let content = generated(2, 5000);
    let hub = Hub::start(vec![Repository::model("org/model").lfs("model.bin", content.clone())]).allow_leaks();
    let caller = Caller::new();
    let resolve = format!("{}/org/model/resolve/main/model.bin", hub.url());
    let made = caller.ask(Method::GET, &resolve, &[("range", "bytes=10-19")]);
    assert_eq!((made.status, made.header("x-linked-size")), (302, "5000"));
    let link = made.header("location").to_owned();

    let right = caller.ask(Method::GET, &link, &[("range", "bytes=10-19")]);
    assert_eq!((right.status, right.header("content-range")), (206, "bytes 10-19/5000"));
    assert_eq!(right.body.as_deref(), Ok(&content[10..20]));
    assert_ne!(right.header("etag"), made.header("x-linked-etag"));
    assert_eq!(caller.ask(Method::GET, &link, &[("range", "bytes=20-29")]).status, 403);
    assert_eq!(caller.get(&link).status, 403);

    hub.configure(|options| options.link_binding = LinkBinding::Free);
    assert_eq!(caller.ask(Method::GET, &link, &[("range", "bytes=5000-")]).status, 416);
    assert_eq!(caller.get_as("bob", &link).status, 400);
    hub.expire_links();
    assert!(caller.get(&link).text().contains("Request has expired"));
}

#[test]
fn faults_break_exactly_what_they_say() {
    let content = generated(3, 900_000);
    let hub = Hub::start(vec![Repository::model("org/model").lfs("model.bin", content.clone())]);
    hub.configure(|options| options.link_binding = LinkBinding::Free);
    let caller = Caller::new();
    let link = caller.get(&format!("{}/org/model/resolve/main/model.bin", hub.url()));
    let link = link.header("location");
    let with = |fault: Fault| {
        hub.fault(At::content("model.bin"), fault, Times::Next(1));
        caller.ask(Method::GET, link, &[("range", "bytes=100-")])
    };

    let cut = with(Fault::Cut(600_000));
    assert_eq!(cut.body.as_deref(), Err(&content[100..600_100].to_vec()));
    assert_eq!(with(Fault::LyingLength(5)).body.as_deref(), Err(&content[100..].to_vec()));
    assert_eq!(with(Fault::ShortBody(5)).body.as_deref(), Ok(&content[100..899_995]));
    assert_eq!(with(Fault::IgnoreRange).status, StatusCode::OK);
    assert_eq!(with(Fault::NoContentRange).header("content-range"), "");
    assert_eq!(with(Fault::WrongContentRange).header("content-range"), "bytes 101-900000/900001");

    let flipped = with(Fault::FlipBit(300_000)).body.expect("a whole body");
    let differing: Vec<usize> = (0..flipped.len()).filter(|at| flipped[*at] != content[at + 100]).collect();
    assert_eq!(differing, [299_900]);
    assert_eq!(with(Fault::Cut(0)).body, Err(Vec::new()));
    assert_eq!(caller.get(link).body.as_deref(), Ok(&content[..]));
}
