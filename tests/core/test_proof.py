"""What does not prove a path: every "Succeeded" that does not mean that it works."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, record, zone_group
from shared.core.kinds.peering import Peering, peering_id
from shared.core.outcome.check import Check
from shared.core.outcome.name_checks import EXTERNAL_LINKS, EXTERNAL_RECORDS
from shared.core.outcome.outcome import Result
from shared.core.outcome.proof import Proof, prove
from shared.core.outcome.result import ending
from shared.core.plan.desired import Desired
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Members, Present, Reading, Unread
from tests.builders import bodies
from tests.builders.bodies import ACCOUNT, HUB, SPOKE, ZONE
from tests.builders.networks import half, vnet
from tests.builders.pictures import picture
from tests.builders.requests import listed_by_target, wanted

REFUSED = Unread("no right to read it", refused=True)


class ProvenPath:
    """A path that works; a test breaks one part of it."""

    def __init__(self) -> None:
        self.wanted: Desired = listed_by_target(wanted(), "Approved")
        path = self.wanted.paths[0]
        self.at, self.zone, self.link = path.endpoint.id, path.zones[0].id, path.links[0].id
        self.endpoint: Seen | None = bodies.endpoint(self.at)
        self.nic: Seen | None = bodies.nic(self.at, "10.0.1.4")
        self.group = bodies.zone_group(self.at.child(zone_group.COLLECTION, "g"), "10.0.1.4", zone=self.zone)
        self.links: tuple[Seen, ...] = (bodies.zone_link(self.link),)

        self.more: dict[ResourceId, Reading[Seen]] = {}

    def observed(self) -> Observed:
        objects: dict[ResourceId, Seen | None] = {
            self.at: self.endpoint,
            bodies.nic_id(self.at): self.nic,
            HUB: bodies.network(),
            SPOKE: vnet(SPOKE, "10.1.0.0/16"),
        }
        records = record.as_written(self.group)
        lists = {(self.zone, link.COLLECTION): self.links, (self.at, zone_group.COLLECTION): (self.group,)}
        for zone in {at.parent for at in records if at.parent}:
            lists[zone, record.COLLECTION] = tuple(one for one in records.values() if one.id.parent == zone)
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
def path() -> ProvenPath:
    return ProvenPath()


def test_a_working_path_is_proven_with_its_addresses_and_names(path: ProvenPath) -> None:
    proof = path.prove()
    assert proof.complete
    assert [address.ip for address in proof.paths[0].addresses] == ["10.0.1.4"]
    assert proof.paths[0].records[0].fqdn == "orders.privatelink.blob.core.windows.net"


def test_a_pending_connection_is_no_path_though_the_endpoint_succeeded(path: ProvenPath) -> None:
    path.endpoint = bodies.endpoint(path.at, status="Pending")
    assert path.failures() == {"connection approved"}


def test_a_failed_endpoint_that_says_approved_is_no_path(path: ProvenPath) -> None:
    path.endpoint = bodies.endpoint(path.at, state="Failed")
    assert path.failures() == {"endpoint provisioned"}


def test_a_zone_group_without_a_record_is_no_path_though_it_succeeded(path: ProvenPath) -> None:
    path.group = bodies.zone_group(path.group.id, zone=path.zone)
    assert path.failures() == {"records match addresses"}


def test_a_record_that_points_to_another_address_is_no_path(path: ProvenPath) -> None:
    path.group = bodies.zone_group(path.group.id, "10.0.1.5", zone=path.zone)
    assert path.failures() == {"records match addresses"}


def test_a_record_outside_its_zone_does_not_count(path: ProvenPath) -> None:
    path.group = bodies.zone_group(path.group.id, "10.0.1.4", zone=path.zone, fqdn="orders.example.com")
    assert path.failures() == {"records match addresses"}


def test_an_address_without_a_record_is_no_path(path: ProvenPath) -> None:
    path.nic = bodies.nic(path.at, "10.0.1.4", "10.0.1.5")
    assert path.failures() == {"records match addresses"}


def test_a_link_that_lags_behind_is_no_path_yet(path: ProvenPath) -> None:
    path.links = (bodies.zone_link(path.link, state="InProgress"),)
    assert path.failures() == {"network resolves the zone"}


def test_a_missing_link_is_named_with_its_network(path: ProvenPath) -> None:
    path.links = ()
    failed = path.prove().failures
    assert [check.subject for check in failed] == ["spoke-a: privatelink.blob.core.windows.net"]


def test_without_checks_nothing_is_proven() -> None:
    assert not Proof((), ()).holds
    assert ending(Proof((), ()), (), (), "default").code == "ProofFailed"


# What is checked of each path


def test_a_missing_endpoint_is_called_missing(path: ProvenPath) -> None:
    path.endpoint = None
    (found,) = path.prove().paths
    assert (found.endpoint, found.status, found.addresses, found.records) == (path.at, "Missing", (), ())
    assert path.check("endpoint provisioned").seen == "missing"


def test_an_endpoint_without_a_connection_is_no_path(path: ProvenPath) -> None:
    assert path.endpoint
    properties = {**path.endpoint.properties, "privateLinkServiceConnections": []}
    path.endpoint = Seen(path.at, {**path.endpoint.body, "properties": properties})
    assert path.failures() == {"connection approved", "endpoint connects to the resource"}
    assert path.prove().paths[0].status == "None"


def test_a_path_whose_zone_is_not_known_yet_is_no_path(path: ProvenPath) -> None:
    assert "zone known" not in {check.name for check in path.prove().checks}
    one = replace(path.wanted.paths[0], zone_group=None, zones=(), links=(), named=False)
    path.wanted = replace(path.wanted, paths=(one,))
    assert path.failures() == {"zone known"}


def test_a_path_without_a_zone_of_its_own_needs_no_record(path: ProvenPath) -> None:
    one = replace(path.wanted.paths[0], zone_group=None, zones=(), links=())
    path.wanted = replace(path.wanted, paths=(one,))
    proof = path.prove()
    assert proof.holds
    assert proof.paths[0].records == ()


def test_neither_an_address_nor_a_record_is_no_path(path: ProvenPath) -> None:
    path.nic = bodies.nic(path.at)
    path.group = bodies.zone_group(path.group.id, zone=path.zone)
    assert path.failures() == {"endpoint has addresses", "records match addresses"}
    assert path.check("records match addresses").seen == "no record"


def test_records_in_a_zone_that_is_not_desired_do_not_count(path: ProvenPath) -> None:
    elsewhere = ZONE.group.resource(ZONE.type, "privatelink.example.com")
    path.group = bodies.zone_group(path.group.id, "10.0.1.4", zone=elsewhere)
    assert path.failures() == {"records match addresses"}


def test_a_record_at_the_zone_itself_is_in_the_zone(path: ProvenPath) -> None:
    path.group = bodies.zone_group(path.group.id, "10.0.1.4", zone=path.zone, fqdn=path.zone.name)
    assert path.prove().holds


def test_a_record_of_a_zone_whose_name_only_ends_alike_is_outside(path: ProvenPath) -> None:
    name = f"other{path.zone.name}"
    path.group = bodies.zone_group(path.group.id, "10.0.1.4", zone=path.zone, fqdn=name)
    assert path.failures() == {"records match addresses"}


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
        (REFUSED, "10.0.1.4", None),
    ],
)
def test_what_the_zone_holds_counts_for_more_than_what_the_zone_group_reports(
    path: ProvenPath, reading: Reading[Seen], seen: str, holds: bool | None
) -> None:
    path.more[a_record().id] = reading
    check = path.check("records match addresses")
    assert f"orders.{ZONE.name} -> {seen}" in check.seen
    assert check.holds is holds


def test_a_link_that_lags_is_reported_with_its_state_and_a_missing_one_as_missing(path: ProvenPath) -> None:
    path.links = (bodies.zone_link(path.link, state="InProgress"),)
    assert path.check("network resolves the zone").seen == "InProgress"
    path.links = ()
    assert path.check("network resolves the zone").seen == "no link"


# Client networks


def test_a_client_network_that_does_not_exist_is_named_once_with_a_remedy(path: ProvenPath) -> None:
    path.wanted = replace(path.wanted, clients=(SPOKE,), resolvers=(SPOKE,))
    path.more[SPOKE] = Absent()
    (failed,) = path.prove().failures
    assert (failed.name, failed.subject, failed.code) == (
        "client network exists",
        "spoke-a",
        "NetworkNotFound",
    )
    assert ending(path.prove(), (), (), "default").result is Result.BLOCKED
    path.wanted = replace(path.wanted, clients=(), resolvers=(SPOKE,))
    assert path.failures() == {"client network exists"}


@pytest.mark.parametrize("reading", [REFUSED, Present(vnet(SPOKE, "10.1.0.0/16"))])
def test_a_client_network_that_was_not_read_is_not_called_missing(
    path: ProvenPath, reading: Reading[Seen]
) -> None:
    path.wanted = replace(path.wanted, clients=(SPOKE,), resolvers=(SPOKE,))
    path.more[SPOKE] = reading
    assert path.prove().holds


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
    path: ProvenPath, changed: dict[str, Any], seen: str | None
) -> None:
    path.wanted = replace(path.wanted, peerings=(Peering(peering_id(HUB, SPOKE), HUB, SPOKE),))
    path.more[HUB] = Present(vnet(HUB, "10.0.0.0/16", halves=(half(**changed),)))
    failed = [(check.name, check.subject, check.seen) for check in path.prove().failures]
    assert failed == ([("networks peered", "hub-we -> spoke-a", seen)] if seen else [])


@pytest.mark.parametrize("halves", [(), (half(remote=HUB),)])
def test_networks_without_a_half_between_them_are_not_peered(
    path: ProvenPath, halves: tuple[Seen, ...]
) -> None:
    path.wanted = replace(path.wanted, peerings=(Peering(peering_id(HUB, SPOKE), HUB, SPOKE),))
    path.more[HUB] = Present(vnet(HUB, "10.0.0.0/16", halves=halves))
    assert [check.seen for check in path.prove().failures] == ["none"]


# Names that someone else keeps

FOREIGN_ZONE = ZONE.group.resource(ZONE.type, "privatelink.example.com")


class External(ProvenPath):
    """A foreign zone group keeps the names in a foreign zone."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = listed_by_target(wanted(dns={"mode": "external"}), "Approved")
        self.group = bodies.zone_group(self.group.id, "10.0.1.4", zone=FOREIGN_ZONE)
        self.zone = FOREIGN_ZONE
        self.links = (bodies.zone_link(FOREIGN_ZONE.child(link.COLLECTION, "foreign"), managed=False),)


