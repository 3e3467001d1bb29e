"""Texts that people read use the field's own terms, and none of these words.

Checked are all strings, docstrings and comments of the app, the sandbox and the benchmarks, the policy's
schema, and the documents. Of the tests: the names of files, functions and classes, docstrings and comments.
The terms to use in their place: reconcile pass (walk), read (look), desired (wish), exists (stands), reported
(told), again or re-read (anew), public network access (door), foreign (somebody's), removed (taken away).
"""

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
WORDS = re.compile(
    r"\b(walk(s|ed|ing)?|wish(es|ed)?|anew|afresh|told|tells?|hears?|heard|whoever|somebody|nobody|doors?|desk"
    r"|stands?|stood|standing|looked at|look at|takes? away|taken away|took away|rivals?|shadow(s|ed)?"
    r"|leftovers?|departures?|tally)\b",
    re.IGNORECASE,
)
ALLOWED = ("nobody filed a ticket", "Nobody files a ticket")  # the promise
# Modules of tests that are not checked, and why.
UNCHECKED = {
    "tests/test_plain_words.py": "it lists the words",
    "tests/conformance/masks.py": "not rewritten yet",
    "tests/conformance/replay.py": "not rewritten yet",
    "tests/conformance/report.py": "not rewritten yet",
    "tests/conformance/test_facts.py": "not rewritten yet",
    "tests/conformance/timeline.py": "not rewritten yet",
}
PROSE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "docs/azure/*.md")


def texts_of(code: str) -> Iterator[str]:
    """The strings and comments of Python code."""
    kinds = (tokenize.STRING, tokenize.COMMENT, tokenize.FSTRING_MIDDLE)
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type in kinds:
            yield token.string


def names_and_docstrings_of(code: str) -> Iterator[str]:
    """The names of functions and classes with spaces for underscores, all docstrings, and the comments."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", node.name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            yield ast.get_docstring(node) or ""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    yield from (token.string for token in tokens if token.type == tokenize.COMMENT)


def found_in(text: str) -> list[str]:
    for sentence in ALLOWED:
        text = text.replace(sentence, "")
    return [" ".join(text[max(0, m.start() - 30) : m.end() + 20].split()) for m in WORDS.finditer(text)]


def code() -> list[Path]:
    return sorted(
        [
            *REPOSITORY.glob("shared/**/*.py"),
            *REPOSITORY.glob("handlers/*.py"),
            *REPOSITORY.glob("causeway/*.py"),
            REPOSITORY / "function_app.py",
            *REPOSITORY.glob("sandbox/**/*.py"),
            *REPOSITORY.glob("benchmarks/*.py"),
        ]
    )


def modules_of_tests() -> list[Path]:
    found = REPOSITORY.glob("tests/**/*.py")
    return sorted(file for file in found if file.relative_to(REPOSITORY).as_posix() not in UNCHECKED)


@pytest.mark.parametrize("file", code(), ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_code_speaks_in_plain_words(file: Path) -> None:
    assert [found for text in texts_of(file.read_text("utf-8")) for found in found_in(text)] == []


@pytest.mark.parametrize("file", modules_of_tests(), ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_tests_have_plain_names_and_docstrings(file: Path) -> None:
    texts = [file.stem.replace("_", " "), *names_and_docstrings_of(file.read_text("utf-8"))]
    assert [found for text in texts for found in found_in(text)] == []


@pytest.mark.parametrize("pattern", PROSE)
def test_documents_speak_in_plain_words(pattern: str) -> None:
    files = sorted(REPOSITORY.glob(pattern))
    assert files, f"no document is at {pattern}"
    assert {file.name: found for file in files if (found := found_in(file.read_text("utf-8")))} == {}


def test_the_policy_s_schema_speaks_in_plain_words() -> None:
    schema = json.loads((REPOSITORY / "connectivity.schema.json").read_text("utf-8"))
    assert found_in(json.dumps(schema, ensure_ascii=False)) == []


def test_the_words_are_found_in_text_of_any_form() -> None:
    code = '"""A walk."""\nname = f"what {1} stands"  # told\n'
    assert len([found for text in texts_of(code) for found in found_in(text)]) == 3


def test_the_words_are_found_in_names_docstrings_and_comments_of_tests() -> None:
    function = 'def test_a_walk_ends():\n    """It stands."""\n    # told\n'
    code = f'{function}\n\nclass OneRival:\n    text = "a door"\n'
    assert len([found for text in names_and_docstrings_of(code) for found in found_in(text)]) == 4
