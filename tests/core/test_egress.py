"""Who gets out of a client network, by the rules on its own subnets."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Port
from shared.core.kinds.peering import peering_id
from shared.core.outcome.outcome import Result
from shared.core.outcome.proof import Check, Proof
from shared.core.outcome.result import ending
from shared.core.readings.observed import Observed, Surroundings
from shared.core.rules.egress import Exit, Way, exits, groups_in
from tests.core.bodies import HUB, SPOKE, SUBNET
from tests.core.test_nsg import plural, rule
from tests.core.test_plan import wish

ENDPOINT = "10.0.1.4"
HTTPS = (Port(443, 443),)
NSG = HUB.group.resource("Microsoft.Network/networkSecurityGroups", "nsg-app")


def out(name: str = "deny-all-out", priority: int = 200, access: str = "Deny", **more: Any) -> dict[str, Any]:
    """A rule for whatever goes out."""
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


def judge(
    *groups: Seen,
    clients: Seen | None = None,
    ports: tuple[Port, ...] = HTTPS,
    addresses: tuple[str, ...] = (ENDPOINT,),
    read: Seen | None = None,
    hidden: dict[ResourceId, str] | None = None,
) -> Exit:
    """The judgement on one client network. `read`: a newer reading of it."""
    seen = clients or network(subnet())
    around = Surroundings({seen.id: seen}, groups={one.id: one for one in groups}, hidden=hidden or {})
    observed = Observed({seen.id: read} if read else {}, around=around)
    (found,) = exits([seen.id], [Way(SUBNET, addresses, ports)], observed)
    return found


def shut(found: Exit) -> str:
    return "; ".join(map(str, found.shut))


def test_a_subnet_without_rules_of_its_own_lets_a_peered_network_s_clients_out() -> None:
    assert judge(group()) == Exit(SPOKE, (), ())
    assert judge(clients=network(subnet(nsg=None))) == Exit(SPOKE, (), ())


def test_a_denial_names_the_subnet_the_end_the_rule_and_its_group() -> None:
    found = judge(group(out()))
    said = "subnet app of spoke-a cannot reach 10.0.1.4 port 443: rule deny-all-out of nsg-app denies it"
    assert shut(found) == said
    assert found.told == ()
    assert "nsg-app" in found.shut[0].remedy
    assert "Causeway never writes it" in found.shut[0].remedy


def test_rules_for_what_comes_in_do_not_matter() -> None:
    assert judge(group(rule("deny-in"))).shut == ()


@pytest.mark.parametrize(
    ("to", "closed"), [("10.0.1.0/24", True), ("10.0.2.0/24", False), ("Internet", False)]
)
def test_a_denial_counts_for_its_own_destinations(to: str, closed: bool) -> None:
    assert bool(judge(group(out(destinationAddressPrefix=to))).shut) is closed


def test_what_is_allowed_before_gets_out_though_all_else_is_denied() -> None:
    allow = out("https", 100, "Allow", destinationPortRange="443")
    assert judge(group(allow, out())) == Exit(SPOKE, (), ())
    assert judge(group(allow, out()), ports=(Port(1433, 1433),)).shut


def test_one_subnet_that_gets_out_is_enough_and_the_other_is_named() -> None:
    two = network(subnet(), subnet("web", "10.1.2.0/24", nsg=None))
    found = judge(group(out()), clients=two)
    assert found.shut == ()
    said = "subnet app of spoke-a cannot reach 10.0.1.4 port 443: rule deny-all-out of nsg-app denies it"
    assert found.told == (said,)


def test_where_no_subnet_gets_out_every_one_is_named() -> None:
    two = network(subnet(), subnet("web", "10.1.2.0/24"))
    assert [stop.subnet.name for stop in judge(group(out()), clients=two).shut] == ["app", "web"]


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
def test_a_subnet_that_holds_no_clients_is_nobody_s_way_out(other: dict[str, Any]) -> None:
    assert judge(group(out()), clients=network(subnet(), other)).shut


def test_a_network_without_a_subnet_for_clients_shuts_nobody_in() -> None:
    assert judge(clients=network(subnet("GatewaySubnet"))) == Exit(SPOKE, (), ())


def test_the_endpoint_s_own_subnet_holds_no_clients_and_its_neighbours_do() -> None:
    own = subnet("endpoints", "10.0.1.0/24", of=HUB)
    hub = {"at": HUB, "prefix": "10.0.0.0/16", "peered": False}
    assert judge(group(out()), clients=network(own, **hub)) == Exit(HUB, (), ())
    beside = network(own, subnet("others", "10.0.2.0/24", of=HUB), **hub)
    assert [stop.subnet.name for stop in judge(group(out()), clients=beside).shut] == ["others"]
    assert judge(group(), clients=beside).shut == ()


def test_a_quarantined_machine_does_not_shut_in_its_whole_subnet() -> None:
    found = judge(group(out("quarantine", sourceAddressPrefix="10.1.1.57")))
    assert found.shut == ()
    assert found.told[0].endswith("rule quarantine of nsg-app denies it for 10.1.1.57/32 port 443")


def test_two_rules_that_deny_a_half_each_let_nobody_out() -> None:
    low, high = (
        out("low", 200, sourceAddressPrefix="10.1.1.0/25"),
        out("high", 201, sourceAddressPrefix="10.1.1.128/25"),
    )
    assert judge(group(low, high)).shut


def test_a_port_that_only_some_modes_use_is_told_of_and_shuts_nobody_in() -> None:
    modes = (Port(443, 443, "gateway mode"), Port(0, 65535, "direct mode"))
    found = judge(group(out("no-mail", destinationPortRange="25")), ports=modes)
    assert found.shut == ()
    assert [text.partition(":")[0] for text in found.told] == [
        "subnet app of spoke-a cannot reach 10.0.1.4 port 0-65535 (direct mode)"
    ]
    assert judge(group(out()), ports=modes).shut


def test_one_port_of_several_is_a_way_out_though_another_is_closed() -> None:
    ports = (Port(5671, 5672, "AMQP"), Port(443, 443, "HTTPS"))
    found = judge(group(out("no-amqp", destinationPortRange="5671-5672")), ports=ports)
    assert found.shut == ()
    assert found.told[0].startswith("subnet app of spoke-a cannot reach 10.0.1.4 port 5671-5672 (AMQP): ")


def test_every_address_of_the_endpoint_must_be_reached() -> None:
    found = judge(group(out(destinationAddressPrefix="10.0.1.5")), addresses=(ENDPOINT, "10.0.1.5"))
    assert [stop.address for stop in found.shut] == ["10.0.1.5"]


def test_an_endpoint_without_addresses_is_not_judged() -> None:
    observed = Observed(around=Surroundings({SPOKE: network(subnet())}, groups={NSG: group(out())}))
    assert exits([SPOKE], [Way(SUBNET, (), HTTPS)], observed) == ()


def test_a_network_that_does_not_exist_is_not_judged() -> None:
    assert (
        exits([SPOKE], [Way(SUBNET, (ENDPOINT,), HTTPS)], Observed(around=Surroundings({SPOKE: None}))) == ()
    )


def test_prefixes_of_the_other_ip_version_are_no_clients_of_an_address() -> None:
    allow = out("allow", 100, "Allow", **plural(sourceAddressPrefixes=["10.1.1.0/24"]))
    dual = subnet(prefix=None)
    dual["properties"]["addressPrefixes"] = ["10.1.1.0/24", "fd00:1::/64"]
    assert judge(group(allow, out()), clients=network(dual)) == Exit(SPOKE, (), ())


def test_what_cannot_be_decided_is_told_of_with_its_rule_and_shuts_nobody_in() -> None:
    asg = {"sourceApplicationSecurityGroups": [{"id": "asg"}], "sourceAddressPrefix": None}
    found = judge(group(out("by-group", **asg)))
    assert found.shut == ()
    assert found.told == (
        "whether subnet app of spoke-a reaches 10.0.1.4 port 443 cannot be told: "
        "it hangs on rule by-group of nsg-app",
    )


def test_a_group_that_cannot_be_read_is_told_of_and_shuts_nobody_in() -> None:
    found = judge(hidden={NSG: "no right to read nsg-app"})
    assert found == Exit(
        SPOKE, (), ("the rules of subnet app of spoke-a are not known: no right to read nsg-app",)
    )


def test_a_denied_tag_of_the_network_holds_the_peered_endpoint() -> None:
    deny = out(destinationAddressPrefix="VirtualNetwork")
    allow = out("rest", 300, "Allow")
    assert judge(group(deny, allow)).shut


def test_a_peering_made_since_the_network_was_first_read_counts() -> None:
    deny, rest = out(destinationAddressPrefix="VirtualNetwork"), out("rest", 300, "Allow")
    before = network(subnet(), peered=False)
    assert judge(group(deny, rest), clients=before, read=network(subnet())).shut
    allow = out("inside", 100, "Allow", destinationAddressPrefix="VirtualNetwork")
    assert judge(group(allow, out()), clients=before, read=network(subnet())).told == ()


@pytest.mark.parametrize(
    "apart",
    [
        {"peered": False},
        {"peeringState": "Initiated"},
        {"allowVirtualNetworkAccess": False},
        {"remoteAddressSpace": {"addressPrefixes": ["10.0.2.0/24"]}},
    ],
)
def test_without_a_peering_the_tag_of_the_network_leaves_the_answer_open(apart: dict[str, Any]) -> None:
    """A route or a gateway may put the endpoint under the tag, and neither is in the network's body."""
    found = judge(group(), clients=network(subnet(), **apart))
    assert found.shut == ()
    assert found.told[0].endswith("it hangs on rule DenyAllOutBound of nsg-app")


