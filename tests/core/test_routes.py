"""Which clients of a network can reach an endpoint, by the route tables of their own subnets."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Port
from shared.core.outcome.proof import prove
from shared.core.outcome.result import ending
from shared.core.readings.reading import Unread
from shared.core.rules.egress import Egress, egress
from shared.core.rules.path_ends import Destination, tables_in
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE, SUBNET
from tests.builders.networks import half, rule
from tests.builders.pictures import picture
from tests.builders.requests import listed_by_target, wanted
from tests.builders.route_tables import TABLE, route, table

ENDPOINT = "10.0.1.4"
EXACT = f"{ENDPOINT}/32"
HTTPS = (Port(443, 443),)
NSG = SPOKE.group.resource("Microsoft.Network/networkSecurityGroups", "nsg-app")
VIA_FIREWALL = {"hop": "VirtualAppliance", "nextHopIpAddress": "10.1.9.4"}


def subnet(
    name: str = "app",
    prefix: str = "10.1.1.0/24",
    by: ResourceId | None = TABLE,
    of: ResourceId = SPOKE,
    **more: Any,
) -> dict[str, Any]:
    """A subnet as its network's body lists it, with this route table."""
    properties = {"addressPrefix": prefix} | ({"routeTable": {"id": by.text}} if by else {}) | more
    return {"id": of.child("subnets", name).text, "name": name, "properties": properties}


def network(
    *subnets: dict[str, Any], peered: bool = True, known: tuple[str, ...] = ("10.0.0.0/16", "10.8.0.0/24")
) -> Seen:
    """The client network with its half towards the hub, which knows these prefixes of it."""
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}
    to_hub = half(SPOKE.child("virtualNetworkPeerings", "hub"), HUB).body
    to_hub["properties"]["remoteAddressSpace"] = {"addressPrefixes": list(known)}
    halves = {"virtualNetworkPeerings": [to_hub] if peered else []}
    return Seen(SPOKE, {"id": SPOKE.text, "properties": {**space, **halves, "subnets": list(subnets)}})


def hub(policies: str | None = None, *others: dict[str, Any]) -> Seen:
    """The endpoint's network: its endpoint's address is in the first of two prefixes."""
    more = {"privateEndpointNetworkPolicies": policies} if policies else {}
    own = subnet(SUBNET.name, "10.0.1.0/24", None, HUB, **more)
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16", "10.8.0.0/24"]}}
    return Seen(HUB, {"id": HUB.text, "properties": {**space, "subnets": [own, *others]}})


def evaluate(
    *seen: Seen,
    clients: Seen | None = None,
    home: Seen | None = None,
    addresses: tuple[str, ...] = (ENDPOINT,),
    refused: dict[ResourceId, str] | None = None,
) -> Egress:
    """The evaluation of one client network with these tables and groups."""
    client = clients or network(subnet())
    where = {(home or hub()).id: home or hub(), client.id: client, **{one.id: one for one in seen}}
    observed = picture(where)
    for at, why in (refused or {}).items():
        observed = observed.with_object(at, Unread(why, refused=True))
    (found,) = egress([client.id], [Destination(SUBNET, addresses, HTTPS)], observed)
    return found


def text(found: Egress) -> str:
    return "; ".join(map(str, found.blocked))


OPEN = Egress(SPOKE, (), ())


def test_a_subnet_without_a_table_and_one_with_an_empty_table_reach_the_endpoint() -> None:
    assert evaluate(clients=network(subnet(by=None))) == OPEN
    assert evaluate(table()) == OPEN


def test_a_route_for_exactly_the_endpoint_that_drops_is_named_with_its_table_and_subnet() -> None:
    found = evaluate(table(route(EXACT)))
    assert (
        text(found) == "subnet app of spoke-a cannot reach 10.0.1.4: route away of rt-app drops its traffic"
    )
    assert found.findings == ()
    assert found.blocked[0].code == "DroppedByRoute"
    assert "remove away from rt-app" in found.blocked[0].remedy
    assert "Causeway never writes it" in found.blocked[0].remedy


