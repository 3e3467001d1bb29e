"""A target's public network access: whether it is enabled, what disables it, what it was before."""

from typing import Any

import pytest

from shared.core.base.target import Target
from shared.core.catalogue.catalogue import PublicSwitch, load
from shared.core.kinds.public_access import (
    PreviousAccess,
    current_access,
    disabling,
    how_to_enable,
    is_open,
)
from tests.builders import bodies

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
def test_access_is_enabled_unless_the_resource_says_that_it_is_disabled(
    value: str | None, open_: bool
) -> None:
    assert is_open(target(publicNetworkAccess=value), STORAGE) is open_


def test_a_resource_that_does_not_say_counts_as_enabled() -> None:
    assert is_open(target(), STORAGE)
    assert is_open(target(), NESTED)


def test_a_property_below_another_one_is_found_there() -> None:
    assert not is_open(target(network={"publicNetworkAccess": "Disabled"}), NESTED)
    assert is_open(target(publicNetworkAccess="Disabled"), NESTED)


def test_a_property_that_is_true_or_false_is_read_as_such() -> None:
    assert is_open(target(publicDataEndpointEnabled=True), FLAG)
    assert not is_open(target(publicDataEndpointEnabled=False), FLAG)


def test_disabling_changes_only_that_property() -> None:
    assert disabling(STORAGE) == {"properties": {"publicNetworkAccess": "Disabled"}}
    assert disabling(NESTED) == {"properties": {"network": {"publicNetworkAccess": "Disabled"}}}
    assert disabling(FLAG) == {"properties": {"publicDataEndpointEnabled": False}}


def test_what_access_was_is_recorded_with_its_path() -> None:
    was = current_access(target(network={"publicNetworkAccess": "Enabled"}), NESTED)
    assert was == PreviousAccess("properties.network.publicNetworkAccess", "Enabled")
    assert current_access(target(), STORAGE) == PreviousAccess("properties.publicNetworkAccess", None)


@pytest.mark.parametrize(
    ("was", "text"),
    [
        ("SecuredByPerimeter", "set properties.publicNetworkAccess to Enabled"),
        (None, "set properties.publicNetworkAccess to Enabled (properties.publicNetworkAccess was not set"),
        ("Odd", "set properties.publicNetworkAccess to Odd (properties.publicNetworkAccess was Odd)"),
        ("disabled", "set properties.publicNetworkAccess to Enabled (properties.publicNetworkAccess was"),
    ],
)
def test_it_is_enabled_as_it_was_where_that_was_enabled(was: str | None, text: str) -> None:
    assert how_to_enable(STORAGE, PreviousAccess("properties.publicNetworkAccess", was)).startswith(text)


def test_without_a_record_it_is_enabled_with_the_catalogues_value() -> None:
    assert how_to_enable(FLAG, None) == "set properties.publicDataEndpointEnabled to True"


@pytest.mark.parametrize("kind", sorted(kind for kind in load().types if load().public_switch(kind)))
def test_what_the_catalogue_says_disables_access_disables_it(kind: str) -> None:
    switch = load().public_switch(kind)
    assert switch is not None
    disabled = Target.parse({**bodies.account(), **disabling(switch)})
    assert not is_open(disabled, switch)
    assert current_access(disabled, switch).value == switch.closed
