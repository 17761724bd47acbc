"""Two programs, one blob: while one holds its lock, the other waits."""

import shutil
import subprocess
import sys
import time

import pytest

from filelock import FileLock, Timeout
from machine import wait_until

SLOW = {
    "repos": [{"id": "org/slow", "files": [{"path": "model.safetensors", "size": 1_000_000, "lfs": True}]}],
    "options": {"content_rate": 500_000},
}
FAST = {"repos": SLOW["repos"]}

# A process of its own: within one process a second lock of the same file is another matter.
HOLD = """
import sys
from pathlib import Path
from filelock import FileLock
Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
with FileLock(sys.argv[1], mode=0o664):
    print("held", flush=True)
    sys.stdin.read()
"""


def etag_of(machine, repo):
    listing = machine.python(
        """
import json, sys
from huggingface_hub import HfApi
print(json.dumps([entry.lfs.sha256 for entry in HfApi().list_repo_tree(sys.argv[1]) if entry.lfs][0]))
""",
        repo,
    )
    return listing


def lock_of(machine, etag):
    return machine.cache / ".locks" / "models--org--slow" / f"{etag}.lock"


def test_gatedl_waits_for_python(start_machine):
    machine = start_machine(FAST)
    etag = etag_of(machine, "org/slow")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock_of(machine, etag))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        machine.hub.reset()
        process = machine.start_gatedl("pull", "org/slow")
        wait_until("gatedl has read the listing", lambda: any("/tree/" in line for line in machine.hub.lines()))
        # It must not go on. There is no sign of waiting to wait for, so this gives it ample time to do it wrong.
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert process.poll() is None
            assert not any("resolve" in line for line in machine.hub.lines())
            time.sleep(0.05)
    finally:
        holder.stdin.close()
        holder.wait(timeout=10)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert stdout.startswith(str(machine.cache))


def test_python_cannot_take_the_lock_while_gatedl_downloads(start_machine):
    machine = start_machine(SLOW)
    etag = etag_of(machine, "org/slow")
    process = machine.start_gatedl("pull", "org/slow")
    wait_until("the download has begun", lambda: any(" cdn " in line for line in machine.hub.lines()))
    try:
        FileLock(lock_of(machine, etag), mode=0o664).acquire(timeout=0)
    except Timeout:
        pass
    else:
        raise AssertionError("Python has the lock while gatedl downloads")
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    with FileLock(lock_of(machine, etag), mode=0o664).acquire(timeout=0):
        pass


def test_hf_that_comes_second_fetches_nothing(start_machine):
    """The same blob at the same time: one download, two answers."""
    machine = start_machine(SLOW)
    process = machine.start_gatedl("pull", "org/slow")
    wait_until("the download has begun", lambda: any(" cdn " in line for line in machine.hub.lines()))
    folder = machine.download("org/slow")
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert stdout == f"{folder}\n"
    assert len([line for line in machine.hub.lines() if " cdn " in line]) == 1
    machine.hf("cache", "verify", "org/slow")


def test_gatedl_that_comes_second_fetches_nothing(start_machine):
    machine = start_machine(SLOW)
    first = subprocess.Popen(
        [sys.executable, "-c", "from huggingface_hub import snapshot_download; snapshot_download('org/slow')"],
        env=machine.environment,
        cwd=machine.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until("hf's download has begun", lambda: any(" cdn " in line for line in machine.hub.lines()))
    machine.pull("org/slow")
    assert first.wait(timeout=30) == 0
    assert len([line for line in machine.hub.lines() if " cdn " in line]) == 1


@pytest.mark.parametrize("error", ["ENOSYS", "EACCES", "EPERM"])
def test_where_there_is_no_flock_nobody_waits_for_ever(start_machine, error):
    """AppArmor, CIFS, Lustre and FUSE answer so; afterwards no lock file is left that filelock takes for a held one."""
    assert shutil.which("strace"), "install strace"
    machine = start_machine(FAST)
    trace = ["strace", "-f", "-qq", "-e", "trace=flock", "-e", f"inject=flock:error={error}", "-o", "/dev/null"]
    subprocess.run(
        [*trace, machine.program, "pull", "org/slow", "--timeout", "5"],
        env=machine.environment,
        cwd=machine.folder,
        check=True,
        timeout=30,
    )
    assert not list((machine.cache / ".locks").rglob("*.lock"))
    held = lock_of(machine, etag_of(machine, "org/slow"))
    python = [sys.executable, "-c", f"from filelock import FileLock\nwith FileLock({str(held)!r}, timeout=5): pass"]
    subprocess.run([*trace, *python] if error == "ENOSYS" else python, check=True, timeout=30)
