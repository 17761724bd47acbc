"""Stored logins: what one program writes, the other reads, and neither loses what the other knows."""

import base64
import os
import pty
import subprocess
import termios
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from machine import wait_until

LOGIN = "import json, sys; from huggingface_hub import login; login(sys.argv[1]); print(json.dumps(None))"
# A login that a browser made, as huggingface_hub stores it, and a key that no version knows yet.
SAVE = """
import json, sys
from huggingface_hub.utils import _auth
_auth._save_token(sys.argv[1], "oauth-bob", refresh_token="hf_oauth_refresh", expires_at=1793491200)
stored = _auth._read_stored_tokens_full()
stored["of another tool"] = {"note": "50%", "hf_token": "hf_foreign"}
_auth._save_stored_tokens_full(stored)
print(json.dumps(None))
"""
# Backwards, because no output of a program may hold a token.
READ = """
import json
from huggingface_hub.utils import _auth
stored = _auth._read_stored_tokens_full()
print(json.dumps({name: {key: value[::-1] for key, value in fields.items()} for name, fields in stored.items()}))
"""
REWRITE = """
import json
from huggingface_hub.utils import _auth
_auth._save_stored_tokens_full(_auth._read_stored_tokens_full())
print(json.dumps(None))
"""


@pytest.fixture
def stored(machine):
    return machine.home / "stored_tokens"


def log_in(machine, account, name):
    token = {"CI_TOKEN": machine.hub.tokens[account]}
    machine.gatedl("auth", "login", "--from-env", "CI_TOKEN", "--name", name, environment=token)


def test_hf_reads_what_gatedl_stored(machine, stored):
    log_in(machine, "bob", "laptop")
    log_in(machine, "carol", "Überall & [ci]")
    listed = machine.hf("auth", "list").stdout
    assert "laptop" in listed and "Überall & [ci]" in listed
    assert "user=carol" in machine.hf("auth", "whoami", "--format", "agent").stdout
    machine.hf("auth", "switch", "--token-name", "laptop")
    assert "user=bob" in machine.hf("auth", "whoami", "--format", "agent").stdout
    assert "* laptop" in machine.gatedl("auth", "list").stdout


def test_python_would_write_the_same_bytes(machine, stored):
    machine.python(SAVE, machine.hub.tokens["bob"])
    log_in(machine, "carol", "ci")
    mine = stored.read_bytes()
    machine.python(REWRITE)
    assert stored.read_bytes() == mine
    assert stored.stat().st_mode & 0o777 == 0o600


def test_gatedl_reads_what_python_stored(machine):
    machine.python(LOGIN, machine.hub.tokens["bob"])
    assert machine.gatedl("auth", "list").stdout.startswith("* bob-token")
    status = machine.gatedl("auth", "status", "hf").stdout
    assert "account: `bob`" in status
    machine.pull("org/gated")


def test_what_python_knows_survives_gatedls_login_and_logout(machine, stored):
    machine.python(SAVE, machine.hub.tokens["bob"])
    before, bytes_before = machine.python(READ), stored.read_bytes()
    assert before["oauth-bob"]["refresh_token"] == "hf_oauth_refresh"[::-1]
    log_in(machine, "carol", "ci")
    assert machine.python(READ) == {**before, "ci": {"hf_token": machine.hub.tokens["carol"][::-1]}}
    machine.gatedl("auth", "switch", "oauth-bob")
    machine.gatedl("auth", "logout", "ci")
    assert stored.read_bytes() == bytes_before
    assert (machine.home / "token").read_text() == machine.hub.tokens["bob"]


def test_the_lock_of_python_is_waited_for(machine, stored):
    from filelock import FileLock

    log_in(machine, "bob", "one")
    with FileLock(f"{stored}.lock"):
        process = machine.start_gatedl("auth", "switch", "one")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.5)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr


# Makes the login in use one that ends; without arguments the one that is stored already.
END = """
import json, sys
from pathlib import Path
from huggingface_hub import constants
from huggingface_hub.utils import _auth
if len(sys.argv) > 1:
    _auth._save_token(sys.argv[1], "oauth-bob", refresh_token=sys.argv[2], expires_at=1)
    _auth._write_secret(Path(constants.HF_TOKEN_PATH), sys.argv[1])
stored = _auth._read_stored_tokens_full()
stored["oauth-bob"]["expires_at"] = "1"
_auth._save_stored_tokens_full(stored)
print(json.dumps(None))
"""


def test_a_login_of_a_browser_is_renewed_by_either_and_used_by_both(machine, stored):
    token = machine.hub.tokens["bob"]
    refresh = token.removeprefix("hf_").removesuffix("bob") + "refresh0bob"
    machine.python(END, token, refresh)
    assert "account: `bob`" in machine.gatedl("auth", "status", "hf").stdout
    assert (machine.home / "token").read_text() == token + "number1"
    mine = stored.read_bytes()
    machine.python(REWRITE)
    assert stored.read_bytes() == mine
    assert "user=bob" in machine.hf("auth", "whoami", "--format", "agent").stdout
    assert stored.read_bytes() == mine

    machine.python(END)
    assert "user=bob" in machine.hf("auth", "whoami", "--format", "agent").stdout
    assert (machine.home / "token").read_text() == token + "number2"
    theirs = stored.read_bytes()
    assert "account: `bob`" in machine.gatedl("auth", "status", "hf").stdout
    assert stored.read_bytes() == theirs


