//! The hub is only worth something if it behaves like the real one: these tests talk to it without gatedl.

use crate::raw_http::{Caller, Seen};
use crate::support::{Access, Account, At, Fault, Gate, Hub, LinkBinding, Place, Repository, Times, generated};
use reqwest::Method;

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
    assert_eq!(with(Fault::IgnoreRange).status, 200);
    assert_eq!(with(Fault::NoContentRange).header("content-range"), "");
    assert_eq!(with(Fault::WrongContentRange).header("content-range"), "bytes 101-900000/900001");

    let flipped = with(Fault::FlipBit(300_000)).body.expect("a whole body");
    let differing: Vec<usize> = (0..flipped.len()).filter(|at| flipped[*at] != content[at + 100]).collect();
    assert_eq!(differing, [299_900]);
    assert_eq!(with(Fault::Cut(0)).body, Err(Vec::new()));
    assert_eq!(caller.get(link).body.as_deref(), Ok(&content[..]));
}

#[test]
fn missing_and_private_look_the_same() {
    let hub = Hub::start(vec![Repository::model("org/secret").private().readable_by("ann").file("a", "a")])
        .account(Account::new("ann"))
        .account(Account::new("bob"));
    let caller = Caller::new();
    for id in ["org/secret", "org/missing"] {
        let url = format!("{}/api/models/{id}/revision/main", hub.url());
        let anonymous = caller.get(&url);
        assert_eq!((anonymous.status, anonymous.header("x-error-code")), (401, ""));
        assert_eq!(anonymous.json()["error"], "Invalid username or password.");
        let bob = caller.get_as("bob", &url);
        assert_eq!((bob.status, bob.header("x-error-code")), (404, "RepoNotFound"));
    }
    let url = format!("{}/org/secret/resolve/main/a", hub.url());
    assert_eq!(caller.get_as("ann", &url).text(), "a");
    let listed = caller.get(&format!("{}/api/models?author=org&search=sec", hub.url()));
    assert_eq!(listed.text(), "[]");
}

#[test]
fn a_renamed_repository_sends_its_callers_on() {
    let renamed = Repository::model("org/new").formerly("model").file("a", "a");
    let hub = Hub::start(vec![renamed]);
    let caller = Caller::new();
    for (old, new) in [
        ("/api/models/model?blobs=true", "/api/models/org/new?blobs=true"),
        ("/api/models/Org/New/tree/main", "/api/models/org/new/tree/main"),
        ("/model/resolve/main/a", "/org/new/resolve/main/a"),
    ] {
        let moved = caller.get(&format!("{}{old}", hub.url()));
        assert_eq!((moved.status, moved.header("location")), (307, new));
    }
}

#[test]
fn pages_name_the_next_one_here_or_at_huggingface() {
    let files = (0..5).fold(Repository::dataset("org/data"), |repository, number| {
        repository.file(&format!("{number}.txt"), number.to_string())
    });
    let hub = Hub::start(vec![files]).with(|options| {
        options.page_size = 2;
        "/hub".clone_into(&mut options.prefix);
    });
    let caller = Caller::new();
    let mut url = format!("{}/api/datasets/org/data/tree/main?recursive=true", hub.url());
    let mut seen = Vec::new();
    loop {
        let page = caller.get(&url);
        seen.extend(page.json().as_array().expect("a list").iter().map(|entry| entry["path"].clone()));
        match page.header("link").strip_prefix('<').and_then(|link| link.split_once('>')) {
            Some((next, _)) => url = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt"]);
    assert_eq!(hub.count(Place::Api), 3);

    hub.configure(|options| options.links_name_huggingface = true);
    let page = caller.get(&format!("{}/api/datasets/org/data/tree/main", hub.url()));
    let link = "<https://huggingface.co/api/datasets/org/data/tree/main?cursor=2>; rel=\"next\"";
    assert_eq!(page.header("link"), link);
}
