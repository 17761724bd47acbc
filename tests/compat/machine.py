"""A machine of its own for each test: a home, a Hub cache, and the programs that share it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

LIMIT = 120


def wait_until(what, condition, seconds=30):
    """Polls until `condition` holds and returns what it returned."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {what}")


class Machine:
    """Where gatedl and Hugging Face's own client run against the same hub and the same cache."""

    def __init__(self, folder, gatedl, hub):
        self.folder = folder
        self.program = gatedl
        self.hub = hub
        self.home = folder / "home" / "huggingface"
        self.cache = self.home / "hub"
        self.home.mkdir(parents=True)
        self.umask = 0o022
        # Where both programs store tokens, and nowhere else.
        self.logins = {self.home / "token", self.home / "stored_tokens"}
        # Nothing of the tester's own environment: a token, an endpoint or a proxy there would change what is tested.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "HF_HOME": str(self.home),
            "HF_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        }

    def _environment(self, account, extra):
        token = {"HF_TOKEN": self.hub.tokens[account]} if account else {}
        return {**self.environment, **token, **(extra or {})}

    def _run(self, command, account, extra, expect):
        run = subprocess.run(
            command,
            env=self._environment(account, extra),
            cwd=self.folder,
            umask=self.umask,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        self._look_for_tokens(run.stdout + run.stderr, f"the output of {command}")
        assert expect is None or run.returncode == expect, (
            f"{command} ended with {run.returncode}\n--- stdout\n{run.stdout}\n--- stderr\n{run.stderr}"
        )
        return run

    def hf(self, *arguments, account=None, environment=None, expect=0):
        """Runs Hugging Face's command line, as `account` if one is given."""
        command = [str(Path(sys.executable).with_name("hf")), *map(str, arguments)]
        return self._run(command, account, environment, expect)

    def gatedl(self, *arguments, account=None, environment=None, expect=0):
        """Runs gatedl, as `account` if one is given."""
        return self._run([self.program, *map(str, arguments)], account, environment, expect)

    def start_gatedl(self, *arguments, account=None):
        """Starts gatedl and does not wait for it."""
        return subprocess.Popen(
            [self.program, *map(str, arguments)],
            env=self._environment(account, None),
            cwd=self.folder,
            umask=self.umask,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def python(self, code, *arguments, account=None, offline=False):
        """Runs Python code that prints one JSON value, and returns it.

        In a process of its own: huggingface_hub reads the environment once, when it is imported.
        """
        offline = {"HF_HUB_OFFLINE": "1"} if offline else {}
        run = self._run([sys.executable, "-c", code, *map(str, arguments)], account, offline, 0)
        return json.loads(run.stdout)

    def pull(self, *arguments, account=None):
        """Pulls with gatedl and returns the path it prints: stdout holds that line and nothing else."""
        stdout = self.gatedl("pull", *arguments, account=account).stdout
        path = stdout.removesuffix("\n")
        assert path and "\n" not in path, f"stdout is not one path: {stdout!r}"
        return Path(path)

    def download(self, *arguments, account=None):
        """Pulls with hf and returns the path."""
        return Path(self.hf("download", *arguments, "--quiet", account=account).stdout.removesuffix("\n"))

    def repository(self, name="models--org--public"):
        return self.cache / name

    def assert_hf_has_no_complaint(self):
        """`hf cache ls` accepts every entry of the cache."""
        run = self.hf("cache", "ls", "--show-warnings")
        complaints = [line for line in (run.stdout + run.stderr).splitlines() if "arning" in line or "ignored" in line]
        assert complaints == [], run.stdout + run.stderr

    def assert_no_token_on_disk(self):
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and path not in self.logins:
                self._look_for_tokens(path.read_bytes().decode("latin-1"), str(path))

    def _look_for_tokens(self, text, place):
        for account, token in self.hub.tokens.items():
            # Not `assert token not in text`: pytest would print both.
            if token in text:
                raise AssertionError(f"the token of {account} is in {place}")


def files_below(folder):
    """Path → bytes of every file below `folder`, links followed."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def tree_below(folder):
    """Path → what is there (mode, link target, inode, size, mtime): equal only if nothing was touched.

    Of a folder only its mode: its time changes with its entries, and those are listed themselves.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        target = os.readlink(path) if path.is_symlink() else None
        content = None if path.is_dir() else (status.st_ino, status.st_size, status.st_mtime_ns)
        found[str(path.relative_to(folder))] = (status.st_mode, target, content)
    return found
