"""Policies of the whole language with parts spoiled: a policy or clear faults, in bounded time."""

import copy
import json
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.policy.choice import choose
from shared.core.policy.policy import check
from shared.core.policy.selectors import Facts
from tests.builders.planted import BASE, HUB, PLANTED, SUB, SUBNET, changed, zones
from tests.fuzz.values import steps
from tools.policy_reference import EVERY_KEY

WHOLE: dict[str, Any] = yaml.safe_load(EVERY_KEY.read_text("utf-8"))
RESOURCE = Facts(
    subscription=SUB,
    resource_group="rg-orders",
    name="orders",
    type="Microsoft.Storage/storageAccounts",
    region="westeurope",
    tags={"env": "a"},
    management_groups=("mg-prod",),
)


def places(found: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all keys and entries of a document."""
    inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [path for key, value in inner for path in ((*above, key), *places(value, (*above, key)))]


PLACES = st.sampled_from(places(WHOLE))
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            None,
            "",
            " ",
            "*",
            "?*",
            "none",
            "own",
            "{",
            "{name}",
            "{tag:",
            "^a$",
            "10.0.0.0/33",
            "::/0",
            "x" * 300,
        ]
    ),
    st.sampled_from([[], {}, [[]], [{}], {"": ""}, {"a": {"b": []}}, 0, -1, 2**70, 1.5, True, False]),
    st.text(max_size=20),
)
OTHER_PARTS = PLACES.map(lambda path: at(WHOLE, path))  # a part of the document in another place


def at(found: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        found = found[part]
    return found


def spoiled(changes: list[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    """The whole document with other values; a place that an earlier change took out is left as it is."""
    document = copy.deepcopy(WHOLE)
    for (*above, last), value in changes:
        try:
            at(document, tuple(above))[last] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    return document


def assert_clear(text: str) -> None:
    """Faults or a policy, and each fault says where it is, what is wrong and what to do."""
    found = check(text)
    assert (found.policy is None) == bool(found.faults)
    for fault in (*found.faults, *found.warnings):
        assert fault.path
        assert fault.problem
        assert fault.remedy
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1
    if found.policy:
        choose(RESOURCE, "enabled", found.policy)


@given(st.lists(st.tuples(PLACES, JUNK | OTHER_PARTS), min_size=1, max_size=4))
@settings(max_examples=250, deadline=None)
def test_a_spoiled_policy_is_a_policy_or_clear_faults(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    assert_clear(yaml.safe_dump(spoiled(changes), sort_keys=False, allow_unicode=True))


KEYS = st.sampled_from([None, True, 1, 1.5, date(2024, 1, 1), "", "a.b", "[0]", "x" * 300, "Default", "none"])


@given(st.lists(st.tuples(PLACES, KEYS), min_size=1, max_size=3), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_policy_with_other_keys_is_a_policy_or_clear_faults(
    changes: list[tuple[tuple[Any, ...], Any]], unknown: bool
) -> None:
    """`unknown`: with an unknown key below each."""
    document = copy.deepcopy(WHOLE)
    for (*above, last), key in changes:
        try:
            mapping = at(document, tuple(above))
            value = mapping.pop(last)
            mapping[key] = value | {"unknown": 1} if unknown and isinstance(value, dict) else value
        except (KeyError, IndexError, TypeError, AttributeError):
            continue
    assert_clear(yaml.safe_dump(document, sort_keys=False))


@pytest.mark.parametrize(
    "text",
    [
        "profiles: {default: &p {x: *p, dns: {y: *p}}}",
        "profiles: &p {default: {placements: *p, dns: {mode: none}}}",
        "networks: {a: &a {peered_with: a, tags: *a}}",
        "naming: &n {types: *n}\ntags: *n",
        "rules: &r [{name: a, profile: b, match: {tags: {x: *r}}}]",
        "exclude: &e [*e, {name: *e}]",
    ],
)
def test_a_part_that_contains_itself_is_clear_faults(text: str) -> None:
    assert check(f"version: 1\n{text}\n").policy is None
    assert_clear(f"version: 1\n{text}\n")


@given(PLACES, st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_policy_without_one_of_its_parts_is_a_policy_or_clear_faults(
    path: tuple[Any, ...], flow: bool
) -> None:
    document = copy.deepcopy(WHOLE)
    del at(document, path[:-1])[path[-1]]
    assert_clear(yaml.safe_dump(document, sort_keys=False, default_flow_style=flow))


@given(st.lists(st.sampled_from(sorted(PLANTED)), min_size=2, max_size=4, unique=True))
@settings(max_examples=100, deadline=None)
def test_mistakes_beside_each_other_are_clear_faults(names: list[str]) -> None:
    document = BASE
    for name in names:
        try:
            document = changed(PLANTED[name].changes, document)
        except (KeyError, IndexError, TypeError):
            continue
    assert_clear(json.dumps(document, indent=1))


def many(count: int, part: str) -> dict[str, Any]:
    """A policy in which one part is repeated, each time a little different."""
    numbers = range(count)
    profile = BASE["profiles"]["default"]
    dns = {"mode": "manage", "zones_resource_group": zones("z")}
    made: dict[str, Any] = {
        "rules": [{"name": f"r{n}", "match": {"tags": {f"t{n}": "a"}}, "profile": "none"} for n in numbers],
        "rules for missing profiles": [{"name": f"r{n}", "profile": f"profile-{n}"} for n in numbers],
        "exclude": [{"resource_group": f"*-{n}-*", "name": "a*"} for n in numbers],
        "networks": {f"s{n}": {"peered_with": f"x{n}", "tags": {"a": "b"}} for n in numbers},
        "profiles": {
            f"p{n}": profile
            | {
                "clients": [f"10.{n // 250}.{n % 250}.0/24"],
                "addresses": {"westeurope": "10.0.0.0/24"},
                "nsg": {"mode": "ensure", "destination": "subnet"},
                "dns": {"mode": "manage", "zones_resource_group": zones(f"z{n}"), "link": HUB},
            }
            for n in numbers
        },
        "placements": {
            "default": {
                "placements": {
                    f"p{n}": {"subnets": {"westeurope": [SUBNET]}, "dns": {"link": HUB}} for n in numbers
                },
                "dns": dns,
            }
        },
        "tags": {f"t{n}": "{x}{tag:|a" for n in numbers},
    }
    key = {"placements": "profiles", "rules for missing profiles": "rules"}.get(part, part)
    return {**BASE, key: made[part]}


@pytest.mark.parametrize(
    "part",
    ["rules", "rules for missing profiles", "exclude", "networks", "profiles", "placements", "tags"],
)
def test_a_policy_with_twice_as_many_parts_takes_at_most_three_times_the_steps(part: str) -> None:
    texts = {count: json.dumps(many(count, part)) for count in (100, 300, 600)}
    check(texts[100])
    short, long = (steps(lambda count=count: check(texts[count])) for count in (300, 600))
    assert long <= 3 * short
