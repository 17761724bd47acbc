"""One cache, two programs: Hugging Face's client reads what gatedl wrote, and gatedl what that client wrote."""

import json
import os
import stat

import pytest
from conftest import FILES, LARGE, repository
from machine import files_below, tree_below, wait_until

OFFLINE_SNAPSHOT = """
import json, sys
from huggingface_hub import snapshot_download
print(json.dumps(snapshot_download(sys.argv[1], local_files_only=True)))
"""

TRY_TO_LOAD = """
import json, sys
from huggingface_hub import try_to_load_from_cache
print(json.dumps([try_to_load_from_cache(sys.argv[1], path) for path in sys.argv[2:]]))
"""

TREE_CACHE = """
import json, sys
from huggingface_hub._tree_cache import is_valid_tree_entries, read_tree_cache
entries = read_tree_cache(sys.argv[1], sys.argv[2])
assert is_valid_tree_entries(entries)
print(json.dumps({path: [entry.size, entry.lfs_size] for path, entry in entries.items()}))
"""


def gets_of_files(hub):
    return [line for line in hub.lines() if "resolve" in line or " cdn " in line]


# --- hf after gatedl


def test_hf_accepts_what_gatedl_wrote(machine):
    folder = machine.pull("org/public")
    assert folder == machine.repository() / "snapshots" / folder.name
    found = files_below(folder)
    assert {path: found[path].decode() for path in FILES} == FILES
    assert {path: len(found[path]) for path in LARGE} == LARGE
    machine.assert_hf_has_no_complaint()
    assert "Verified 7 file(s)" in machine.hf("cache", "verify", "org/public").stdout


@pytest.mark.parametrize(
    "umask, environment, rest",
    [
        (0o022, {}, {}),
        (0o002, {}, {}),
        (0o077, {}, {}),
        (0o022, {"HF_HUB_DISABLE_SYMLINKS": "1"}, {}),
        # Over plain HTTP, for the servers of xet are not on this machine.
        (0o022, {"HF_HUB_DISABLE_XET": "1"}, {"xet": True}),
        (0o022, {}, {"kind": "dataset"}),
    ],
    ids=["usual", "group", "private", "no symlinks", "xet", "dataset"],
)
def test_the_cache_looks_as_if_hf_had_written_it(start_machine, umask, environment, rest):
    name = "datasets/org/public" if rest.get("kind") else "org/public"
    ours, theirs = (start_machine({"repos": [repository("org/public", **rest)]}) for _ in range(2))
    for machine in [ours, theirs]:
        machine.umask = umask
        machine.environment |= environment
    commit = ours.pull(name).name
    assert theirs.download(name).name == commit

    def shape(root):
        found = {}
        for path in root.rglob("*"):
            if ".gatedl" not in str(path):
                target = os.readlink(path) if path.is_symlink() else None
                mode = None if target else stat.S_IMODE(path.stat().st_mode)
                content = path.read_bytes() if path.is_file() and path.suffix != ".json" else None
                found[str(path.relative_to(root))] = (mode, target, content)
        return found

    our_shape, their_shape = shape(ours.cache), shape(theirs.cache)
    # hf makes this file with mode 0600 by accident of mkstemp, so that others cannot read it in a shared cache.
    tree = f"{'datasets' if rest.get('kind') else 'models'}--org--public/trees/{commit}.json"
    assert our_shape.pop(tree)[0] == 0o666 & ~umask and their_shape.pop(tree)[0] == 0o600
    assert json.loads((ours.cache / tree).read_text()) == json.loads((theirs.cache / tree).read_text())
    assert our_shape == their_shape
    ours.assert_hf_has_no_complaint()
    ours.hub.reset()
    assert ours.download(name).name == commit
    assert len(ours.hub.lines()) == 1


@pytest.mark.parametrize("arguments", [["tiny"], ["org/public", "--revision", "v1"], ["org/public", "--revision", "refs/pr/1"]])
def test_hf_finds_every_revision_and_kind_of_name(start_machine, arguments):
    public = repository("org/public", tags=["v1"], pull_requests=[[{"path": "new.txt", "text": "new"}]])
    machine = start_machine({"repos": [public, repository("tiny")]})
    folder = machine.pull(*arguments)
    machine.assert_hf_has_no_complaint()
    machine.hub.reset()
    assert machine.download(*arguments) == folder
    assert len(machine.hub.lines()) == 1
    offline = {"HF_HUB_OFFLINE": "1"}
    assert machine.hf("download", *arguments, "--quiet", environment=offline).stdout == f"{folder}\n"
    machine.hf("cache", "verify", *arguments)


