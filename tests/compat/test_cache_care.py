"""`gatedl cache` on caches that `hf` shares: afterwards `hf cache ls --show-warnings` has nothing to say, `hf cache verify`
finds what is left whole, and the shared store is as `hf` would have left it."""

import json

from test_shared_blobs import PUBLISH


# What huggingface_hub sees.
SCAN = """
import json
from huggingface_hub import scan_cache_dir
print(json.dumps([[repo.repo_id, repo.size_on_disk, len(repo.revisions)] for repo in scan_cache_dir().repos]))
"""


def care(machine, *arguments, expect=0):
    return machine.gatedl("cache", *arguments, expect=expect).stdout


def test_what_one_removes_the_other_does_not_miss(machine):
    commit = machine.pull("org/public").name
    machine.pull("org/gated", account="bob")
    machine.download("org/public", "--revision", "v1")
    removals = [
        ("rm", "hf://org/public@main/model.safetensors"),
        ("rm", "org/gated"),
        ("prune",),
        ("rm", "org/public@v1"),
    ]
    for arguments in removals:
        care(machine, *arguments, "--dry-run")
        care(machine, *arguments, "--yes")
        machine.assert_hf_has_no_complaint()
    assert not machine.repository("models--org--gated").exists()
    assert (machine.repository() / "snapshots" / commit / "config.json").is_file()
    machine.hf("cache", "verify", "org/public")
    assert "org/public" in machine.hf("cache", "ls").stdout
    care(machine, "gc", "--max-size", "0", "--yes")
    machine.assert_hf_has_no_complaint()
    assert "org/public" not in machine.hf("cache", "ls").stdout
    machine.pull("org/public")
    machine.assert_hf_has_no_complaint()


def test_both_see_the_same_repositories_and_sizes(machine):
    machine.download("org/public")
    ours = json.loads(care(machine, "ls", "--json"))
    (theirs,) = machine.python(SCAN)
    (repo,) = ours["repos"]
    assert [repo["repo"], repo["size"], len(repo["revisions"])] == theirs


def test_prune_cleans_up_after_hf(machine):
    machine.hf("download", "org/gated", account="carol", expect=None)  # denied: leaves a folder without snapshots
    machine.download("org/public")
    folder = machine.repository()
    (folder / "blobs" / f"{'ab' * 32}.01234567.incomplete").write_bytes(bytes(5000))
    (folder / "refs" / "lost").write_text("cd" * 20)
    care(machine, "prune", "--yes")
    machine.assert_hf_has_no_complaint()
    assert care(machine, "prune", "--yes") == "nothing to remove\n"
    machine.hf("cache", "verify", "org/public")


def test_shared_content_goes_with_its_last_link(machine):
    folder = machine.download("org/public")
    blob = machine.repository() / "blobs" / (folder / "model.safetensors").resolve().name
    assert machine.python(PUBLISH, blob, machine.cache)
    stored = machine.cache / "blobs" / "ab" / ("ab" * 32)
    # another repository has it too
    other = machine.cache / "models--org--other"
    for part in ("blobs", "refs", f"snapshots/{'12' * 20}"):
        (other / part).mkdir(parents=True)
    (other / "blobs" / blob.name).symlink_to(f"../../blobs/ab/{stored.name}")
    (other / "snapshots" / ("12" * 20) / "model.safetensors").symlink_to(f"../../blobs/{blob.name}")
    (other / "refs" / "main").write_text("12" * 20)
    with open(f"{stored}.refs", "a") as manifest:
        manifest.write(f"models--org--other/blobs/{blob.name}\n")
    machine.assert_hf_has_no_complaint()
    care(machine, "rm", "org/public", "--yes")
    assert stored.is_file() and (other / "blobs" / blob.name).resolve() == stored
    machine.assert_hf_has_no_complaint()
    care(machine, "rm", "org/other", "--yes")
    assert not stored.exists() and not stored.with_name(f"{stored.name}.refs").exists()
    machine.assert_hf_has_no_complaint()


def test_what_hf_left_unused_in_the_store_is_pruned(machine):
    folder = machine.download("org/public")
    blob = machine.repository() / "blobs" / (folder / "model.safetensors").resolve().name
    assert machine.python(PUBLISH, blob, machine.cache)
    stored = machine.cache / "blobs" / "ab" / ("ab" * 32)
    content = stored.read_bytes()
    blob.unlink()
    blob.write_bytes(content)
    assert "shared blob" in care(machine, "prune", "--dry-run")
    assert stored.exists()
    care(machine, "prune", "--yes")
    assert not stored.exists()
    machine.assert_hf_has_no_complaint()
    machine.hf("cache", "verify", "org/public")


def test_verify_pays_for_a_cache_of_hf_once_and_repairs_it(machine):
    folder = machine.download("org/public")
    machine.hub.reset()
    machine.gatedl("verify")
    assert machine.hub.lines() == []
    blob = (folder / "model.safetensors").resolve()
    content = bytearray(blob.read_bytes())
    content[5] ^= 1
    blob.write_bytes(content)
    assert "model.safetensors" in machine.gatedl("verify", expect=6).stdout
    machine.gatedl("verify", "--repair")
    machine.hf("cache", "verify", "org/public")
    machine.assert_hf_has_no_complaint()
