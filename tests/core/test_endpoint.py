"""What an endpoint, its interface and its zone group report, and what is sent for them."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import zone_group
from shared.core.kinds.endpoint import (
    Endpoint,
    addresses_of,
    connection_of,
    nic_of,
    reported_addresses,
    subnet_of,
)
from shared.core.kinds.kind import MARK_TAG, TARGET_TAG, marked
from shared.core.kinds.nic import Address
from shared.core.kinds.zone_configs import configs_of, zone_ids
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.readings.observed import Observed
from tests.builders import bodies
from tests.builders.bodies import ACCOUNT, HUB, SUBNET, ZONE
from tests.builders.pictures import picture
from tests.builders.requests import wanted

ENDPOINT = wanted().paths[0].endpoint
AT = ENDPOINT.id
NAME = "orders.blob.core.windows.net"


def an_endpoint(**properties: Any) -> Seen:
    have = bodies.endpoint(AT)
    return Seen(AT, {**have.body, "properties": {**have.properties, **properties}})


def reporting(*configs: dict[str, Any]) -> tuple[Address, ...]:
    return reported_addresses(an_endpoint(customDnsConfigs=list(configs)))


def test_an_address_is_reported_with_each_of_its_names() -> None:
    configs = [
        {"fqdn": f"{NAME}.", "ipAddresses": ["10.0.1.4"]},
        {"fqdn": "SECOND.example.com", "ipAddresses": ["10.0.1.4", "10.0.1.5"]},
    ]
    assert reporting(*configs) == (
        Address("10.0.1.4", "", (NAME, "second.example.com")),
        Address("10.0.1.5", "", ("second.example.com",)),
    )


@pytest.mark.parametrize("config", [{}, {"fqdn": None}, {"fqdn": ""}])
def test_an_address_without_a_name_is_not_reported(config: dict[str, Any]) -> None:
    assert reporting({**config, "ipAddresses": ["10.0.1.4"]}) == ()


def test_the_interface_counts_more_than_what_the_endpoint_reports() -> None:
    endpoint = an_endpoint(customDnsConfigs=[{"fqdn": NAME, "ipAddresses": ["10.0.1.9"]}])
    interface = bodies.nic(AT, "10.0.1.4")
    assert addresses_of(endpoint, picture({interface.id: interface})) == (Address("10.0.1.4", "", (NAME,)),)
    assert [one.ip for one in addresses_of(endpoint, Observed())] == ["10.0.1.9"]
    assert [one.ip for one in addresses_of(endpoint, picture({interface.id: None}))] == ["10.0.1.9"]


def test_a_configuration_without_an_address_yet_is_none() -> None:
    interface = bodies.nic(AT, "10.0.1.4", "")
    assert [one.ip for one in addresses_of(an_endpoint(), picture({interface.id: interface}))] == ["10.0.1.4"]


def test_an_endpoint_that_reports_nothing_has_no_connection_subnet_or_interface() -> None:
    bare = Seen(AT, {"id": AT.text})
    assert (connection_of(bare), subnet_of(bare), nic_of(bare), reported_addresses(bare)) == (
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize("name", ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"])
def test_a_connection_is_found_in_either_list(name: str) -> None:
    listed = bodies.endpoint(AT).properties["privateLinkServiceConnections"]
    found = connection_of(an_endpoint(**{"privateLinkServiceConnections": [], name: listed}))
    assert found is not None
    assert (found.target, found.group, found.status) == (ACCOUNT, "blob", "Approved")


def test_a_connection_without_groups_state_or_target_is_read_as_far_as_it_goes() -> None:
    found = connection_of(an_endpoint(privateLinkServiceConnections=[{"properties": {"groupIds": []}}]))
    assert found is not None
    assert (found.target, found.group, found.status) == (None, "", "")


def test_both_tags_say_that_an_object_is_ours_for_this_target() -> None:
    have = bodies.endpoint(AT)
    assert marked(have, ACCOUNT)
    for name in (MARK_TAG, TARGET_TAG):
        tags = {key: value for key, value in have.body["tags"].items() if key != name}
        assert not marked(Seen(AT, {**have.body, "tags": tags}), ACCOUNT)


@pytest.mark.parametrize(
    ("request_message", "used", "empty"),
    [
        (None, "privateLinkServiceConnections", "manualPrivateLinkServiceConnections"),
        ("please", "manualPrivateLinkServiceConnections", "privateLinkServiceConnections"),
        ("", "manualPrivateLinkServiceConnections", "privateLinkServiceConnections"),
    ],
)
def test_a_request_for_approval_goes_into_the_manual_list_with_its_message(
    request_message: str | None, used: str, empty: str
) -> None:
    endpoint = Endpoint(AT, "westeurope", SUBNET, ACCOUNT, "blob", request=request_message)
    properties = endpoint.body(None, Observed())["properties"]
    assert empty not in properties
    (connection,) = properties[used]
    assert connection["properties"].get("requestMessage") == (request_message or None)


def test_a_repaired_endpoint_is_sent_as_it_is_with_our_tags_beside_those_of_others() -> None:
    have = bodies.endpoint(AT)
    have = Seen(AT, {**have.body, "tags": {"team": "blue"}})
    body = ENDPOINT.body(have, Observed())
    assert body["properties"] == have.properties
    assert body["tags"] == {"team": "blue", **bodies.endpoint(AT).body["tags"]}


@pytest.mark.parametrize("status", ["Rejected", "rejected"])
def test_a_rejected_connection_falls_short_and_any_other_does_not(status: str) -> None:
    refusal = ENDPOINT.shortfall(bodies.endpoint(AT, status=status), Observed())
    assert refusal is not None
    assert refusal.code == "ConnectionRejected"
    assert ENDPOINT.shortfall(bodies.endpoint(AT, status="Pending"), Observed()) is None


def test_only_a_missing_endpoint_of_someone_else_is_refused() -> None:
    adopted = Endpoint(AT, "westeurope", SUBNET, ACCOUNT, "blob", adopted=True)
    refusal = adopted.refused(None, Observed())
    assert refusal is not None
    assert refusal.code == "EndpointGone"
    assert adopted.refused(bodies.endpoint(AT, managed=False), Observed()) is None
    assert ENDPOINT.refused(None, Observed()) is None


# Its zone group

BELOW = AT.child(zone_group.COLLECTION, zone_group.NAME)
FOREIGN_ZONE = ZONE.group.resource(ZONE.type, "privatelink.example.com")


def sent(have: Seen | None) -> list[tuple[str, str]]:
    """The configs that are sent over these: name and zone."""
    configs = ZoneGroup(BELOW, AT, (ZONE,)).body(have, Observed())["properties"]["privateDnsZoneConfigs"]
    return [(one["name"], one["properties"]["privateDnsZoneId"]) for one in configs]


def test_foreign_configs_keep_their_names_and_a_managed_one_replaces_one_for_its_zone() -> None:
    (managed,) = sent(None)
    foreign = bodies.zone_group(BELOW, zone=FOREIGN_ZONE, name="by-hand")
    assert sent(foreign) == [("by-hand", FOREIGN_ZONE.text), managed]
    assert sent(bodies.zone_group(BELOW, zone=ZONE, name="by-hand")) == [managed]


def test_a_config_of_ours_for_a_zone_that_is_not_desired_any_more_is_left_out() -> None:
    old = ZoneGroup(BELOW, AT, (FOREIGN_ZONE,)).body(None, Observed())
    assert sent(Seen(BELOW, old)) == sent(None)


@pytest.mark.parametrize("zone", [None, "", 7])
def test_a_config_without_a_zone_says_nothing(zone: Any) -> None:
    config = {"name": "c", "properties": {"privateDnsZoneId": zone}}
    have = Seen(BELOW, {"properties": {"privateDnsZoneConfigs": [config]}})
    assert (configs_of(have), zone_ids(have)) == ((), frozenset())


def test_a_zone_group_of_our_name_at_another_endpoint_is_not_this_ones() -> None:
    other = AT.group.resource(AT.type, "other").child(zone_group.COLLECTION, zone_group.NAME)
    group = ZoneGroup(BELOW, AT, (ZONE,))
    assert group.is_managed(bodies.zone_group(BELOW))
    assert not group.is_managed(bodies.zone_group(other))
    by_hand = BELOW.parent.child(zone_group.COLLECTION, "default") if BELOW.parent else BELOW
    assert not ZoneGroup(by_hand, AT, (ZONE,)).is_managed(bodies.zone_group(by_hand))


def held_by(**changed: Any) -> ResourceId | None:
    """Which endpoint our zone group is refused for, beside one that someone else made."""
    at = HUB.group.resource(AT.type, "by-hand")
    foreign = bodies.endpoint(at, managed=False, **changed)
    lists = {(at, zone_group.COLLECTION): (bodies.zone_group(at.child(zone_group.COLLECTION, "g")),)}
    group = ZoneGroup(BELOW, AT, (ZONE,), group="blob")
    refusal = group.shortfall(bodies.zone_group(BELOW), picture({at: foreign}, lists))
    return refusal.found if refusal else None


def test_a_foreign_endpoint_keeps_the_name_of_the_same_group_in_any_spelling() -> None:
    assert held_by() == held_by(group="BLOB") == HUB.group.resource(AT.type, "by-hand")
    assert held_by(group="file") is None
