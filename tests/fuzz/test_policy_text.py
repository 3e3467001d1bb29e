"""Policies of any text: a policy or faults, in bounded time, YAML bombs included."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.base.errors import PolicyError
from shared.core.policy.policy import Policy
from shared.core.policy.text import MAX_NODES, MAX_POLICY
from tests.builders.policies import a_policy
from tests.fuzz.values import steps

TOKENS = st.sampled_from(
    [
        "version: 1",
        "a: &a",
        "*a",
        "<<: *a",
        "- ",
        "? ",
        "{",
        "}",
        "[",
        "]",
        "!!",
        "!!python/object:x ",
        "\n",
        "\n  ",
        ": ",
        "'",
        '"',
        "#",
        "---\n",
        "%YAML 9.9\n",
        "~",
        "2024-13-45",
        "0x",
        ".inf",
        "1e999",
        "\t",
        ">",
        "&",
        ",",
    ]
)
MERGES = "a: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n + 1} {{{', '.join(f'<<: *a{n}' for _ in range(12))}}}\n" for n in range(9)
)
ALIASES = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{f'*a{n},' * 10}]\n" for n in range(12))
BOMBS = {
    "aliases of aliases": ALIASES,
    "merge keys of merge keys": MERGES,
    "a list of merge keys": "a: &a {k: v}\nb: &b {<<: [*a, *a, *a]}\nc: {<<: [" + "*b, " * 5_000 + "*a]}",
    "a node that contains itself": "a: &a [*a, *a]",
    "a mapping that is its own key": "a: &a {? *a : *a}",
    "brackets": "[" * 20_000,
    "braces": "{a: " * 20_000,
    "indentation": "".join(f"{' ' * n}a:\n" for n in range(1200)),
    "a number of many digits": "version: " + "9" * 100_000,
    "many anchors": "".join(f"k{n}: &a{n} v\n" for n in range(2_000)),
    "a long line": "a: " + "x " * 20_000,
    "too long": "a" * (MAX_POLICY + 1),
}


@given(st.lists(TOKENS, max_size=30).map("".join))
@settings(max_examples=200)
def test_any_sequence_of_yaml_s_signs_is_a_policy_or_a_list_of_faults(text: str) -> None:
    with contextlib.suppress(PolicyError):
        Policy.parse(text)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_list_of_faults_after_a_bounded_number_of_steps(name: str) -> None:
    def parse() -> None:
        with pytest.raises(PolicyError):
            Policy.parse(BOMBS[name])

    assert steps(parse) < 400 * MAX_NODES


def test_a_policy_that_is_twice_as_long_takes_at_most_twice_the_steps() -> None:
    def text(count: int) -> str:
        known = json.loads(a_policy().model_dump_json(include={"version"})) | {"cloud": "AzureCloud"}
        return json.dumps({**known, **{f"unknown{n}": n for n in range(count)}})

    def parse(count: int) -> None:
        with contextlib.suppress(PolicyError):
            Policy.parse(text(count))

    parse(10)
    short, long = (steps(lambda n=n: parse(n)) for n in (200, 400))
    assert long <= 2.2 * short
