//! Signed links expire and lines break: the work goes on from the bytes that are there, without the key at the storage.

use super::{behind, pull, site};
use crate::sandbox::Sandbox;
use crate::support::civitai::{Door, File, Model, Version};
use crate::support::{Place, generated};

/// The storage answers an expired link with 403 (R2), 401 or 400 (B2).
#[test]
fn an_expired_link_is_replaced_whatever_the_storage_calls_it() {
    for status in [403, 401, 400] {
        let site = behind(Door::Login).with(|state| {
            state.expired_status = Some(status);
            state.link_uses = Some(1);
            state.cuts = Some((100_000, 2));
        });
        let sandbox = Sandbox::with_civitai(&site, None);
        pull(&sandbox, "civitai:257749@290640").any_stdout().any_stderr().run();
        assert!(site.count(Place::Resolve) >= 3, "{status}: {}", site.take_log());
    }
}

#[test]
fn a_run_that_was_given_up_is_gone_on_from() {
    let site = behind(Door::Login).with(|state| state.cuts = Some((140_000, 1_000)));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:257749@290640").args(["--timeout", "1ms"]).status(7).any_stderr().run();
    site.configure(|state| state.cuts = None);
    site.expire_links();
    let finished = pull(&sandbox, "civitai:257749@290640").any_stdout().any_stderr().run();
    assert!(finished.stderr.contains("from an earlier run"), "{}", finished.stderr);
}

/// Alone, the file would take six seconds; storage that has more connections than these refuses them all.
#[test]
fn a_slow_storage_gets_more_connections_but_few() {
    let version = Version::new(2, "v1").file(File::new(12, "large.safetensors", generated(7, 12_000_000)).primary());
    let site = site(Model::new(1, "Large", "Checkpoint").version(version));
    site.configure(|state| state.storage_rate = Some(2_000_000));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2").args(["--connections", "16"]).any_stdout().any_stderr().run();
    let most = site.most_connections();
    assert!((2..=4).contains(&most), "{most} connections");
    assert_eq!(site.count(Place::Resolve), 2, "for the first byte, and for the rest");
}