def test_hf_finds_a_moved_repository_under_the_name_that_was_asked_for(start_machine):
    machine = start_machine({"repos": [repository("org/new", formerly=["org/old"])]})
    folder = machine.pull("org/old")
    assert folder.is_relative_to(machine.repository("models--org--old"))
    machine.hub.reset()
    assert machine.download("org/old") == folder
    assert gets_of_files(machine.hub) == []


def test_hf_asks_one_thing_after_gatedl(machine):
    folder = machine.pull("org/public")
    machine.hub.reset()
    assert machine.download("org/public") == folder
    assert machine.hub.lines() == ["GET hub /api/models/org/public/revision/main 200"]


def test_hf_reads_it_offline(machine):
    folder = machine.pull("org/gated", account="bob")
    machine.hub.reset()
    assert machine.python(OFFLINE_SNAPSHOT, "org/gated", offline=True) == str(folder)
    assert machine.python(TRY_TO_LOAD, "org/gated", "sub/config.json", "none.json", offline=True) == [
        str(folder / "sub" / "config.json"),
        None,
    ]
    assert machine.hub.lines() == []


def test_hf_reads_the_listing(machine):
    folder = machine.pull("org/public")
    listing = machine.python(TREE_CACHE, machine.repository(), folder.name)
    expected = {path: [len(text), None] for path, text in FILES.items()}
    expected |= {path: [size, size] for path, size in LARGE.items()}
    assert listing == expected


def test_hf_knows_that_a_part_of_a_repository_is_a_part(machine):
    machine.pull("org/public", "--include", "*.json")
    assert "Incomplete" in machine.hf(
        "download", "org/public", environment={"HF_HUB_OFFLINE": "1"}, expect=1
    ).stderr
    machine.assert_hf_has_no_complaint()


def test_hf_completes_what_gatedl_began(machine):
    machine.pull("org/public", "--include", "sub/*")
    machine.hub.reset()
    folder = machine.download("org/public")
    assert len(files_below(folder)) == len(FILES) + len(LARGE)
    assert [request["file"] for request in machine.hub.requests() if request["origin"] == "cdn"] == ["model.safetensors"]


@pytest.mark.parametrize("account", [None, "carol"])
def test_a_denied_pull_leaves_no_trace(machine, account):
    run = machine.gatedl("pull", "org/gated", account=account, expect=4 if account else 3)
    assert run.stdout == ""
    assert "org/gated" in run.stderr
    assert not machine.cache.exists()

    machine.pull("org/public")
    before = tree_below(machine.cache)
    machine.gatedl("pull", "org/gated", account=account, expect=4 if account else 3)
    assert tree_below(machine.cache) == before
    machine.assert_hf_has_no_complaint()


def test_a_pull_after_the_grant_is_like_any_other(machine):
    machine.gatedl("pull", "org/gated", account="carol", expect=4)
    machine.hub.set_access("carol", "org/gated", "granted")
    machine.pull("org/gated", account="carol")
    machine.assert_hf_has_no_complaint()
    machine.hf("cache", "verify", "org/gated", account="carol")


SLOW = {
    "repos": [
        {
            "id": "org/slow",
            "files": [
                {"path": "config.json", "text": "{}"},
                {"path": "model.safetensors", "size": 12_000_000, "lfs": True},
            ],
        }
    ],
    "options": {"content_rate": 4_000_000},
}


def kill_in_the_middle(machine, megabytes):
    """Starts a pull of the slow repository and kills it once so much of its large file is on the disk."""
    blobs = machine.repository("models--org--slow") / "blobs"

    def on_disk():
        # a small file has a partial file of its own for a moment, with the name of its writer in the middle
        parts = [part for part in blobs.glob("*.gatedl.incomplete") if part.name.count(".") == 2]
        return sum(512 * part.stat().st_blocks for part in parts)

    # over one connection, so that what is on the disk is the beginning of the file
    process = machine.start_gatedl("pull", "org/slow", "--connections", "1")
    wait_until(f"{megabytes} MB on the disk", lambda: on_disk() > megabytes * 1_000_000)
    process.kill()
    process.communicate(timeout=10)
    assert on_disk() > 0