def test_without_a_peering_a_denial_under_either_meaning_of_the_tag_stands() -> None:
    deny = out("no-neighbours", destinationAddressPrefix="VirtualNetwork")
    found = judge(group(deny), clients=network(subnet(), peered=False))
    assert shut(found).endswith("rule no-neighbours of nsg-app denies it")


def test_a_foreign_allow_list_leaves_the_endpoint_to_azure_s_own_rules() -> None:
    theirs = out("theirs", 100, "Allow", destinationAddressPrefix="10.9.0.0/16")
    assert judge(group(theirs)) == Exit(SPOKE, (), ())
    (told,) = judge(group(theirs), clients=network(subnet(), peered=False)).told
    assert told.endswith("it hangs on rule DenyAllOutBound of nsg-app")


def test_only_groups_of_subnets_that_can_hold_clients_are_read() -> None:
    other = NSG.group.resource(NSG.type, "nsg-gateway")
    seen = network(subnet(), subnet("web", "10.1.2.0/24"), subnet("GatewaySubnet", "10.1.3.0/24", nsg=other))
    assert groups_in([seen, None]) == (NSG,)


@pytest.mark.parametrize(("mode", "judged"), [("ensure", [SPOKE]), ("require", [SPOKE]), ("ignore", [])])
def test_clients_are_judged_unless_the_profile_lets_rules_alone(mode: str, judged: list[ResourceId]) -> None:
    assert list(wish(nsg={"mode": mode}).clients) == judged


def test_a_failed_check_that_only_a_person_can_mend_blocks_with_its_code_and_remedy() -> None:
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
