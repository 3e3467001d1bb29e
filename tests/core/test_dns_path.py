"""Whom a network asks for names, by what was read: answers, doubts, and what is still to be read."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds import link
from shared.core.names.dns_path import Answer, Ask, Asker
from shared.core.readings.dns_forwarding import Forwarding, ForwardingRule, Inbound
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE, SUB, ZONE
from tests.builders.pictures import picture

INBOUND, MACHINE, ELSEWHERE = "10.0.20.4", "10.0.9.9", "192.168.0.53"
RESOLVER = HUB.group.resource("Microsoft.Network/dnsResolvers", "resolver")
RULESET = HUB.group.resource("Microsoft.Network/dnsForwardingRulesets", "rules")
READ = Forwarding(
    (Inbound(RESOLVER.child("inboundEndpoints", "in"), HUB, (INBOUND,), ready=True),), read=frozenset({SUB})
)


def network(at: ResourceId, prefix: str, peer: ResourceId, other: str, *servers: str) -> Seen:
    half = {
        "peeringState": "Connected",
        "peeringSyncLevel": "FullyInSync",
        "allowVirtualNetworkAccess": True,
        "remoteVirtualNetwork": {"id": peer.text},
        "remoteAddressSpace": {"addressPrefixes": [other]},
    }
    properties: dict[str, Any] = {
        "addressSpace": {"addressPrefixes": [prefix]},
        "dhcpOptions": {"dnsServers": list(servers)},
        "virtualNetworkPeerings": [{"name": "half", "properties": half}],
    }
    return Seen(at, {"id": at.text, "properties": properties})


def asked(
    *servers: str,
    linked: tuple[ResourceId, ...] = (HUB,),
    forwarding: Forwarding = READ,
    said: dict[str, tuple[ResourceId, ...]] | None = None,
) -> Answer | Ask:
    """What the spoke's clients get, where these networks are linked to the zone."""
    known = {
        SPOKE: network(SPOKE, "10.1.0.0/16", HUB, "10.0.0.0/16", *servers),
        HUB: network(HUB, "10.0.0.0/16", SPOKE, "10.1.0.0/16"),
    }
    links = tuple(bodies.zone_link(ZONE.child(link.COLLECTION, at.name), network=at) for at in linked)
    seen = picture(known, {(ZONE, link.COLLECTION): links})
    return Asker(ZONE, replace(seen, forwarding=forwarding), (HUB,), said or {}).from_network(SPOKE)


def with_rule(domain: str, *servers: str, at: ResourceId = SPOKE) -> Forwarding:
    return replace(READ, rules={at: (ForwardingRule(RULESET, domain, servers, HUB),)})


@pytest.mark.parametrize(
    ("servers", "holds"),
    [
        ((INBOUND,), True),
        ((MACHINE,), None),
        ((ELSEWHERE,), None),
        ((INBOUND, ELSEWHERE), None),
        ((INBOUND, MACHINE), None),
        (("no address",), None),
    ],
)
def test_the_server_that_proves_least_counts(servers: tuple[str, ...], holds: bool | None) -> None:
    found = asked(*servers)
    assert isinstance(found, Answer)
    assert found.holds is holds
    assert all(server in found.seen for server in servers)


def test_resolvers_of_the_network_that_has_the_address_are_read_first() -> None:
    assert asked(INBOUND, forwarding=Forwarding()) == Ask(frozenset({SUB}))


def test_a_linked_network_that_asks_azure_needs_no_further_reading() -> None:
    assert asked(linked=(HUB, SPOKE), forwarding=Forwarding()) == Answer(True, "Completed")


def test_links_that_were_not_read_are_asked_for() -> None:
    seen = Observed().alone(
        SPOKE, picture({SPOKE: network(SPOKE, "10.1.0.0/16", HUB, "10.0.0.0/16")}).reading(SPOKE)
    )
    wanted = Read(ZONE, link.COLLECTION, shared=True, tolerate="refusal")
    assert Asker(ZONE, seen).from_network(SPOKE) == Ask(reads=(wanted,))


def test_a_ruleset_that_could_not_be_read_may_lead_to_the_zone() -> None:
    found = asked(forwarding=replace(READ, unread={SUB: "no right"}))
    assert isinstance(found, Answer)
    assert (found.holds, found.remedy) == (None, "")
    assert "no right" in found.seen


@pytest.mark.parametrize(
    ("domain", "holds"),
    [
        ("blob.core.windows.net", True),
        ("windows.net", True),
        (ZONE.name, True),
        ("file.core.windows.net", False),
        ("ob.core.windows.net", False),
        ("", False),
    ],
)
def test_a_rule_counts_for_names_in_its_domain_alone(domain: str, holds: bool) -> None:
    found = asked(forwarding=with_rule(domain, INBOUND))
    assert isinstance(found, Answer)
    assert found.holds is holds


def test_a_rule_to_a_server_that_cannot_be_read_breaks_the_path_unless_the_policy_names_it() -> None:
    forwarding = with_rule("windows.net", ELSEWHERE)
    broken, said = asked(forwarding=forwarding), asked(forwarding=forwarding, said={ELSEWHERE: (HUB,)})
    assert isinstance(broken, Answer)
    assert isinstance(said, Answer)
    assert (broken.holds, said.holds) == (False, True)
    assert RULESET.text in broken.remedy


def test_what_the_policy_says_of_a_server_holds_only_while_all_of_its_networks_are_linked() -> None:
    both = asked(ELSEWHERE, linked=(HUB, SPOKE), said={ELSEWHERE: (HUB, SPOKE)})
    one = asked(ELSEWHERE, said={ELSEWHERE: (HUB, SPOKE)})
    assert isinstance(both, Answer)
    assert isinstance(one, Answer)
    assert (both.holds, one.holds) == (True, False)
    assert "spoke-a" in one.remedy


def test_azure_s_word_counts_before_the_policy_s_where_the_address_is_an_inbound_endpoint() -> None:
    gone = replace(READ, inbound=(replace(READ.inbound[0], ready=False),))
    found = asked(INBOUND, forwarding=gone, said={INBOUND: (HUB,)})
    assert isinstance(found, Answer)
    assert found.holds is False
