"""Node and the JavaScript clients of package.json, in a world without a network."""

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
LIMIT = 120

# Whatever a library does to reach a hub, it is an error that the test sees.
NO_NETWORK = "globalThis.fetch = async (url) => { throw new Error(`the network was asked for ${url}`); };\n"


def _isolated():
    """The words that start a program in a network of its own, with nothing in it, where the system allows that."""
    words = ["unshare", "--map-root-user", "--net"]
    try:
        allowed = subprocess.run([*words, "true"], capture_output=True, timeout=LIMIT).returncode == 0
    except FileNotFoundError:
        allowed = False
    return words if allowed else []


class Clients:
    """Where package.json is installed."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.isolated = _isolated()

    @classmethod
    def install(cls, folder):
        """Installs what the lock says; nothing a package wants to run at that time is run."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ["package.json", "package-lock.json"]:
            (folder / name).write_bytes((HERE / name).read_bytes())
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(["npm", "ci", *quiet], cwd=folder, check=True)
        return cls(folder)

    def version(self, package):
        return json.loads((self.folder / "node_modules" / package / "package.json").read_text())["version"]

    def llama_tokenizer(self, folder):
        """Writes Llama 2's tokenizer into a folder."""
        script = HERE / "llama_tokenizer.mjs"
        subprocess.run(["node", script, self.folder, folder], check=True, timeout=LIMIT)

    def run(self, package, names, code):
        """Runs code with names of a package, without any network, and returns the JSON value that it logs."""
        code = f"import {{ {', '.join(names)} }} from {json.dumps(package)};\n{NO_NETWORK}{code}"
        run = subprocess.run(
            [*self.isolated, "node", "--input-type=module", "--eval", code],
            cwd=self.folder,  # where such code looks for its packages
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert run.returncode == 0, f"{package}: {run.stderr}"
        return json.loads(run.stdout)
