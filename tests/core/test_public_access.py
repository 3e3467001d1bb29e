"""The public door of a target: open or shut, what shuts it, what it was."""

from typing import Any

import pytest

from shared.core.base.target import Target
from shared.core.catalogue.catalogue import PublicSwitch, load
from shared.core.kinds.public_access import Before, before, closing, is_open, opening
from tests.core import bodies

STORAGE = PublicSwitch(("publicNetworkAccess",), "Enabled", "Disabled")
NESTED = PublicSwitch(("network", "publicNetworkAccess"), "Enabled", "Disabled")
FLAG = PublicSwitch(("publicDataEndpointEnabled",), opened=True, closed=False)


def target(**properties: Any) -> Target:
    return Target.parse({**bodies.account(), "properties": properties})


@pytest.mark.parametrize(
    ("value", "open_"),
    [
        ("Enabled", True),
        ("Disabled", False),
        ("disabled", False),
        (None, True),
        ("SecuredByPerimeter", False),
    ],
)
def test_a_door_is_open_unless_it_is_said_to_be_shut(value: str | None, open_: bool) -> None:
    assert is_open(target(publicNetworkAccess=value), STORAGE) is open_


def test_a_resource_that_does_not_say_counts_as_open() -> None:
    assert is_open(target(), STORAGE)
    assert is_open(target(), NESTED)


def test_a_door_below_another_property_is_found_there() -> None:
    assert not is_open(target(network={"publicNetworkAccess": "Disabled"}), NESTED)
    assert is_open(target(publicNetworkAccess="Disabled"), NESTED)


def test_a_door_that_is_true_or_false_is_read_as_such() -> None:
    assert is_open(target(publicDataEndpointEnabled=True), FLAG)
    assert not is_open(target(publicDataEndpointEnabled=False), FLAG)


def test_closing_touches_only_the_door() -> None:
    assert closing(STORAGE) == {"properties": {"publicNetworkAccess": "Disabled"}}
    assert closing(NESTED) == {"properties": {"network": {"publicNetworkAccess": "Disabled"}}}
    assert closing(FLAG) == {"properties": {"publicDataEndpointEnabled": False}}


def test_what_it_was_is_told_with_its_place() -> None:
    was = before(target(network={"publicNetworkAccess": "Enabled"}), NESTED)
    assert was == Before("properties.network.publicNetworkAccess", "Enabled")
    assert before(target(), STORAGE) == Before("properties.publicNetworkAccess", None)


@pytest.mark.parametrize(
    ("was", "told"),
    [
        ("SecuredByPerimeter", "set properties.publicNetworkAccess to Enabled"),
        (None, "set properties.publicNetworkAccess to Enabled (properties.publicNetworkAccess was not set"),
        ("Odd", "set properties.publicNetworkAccess to Odd (properties.publicNetworkAccess was Odd)"),
        ("disabled", "set properties.publicNetworkAccess to Enabled (properties.publicNetworkAccess was"),
    ],
)
def test_it_is_opened_as_it_was_where_that_was_open(was: str | None, told: str) -> None:
    assert opening(STORAGE, Before("properties.publicNetworkAccess", was)).startswith(told)


def test_without_a_note_it_is_opened_with_the_catalogues_value() -> None:
    assert opening(FLAG, None) == "set properties.publicDataEndpointEnabled to True"


@pytest.mark.parametrize("kind", sorted(kind for kind in load().types if load().public_switch(kind)))
def test_what_the_catalogue_says_closes_a_door_closes_it(kind: str) -> None:
    switch = load().public_switch(kind)
    assert switch is not None
    shut = Target.parse({**bodies.account(), **closing(switch)})
    assert not is_open(shut, switch)
    assert before(shut, switch).value == switch.closed