@pytest.mark.parametrize(
    ("prefix", "policies", "dropped"),
    [
        (EXACT, None, True),
        (ENDPOINT, None, True),
        ("10.0.1.5/32", None, False),
        ("10.0.1.0/24", None, False),
        ("10.0.1.0/24", "Disabled", False),
        ("10.0.1.0/24", "NetworkSecurityGroupEnabled", False),
        ("10.0.1.0/24", "RouteTableEnabled", True),
        ("10.0.1.0/24", "Enabled", True),
        ("10.0.2.0/24", "Enabled", False),
        ("10.0.0.0/16", "Enabled", True),
        ("10.0.0.0/15", "Enabled", False),
        ("0.0.0.0/0", "Enabled", False),
        ("::/0", "Enabled", False),
        ("Storage", "Enabled", False),
    ],
)
def test_a_wider_route_counts_only_by_the_endpoint_s_network_policies_and_from_its_network_s_prefix_on(
    prefix: str, policies: str | None, dropped: bool
) -> None:
    assert bool(evaluate(table(route(prefix)), home=hub(policies)).blocked) is dropped


def test_of_several_prefixes_the_one_that_holds_the_endpoint_says_how_long_a_route_s_must_be() -> None:
    wide = table(route("10.8.0.0/16"))
    assert evaluate(wide, addresses=("10.8.0.4",), home=hub("Enabled")) == OPEN
    assert evaluate(table(route("10.8.0.0/24")), addresses=("10.8.0.4",), home=hub("Enabled")).blocked


def test_the_longest_prefix_decides_whatever_the_order_of_the_routes() -> None:
    to_firewall, drop = route(EXACT, name="via", **VIA_FIREWALL), route("10.0.1.0/24", name="drop")
    for routes in ((to_firewall, drop), (drop, to_firewall)):
        found = evaluate(table(*routes), home=hub("Enabled"))
        assert found.blocked == ()
        assert "route via of rt-app" in found.findings[0]


@pytest.mark.parametrize(
    ("hop", "leads_to"),
    [
        (VIA_FIREWALL, "the appliance 10.1.9.4"),
        ({"hop": "VirtualNetworkGateway"}, "the virtual network gateway"),
        ({"hop": "Internet"}, "the Internet"),
        ({"hop": "VnetLocal"}, "its own network"),
        ({"hop": "VirtualApplianceEcmp"}, "the next hop virtualapplianceecmp"),
    ],
)
def test_a_route_that_leads_elsewhere_is_a_finding_and_blocks_nothing(
    hop: dict[str, Any], leads_to: str
) -> None:
    found = evaluate(table(route(EXACT, **hop)))
    assert found.blocked == ()
    assert found.findings == (
        f"route away of rt-app sends traffic of subnet app of spoke-a for 10.0.1.4 to {leads_to}: "
        "whether it arrives is not known",
    )


@pytest.mark.parametrize("hop", ["VnetLocal", "vnetlocal"])
def test_the_own_network_as_next_hop_leads_to_an_endpoint_in_it(hop: str) -> None:
    home = hub("Enabled", subnet("beside", "10.0.5.0/24", TABLE, HUB))
    assert evaluate(table(route(EXACT, hop)), clients=home, home=home) == Egress(HUB, (), ())


def test_the_endpoint_s_own_subnet_holds_no_clients_whatever_its_table_says() -> None:
    own = {"routeTable": {"id": TABLE.text}}
    home = hub(None, subnet("beside", "10.0.5.0/24", None, HUB))
    home.properties["subnets"][0]["properties"] |= own
    assert evaluate(table(route(EXACT)), clients=home, home=home) == Egress(HUB, (), ())


def test_one_subnet_that_reaches_the_endpoint_is_enough_and_the_other_is_a_finding() -> None:
    two = network(subnet(), subnet("web", "10.1.2.0/24", None))
    found = evaluate(table(route(EXACT)), clients=two)
    assert found.blocked == ()
    assert found.findings == (
        "subnet app of spoke-a cannot reach 10.0.1.4: route away of rt-app drops its traffic",
    )


