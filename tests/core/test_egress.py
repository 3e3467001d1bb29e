"""Which clients of a network can reach an endpoint, by the rules on their own subnets."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Port
from shared.core.kinds.peering import peering_id
from shared.core.outcome.check import Check
from shared.core.outcome.outcome import Result
from shared.core.outcome.proof import Proof
from shared.core.outcome.result import ending
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Unread
from shared.core.rules.egress import Egress, egress
from shared.core.rules.path_ends import Destination, groups_in
from tests.builders.bodies import HUB, SPOKE, SUBNET
from tests.builders.networks import plural, rule
from tests.builders.pictures import picture
from tests.builders.requests import wanted

ENDPOINT = "10.0.1.4"
HTTPS = (Port(443, 443),)
NSG = HUB.group.resource("Microsoft.Network/networkSecurityGroups", "nsg-app")
BY_GROUP = {"sourceApplicationSecurityGroups": [{"id": "asg"}], "sourceAddressPrefix": None}


def out(name: str = "deny-all-out", priority: int = 200, access: str = "Deny", **more: Any) -> dict[str, Any]:
    """A rule for any outbound traffic."""
    return rule(name, priority, access, direction="Outbound", **more)


def group(*rules: dict[str, Any], at: ResourceId = NSG) -> Seen:
    return Seen(at, {"id": at.text, "properties": {"securityRules": list(rules)}})


def subnet(
    name: str = "app",
    prefix: str | None = "10.1.1.0/24",
    nsg: ResourceId | None = NSG,
    of: ResourceId = SPOKE,
) -> dict[str, Any]:
    """A subnet as its network's body lists it."""
    properties: dict[str, Any] = {"addressPrefix": prefix} if prefix else {}
    if nsg:
        properties["networkSecurityGroup"] = {"id": nsg.text}
    return {"id": of.child("subnets", name).text, "name": name, "properties": properties}


def network(
    *subnets: dict[str, Any],
    at: ResourceId = SPOKE,
    prefix: str = "10.1.0.0/16",
    peered: bool = True,
    **half: Any,
) -> Seen:
    """A client network with its half towards the hub."""
    properties = {
        "peeringState": "Connected",
        "allowVirtualNetworkAccess": True,
        "remoteVirtualNetwork": {"id": HUB.text},
        "remoteAddressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
    } | half
    peering = {"id": peering_id(at, HUB).text, "properties": properties}
    space = {"addressSpace": {"addressPrefixes": [prefix]}}
    halves = {"virtualNetworkPeerings": [peering] if peered else []}
    return Seen(at, {"id": at.text, "properties": {**space, **halves, "subnets": list(subnets)}})


def evaluate(
    *groups: Seen,
    clients: Seen | None = None,
    ports: tuple[Port, ...] = HTTPS,
    addresses: tuple[str, ...] = (ENDPOINT,),
    written: Seen | None = None,
    refused: dict[ResourceId, str] | None = None,
) -> Egress:
    """The evaluation of one client network. `written`: the answer of a write since then."""
    seen = clients or network(subnet())
    observed = picture({seen.id: seen, **{one.id: one for one in groups}})
    for at, why in (refused or {}).items():
        observed = observed.with_object(at, Unread(why, refused=True))
    observed = observed.with_written({written.id: written}) if written else observed
    (found,) = egress([seen.id], [Destination(SUBNET, addresses, ports)], observed)
    return found


def text(found: Egress) -> str:
    return "; ".join(map(str, found.blocked))


def test_a_subnet_without_rules_of_its_own_lets_clients_reach_a_peered_network() -> None:
    assert evaluate(group()) == Egress(SPOKE, (), ())
    assert evaluate(clients=network(subnet(nsg=None))) == Egress(SPOKE, (), ())


def test_a_blockage_names_the_subnet_the_endpoint_the_rule_and_its_group() -> None:
    found = evaluate(group(out()))
    expected = "subnet app of spoke-a cannot reach 10.0.1.4 port 443: rule deny-all-out of nsg-app denies it"
    assert text(found) == expected
    assert found.findings == ()
    assert "nsg-app" in found.blocked[0].remedy
    assert "Causeway never writes it" in found.blocked[0].remedy