def test_names_that_someone_else_keeps_in_any_zone_are_proven_as_well() -> None:
    path = External()
    assert path.prove().holds
    assert path.check(EXTERNAL_RECORDS).holds
    assert path.check(EXTERNAL_LINKS).subject == f"spoke-a: {FOREIGN_ZONE.text}"


def test_records_that_someone_else_has_not_written_yet_are_awaited() -> None:
    path = External()
    path.group = bodies.zone_group(path.group.id, zone=FOREIGN_ZONE)
    assert path.failures() == {EXTERNAL_RECORDS}
    judged = ending(path.prove(), (), (), "default")
    assert (judged.result, judged.code, judged.waiting) == (Result.PENDING, "AwaitingDns", True)


def test_a_zone_of_someone_else_that_a_client_network_cannot_resolve_is_named() -> None:
    path = External()
    path.links = ()
    assert path.failures() == {EXTERNAL_LINKS}


@pytest.mark.parametrize(
    "reading",
    [Absent(), Present(Seen(SPOKE, {"properties": {"dhcpOptions": {"dnsServers": ["10.9.9.9"]}}}))],
    ids=["missing", "custom DNS servers"],
)
def test_a_network_that_is_missing_or_asks_other_servers_needs_no_link(reading: Reading[Seen]) -> None:
    path = External()
    path.links = ()
    path.more[SPOKE] = reading
    assert EXTERNAL_LINKS not in path.failures()
    assert True not in {check.holds for check in path.prove().checks if check.name == EXTERNAL_LINKS}


