"""What is no proof: every "Succeeded" that does not mean a working path."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, record, zone_group
from shared.core.kinds.peering import Peering, peering_id
from shared.core.outcome.check import Check
from shared.core.outcome.outcome import Result
from shared.core.outcome.proof import EXTERNAL_LINKS, EXTERNAL_RECORDS, Proof, prove
from shared.core.outcome.result import ending
from shared.core.plan.desired import Desired
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Reading, Unread
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE, ZONE
from tests.builders.networks import half, vnet
from tests.builders.pictures import picture
from tests.builders.requests import wanted

REFUSED = Unread("no right to read it", refused=True)


class Scene:
    """Everything in order; a test spoils one thing."""

    def __init__(self) -> None:
        self.wanted: Desired = wanted()
        path = self.wanted.paths[0]
        self.at, self.zone, self.link = path.endpoint.id, path.zones[0].id, path.links[0].id
        self.endpoint: Seen | None = bodies.endpoint(self.at)
        self.nic: Seen | None = bodies.nic(self.at, "10.0.1.4")
        self.group = bodies.zone_group(self.at.child(zone_group.COLLECTION, "g"), "10.0.1.4", zone=self.zone)
        self.links: tuple[Seen, ...] = (bodies.zone_link(self.link),)

        self.more: dict[ResourceId, Reading[Seen]] = {}

    def observed(self) -> Observed:
        objects: dict[ResourceId, Seen | None] = {self.at: self.endpoint, bodies.nic_id(self.at): self.nic}
        lists = {(self.zone, link.COLLECTION): self.links, (self.at, zone_group.COLLECTION): (self.group,)}
        observed = picture(objects, lists)
        for at, reading in self.more.items():
            observed = observed.alone(at, reading)
        return observed

    def prove(self) -> Proof:
        return prove(self.wanted, self.observed())

    def failures(self) -> set[str]:
        return {check.name for check in self.prove().failures}

    def check(self, name: str) -> Check:
        (found,) = (check for check in self.prove().checks if check.name == name)
        return found


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_path_in_order_is_proven_with_its_addresses_and_names(scene: Scene) -> None:
    proof = scene.prove()
    assert proof.holds
    assert [address.ip for address in proof.paths[0].addresses] == ["10.0.1.4"]
    assert proof.paths[0].records[0].fqdn == "orders.privatelink.blob.core.windows.net"


def test_a_pending_connection_is_no_path_though_the_endpoint_succeeded(scene: Scene) -> None:
    scene.endpoint = bodies.endpoint(scene.at, status="Pending")
    assert scene.failures() == {"connection approved"}


def test_a_failed_endpoint_that_says_approved_is_no_path(scene: Scene) -> None:
    scene.endpoint = bodies.endpoint(scene.at, state="Failed")
    assert scene.failures() == {"endpoint provisioned"}


def test_a_zone_group_without_a_record_is_no_path_though_it_succeeded(scene: Scene) -> None:
    scene.group = bodies.zone_group(scene.group.id, zone=scene.zone)
    assert scene.failures() == {"records match addresses"}


def test_a_record_that_points_to_another_address_is_no_path(scene: Scene) -> None:
    scene.group = bodies.zone_group(scene.group.id, "10.0.1.5", zone=scene.zone)
    assert scene.failures() == {"records match addresses"}


def test_a_record_outside_its_zone_does_not_count(scene: Scene) -> None:
    scene.group = bodies.zone_group(scene.group.id, "10.0.1.4", zone=scene.zone, fqdn="orders.example.com")
    assert scene.failures() == {"records match addresses"}


def test_an_address_without_a_record_is_no_path(scene: Scene) -> None:
    scene.nic = bodies.nic(scene.at, "10.0.1.4", "10.0.1.5")
    assert scene.failures() == {"records match addresses"}


def test_a_link_that_lags_behind_is_no_path_yet(scene: Scene) -> None:
    scene.links = (bodies.zone_link(scene.link, state="InProgress"),)
    assert scene.failures() == {"network resolves the zone"}


def test_a_missing_link_is_named_with_its_network(scene: Scene) -> None:
    scene.links = ()
    failed = scene.prove().failures
    assert [check.subject for check in failed] == ["spoke-a: privatelink.blob.core.windows.net"]


def test_nothing_checked_is_nothing_proven_and_nothing_awaited() -> None:
    assert not Proof((), ()).holds
    assert ending(Proof((), ()), (), (), "default").code == "ProofFailed"


# What is checked of each path


def test_a_missing_endpoint_is_called_missing(scene: Scene) -> None:
    scene.endpoint = None
    (path,) = scene.prove().paths
    assert (path.endpoint, path.status, path.addresses, path.records) == (scene.at, "Missing", (), ())
    assert scene.check("endpoint provisioned").seen == "missing"


def test_an_endpoint_without_a_connection_is_no_path(scene: Scene) -> None:
    assert scene.endpoint
    properties = {**scene.endpoint.properties, "privateLinkServiceConnections": []}
    scene.endpoint = Seen(scene.at, {**scene.endpoint.body, "properties": properties})
    assert scene.failures() == {"connection approved"}
    assert scene.prove().paths[0].status == "None"


def test_a_path_whose_zone_is_not_known_yet_is_no_path(scene: Scene) -> None:
    assert "zone known" not in {check.name for check in scene.prove().checks}
    path = replace(scene.wanted.paths[0], zone_group=None, zones=(), links=(), named=False)
    scene.wanted = replace(scene.wanted, paths=(path,))
    assert scene.failures() == {"zone known"}


def test_a_path_without_a_zone_of_its_own_needs_no_record(scene: Scene) -> None:
    path = replace(scene.wanted.paths[0], zone_group=None, zones=(), links=())
    scene.wanted = replace(scene.wanted, paths=(path,))
    proof = scene.prove()
    assert proof.holds
    assert proof.paths[0].records == ()


def test_neither_an_address_nor_a_record_is_no_path(scene: Scene) -> None:
    scene.nic = bodies.nic(scene.at)
    scene.group = bodies.zone_group(scene.group.id, zone=scene.zone)
    assert scene.failures() == {"endpoint has addresses", "records match addresses"}
    assert scene.check("records match addresses").seen == "no record"


def test_records_in_a_zone_that_is_not_desired_do_not_count(scene: Scene) -> None:
    elsewhere = ZONE.group.resource(ZONE.type, "privatelink.example.com")
    scene.group = bodies.zone_group(scene.group.id, "10.0.1.4", zone=elsewhere)
    assert scene.failures() == {"records match addresses"}


def test_a_record_at_the_zone_itself_is_in_the_zone(scene: Scene) -> None:
    scene.group = bodies.zone_group(scene.group.id, "10.0.1.4", zone=scene.zone, fqdn=scene.zone.name)
    assert scene.prove().holds


def test_a_record_of_a_zone_whose_name_only_ends_alike_is_outside(scene: Scene) -> None:
    name = f"other{scene.zone.name}"
    scene.group = bodies.zone_group(scene.group.id, "10.0.1.4", zone=scene.zone, fqdn=name)
    assert scene.failures() == {"records match addresses"}


def a_record(*addresses: str) -> Seen:
    at = ZONE.child(record.COLLECTION, "orders")
    return Seen(at, {"properties": {"aRecords": [{"ipv4Address": ip} for ip in addresses]}})


@pytest.mark.parametrize(
    ("reading", "seen", "holds"),
    [
        (Present(a_record("10.0.1.4")), "10.0.1.4", True),
        (Present(a_record("10.0.1.4", "10.0.1.9")), "10.0.1.4/10.0.1.9", False),
        (Present(a_record()), "nothing", False),
        (Absent(), "nothing", False),
        (REFUSED, "10.0.1.4", True),
    ],
)
def test_what_the_zone_holds_counts_for_more_than_what_the_zone_group_reports(
    scene: Scene, reading: Reading[Seen], seen: str, holds: bool
) -> None:
    scene.more[a_record().id] = reading
    check = scene.check("records match addresses")
    assert check.seen == f"orders.{ZONE.name} -> {seen}"
    assert check.holds is holds


def test_a_link_that_lags_is_reported_with_its_state_and_a_missing_one_as_missing(scene: Scene) -> None:
    scene.links = (bodies.zone_link(scene.link, state="InProgress"),)
    assert scene.check("network resolves the zone").seen == "InProgress"
    scene.links = ()
    assert scene.check("network resolves the zone").seen == "no link"


# Client networks


def test_a_client_network_that_does_not_exist_is_named_once_with_a_remedy(scene: Scene) -> None:
    scene.wanted = replace(scene.wanted, clients=(SPOKE,), resolvers=(SPOKE,))
    scene.more[SPOKE] = Absent()
    (failed,) = scene.prove().failures
    assert (failed.name, failed.subject, failed.code) == (
        "client network exists",
        "spoke-a",
        "NetworkNotFound",
    )
    assert ending(scene.prove(), (), (), "default").result is Result.BLOCKED
    scene.wanted = replace(scene.wanted, clients=(), resolvers=(SPOKE,))
    assert scene.failures() == {"client network exists"}


@pytest.mark.parametrize("reading", [REFUSED, Present(vnet(SPOKE, "10.1.0.0/16"))])
def test_a_client_network_that_was_not_read_is_not_called_missing(
    scene: Scene, reading: Reading[Seen]
) -> None:
    scene.wanted = replace(scene.wanted, clients=(SPOKE,), resolvers=(SPOKE,))
    scene.more[SPOKE] = reading
    assert scene.prove().holds


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({}, None),
        ({"peeringState": "Initiated"}, "Initiated FullyInSync"),
        ({"peeringSyncLevel": "RemoteNotInSync"}, "Connected RemoteNotInSync"),
        ({"peeringState": "Initiated", "peeringSyncLevel": ""}, "Initiated"),
        ({"allowVirtualNetworkAccess": False}, "Connected FullyInSync"),
    ],
)
def test_networks_are_peered_only_by_a_half_that_is_connected_in_sync_and_open(
    scene: Scene, changed: dict[str, Any], seen: str | None
) -> None:
    scene.wanted = replace(scene.wanted, peerings=(Peering(peering_id(HUB, SPOKE), HUB, SPOKE),))
    scene.more[HUB] = Present(vnet(HUB, "10.0.0.0/16", halves=(half(**changed),)))
    failed = [(check.name, check.subject, check.seen) for check in scene.prove().failures]
    assert failed == ([("networks peered", "hub-we -> spoke-a", seen)] if seen else [])


@pytest.mark.parametrize("halves", [(), (half(remote=HUB),)])
def test_networks_without_a_half_between_them_are_not_peered(scene: Scene, halves: tuple[Seen, ...]) -> None:
    scene.wanted = replace(scene.wanted, peerings=(Peering(peering_id(HUB, SPOKE), HUB, SPOKE),))
    scene.more[HUB] = Present(vnet(HUB, "10.0.0.0/16", halves=halves))
    assert [check.seen for check in scene.prove().failures] == ["none"]


# Names that someone else keeps

THEIR_ZONE = ZONE.group.resource(ZONE.type, "privatelink.example.com")


class External(Scene):
    """Someone else's zone group keeps the names in a zone of theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = wanted(dns={"mode": "external"})
        self.group = bodies.zone_group(self.group.id, "10.0.1.4", zone=THEIR_ZONE)
        self.zone = THEIR_ZONE
        self.links = (bodies.zone_link(THEIR_ZONE.child(link.COLLECTION, "theirs"), ours=False),)