def test_inbound_rules_do_not_matter() -> None:
    assert evaluate(group(rule("deny-in"))).blocked == ()


@pytest.mark.parametrize(
    ("to", "closed"), [("10.0.1.0/24", True), ("10.0.2.0/24", False), ("Internet", False)]
)
def test_a_denial_counts_for_its_own_destinations(to: str, closed: bool) -> None:
    assert bool(evaluate(group(out(destinationAddressPrefix=to))).blocked) is closed


def test_traffic_that_an_earlier_rule_allows_passes_though_all_else_is_denied() -> None:
    allow = out("https", 100, "Allow", destinationPortRange="443")
    assert evaluate(group(allow, out())) == Egress(SPOKE, (), ())
    assert evaluate(group(allow, out()), ports=(Port(1433, 1433),)).blocked


def test_one_subnet_that_reaches_the_endpoint_is_enough_and_the_other_is_a_finding() -> None:
    two = network(subnet(), subnet("web", "10.1.2.0/24", nsg=None))
    found = evaluate(group(out()), clients=two)
    assert found.blocked == ()
    expected = "subnet app of spoke-a cannot reach 10.0.1.4 port 443: rule deny-all-out of nsg-app denies it"
    assert found.findings == (expected,)


def test_where_no_subnet_reaches_the_endpoint_every_one_is_named() -> None:
    two = network(subnet(), subnet("web", "10.1.2.0/24"))
    assert [stop.subnet.name for stop in evaluate(group(out()), clients=two).blocked] == ["app", "web"]


@pytest.mark.parametrize(
    "other",
    [
        subnet("GatewaySubnet", "10.1.9.0/24", nsg=None),
        subnet("azurefirewallsubnet", "10.1.9.0/24", nsg=None),
        subnet("AzureFirewallManagementSubnet", "10.1.9.0/24", nsg=None),
        subnet("AzureBastionSubnet", "10.1.9.0/24", nsg=None),
        subnet("RouteServerSubnet", "10.1.9.0/24", nsg=None),
        subnet("empty", None, nsg=None),
    ],
)
def test_a_subnet_that_holds_no_clients_does_not_count_as_one_that_reaches_the_endpoint(
    other: dict[str, Any],
) -> None:
    assert evaluate(group(out()), clients=network(subnet(), other)).blocked


def test_a_network_without_a_subnet_for_clients_blocks_nothing() -> None:
    assert evaluate(clients=network(subnet("GatewaySubnet"))) == Egress(SPOKE, (), ())


def test_the_endpoint_s_own_subnet_holds_no_clients_and_its_neighbours_do() -> None:
    own = subnet("endpoints", "10.0.1.0/24", of=HUB)
    hub = {"at": HUB, "prefix": "10.0.0.0/16", "peered": False}
    assert evaluate(group(out()), clients=network(own, **hub)) == Egress(HUB, (), ())
    beside = network(own, subnet("others", "10.0.2.0/24", of=HUB), **hub)
    assert [stop.subnet.name for stop in evaluate(group(out()), clients=beside).blocked] == ["others"]
    assert evaluate(group(), clients=beside).blocked == ()


def test_a_quarantined_machine_does_not_block_its_whole_subnet() -> None:
    found = evaluate(group(out("quarantine", sourceAddressPrefix="10.1.1.57")))
    assert found.blocked == ()
    assert found.findings[0].endswith("rule quarantine of nsg-app denies it for 10.1.1.57/32 port 443")


def test_two_rules_that_deny_a_half_each_block_the_whole_subnet() -> None:
    low, high = (
        out("low", 200, sourceAddressPrefix="10.1.1.0/25"),
        out("high", 201, sourceAddressPrefix="10.1.1.128/25"),
    )
    assert evaluate(group(low, high)).blocked


def test_a_port_that_only_some_modes_use_is_a_finding_and_blocks_nothing() -> None:
    modes = (Port(443, 443, "gateway mode"), Port(0, 65535, "direct mode"))
    found = evaluate(group(out("no-mail", destinationPortRange="25")), ports=modes)
    assert found.blocked == ()
    assert [text.partition(":")[0] for text in found.findings] == [
        "subnet app of spoke-a cannot reach 10.0.1.4 port 0-65535 (direct mode)"
    ]
    assert evaluate(group(out()), ports=modes).blocked


