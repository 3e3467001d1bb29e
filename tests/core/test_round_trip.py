"""What Causeway does not know of an object is sent back as it was read, by every kind."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.kinds.kind import Wanted
from shared.core.kinds.link import Link
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.readings.observed import Observed
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE, SUBNET, ZONE
from tests.builders.networks import PEERING, half, our_rule, subnet, want
from tests.builders.requests import wanted

NOVEL = {"novel": {"deep": [1, {"name": "x", "more": True}]}}
ENDPOINT = wanted().paths[0].endpoint
GROUP_AT = ENDPOINT.id.child("privateDnsZoneGroups", "causeway")
GROUP = ZoneGroup(GROUP_AT, ENDPOINT.id, (ZONE,))
LINK = Link(ZONE.child("virtualNetworkLinks", "l"), ZONE, SPOKE)


def with_novel(have: Seen) -> Seen:
    return Seen(have.id, {**have.body, "properties": {**have.properties, **NOVEL}})


WRITTEN: list[tuple[Wanted, Seen]] = [
    (ENDPOINT, bodies.endpoint(ENDPOINT.id, state="Failed")),
    (GROUP, bodies.zone_group(GROUP_AT, "10.0.1.4")),
    (LINK, bodies.zone_link(LINK.id)),
    (PEERING, half()),
    (want(), our_rule()),
    (SubnetPolicy(SUBNET), subnet()),
]
MADE_AGAIN = [pair for pair in WRITTEN if not isinstance(pair[0], SubnetPolicy) and pair[0].id != want().id]


def name(value: Any) -> str:
    return type(value).__name__ if not isinstance(value, Seen) else ""


@pytest.mark.parametrize(("kind", "have"), WRITTEN, ids=name)
def test_a_write_over_an_object_keeps_what_is_not_known(kind: Wanted, have: Seen) -> None:
    properties = kind.body(with_novel(have), Observed())["properties"]
    assert properties["novel"] == NOVEL["novel"]


@pytest.mark.parametrize(("kind", "have"), MADE_AGAIN, ids=name)
def test_an_object_that_is_made_again_has_what_is_not_known_and_nothing_that_azure_only_reports(
    kind: Wanted, have: Seen
) -> None:
    properties = kind.remade(with_novel(have), Observed())["properties"]
    assert properties["novel"] == NOVEL["novel"]
    reported = {"provisioningState", "peeringState", "networkInterfaces", "virtualNetworkLinkState"}
    assert not reported & set(properties)


@pytest.mark.parametrize(("kind", "have"), MADE_AGAIN, ids=name)
def test_what_is_not_known_is_recorded_to_be_had_again(kind: Wanted, have: Seen) -> None:
    found = kind.custom(with_novel(have), Observed())
    assert found
    assert found["properties"]["novel"] == NOVEL["novel"]


def test_configs_of_others_keep_members_that_are_not_known() -> None:
    have = bodies.zone_group(GROUP_AT, "10.0.1.4")
    other = ZONE.group.resource(ZONE.type, "privatelink.other.example")
    theirs = {"name": "theirs", "properties": {"privateDnsZoneId": other.text, **NOVEL}}
    entries = [*have.properties["privateDnsZoneConfigs"], theirs]
    body = Seen(GROUP_AT, {"properties": {"privateDnsZoneConfigs": entries}})
    configs = {
        one["name"]: one for one in GROUP.body(body, Observed())["properties"]["privateDnsZoneConfigs"]
    }
    assert configs["theirs"] == theirs
    assert not any("recordSets" in one["properties"] for one in configs.values())


@pytest.mark.parametrize(
    ("at", "fixed"), [(SUBNET, True), (HUB.child("subnets", "other"), False)], ids=["same", "other"]
)
def test_fixed_addresses_are_taken_over_in_the_same_subnet_alone(at: Any, fixed: bool) -> None:
    have = bodies.endpoint(ENDPOINT.id, subnet=at, status="Disconnected")
    static = {"ipConfigurations": [{"name": "a", "properties": {"privateIPAddress": "10.0.1.40"}}]}
    before = Seen(have.id, {**have.body, "properties": {**have.properties, **static}})
    assert ("ipConfigurations" in ENDPOINT.remade(before, Observed())["properties"]) is fixed
    assert ENDPOINT.custom(before, Observed()) is None


@pytest.mark.parametrize(
    "extra",
    [
        {"customNetworkInterfaceName": "nic-orders"},
        {
            "applicationSecurityGroups": [
                {"id": HUB.text.replace("virtualNetworks", "applicationSecurityGroups")}
            ]
        },
    ],
)
def test_an_endpoint_made_again_has_the_settings_of_the_last_one_and_its_own_connection(extra: Any) -> None:
    have = bodies.endpoint(ENDPOINT.id, status="Disconnected")
    before = Seen(have.id, {**have.body, "properties": {**have.properties, **extra}})
    properties = ENDPOINT.remade(before, Observed())["properties"]
    plain = ENDPOINT.body(None, Observed())["properties"]
    assert properties == {**extra, **plain}
