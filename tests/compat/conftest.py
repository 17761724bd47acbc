"""Fixtures: the programs under test, hubs, and a machine of its own for each test.

How to run these: see requirements.txt beside this file.
"""

import os
import subprocess
from pathlib import Path

import pytest
from javascript import Clients
from loopback import Hub
from machine import Machine

TOP = Path(__file__).parents[2]

# Small files in git, large ones in LFS, one in a folder, one empty, and the same bytes twice.
FILES = {
    ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
    "README.md": "---\nlicense: mit\n---\n# A model\n",
    "config.json": '{"model_type": "tiny"}\n',
    "sub/config.json": '{"model_type": "tiny"}\n',
    "sub/empty.txt": "",
}
LARGE = {"model.safetensors": 300_000, "sub/adapter.safetensors": 70_000}


def repository(name, **rest):
    files = [{"path": path, "text": text} for path, text in FILES.items()]
    files += [{"path": path, "size": size, "seed": size, "lfs": True} for path, size in LARGE.items()]
    return {"id": name, "files": files, **rest}


DESCRIPTION = {
    "repos": [repository("org/public", tags=["v1"]), repository("org/gated", gate="manual")],
    "accounts": [{"name": "bob"}, {"name": "carol"}],
    "access": [
        {"account": "bob", "repo": "org/gated", "state": "granted"},
        {"account": "carol", "repo": "org/gated", "state": "pending"},
    ],
}


def _built(variable, *build, place):
    """The program named by an environment variable, else built from this work tree (a no-op when it is up to date)."""
    if program := os.environ.get(variable):
        return str(Path(program).resolve())
    subprocess.run(["cargo", "build", "--locked", "--release", *build], cwd=TOP, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    return str(TOP / target / "release" / place)


@pytest.fixture(scope="session")
def gatedl_program():
    return _built("GATEDL_BIN", "--bin", "gatedl", place="gatedl")


@pytest.fixture(scope="session")
def hub_program():
    return _built("HUB_BIN", "--example", "hub", place="examples/hub")


@pytest.fixture(scope="session")
def javascript(tmp_path_factory):
    """The JavaScript clients: where an environment variable says they are installed, else installed now."""
    if folder := os.environ.get("NODE_CLIENTS"):
        return Clients(folder)
    return Clients.install(tmp_path_factory.mktemp("node"))


@pytest.fixture
def start_machine(tmp_path, hub_program, gatedl_program):
    """Starts a hub from a description, and gives the machine whose endpoint it is."""
    machines = []

    def start(description):
        folder = tmp_path / f"machine-{len(machines)}"
        folder.mkdir()
        machine = Machine(folder, gatedl_program, Hub(hub_program, description, folder))
        machines.append(machine)
        return machine

    yield start
    for machine in machines:
        machine.hub.stop()
        machine.assert_no_token_on_disk()


@pytest.fixture
def machine(start_machine):
    """A machine whose hub has a public and a gated repository; bob may read the gated one, carol is waiting."""
    return start_machine(DESCRIPTION)