def test_one_open_port_of_several_is_enough_though_another_is_closed() -> None:
    ports = (Port(5671, 5672, "AMQP"), Port(443, 443, "HTTPS"))
    found = evaluate(group(out("no-amqp", destinationPortRange="5671-5672")), ports=ports)
    assert found.blocked == ()
    assert found.findings[0].startswith("subnet app of spoke-a cannot reach 10.0.1.4 port 5671-5672 (AMQP): ")


def test_every_address_of_the_endpoint_must_be_reached() -> None:
    found = evaluate(group(out(destinationAddressPrefix="10.0.1.5")), addresses=(ENDPOINT, "10.0.1.5"))
    assert [stop.address for stop in found.blocked] == ["10.0.1.5"]


def test_an_endpoint_without_addresses_is_not_evaluated() -> None:
    observed = picture({SPOKE: network(subnet()), NSG: group(out())})
    assert egress([SPOKE], [Destination(SUBNET, (), HTTPS)], observed) == ()


@pytest.mark.parametrize("observed", [picture({SPOKE: None}), Observed()], ids=["absent", "unread"])
def test_a_network_that_is_not_known_to_exist_is_not_evaluated(observed: Observed) -> None:
    assert egress([SPOKE], [Destination(SUBNET, (ENDPOINT,), HTTPS)], observed) == ()


def test_prefixes_of_the_other_ip_version_are_no_clients_of_an_address() -> None:
    allow = out("allow", 100, "Allow", **plural(sourceAddressPrefixes=["10.1.1.0/24"]))
    dual = subnet(prefix=None)
    dual["properties"]["addressPrefixes"] = ["10.1.1.0/24", "fd00:1::/64"]
    assert evaluate(group(allow, out()), clients=network(dual)) == Egress(SPOKE, (), ())


def test_what_cannot_be_decided_is_a_finding_with_its_rule_and_blocks_nothing() -> None:
    found = evaluate(group(out("by-group", **BY_GROUP)))
    assert found.blocked == ()
    assert found.findings == (
        "whether subnet app of spoke-a reaches 10.0.1.4 port 443 cannot be decided: "
        "it depends on rule by-group of nsg-app",
    )


def test_a_group_that_cannot_be_read_is_a_finding_and_blocks_nothing() -> None:
    found = evaluate(refused={NSG: "no right to read nsg-app"})
    why = "the rules of subnet app of spoke-a are not known: no right to read nsg-app"
    assert found == Egress(SPOKE, (), (why,), (("DeniedByRule", why),))


def test_a_certain_denial_for_one_address_counts_before_a_doubt_about_another() -> None:
    doubt = out("by-group", 100, destinationAddressPrefix=ENDPOINT, **BY_GROUP)
    deny = out("no-second", 200, destinationAddressPrefix="10.0.1.5")
    found = evaluate(group(doubt, deny), addresses=(ENDPOINT, "10.0.1.5"))
    assert [(stop.address, stop.verdict.by) for stop in found.blocked] == [("10.0.1.5", "no-second")]


def test_a_denial_for_some_clients_is_reported_before_a_doubt_about_another_address() -> None:
    doubt = out("by-group", 100, destinationAddressPrefix=ENDPOINT, **BY_GROUP)
    deny = out("quarantine", 200, destinationAddressPrefix="10.0.1.5", sourceAddressPrefix="10.1.1.57")
    found = evaluate(group(doubt, deny), addresses=(ENDPOINT, "10.0.1.5"))
    assert found.blocked == ()
    (finding,) = found.findings
    assert finding.startswith("subnet app of spoke-a cannot reach 10.0.1.5 port 443: rule quarantine")