def test_names_that_someone_else_keeps_in_any_zone_are_proven_as_well() -> None:
    scene = External()
    assert scene.prove().holds
    assert scene.check(EXTERNAL_RECORDS).holds
    assert scene.check(EXTERNAL_LINKS).subject == f"spoke-a: {THEIR_ZONE.text}"


def test_records_that_someone_else_has_not_written_yet_are_awaited() -> None:
    scene = External()
    scene.group = bodies.zone_group(scene.group.id, zone=THEIR_ZONE)
    assert scene.failures() == {EXTERNAL_RECORDS}
    judged = ending(scene.prove(), (), (), "default")
    assert (judged.result, judged.code, judged.waiting) == (Result.PENDING, "AwaitingDns", True)


def test_a_zone_of_someone_else_that_a_client_network_cannot_resolve_is_named() -> None:
    scene = External()
    scene.links = ()
    assert scene.failures() == {EXTERNAL_LINKS}


@pytest.mark.parametrize(
    "reading",
    [Absent(), Present(Seen(SPOKE, {"properties": {"dhcpOptions": {"dnsServers": ["10.9.9.9"]}}}))],
    ids=["missing", "custom DNS servers"],
)
def test_a_network_that_is_missing_or_asks_other_servers_needs_no_link(reading: Reading[Seen]) -> None:
    scene = External()
    scene.links = ()
    scene.more[SPOKE] = reading
    assert EXTERNAL_LINKS not in {check.name for check in scene.prove().checks}


def test_a_zone_of_someone_else_whose_links_cannot_be_read_is_not_judged() -> None:
    scene = External()
    observed = scene.observed().with_members(THEIR_ZONE, link.COLLECTION, REFUSED)
    assert prove(scene.wanted, observed).holds
    assert EXTERNAL_LINKS not in {check.name for check in prove(scene.wanted, observed).checks}


def test_a_network_resolves_every_zone_of_the_zone_group() -> None:
    scene = External()
    second = THEIR_ZONE.group.resource(ZONE.type, "privatelink.second.com")
    both = [*scene.group.properties["privateDnsZoneConfigs"]]
    both += bodies.zone_group(scene.group.id, zone=second).properties["privateDnsZoneConfigs"]
    scene.group = Seen(scene.group.id, {"properties": {"privateDnsZoneConfigs": both}})
    assert [check.subject for check in scene.prove().failures] == [f"spoke-a: {second.text}"]
