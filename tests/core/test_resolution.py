"""What is said about how names resolve where Causeway cannot see it."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.kinds import link, record, zone_group
from shared.core.names.resolution import custom_servers, findings
from shared.core.plan.desired import Desired
from shared.core.readings.networks import AZURE_DNS
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Members, Present, Unread
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE, ZONE
from tests.builders.pictures import picture
from tests.builders.requests import wanted

REFUSED = Unread("no right", refused=True)
MANAGED = wanted()
EXTERNAL = wanted(dns={"mode": "external"})
THEIRS = ZONE.group.resource(ZONE.type, "privatelink.example.com")


def asking(*servers: str, at: ResourceId = SPOKE) -> Seen:
    return Seen(at, {"properties": {"dhcpOptions": {"dnsServers": list(servers)}}})


@pytest.mark.parametrize(
    ("servers", "found"),
    [
        ((), ()),
        ((AZURE_DNS,), ()),
        (("10.9.9.9",), ("10.9.9.9",)),
        ((AZURE_DNS, "10.9.9.9"), (AZURE_DNS, "10.9.9.9")),
    ],
)
def test_azure_s_own_server_alone_is_no_custom_one(servers: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert custom_servers(SPOKE, picture({SPOKE: asking(*servers)})) == found


@pytest.mark.parametrize("observed", [Observed(), picture({SPOKE: None})], ids=["not read", "missing"])
def test_a_network_that_is_not_known_to_exist_has_no_servers(observed: Observed) -> None:
    assert custom_servers(SPOKE, observed) == ()


def test_a_network_with_custom_servers_must_forward_each_zone_of_its_names() -> None:
    observed = picture({SPOKE: asking("10.9.9.9", "10.9.9.8")})
    (found,) = findings(MANAGED, observed)
    assert found == (
        f"clients in spoke-a ask the DNS servers 10.9.9.9, 10.9.9.8: those must forward {ZONE.name} to Azure "
        f"DNS ({AZURE_DNS}) from a network that is linked there"
    )


def test_a_network_that_asks_azure_needs_no_forwarding() -> None:
    assert findings(MANAGED, picture({SPOKE: asking()})) == ()


def test_zones_that_someone_else_keeps_must_be_forwarded_as_well() -> None:
    at = EXTERNAL.paths[0].endpoint.id
    groups = (bodies.zone_group(at.child(zone_group.COLLECTION, "g"), zone=THEIRS),)
    lists = {(at, zone_group.COLLECTION): groups}
    (found,) = findings(EXTERNAL, picture({SPOKE: asking("10.9.9.9")}, lists))
    assert f"must forward {THEIRS.name} to" in found


def test_without_a_zone_there_is_nothing_to_forward() -> None:
    assert findings(EXTERNAL, picture({SPOKE: asking("10.9.9.9")})) == ()


def test_a_profile_without_dns_says_nothing_about_servers() -> None:
    assert findings(wanted(dns={"mode": "none"}), picture({SPOKE: asking("10.9.9.9")})) == ()


def test_records_that_could_not_be_listed_are_a_finding_once_for_each_zone() -> None:
    observed = Observed().with_members(ZONE, record.COLLECTION, REFUSED)
    twice = replace(MANAGED, paths=MANAGED.paths * 2)
    (found,) = findings(twice, observed)
    assert found.startswith(f"the records of {ZONE.text} could not be listed")
    assert found.endswith(": no right")


def test_records_that_were_listed_or_not_asked_for_are_no_finding() -> None:
    assert findings(MANAGED, Observed()) == ()
    assert findings(MANAGED, Observed().with_members(ZONE, record.COLLECTION, Present(Members()))) == ()


def test_a_client_network_that_could_not_be_read_is_a_finding() -> None:
    (found,) = findings(MANAGED, Observed().alone(SPOKE, REFUSED))
    assert (
        found
        == f"{SPOKE.text} could not be read, so it was not checked that clients resolve the names: no right"
    )


def test_a_zone_of_someone_else_whose_links_could_not_be_read_is_a_finding() -> None:
    at = EXTERNAL.paths[0].endpoint.id
    groups = (bodies.zone_group(at.child(zone_group.COLLECTION, "g"), zone=THEIRS),)
    observed = picture({}, {(at, zone_group.COLLECTION): groups})
    assert findings(EXTERNAL, observed) == ()
    (found,) = findings(EXTERNAL, observed.with_members(THEIRS, link.COLLECTION, REFUSED))
    assert found.startswith(f"{THEIRS.text} could not be read")


# Endpoints of others

BESIDE = HUB.group.resource("Microsoft.Network/privateEndpoints", "by-hand")


def connected(groups: list[str], at: ResourceId | None = BESIDE) -> Desired:
    """What is desired for a target that lists this connection, with these group ids."""
    properties: dict[str, Any] = {"groupIds": groups, "privateEndpoint": {"id": at.text} if at else None}
    account = bodies.account(connections=[{"name": "c", "properties": properties}])
    return replace(MANAGED, target=Target.parse(account))


@pytest.mark.parametrize(
    ("groups", "concerned"), [(["blob"], True), (["BLOB"], True), ([], True), (["file"], False)]
)
def test_an_unread_endpoint_of_someone_else_is_a_finding_where_it_may_keep_the_name(
    groups: list[str], concerned: bool
) -> None:
    found = findings(connected(groups), Observed().alone(BESIDE, REFUSED))
    assert len(found) == int(concerned)
    assert all(text.startswith(f"the endpoint {BESIDE.text}, connected to the same") for text in found)


def test_an_endpoint_of_someone_else_that_was_read_or_has_no_id_is_no_finding() -> None:
    assert findings(connected(["blob"]), picture({BESIDE: bodies.endpoint(BESIDE, managed=False)})) == ()
    assert findings(connected(["blob"]), picture({BESIDE: None})) == ()
    assert findings(connected(["blob"]), Observed()) == ()
    assert findings(connected(["blob"], None), Observed().alone(BESIDE, REFUSED)) == ()