def test_a_denial_for_all_clients_counts_before_one_for_some_of_them() -> None:
    some = out("quarantine", 100, destinationAddressPrefix=ENDPOINT, sourceAddressPrefix="10.1.1.57")
    every = out("no-second", 200, destinationAddressPrefix="10.0.1.5")
    found = evaluate(group(some, every), addresses=(ENDPOINT, "10.0.1.5"))
    assert [(stop.address, stop.verdict.by) for stop in found.blocked] == [("10.0.1.5", "no-second")]


def test_a_denied_tag_of_the_network_covers_the_peered_endpoint() -> None:
    deny = out(destinationAddressPrefix="VirtualNetwork")
    allow = out("rest", 300, "Allow")
    assert evaluate(group(deny, allow)).blocked


def test_a_peering_that_was_written_since_the_network_was_read_counts() -> None:
    deny, rest = out(destinationAddressPrefix="VirtualNetwork"), out("rest", 300, "Allow")
    before, half = network(subnet(), peered=False), written_half()
    assert evaluate(group(deny, rest), clients=before, written=half).blocked
    allow = out("inside", 100, "Allow", destinationAddressPrefix="VirtualNetwork")
    assert evaluate(group(allow, out()), clients=before).findings
    assert evaluate(group(allow, out()), clients=before, written=half).findings == ()


def written_half() -> Seen:
    """The answer of the write that peered the client network with the hub."""
    peered = network()
    (half,) = peered.properties["virtualNetworkPeerings"]
    return Seen(peering_id(SPOKE, HUB), half)


@pytest.mark.parametrize(
    "apart",
    [
        {"peered": False},
        {"peeringState": "Initiated"},
        {"allowVirtualNetworkAccess": False},
        {"remoteAddressSpace": {"addressPrefixes": ["10.0.2.0/24"]}},
    ],
)
def test_without_a_peering_the_tag_of_the_network_leaves_it_undecided(apart: dict[str, Any]) -> None:
    """A route or a gateway may put the endpoint under the tag, and neither is in the network's body."""
    found = evaluate(group(), clients=network(subnet(), **apart))
    assert found.blocked == ()
    assert found.findings[0].endswith("it depends on rule DenyAllOutBound of nsg-app")


def test_without_a_peering_a_denial_under_either_meaning_of_the_tag_blocks() -> None:
    deny = out("no-neighbours", destinationAddressPrefix="VirtualNetwork")
    found = evaluate(group(deny), clients=network(subnet(), peered=False))
    assert text(found).endswith("rule no-neighbours of nsg-app denies it")


def test_a_foreign_allow_list_leaves_the_endpoint_to_azure_s_own_rules() -> None:
    foreign = out("foreign", 100, "Allow", destinationAddressPrefix="10.9.0.0/16")
    assert evaluate(group(foreign)) == Egress(SPOKE, (), ())
    (finding,) = evaluate(group(foreign), clients=network(subnet(), peered=False)).findings
    assert finding.endswith("it depends on rule DenyAllOutBound of nsg-app")


def test_only_groups_of_subnets_that_can_hold_clients_are_read() -> None:
    other = NSG.group.resource(NSG.type, "nsg-gateway")
    seen = network(subnet(), subnet("web", "10.1.2.0/24"), subnet("GatewaySubnet", "10.1.3.0/24", nsg=other))
    assert groups_in(seen) == (NSG,)


@pytest.mark.parametrize(("mode", "clients"), [("ensure", [SPOKE]), ("require", [SPOKE]), ("ignore", [])])
def test_clients_own_rules_count_unless_the_profile_ignores_rules(
    mode: str, clients: list[ResourceId]
) -> None:
    assert list(wanted(nsg={"mode": mode}).clients) == clients


def test_a_failed_check_that_only_a_person_can_repair_blocks_with_its_code_and_remedy() -> None:
    mine = Check("any name", "x", holds=False, seen="it is shut", code="Shut", remedy="open it")
    rerun = Check("other", "y", holds=False, seen="missing")
    found = ending(Proof((rerun, mine), ()), (), (), "default")
    assert (found.result, found.code, found.reason, found.remedy) == (
        Result.BLOCKED,
        "Shut",
        "it is shut",
        "open it",
    )
    assert ending(Proof((rerun,), ()), (), (), "default").code == "ProofFailed"
