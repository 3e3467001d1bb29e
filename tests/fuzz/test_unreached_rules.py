"""Rules that are called unreached, beside every resource of a small world: none of them reaches one."""

import json
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.catalogue.catalogue import load
from shared.core.policy.checks.reach import unreached
from shared.core.policy.globs import normal
from shared.core.policy.policy import Policy, check
from shared.core.policy.selectors import Facts
from tests.fuzz.values import steps

SUB = "00000000-0000-0000-0000-00000000000"
TYPES = ("Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Sql/servers")
NAMES = ["".join(word) for length in (1, 2) for word in product("ab", repeat=length)]
TAGS: tuple[dict[str, str], ...] = ({}, {"env": "a"}, {"ENV": "A"}, {"env": "ab", "x": "b"})
RESOURCES = [
    Facts(
        subscription=f"{SUB}{number}",
        resource_group=group,
        name="n",
        type=kind,
        region=region,
        sku="s",
        tags=tags,
        management_groups=above,
    )
    for number, group, kind, region, tags, above in product(
        (1, 2),
        NAMES,
        TYPES,
        ("westeurope", "northeurope", "eastus"),
        TAGS,
        (("root",), ("root", "a"), ("root", "b", "ab")),
    )
]
PATTERNS = st.sampled_from(["*", "a*", "A?", "*b", "ab", "b", "A", "?", "*a*", "b*b", "??"])
FIELDS = {
    "management_group": st.sampled_from(["root", "a", "b", "a*", "*"]),
    "subscription": st.sampled_from([f"{SUB}1", f"{SUB}2"]),
    "resource_group": PATTERNS,
    "region": st.sampled_from(["westeurope", "North Europe", "*europe", "east*", "*"]),
    "type": st.sampled_from([*TYPES, TYPES[0].upper(), "Microsoft.*", "*"]),
}
SELECTORS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.lists(values, min_size=1, max_size=3) for name, values in FIELDS.items()},
        "tags": st.dictionaries(
            st.sampled_from(["env", "ENV", "x"]), st.lists(PATTERNS, min_size=1, max_size=2), max_size=2
        ),
    },
)


def a_document(rules: list[dict[str, Any]], exclude: list[dict[str, Any]], above: bool) -> dict[str, Any]:
    subnet = (
        f"/subscriptions/{SUB}1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub/subnets/e"
    )
    return {
        "version": 1,
        "subscriptions": [f"{SUB}1", f"{SUB}2"],
        "management_groups": ["root"] if above else [],
        "opt_in": {"tag_may_choose": ["default"]},
        "exclude": exclude,
        "rules": [{"name": str(n), "match": one, "profile": "default"} for n, one in enumerate(rules)],
        "profiles": {"default": {"subnets": {"westeurope": [subnet]}, "dns": {"mode": "none"}}},
    }


def called_unreached(document: dict[str, Any]) -> set[int]:
    found = check(json.dumps(document)).faults
    assert all(fault.line and fault.column for fault in found)
    return {int(fault.path[6:-1]) for fault in found if "never reached" in fault.problem}


def reached(document: dict[str, Any]) -> set[int]:
    """The rules that match some resource first, tried with every one."""
    policy = Policy.model_validate(document)
    left = [one for one in RESOURCES if not any(entry.fits(one) for entry in policy.exclude)]
    found = set[int]()
    for one in left:
        number = next((n for n, rule in enumerate(policy.rules) if rule.match.fits(one)), None)
        found |= {number} if number is not None else set()
    return found


@given(st.lists(SELECTORS, min_size=1, max_size=7), st.lists(SELECTORS, max_size=2), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_rule_that_a_resource_reaches_is_called_unreached(
    rules: list[dict[str, Any]], exclude: list[dict[str, Any]], above: bool
) -> None:
    document = a_document(rules, exclude, above)
    assert not called_unreached(document) & reached(document)


@given(st.lists(SELECTORS, min_size=1, max_size=5), st.data())
@settings(max_examples=60, deadline=None)
def test_a_rule_behind_one_that_it_only_narrows_is_called_unreached(
    rules: list[dict[str, Any]], data: st.DataObject
) -> None:
    wide = data.draw(st.sampled_from(rules))
    more = {name: data.draw(values) for name, values in FIELDS.items() if name not in wide}
    narrow = {name: values[:1] if name != "tags" else values for name, values in wide.items()} | more
    document = a_document([*rules, narrow], [], above=True)
    assert len(rules) in called_unreached(document)


def literal(*groups: str) -> dict[str, frozenset[str]]:
    return {"resource_group": frozenset(groups)}


@given(st.lists(st.sets(st.sampled_from("abcd"), min_size=1), min_size=2, max_size=6))
def test_of_rules_with_values_alone_exactly_the_unreached_ones_are_found(groups: list[set[str]]) -> None:
    found = unreached([literal(*one) for one in groups])
    expected = {n for n, one in enumerate(groups) if n and one <= set().union(*groups[:n])}
    assert set(found) == expected
    for number, taking in found.items():
        assert groups[number] <= set().union(*(groups[one] for one in taking))


def test_a_rule_with_more_combinations_than_are_tried_is_found_behind_a_wider_one() -> None:
    types = frozenset(name.lower() for name in load().types)
    regions = frozenset(f"region{n}" for n in range(20))
    wide = {"resource_group": frozenset({normal("rg-*")})}
    narrow = {"resource_group": frozenset({"rg-app"}), "region": regions, "type": types}
    assert unreached([wide, narrow]) == {1: (0,)}
    assert unreached([{"region": regions}, narrow]) == {1: (0,)}
    assert unreached([{"region": frozenset({"region1"})}, narrow]) == {}


def test_the_steps_for_many_patterns_that_all_have_to_be_compared_are_bounded() -> None:
    rules = [{"resource_group": frozenset({f"*-long-text-*-{n:05d}-?"})} for n in range(600)]
    found: list[dict[int, tuple[int, ...]]] = []
    assert steps(lambda: found.append(unreached(rules, limit=20_000))) < 50 * 20_000
    assert found == [{}]
