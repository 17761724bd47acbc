//! The real names of the site, over TLS and a proxy that leads them to loopback: `.com` and `.red` have one API and one
//! kind of key, and the storage is a sub-domain that must never see it.

use super::{pull, weights};
use crate::forward::{Proxy, Tls};
use crate::sandbox::{Run, Sandbox};
use crate::support::civitai::{CivitAi, Model, Version};
use crate::support::{Account, Place, key_of};
use snapbox::str;

/// `.com` with model 1, `.red` with models 1 and 2; both have their files at `b2.civitai.com`.
struct World {
    com: CivitAi,
    red: CivitAi,
    proxy: Proxy,
    sandbox: Sandbox,
}

impl World {
    fn new() -> Self {
        let model = |id| Model::new(id, "Pony", "Checkpoint").version(Version::new(id * 10, "v1").file(weights()));
        let site = |models| {
            let site = CivitAi::start(models).account(Account::new("bob")).allow_unused();
            site.with(|state| state.storage_root = Some("https://b2.civitai.com".to_owned()))
        };
        let (com, red) = (site(vec![model(1)]), site(vec![model(1), model(2)]));
        let [for_com, for_red, for_storage] =
            [com.url(), red.url(), red.storage_url()].map(|url| Tls::in_front_of(&url));
        let proxy = Proxy::leading(&[
            ("civitai.com", for_com.address()),
            ("civitai.red", for_red.address()),
            ("b2.civitai.com", for_storage.address()),
        ]);
        let sandbox = Sandbox::without_hub();
        let authorities = [&for_com, &for_red, &for_storage].map(Tls::authority).concat();
        sandbox.write("authorities.pem", authorities);
        Self { com, red, proxy, sandbox }
    }

    fn pull(&self, reference: &str) -> Run {
        let run = pull(&self.sandbox, reference).env("HTTPS_PROXY", self.proxy.url());
        run.env("SSL_CERT_FILE", self.sandbox.path("authorities.pem"))
    }

    /// How many requests each of the two was asked since the last call, each with the key.
    fn asked(&self) -> (usize, usize) {
        let count = |site: &CivitAi| {
            let requests = site.take_requests();
            let of_site = requests.iter().filter(|request| request.place != Place::Cdn);
            of_site.filter(|request| request.token.as_deref() == Some("bob")).count()
        };
        (count(&self.com), count(&self.red))
    }
}

#[test]
fn what_com_does_not_have_is_asked_for_at_red() {
    let world = World::new();
    world.pull("civitai:2").any_stdout().any_stderr().run();
    let (com, red) = world.asked();
    assert!(com == 1 && red >= 3, "{com} and {red}");
    let tree = world.sandbox.tree("cache");
    assert!(tree.contains("models--2/snapshots"), "{tree}");
    world
        .pull("civitai:9")
        .status(5)
        .stderr(str![[r#"
error: there is nothing published as `civitai:9`
  caused by: 404 Not Found for https://civitai.com/api/v1/models/9
  server says: No model with id 9
hint: see https://civitai.com/models/9; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
    assert_eq!(world.asked(), (1, 1));
}

#[test]
fn a_link_to_red_is_asked_at_red() {
    let world = World::new();
    world.pull("https://civitai.red/models/2?modelVersionId=20").any_stdout().any_stderr().run();
    let (com, red) = world.asked();
    assert!(com == 0 && red >= 2, "{com} and {red}");
    world.pull("https://civitai.red/models/9").status(5).any_stderr().run();
    assert_eq!(world.asked(), (1, 1));
}

#[test]
fn access_to_a_link_to_red_is_asked_at_red() {
    let world = World::new();
    let run = world.sandbox.args(["access", "https://civitai.red/models/2"]);
    let run = run.env("HTTPS_PROXY", world.proxy.url()).env("CA_API_KEY", key_of("bob"));
    run.env("SSL_CERT_FILE", world.sandbox.path("authorities.pem")).any_stdout().run();
    let (com, red) = world.asked();
    assert!(com == 0 && red >= 2, "{com} and {red}");
}

#[test]
fn access_to_what_com_does_not_have_is_asked_for_at_red() {
    let world = World::new();
    let run = world.sandbox.args(["access", "civitai:2", "civitai:9"]);
    let run = run.env("HTTPS_PROXY", world.proxy.url()).env("CA_API_KEY", key_of("bob"));
    let run = run.env("SSL_CERT_FILE", world.sandbox.path("authorities.pem"));
    run.status(5)
        .stdout(str![[r#"
REPOSITORY  GATE  ACCESS         TOKEN
civitai:2   -     granted        CA_API_KEY
civitai:9   ?     not published  CA_API_KEY

token from CA_API_KEY, for https://civitai.com only
  account: `bob`
  standing: active

token from CA_API_KEY, for https://civitai.red only
  account: `bob`
  standing: active

there is nothing published as `civitai:9`
  caused by: 404 Not Found for https://civitai.com/api/v1/models/9
  server says: No model with id 9
  hint: see https://civitai.com/models/9; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
}

#[test]
fn a_storage_that_is_a_sub_domain_never_sees_the_key() {
    let world = World::new();
    // the site fails the test when the key comes to its storage
    world.pull("https://civitai.green/models/2").any_stdout().any_stderr().run();
    let storage = world.red.requests().into_iter().filter(|request| request.place == Place::Cdn);
    assert!(storage.map(|request| request.token).all(|token| token.is_none()));
    assert!(world.red.count(Place::Cdn) >= 2);
}
