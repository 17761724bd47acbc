"""The table that src/comfyui and src/vix are tested against holds what ComfyUI and Visionatrix answer.

COMFYUI and VISIONATRIX name a checkout of each; they are only read, and nothing of torch is needed, but PyYAML before 6.0.4.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "it" / "data"


@pytest.mark.skipif(
    not {"COMFYUI", "VISIONATRIX"} <= os.environ.keys(), reason="COMFYUI and VISIONATRIX name no checkouts"
)
def test_the_table_is_what_they_answer():
    ours = json.loads((DATA / "comfyui.json").read_text())
    # -P: a table's script beside this one has the name of a module of Python
    answers = subprocess.run([sys.executable, "-P", DATA / "comfyui.py"], check=True, stdout=subprocess.PIPE).stdout
    theirs = json.loads(answers)
    assert ours["found"] == theirs["found"]
    for name in ["folders", "worker"]:
        plain = theirs[name].pop(0)["folders"]
        known = ours[name].pop(0)["folders"]
        # an older checkout has fewer types
        assert len(plain) > 20 and plain.items() <= known.items()
        assert ours[name] == theirs[name]
