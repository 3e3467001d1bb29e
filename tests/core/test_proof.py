"""What does not prove a path: every "Succeeded" that does not mean that it works."""

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import link, zone_group
from shared.core.outcome.proof import Proof, prove
from shared.core.outcome.result import ending
from shared.core.plan.desired import Desired
from tests.builders import bodies
from tests.builders.pictures import picture
from tests.builders.requests import wanted


class ProvenPath:
    """A path that works; a test breaks one part of it."""

    def __init__(self) -> None:
        self.wanted: Desired = wanted()
        path = self.wanted.paths[0]
        self.at, self.zone, self.link = path.endpoint.id, path.zones[0].id, path.links[0].id
        self.endpoint: Seen | None = bodies.endpoint(self.at)
        self.nic: Seen | None = bodies.nic(self.at, "10.0.1.4")
        self.group = bodies.zone_group(self.at.child(zone_group.COLLECTION, "g"), "10.0.1.4", zone=self.zone)
        self.links: tuple[Seen, ...] = (bodies.zone_link(self.link),)

    def prove(self) -> Proof:
        objects: dict[ResourceId, Seen | None] = {self.at: self.endpoint, bodies.nic_id(self.at): self.nic}
        lists = {(self.zone, link.COLLECTION): self.links, (self.at, zone_group.COLLECTION): (self.group,)}
        return prove(self.wanted, picture(objects, lists))

    def failures(self) -> set[str]:
        return {check.name for check in self.prove().failures}


@pytest.fixture
def path() -> ProvenPath:
    return ProvenPath()


def test_a_working_path_is_proven_with_its_addresses_and_names(path: ProvenPath) -> None:
    proof = path.prove()
    assert proof.holds
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