class Terminal:
    """A program on a pseudo terminal of its own."""

    def __init__(self, command, environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, environment)
        self.said = ""

    def until(self, text):
        while text not in self.said:
            self.said += os.read(self.fd, 1024).decode()

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        try:
            while more := os.read(self.fd, 1024):
                self.said += more.decode()
        except OSError:  # Linux says so when the other side has gone
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return status


def test_a_token_that_is_typed_is_not_shown(machine):
    terminal = Terminal([machine.program, "auth", "login"], machine.environment)
    terminal.until("not shown as you type or paste): ")
    assert "https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained" in terminal.said
    wait_until("the echo is off", lambda: not terminal.echoes())
    os.write(terminal.fd, machine.hub.tokens["bob"].encode() + b"\n")
    status = terminal.end()
    assert machine.hub.tokens["bob"] not in terminal.said
    assert status == 0, terminal.said
    assert "logged in to hf as `bob`" in terminal.said
    assert (machine.home / "token").read_text() == machine.hub.tokens["bob"]


def test_giving_up_at_the_prompt_gives_the_terminal_back(machine):
    terminal = Terminal([machine.program, "auth", "login"], machine.environment)
    terminal.until("not shown as you type or paste): ")
    wait_until("the echo is off", lambda: not terminal.echoes())
    os.write(terminal.fd, b"half a tok\x03")
    assert terminal.end() == 130, terminal.said
    assert terminal.echoes()
    assert "half" not in terminal.said
    assert not (machine.home / "token").exists()


def test_a_token_that_is_printed_on_a_terminal_comes_with_a_warning(machine):
    log_in(machine, "bob", "laptop")
    terminal = Terminal([machine.program, "auth", "token"], machine.environment)
    assert terminal.end() == 0
    assert "whoever sees it can use it" in terminal.said
    piped = subprocess.run([machine.program, "auth", "token"], env=machine.environment, capture_output=True, text=True)
    assert (piped.stdout, piped.stderr) == (machine.hub.tokens["bob"] + "\n", "")


def test_nothing_typed_is_no_token(machine):
    terminal = Terminal([machine.program, "auth", "login"], machine.environment)
    terminal.until("not shown as you type or paste): ")
    os.write(terminal.fd, b"\n")
    assert terminal.end() == 3
    assert "no token was typed" in terminal.said


class Git(ThreadingHTTPServer):
    """A git server of the oldest kind, files behind basic authentication; it remembers who came."""

    def __init__(self, folder, password):
        self.callers = []
        wanted = "Basic " + base64.b64encode(f"hf_user:{password}".encode()).decode()

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=folder)

            def do_GET(self):
                self.server.callers.append(self.headers["Authorization"])
                if self.headers["Authorization"] == wanted:
                    return super().do_GET()
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.wanted = wanted
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


def git(*arguments, environment):
    return subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True, timeout=60)


def test_git_clones_a_gated_repository_with_the_helper(machine, tmp_path):
    token = machine.hub.tokens["bob"]
    work, served = tmp_path / "work", tmp_path / "served"
    environment = {
        **machine.environment,
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }
    for name in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{name}_NAME": "Bob", f"GIT_{name}_EMAIL": "bob@example.org"}
    run = lambda *arguments: git(*arguments, environment=environment)  # noqa: E731
    assert run("init", "--quiet", str(work)).returncode == 0
    (work / "config.json").write_text("{}\n")
    for arguments in (["add", "."], ["commit", "--quiet", "-m", "A model"]):
        assert run("-C", str(work), *arguments).returncode == 0
    assert run("clone", "--quiet", "--bare", str(work), str(served / "org" / "model.git")).returncode == 0
    assert run("-C", str(served / "org" / "model.git"), "update-server-info").returncode == 0

    own, other = Git(served, token), Git(served, token)
    for server in (own, other):
        helper = f"!'{machine.program}' git-credential"
        assert run("config", "--global", f"credential.{server.url}.helper", helper).returncode == 0
    environment |= {"HF_ENDPOINT": own.url, "HF_TOKEN": token}
    cloned = tmp_path / "cloned"
    clone = run("clone", "--quiet", f"{own.url}/org/model.git", str(cloned))
    assert clone.returncode == 0, clone.stderr.replace(token, "TOKEN")
    assert (cloned / "config.json").read_text() == "{}\n"
    assert own.wanted in own.callers
    assert token not in (cloned / ".git" / "config").read_text()

    clone = run("clone", "--quiet", f"{other.url}/org/model.git", str(tmp_path / "other"))
    assert clone.returncode != 0
    assert other.callers and set(other.callers) == {None}
    for server in (own, other):
        server.shutdown()
