"""Blobs that several repositories share: `blobs/<etag>` is a link into `<cache>/blobs/xx/<xet hash>`.

Since 2.x huggingface_hub keeps files that came through xet like that. Whoever writes *through* such a link changes a
file of other repositories, which is read-only for that reason.
"""

import pytest
from machine import tree_below

# huggingface_hub's own publishing; with the xet transfer left out, for it needs servers that are not here.
PUBLISH = """
import json, sys
from pathlib import Path
from huggingface_hub.utils._shared_blobs import publish_blob_to_shared_store
blob, cache = Path(sys.argv[1]), sys.argv[2]
size = blob.stat().st_size
print(json.dumps(publish_blob_to_shared_store(
    blob_path=str(blob), xet_hash="ab" * 32, cache_dir=cache, expected_size=size)))
"""


@pytest.fixture
def shared(machine):
    """The file of the shared store, the blob that is a link to it, and the snapshot."""
    folder = machine.download("org/public")
    blob = machine.repository() / "blobs" / (folder / "model.safetensors").resolve().name
    assert machine.python(PUBLISH, blob, machine.cache)
    stored = machine.cache / "blobs" / "ab" / ("ab" * 32)
    assert blob.is_symlink() and blob.resolve() == stored and not stored.is_symlink()
    machine.assert_hf_has_no_complaint()
    machine.hub.reset()
    return stored, blob, folder


def test_it_is_read(machine, shared):
    stored, blob, folder = shared
    before = tree_below(machine.cache / "blobs")
    assert machine.pull("org/public") == folder
    assert machine.hub.lines() == ["GET hub /api/models/org/public/revision/main 200"]
    assert blob.is_symlink()
    assert tree_below(machine.cache / "blobs") == before


def test_force_replaces_the_link_and_leaves_the_store_alone(machine, shared):
    stored, blob, folder = shared
    content = stored.read_bytes()
    before = tree_below(machine.cache / "blobs")
    assert machine.pull("org/public", "--force") == folder
    assert tree_below(machine.cache / "blobs") == before, "the shared store was written to"
    assert not blob.is_symlink() and blob.read_bytes() == content
    assert (folder / "model.safetensors").read_bytes() == content
    machine.assert_hf_has_no_complaint()
    machine.hf("cache", "verify", "org/public")


def test_force_does_not_repair_a_damaged_store_by_writing_to_it(machine, shared):
    stored, blob, folder = shared
    content = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(bytes(len(content)))
    stored.chmod(0o444)
    before = tree_below(machine.cache / "blobs")
    machine.pull("org/public", "--force")
    assert tree_below(machine.cache / "blobs") == before
    assert (folder / "model.safetensors").read_bytes() == content


def test_a_link_into_the_void_is_replaced(machine, shared):
    """`hf cache prune`, or a hand, took the shared file away."""
    stored, blob, folder = shared
    stored.unlink()
    machine.pull("org/public")
    assert not stored.exists(), "written through the link"
    assert blob.is_file() and not blob.is_symlink()
    machine.assert_hf_has_no_complaint()