@pytest.mark.parametrize("megabytes", [0, 7])
def test_hf_has_no_complaint_after_a_kill(start_machine, megabytes):
    """Killed in the middle of a file, at the worst moment for everybody who reads the cache afterwards."""
    machine = start_machine(SLOW)
    kill_in_the_middle(machine, megabytes)
    machine.assert_hf_has_no_complaint()
    assert machine.hf("download", "org/slow", environment={"HF_HUB_OFFLINE": "1"}, expect=None).returncode != 0

    machine.hub.reset()
    machine.pull("org/slow", "--connections", "1")
    if megabytes:
        (found,) = [request["range"] for request in machine.hub.requests() if request["origin"] == "cdn"]
        start = int(found.removeprefix("bytes=").split("-")[0])
        assert start >= 4_000_000, "what was there was fetched again"
    machine.assert_hf_has_no_complaint()
    machine.hf("cache", "verify", "org/slow")


def test_hf_sweeps_what_a_killed_pull_left(start_machine):
    machine = start_machine(SLOW)
    kill_in_the_middle(machine, megabytes=7)
    machine.hf("cache", "prune", "--yes")
    blobs = machine.repository("models--org--slow") / "blobs"
    assert list(blobs.glob("*.gatedl.incomplete")) == []
    # Without its bytes the journal of the part says nothing.
    machine.pull("org/slow")
    machine.hf("cache", "verify", "org/slow")


# --- gatedl after hf


def test_gatedl_asks_one_thing_after_hf(machine):
    folder = machine.download("org/public")
    before = tree_below(machine.repository())
    machine.hub.reset()
    assert machine.pull("org/public") == folder
    assert machine.hub.lines() == ["GET hub /api/models/org/public/revision/main 200"]
    # Beside the notes of what was hashed.
    after = {path: found for path, found in tree_below(machine.repository()).items() if not path.startswith(".gatedl")}
    assert after == before, "a pull of what is there changed it"


def test_gatedl_asks_nothing_for_a_commit_after_hf(machine):
    folder = machine.download("org/public")
    machine.hub.reset()
    assert machine.pull("org/public", "--revision", folder.name) == folder
    assert machine.pull("org/public", "--offline") == folder
    assert machine.hub.lines() == []


def test_gatedl_completes_what_hf_began(machine):
    machine.download("org/public", "--include", "*.json")
    machine.hub.reset()
    machine.pull("org/public")
    asked = {request["file"] for request in machine.hub.requests() if request["file"]}
    # Nobody has to ask for the bytes of an empty file.
    assert asked == {".gitattributes", "README.md", *LARGE}
    machine.hf("cache", "verify", "org/public")


def test_gatedl_is_not_fooled_by_a_listing_that_hf_saw_masked(machine):
    """A pull without access leaves the masked hashes in hf's own listing, and there they stay (hub-side: 64 stars)."""
    machine.hf("download", "org/gated", account="carol", expect=1)
    machine.hub.set_access("carol", "org/gated", "granted")
    machine.pull("org/gated", account="carol")
    machine.hf("cache", "verify", "org/gated", account="carol")


# --- folders of one's own


def test_hf_takes_a_local_folder_as_its_own(machine):
    folder = machine.folder / "model"
    assert machine.pull("org/public", "--local-dir", folder) == folder
    assert not machine.repository().exists(), "a pull into a folder writes no refs into the cache"
    before = tree_below(folder)
    machine.hub.reset()
    assert machine.download("org/public", "--local-dir", folder) == folder
    assert gets_of_files(machine.hub) == []
    after = tree_below(folder)
    assert {path: after[path] for path in before} == before
    added = {path for path in after.keys() - before.keys() if not path.endswith(".lock")}
    assert added == set(), "hf had to write something that was missing"


def test_gatedl_takes_hfs_local_folder_as_its_own(machine):
    folder = machine.folder / "model"
    machine.download("org/public", "--local-dir", folder)
    machine.hub.reset()
    assert machine.pull("org/public", "--local-dir", folder) == folder
    assert gets_of_files(machine.hub) == []
