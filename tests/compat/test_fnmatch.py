"""The table that src/pattern.rs is tested against holds what Hugging Face's own selection answers."""

import json
from pathlib import Path

from huggingface_hub.utils import filter_repo_objects

TABLE = Path(__file__).parents[1] / "it" / "data" / "fnmatch.tsv"


def test_the_table_is_what_hugging_face_answers():
    rows = [line.split("\t") for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    assert len(rows) > 1000
    for pattern, path, expected in rows:
        pattern, path = json.loads(pattern), json.loads(path)
        assert str(list(filter_repo_objects([path], allow_patterns=[pattern])) == [path]) == expected, (pattern, path)
