"""`hf cache prune` beside gatedl: it deletes what no ref holds, and so what a pull needs must have one."""

from machine import wait_until
from test_cache import SLOW, kill_in_the_middle


def large(machine):
    return machine.repository("models--org--slow") / "blobs"


def test_prune_keeps_an_unfinished_first_pull(start_machine):
    machine = start_machine(SLOW)
    kill_in_the_middle(machine, megabytes=0)
    (commit,) = [path.name for path in (machine.repository("models--org--slow") / "snapshots").iterdir()]
    mark = machine.repository("models--org--slow") / "refs" / "gatedl" / "main"
    assert mark.read_text() == commit
    machine.assert_hf_has_no_complaint()
    done = {path.name for path in large(machine).iterdir() if "." not in path.name}
    machine.hf("cache", "prune", "--yes")
    assert done <= {path.name for path in large(machine).iterdir()}, "what was verified is gone"
    machine.pull("org/slow")
    assert not mark.parent.exists()
    machine.assert_hf_has_no_complaint()
    machine.hf("cache", "verify", "org/slow")


def test_prune_beside_a_pull_takes_nothing_of_it(start_machine):
    machine = start_machine(SLOW)
    process = machine.start_gatedl("pull", "org/slow", "--connections", "1")
    pointers = machine.repository("models--org--slow") / "snapshots"
    wait_until("the small one is in its place", lambda: list(pointers.glob("*/config.json")))
    machine.hf("cache", "prune", "--yes")
    stdout, stderr = process.communicate(timeout=60)
    # prune sweeps what is unfinished, and whoever writes it begins anew
    assert process.returncode == 0, stderr
    machine.assert_hf_has_no_complaint()
    machine.hf("cache", "verify", "org/slow")


def test_a_pull_by_commit_is_kept_by_prune_and_silent_to_ls(machine):
    commit = machine.pull("org/public").name
    other = machine.repository() / "refs" / "main"
    other.unlink()
    folder = machine.pull("org/public", "--revision", commit)
    assert (machine.repository() / "refs" / commit).read_text() == commit
    machine.assert_hf_has_no_complaint()
    machine.hf("cache", "prune", "--yes")
    assert (folder / "config.json").is_file()
    machine.hf("cache", "verify", "org/public", "--revision", commit)
    machine.assert_hf_has_no_complaint()
