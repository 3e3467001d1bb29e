"""Mistakes between the parts of a policy: each is found where it is, and its remedy cures it."""

import pytest

from shared.core.base.errors import Fault
from shared.core.policy.checks.names import OUR_TAGS
from shared.core.policy.policy import Findings, check
from tests.builders.planted import (
    BASE,
    DEFAULT,
    MAY_B,
    OTHER,
    PLANTED,
    SQL,
    SUB,
    SUBNET,
    VAULTS,
    B,
    Planted,
    beside,
    changed,
    found_in,
    match,
    rules,
    text_of,
    zones,
)


def findings_of(found: Findings, one: Planted) -> list[Fault]:
    listed = found.faults if one.level == "fault" else found.warnings
    return [fault for fault in listed if fault.path == one.path and one.says in fault.problem]


def test_the_policy_in_which_mistakes_are_planted_has_none() -> None:
    found = found_in(BASE)
    assert (found.faults, found.warnings) == ((), ())
    assert found.policy is not None


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found_with_its_line_and_its_remedy(name: str) -> None:
    one = PLANTED[name]
    text = text_of(changed(one.changes))
    found = check(text)
    (fault,) = findings_of(found, one)
    assert one.remedy in fault.remedy
    assert fault.level == one.level
    assert (found.policy is None) == bool(found.faults)
    line = text.splitlines()[fault.line - 1][fault.column - 1 :]
    keys = one.path.replace("[", ".[").split(".")
    assert any(line.startswith((key, f"'{key}")) for key in keys) or keys[-1].startswith("["), line


@pytest.mark.parametrize("name", PLANTED)
def test_the_remedy_of_a_planted_mistake_cures_it_and_makes_no_other_fault(name: str) -> None:
    one = PLANTED[name]
    cured = found_in(changed(one.cure, changed(one.changes)))
    assert not findings_of(cured, one)
    assert cured.faults == ()


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_the_only_fault(name: str) -> None:
    faults = found_in(changed(PLANTED[name].changes)).faults
    assert len(faults) <= 1 or PLANTED[name].level == "warning", faults


def test_every_planted_mistake_is_found_in_one_round_beside_faults_of_fields() -> None:
    changes = (
        (("cloud",), "Azur"),
        (("exlude",), []),
        (("rules",), [{"name": "a", "profile": "defualt"}, {"name": 3, "profile": "default"}]),
        (("networks", "x"), {"tags": {"a": "b"}}),
        (("naming", "endpoint"), "pe-{nmae}-{hash}"),
        ((*DEFAULT, "approval"), 3),
    )
    assert {fault.path for fault in found_in(changed(changes)).faults} == {
        "cloud",
        "exlude",
        "rules[0].profile",
        "rules[1].name",
        "networks.x",
        "naming.endpoint",
        "profiles.default.approval",
    }


def test_a_part_that_cannot_be_read_makes_no_other_part_faulty() -> None:
    """The rule takes all, the set is used and the profile exists: nothing else follows from their faults."""
    changes = (
        (("rules",), [{"name": "a", "profile": "b", "mode": "x"}, {"name": "b", "profile": "default"}]),
        (("networks", "we"), ["/x"]),
        (B, {"subnets": {"westeurope": [SUBNET]}, "dns": {"mode": "nothing"}}),
    )
    faults = {fault.path for fault in found_in(changed(changes)).faults}
    assert faults == {"rules[0].mode", "networks.we[0]", "profiles.b.dns.mode"}


def test_profiles_for_types_of_different_zones_may_link_one_network() -> None:
    both = (
        *beside(dns={"mode": "manage", "zones_resource_group": zones("z2")}, clients=["sp"])[:1],
        rules({**match(type=SQL), "profile": "b"}, match(type=VAULTS)),
    )
    assert found_in(changed(both)).warnings == ()
    tagged = (*both, MAY_B)
    assert len(found_in(changed(tagged)).warnings) == 1


def test_endpoints_in_the_group_of_the_resource_are_right_where_rules_keep_to_one_subscription() -> None:
    changes = (
        beside(endpoints_resource_group="target")[0],
        (("subscriptions",), [SUB, OTHER]),
        rules({**match(subscription=SUB), "profile": "b"}, {}),
    )
    assert found_in(changed(changes)).warnings == ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: 2024-13-45", 2, 4),
        ("a: 1\nb: [x, 0b" + "1" * 200 + "]", 2, 8),
        ("a: 1\nb: \x00", 2, 4),
        ("a: 1\nb: \ud800", 2, 4),
        ("a: 1\nb: [1", 3, 1),
        ("a: 1\nb: " + "[" * 500, 2, 103),
        ("a: 1\nsubscriptions:\n  1: 2", 2, 1),
        ("tags:\n  1: a", 2, 3),
        ("- a", 1, 1),
        ("a" * 1_000_001, 1, 1),
    ],
)
def test_what_cannot_be_read_has_a_position_too(text: str, line: int, column: int) -> None:
    assert (line, column) in {(fault.line, fault.column) for fault in check(text).faults}


def test_a_merged_key_that_is_written_again_is_no_duplicate() -> None:
    text = text_of(BASE).replace("rules:", "x: &x {region: westeurope}\nrules:")
    merged = text + "\nexclude:\n- &e {region: westeurope}\n- {<<: *e, region: northeurope}\n"
    found = check(merged)
    assert [fault.path for fault in found.faults] == ["x"]


def test_our_own_tags_are_those_that_objects_get() -> None:
    from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, TARGET_TAG

    assert {MARK_TAG: MARK_VALUE, TARGET_TAG: ""} == OUR_TAGS
