"""Writes the table of Python's own answers that src/pattern.rs is tested against.

Run with CPython 3.11: python3 tests/it/data/fnmatch.py > tests/it/data/fnmatch.tsv
Columns: pattern and path as JSON strings, then what fnmatch.fnmatchcase(path, pattern) answers.
"""

import json
import sys

# The folder of this file comes first on the module path, and this file has the name of the module it asks.
sys.path = [entry for entry in sys.path if not entry.endswith("data")]
import fnmatch  # noqa: E402

PATHS = ["config.json", "onnx/config.json", "onnx/model.onnx", "CONFIG.JSON", "a.json.bak", ".gitattributes", "", "/", "json"]
PATH_PATTERNS = [
    "", "*", "**", "***", "?", "??????.json", "*.json", "*.JSON", "**/*.json", "*/*", "onnx/*", "onnx*", "config.json",
    "config?json", "onnx?config.json", "*o*n*", "*.*", "*config.json", "*config.json*", "{config,vocab}.json",
    "[co]*.json", "[!c]*.json", ".*", "c**g.json", "*n/*.onnx", "onnx\\*", "onnx\\", "*[/]*", "config.json/", "$", "^*", "(json)",
    "a+", "j|config.json", "*.jso", "?onfig.json*", "[.]*", "[!.]*", "[a-z]*", "[A-Z]*",
]  # fmt: skip

CHARACTERS = ["", "a", "b", "c", "d", "e", "z", "A", "-", "!", "^", "]", "[", "\\", "&", "|", "~", "/", "0", ".", "#", "\n", "é", "日", "aa"]
BRACKETS = [
    "[abc]", "[!abc]", "[a-c]", "[!a-c]", "[z-a]", "[!z-a]", "[a-]", "[-a]", "[!-a]", "[!a-]", "[--0]", "[!--0]", "[a--]",
    "[a-c-e]", "[a-cz-b]", "[z-a!b]", "[z-a!]", "[z-a^b]", "[z-a!-b]", "[]a]", "[!]a]", "[]-a]", "[]]", "[!]]", "[]", "[!]",
    "[a", "[!a", "[", "[[]", "[[a]", "[a[b]", "[^a]", "[!^a]", "[a^]", "[a&&b]", "[a||b]", "[a~~b]", "[&&]", "[a--b]",
    "[a\\]", "[\\]", "[\\d]", "[\\-a]", "[+--]", "[d-cc-b]", "[a-dc-b]", "[a-a]", "[é-日]", "[!!]", "[!a!]", "[a-z&&[b]",
    "[[:alpha:]]", "[\n]", "[!\n]", "[-]", "[--]", "[---]", "[!-]", "[!--]", "[A-z]", "[!A-z]", "]", "!", "-",
]  # fmt: skip

MORE = {
    "*\n": ["a\n", "a", "\n"],
    "a": ["a\n", "\na", "a"],
    "a?b": ["a\nb", "a/b", "a日b", "a😀b", "ab"],
    "日*": ["日本/語.json", "日", "本日"],
    "a*a": ["a", "aa", "aba", "a/a", "ab"],
    "*ab*ab*": ["ab", "abab", "aabbab", "xabxabx", "aab"],
    "*a*b": ["ab", "xaxbxb", "ba", "acbc"],
    "[a-c][!a-c]*[x]": ["adx", "azzx", "abx", "dx", "ax"],
    "model-0000[1-3]-of-*.safetensors": ["model-00001-of-00004.safetensors", "model-00004-of-00004.safetensors"],
    "x.*.y": ["x..y", "x.a.y", "x.y", "x/.y"],
    "a.*": ["a.", "ab", "a.b"],
    "..*": ["..", "...", "ab"],
}


def rows():
    for patterns, paths in [(PATH_PATTERNS, PATHS), (BRACKETS, CHARACTERS)]:
        for pattern in patterns:
            for path in paths:
                yield pattern, path
    for pattern, paths in MORE.items():
        for path in paths:
            yield pattern, path


print("# Written by fnmatch.py beside this file; change it there.")
for pattern, path in rows():
    # Hugging Face does these two things before it asks Python (huggingface_hub 2.4: _normalize_separators for paths and
    # patterns, then _add_wildcard_to_directories).
    asked = pattern.replace("\\", "/")
    asked = asked + "*" if asked.endswith("/") else asked
    answer = fnmatch.fnmatchcase(path.replace("\\", "/"), asked)
    print(json.dumps(pattern, ensure_ascii=False), json.dumps(path, ensure_ascii=False), answer, sep="\t")
