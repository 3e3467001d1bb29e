"""The page of the policy's keys says what the models and the checks say."""

import re

import pytest
import yaml

from tests.builders.planted import PLANTED
from tools.policy_reference import BETWEEN, EVERY_KEY, WORDS, Key, aliases, example_of, faults_of, keys, text

PAGE = EVERY_KEY.parents[1] / "policy.md"
KEYS = {key.path: key for key in keys()}


def key_of(path: str) -> Key:
    """The key that a fault's path leads to, or the nearest one above it."""
    found: list[tuple[int, Key]] = []
    for key in KEYS.values():
        for place in key.places:
            parts = {"*": r"\..+?", "[]": r"\[\d+\]"}
            pattern = "".join(parts.get(part, rf"\.{re.escape(part)}") for part in place)
            if re.fullmatch(rf"{pattern}([.\[].*)?", f".{path}"):
                found.append((len(place), key))
    return max(found, key=lambda one: one[0])[1]


def test_the_page_is_the_one_that_the_models_make() -> None:
    assert PAGE.read_text("utf-8") == text(), "run: python -m tools.policy_reference > docs/policy.md"


@pytest.mark.parametrize("path", KEYS)
def test_every_key_has_a_meaning_and_an_example(path: str) -> None:
    document = yaml.safe_load(EVERY_KEY.read_text("utf-8"))
    assert KEYS[path].field.description
    shown = yaml.safe_load(example_of(KEYS[path], document))
    assert list(shown) == [KEYS[path].places[-1][-1]]


def test_faults_and_words_are_listed_for_what_exists_alone() -> None:
    assert BETWEEN.keys() <= KEYS.keys()
    assert (
        WORDS.keys()
        == {name for key in KEYS.values() for name in aliases(key.field.annotation)} & WORDS.keys()
    )


@pytest.mark.parametrize("name", [name for name in PLANTED if "misspelled" not in name])
def test_the_page_lists_what_the_checks_find(name: str) -> None:
    one = PLANTED[name]
    key = key_of(one.path)
    assert key.path in BETWEEN or "pattern" in faults_of(key), f"{one.path}: {one.says}"
    if one.level == "warning":
        assert "warning" in BETWEEN[key.path], f"{one.path}: {one.says}"
