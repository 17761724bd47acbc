"""Hugging Face's own client drives the loopback hub.

What the Rust tests conclude from that hub is worth as much as its likeness to the real one, so the real client must get
along with it and ask what it asks there. The counts are those measured with hf 2.3 and 2.4.
"""

from collections import Counter

import pytest
from conftest import FILES, LARGE
from machine import files_below


def kinds(hub):
    """How many requests of each kind: `HEAD resolve`, `GET cdn` and so on."""

    def kind(request):
        path = request["target"].split("?")[0]
        route = next((part for part in ["resolve-cache", "resolve", "tree", "revision"] if f"/{part}/" in path), path)
        return f"{request['method']} {'cdn' if request['origin'] == 'cdn' else route}"

    return Counter(map(kind, hub.requests()))


def assert_is_the_repository(folder):
    found = files_below(folder)
    assert {path: found[path].decode() for path in FILES} == FILES
    assert {path: len(found[path]) for path in LARGE} == LARGE
    assert len(found) == len(FILES) + len(LARGE)


def test_a_public_repository(machine):
    assert_is_the_repository(machine.download("org/public"))
    # Three for a small file, of which two are its own (the other is the redirect); one for a large one, and the CDN.
    # The empty file needs no GET, and of two equal files the second is linked.
    assert kinds(machine.hub) == {
        "GET revision": 1,
        "GET tree": 1,
        "HEAD resolve": 7,
        "HEAD resolve-cache": 5,
        "GET resolve-cache": 3,
        "GET cdn": 2,
    }


def test_a_pull_again_asks_for_the_revision_and_a_commit_for_nothing(machine):
    folder = machine.download("org/public")
    machine.hub.reset()
    assert machine.download("org/public") == folder
    assert machine.hub.lines() == ["GET hub /api/models/org/public/revision/main 200"]
    machine.hub.reset()
    assert machine.download("org/public", "--revision", folder.name) == folder
    assert machine.hub.lines() == []


def test_verify_finds_the_listing_true_and_a_flipped_bit(machine):
    folder = machine.download("org/public")
    assert "Verified 7 file(s)" in machine.hf("cache", "verify", "org/public").stdout
    weights = (folder / "model.safetensors").resolve()
    weights.write_bytes(b"\xff" + weights.read_bytes()[1:])
    assert "model.safetensors" in machine.hf("cache", "verify", "org/public", expect=1).stdout


@pytest.mark.parametrize("account", [None, "carol"])
def test_a_closed_gate(machine, account):
    stderr = machine.hf("download", "org/gated", account=account, expect=1).stderr
    assert "Access denied. Model 'org/gated' requires approval." in stderr
    # What everybody may see of a gated repository: the listing, and the files that explain it.
    assert {request["status"] for request in machine.hub.requests() if "/resolve/" in request["target"]} == {
        307,
        403 if account else 401,
    }


def test_an_open_gate(machine):
    assert_is_the_repository(machine.download("org/gated", account="bob"))
    # Small files of a gated repository come from the hub itself; only what everybody may read has a cache.
    assert kinds(machine.hub) == {
        "GET revision": 1,
        "GET tree": 1,
        "HEAD resolve": 7,
        "GET resolve": 2,
        "HEAD resolve-cache": 1,
        "GET resolve-cache": 1,
        "GET cdn": 2,
    }


def test_access_that_is_granted_later(machine):
    machine.hf("download", "org/gated", account="carol", expect=1)
    machine.hub.set_access("carol", "org/gated", "granted")
    assert_is_the_repository(machine.download("org/gated", account="carol"))


def test_one_file(machine):
    file = machine.download("org/public", "model.safetensors")
    assert file.stat().st_size == LARGE["model.safetensors"]
    assert kinds(machine.hub) == {"HEAD resolve": 1, "GET cdn": 1}


def test_what_is_not_there(machine):
    assert "Revision not found" in machine.hf("download", "org/public", "--revision", "v9", expect=1).stderr
    assert "File not found" in machine.hf("download", "org/public", "none.json", expect=1).stderr
    # Authenticated: an anonymous caller is told 401, which hf takes for a missing repository only over https.
    assert "not found" in machine.hf("download", "org/none", account="bob", expect=1).stderr
