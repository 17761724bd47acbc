"""The loopback hub of the Rust tests, as Python sees it."""

import json
import subprocess
import urllib.request

# Proxies of the environment are for others: everything here is on this machine.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

# The hf command line asks for this once in a fresh HF_HOME, whatever the command; it says nothing about the download.
_CHATTER = "/api/agent-harnesses"


class Hub:
    """A running hub; `description` is documented in tests/demo/hub/description.rs."""

    def __init__(self, program, description, folder):
        file = folder / "hub.json"
        file.write_text(json.dumps(description))
        self.process = subprocess.Popen(
            [program, str(file), "--seconds", "600"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        ready = self.process.stdout.readline()
        if not ready:
            raise RuntimeError(f"the hub did not start: {self.process.wait(timeout=10)}")
        ready = json.loads(ready)
        self.url, self.cdn, self.tokens = ready["url"], ready["cdn"], ready["tokens"]

    def _control(self, route, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_control/{route}", data=data)
        with _open(request, timeout=10) as answer:
            return json.load(answer)

    def requests(self):
        """All requests since the start or the last `reset`, without the chatter of the hf command line."""
        return [request for request in self._control("requests") if not request["target"].startswith(_CHATTER)]

    def lines(self):
        """The requests as sorted lines such as `GET hub /api/models/org/m/revision/main 200`."""
        return sorted(request["line"] for request in self.requests())

    def reset(self):
        self._control("reset", {})

    def set_access(self, account, repo, state):
        self._control("access", {"account": account, "repo": repo, "state": state})

    def stop(self):
        """Stops the hub. A token that reached a place where none belongs fails the test, whatever it was about."""
        leaks = self._control("leaks")
        self.process.stdin.close()
        status = self.process.wait(timeout=20)
        assert leaks == [], leaks
        assert status == 0, f"the hub ended with {status}"
