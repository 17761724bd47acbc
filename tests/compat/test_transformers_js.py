"""The seed: a gated model of a BOINC AI hub, pulled with BA_ACCESS_TOKEN, loaded by real Transformers.js without a network.

No release of Transformers.js reads BA_ACCESS_TOKEN or sends a token to any host but Hugging Face's, so a downloader is the
only way (providers §0.2). What is loaded here are the two lines that gatedl prints.
"""

import json

import pytest

MODEL = "meta-llama/Llama-2-7b-ba"
EXPECTED = [1, 15043, 3186, 29991]
VERSIONS = {"@xenova/transformers": "2.17.2", "@huggingface/transformers": "4.3.1"}


@pytest.fixture
def boinc_ai(start_machine, javascript, tmp_path):
    """A machine with a gated Llama 2 on a BOINC AI hub; bob may read it."""
    originals = tmp_path / "originals"
    javascript.llama_tokenizer(originals)
    files = [{"path": path.name, "from": str(path)} for path in sorted(originals.iterdir())]
    files += [
        {"path": "config.json", "text": '{"model_type": "llama"}\n'},
        {"path": "model-00001-of-00001.safetensors", "size": 400_000, "lfs": True},
        {"path": "model.safetensors.index.json", "text": '{"weight_map": {}}\n'},
    ]
    machine = start_machine(
        {
            "repos": [{"id": MODEL, "gate": "manual", "files": files, "branches": ["next"]}],
            "accounts": [{"name": "bob"}, {"name": "carol"}],
            "access": [{"account": "bob", "repo": MODEL, "state": "granted"}],
        }
    )
    machine.environment["BA_ENDPOINT"] = machine.environment.pop("HF_ENDPOINT")
    machine.environment["XDG_CACHE_HOME"] = str(machine.folder / "cache")
    return machine


def _pull(machine, *arguments, account="bob", expect=0):
    token = {"BA_ACCESS_TOKEN": machine.hub.tokens[account]} if account else {}
    words = ["pull", f"ba:{MODEL}", "--into", "transformers.js", *arguments]
    return machine.gatedl(*words, environment=token, expect=expect)


def _encode(javascript, package, lines):
    assert javascript.version(package) == VERSIONS[package]
    code = "\n".join([*lines, "console.log(JSON.stringify(Array.from(loaded.encode('Hello world!'), Number)));"])
    return javascript.run(package, ["env", "AutoTokenizer"], code)


@pytest.mark.parametrize("package", VERSIONS)
def test_the_seed(boinc_ai, javascript, package):
    assert _pull(boinc_ai, account=None, expect=3).stdout == ""
    assert _pull(boinc_ai, account="carol", expect=4).stdout == ""
    pulled = _pull(boinc_ai)
    folder = boinc_ai.folder / "models" / MODEL
    assert pulled.stdout == f"{folder}\n"
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "tokenizer.json", "tokenizer_config.json"]

    lines = pulled.stderr.split("load it in JavaScript:\n")[1].splitlines()
    assert _encode(javascript, package, lines) == EXPECTED

    # every revision but main has a root of its own
    lines = json.loads(_pull(boinc_ai, "--revision", "next", "--json").stdout)["loading"]
    assert _encode(javascript, package, lines) == EXPECTED


def test_the_world_of_these_tests_has_no_network(javascript):
    code = """
    const reached = await fetch("http://127.0.0.1:1/").then(() => "reached", (error) => error.message);
    console.log(JSON.stringify([typeof env, reached]));
    """
    assert javascript.run("@xenova/transformers", ["env"], code) == [
        "object",
        "the network was asked for http://127.0.0.1:1/",
    ]