def test_a_subnet_that_rules_close_and_one_that_a_route_closes_block_together() -> None:
    by_rule = {"networkSecurityGroup": {"id": NSG.text}}
    two = network(subnet(), subnet("web", "10.1.2.0/24", None, **by_rule))
    deny = {"securityRules": [rule("deny-out", direction="Outbound")]}
    found = evaluate(table(route(EXACT)), Seen(NSG, {"id": NSG.text, "properties": deny}), clients=two)
    assert {(stop.subnet.name, stop.code) for stop in found.blocked} == {
        ("app", "DroppedByRoute"),
        ("web", "DeniedByRule"),
    }


def test_every_address_of_the_endpoint_must_be_reached() -> None:
    found = evaluate(table(route("10.0.1.5/32")), addresses=(ENDPOINT, "10.0.1.5"))
    assert [stop.address for stop in found.blocked] == ["10.0.1.5"]


def test_a_route_that_certainly_drops_one_address_and_perhaps_another_blocks_by_the_certain_one() -> None:
    client = network(subnet(), known=("10.0.1.0/24",))
    addresses = ("10.0.2.4", ENDPOINT, "10.0.3.4")
    found = evaluate(table(route("10.0.0.0/16")), clients=client, home=hub("Enabled"), addresses=addresses)
    assert [stop.address for stop in found.blocked] == [ENDPOINT]


def test_a_route_for_many_addresses_is_reported_once() -> None:
    wide = table(route("10.0.1.0/24", **VIA_FIREWALL))
    assert len(evaluate(wide, home=hub("Enabled"), addresses=(ENDPOINT, "10.0.1.5")).findings) == 1


def test_a_table_that_cannot_be_read_is_a_finding_and_not_taken_for_an_empty_one() -> None:
    found = evaluate(refused={TABLE: "no right to read rt-app"})
    why = "the routes of subnet app of spoke-a are not known: no right to read rt-app"
    assert found == Egress(SPOKE, (), (why,), (("DroppedByRoute", why),))


def test_without_direct_peering_any_route_counts_and_a_drop_is_not_certain() -> None:
    apart = network(subnet(), peered=False)
    found = evaluate(table(route("0.0.0.0/0")), clients=apart)
    assert found.blocked == ()
    assert found.findings == (
        "whether subnet app of spoke-a reaches 10.0.1.4 cannot be decided: route away of rt-app drops its "
        "traffic unless a gateway has a more specific route",
    )
    (via,) = evaluate(table(route("0.0.0.0/0", **VIA_FIREWALL)), clients=apart).findings
    assert "to the appliance 10.1.9.4" in via


def test_only_tables_of_subnets_that_can_hold_clients_are_read() -> None:
    other = TABLE.group.resource(TABLE.type, "rt-gateway")
    seen = network(subnet(), subnet("web", "10.1.2.0/24"), subnet("GatewaySubnet", "10.1.3.0/24", other))
    assert tables_in(seen) == (TABLE,)


def test_a_dropped_network_fails_a_check_of_its_own_with_code_and_remedy() -> None:
    desired = listed_by_target(wanted(peering="ignore", nsg={"mode": "require"}), "Approved")
    at = desired.paths[0].endpoint.id
    known = {HUB: hub(), SPOKE: network(subnet()), at: bodies.endpoint(at), TABLE: table(route(EXACT))}
    proof = prove(desired, picture({**known, bodies.nic_id(at): bodies.nic(at, ENDPOINT)}))
    checks = {check.name: check for check in proof.checks if check.subject == SPOKE.name}
    assert checks["rules let clients out"].holds
    failed = checks["routes let clients out"]
    assert (failed.holds, failed.code) == (False, "DroppedByRoute")
    assert ending(proof, (), (), "default").code == "DroppedByRoute"