def test_a_zone_of_someone_else_whose_links_cannot_be_read_is_not_judged() -> None:
    path = External()
    observed = path.observed().with_members(FOREIGN_ZONE, link.COLLECTION, REFUSED)
    assert prove(path.wanted, observed).holds
    (unproven,) = prove(path.wanted, observed).unproven
    assert (unproven.name, "no right to read it" in unproven.seen) == (EXTERNAL_LINKS, True)


def test_a_network_resolves_every_zone_of_the_zone_group() -> None:
    path = External()
    second = FOREIGN_ZONE.group.resource(ZONE.type, "privatelink.second.com")
    both = [*path.group.properties["privateDnsZoneConfigs"]]
    both += bodies.zone_group(path.group.id, zone=second).properties["privateDnsZoneConfigs"]
    path.group = Seen(path.group.id, {"properties": {"privateDnsZoneConfigs": both}})
    assert [check.subject for check in path.prove().failures] == [f"spoke-a: {second.text}"]


# Both sides of an endpoint


@pytest.mark.parametrize("statuses", [("Pending",), ("Disconnected",), ("Rejected", "Pending"), ("",)])
def test_an_approval_that_the_target_does_not_confirm_is_none(
    path: ProvenPath, statuses: tuple[str, ...]
) -> None:
    path.wanted = listed_by_target(path.wanted, *statuses)
    assert path.failures() == {"resource lists the connection"}


def test_an_approved_endpoint_that_the_target_does_not_list_is_named_with_what_cures() -> None:
    path = ProvenPath()
    path.wanted = listed_by_target(path.wanted)
    assert path.failures() == {"resource lists the connection"}
    judged = ending(path.prove(), (), (), "default")
    assert (judged.result, judged.code, judged.waiting) == (Result.BLOCKED, "ConnectionNotListed", True)
    assert path.at.text in judged.remedy


def test_another_endpoint_in_the_target_s_list_does_not_count(path: ProvenPath) -> None:
    other = replace(path.wanted.paths[0].endpoint, id=path.at.group.resource(path.at.type, "other"))
    one = replace(path.wanted.paths[0], endpoint=other)
    path.wanted = listed_by_target(replace(path.wanted, paths=(one,)), "Approved")
    path.wanted = replace(path.wanted, paths=(replace(one, endpoint=replace(other, id=path.at)),))
    assert path.failures() == {"resource lists the connection"}


@pytest.mark.parametrize("status", ["Approved", "Pending"])
def test_a_target_whose_body_has_no_list_is_asked_for_it(path: ProvenPath, status: str) -> None:
    (entry,) = listed_by_target(path.wanted, status).target.properties["privateEndpointConnections"]
    path.wanted = replace(path.wanted, target=replace(path.wanted.target, properties={}))
    read = path.wanted.connections
    assert read in set(path.wanted.reads(path.observed()))
    assert read
    member = Seen(read.at.child(read.collection, "c"), entry)
    observed = path.observed().with_members(read.at, read.collection, Present(Members((member,))))
    (check,) = (c for c in prove(path.wanted, observed).checks if c.name == "resource lists the connection")
    assert check.holds is (status == "Approved")


@pytest.mark.parametrize("refused", [True, False])
def test_a_target_s_list_that_cannot_be_read_proves_nothing(path: ProvenPath, refused: bool) -> None:
    path.wanted = replace(path.wanted, target=replace(path.wanted.target, properties={}))
    observed = path.observed()
    if refused:
        observed = observed.with_members(ACCOUNT, "privateEndpointConnections", REFUSED)
    proof = prove(path.wanted, observed)
    (unproven,) = proof.unproven
    assert (unproven.name, proof.holds, proof.complete) == ("resource lists the connection", True, False)
    assert "not provable" in ending(proof, (), (), "default").reason


@pytest.mark.parametrize(
    ("changed", "failed"),
    [
        ({"target": ACCOUNT.group.resource(ACCOUNT.type, "other")}, "endpoint connects to the resource"),
        ({"group": "queue"}, "endpoint connects to the resource"),
        ({"subnet": HUB.child("subnets", "other")}, "endpoint is in its subnet"),
    ],
)
def test_an_endpoint_of_something_else_is_no_path(
    path: ProvenPath, changed: dict[str, Any], failed: str
) -> None:
    path.endpoint = bodies.endpoint(path.at, **changed)
    assert path.failures() == {failed}


def test_an_address_outside_of_the_subnet_is_no_path(path: ProvenPath) -> None:
    path.nic = bodies.nic(path.at, "10.9.9.9")
    path.group = bodies.zone_group(path.group.id, "10.9.9.9", zone=path.zone)
    assert path.failures() == {"addresses are in the subnet"}


def test_addresses_of_a_subnet_that_was_not_read_are_not_provable(path: ProvenPath) -> None:
    path.more[HUB] = REFUSED
    assert [check.name for check in path.prove().unproven] == ["addresses are in the subnet"]


def test_an_interface_that_was_not_read_leaves_no_address_proven(path: ProvenPath) -> None:
    path.more[bodies.nic_id(path.at)] = REFUSED
    assert "endpoint has addresses" in path.failures()


def test_an_endpoint_that_reports_another_address_than_its_interface_is_no_path(path: ProvenPath) -> None:
    assert path.endpoint
    reported = [{"fqdn": "orders.blob.core.windows.net", "ipAddresses": ["10.0.1.9"]}]
    properties = {**path.endpoint.properties, "customDnsConfigs": reported}
    path.endpoint = Seen(path.at, {**path.endpoint.body, "properties": properties})
    assert path.failures() == {"endpoint has addresses"}


# Names that cannot be shown to resolve


def test_names_of_clients_that_ask_other_servers_are_not_provable_though_the_link_is_complete(
    path: ProvenPath,
) -> None:
    servers = {"dhcpOptions": {"dnsServers": ["10.9.9.9"]}}
    path.more[SPOKE] = Present(Seen(SPOKE, {"properties": servers}))
    (unproven,) = path.prove().unproven
    assert (unproven.name, unproven.holds) == ("network resolves the zone", None)
    assert "10.9.9.9" in unproven.seen
    judged = ending(path.prove(), (), (), "default")
    assert judged.result is Result.CONNECTED
    assert "10.9.9.9" in judged.reason


def test_names_of_clients_whose_network_could_not_be_read_are_not_provable(path: ProvenPath) -> None:
    path.more[SPOKE] = REFUSED
    names = {check.name for check in path.prove().unproven}
    assert names == {"network resolves the zone", "client network exists"}


def test_a_record_in_a_zone_that_was_not_read_is_not_proven_by_the_zone_group(path: ProvenPath) -> None:
    observed = path.observed().with_members(path.zone, record.COLLECTION, REFUSED)
    (unproven,) = prove(path.wanted, observed).unproven
    assert unproven.name == "records match addresses"
