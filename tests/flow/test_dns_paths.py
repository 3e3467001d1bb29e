"""Whom the clients ask for names: Azure's DNS, private resolvers, forwarding rulesets, and other servers."""

from typing import Any

import pytest

from sandbox.azure.reachability import dns_servers
from tests.builders.client_networks import reached
from tests.builders.dns_servers import (
    ADDRESS,
    INBOUND,
    RULESET,
    link_ruleset,
    make_resolver,
    make_rule,
    use_servers,
)
from tests.builders.policies import a_policy
from tests.builders.spokes import SPOKES, a_hub_with, spoke
from tests.builders.world import HUB, NETWORKS, ZONES, World

ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
BLOB = "blob.core.windows.net."
ON_PREMISES = "192.168.0.53"


def dns(**more: Any) -> dict[str, Any]:
    return {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0], "link": "hubs", **more}


async def a_linked_hub(**more: Any) -> World:
    """A hub that is linked to the zones, and one spoke that is not."""
    return await a_hub_with(1, dns=dns(**more))


def change(world: World, **more: Any) -> None:
    world.policy = a_policy(clients=["spokes"], peering="require", networks=SPOKES, dns=dns(**more))
    world.flow = world.worker()


def check_of(state: dict[str, Any], name: str = "network resolves the zone") -> dict[str, Any]:
    (found,) = (one for one in state["checks"] if one["check"] == name)
    return dict(found)


async def reconciled(world: World) -> dict[str, Any]:
    return await world.reconcile(await world.create_account())


async def linked(world: World) -> set[str]:
    """The names of the networks that are linked to the zone."""
    links = (await world.send("GET", f"{ZONE}/virtualNetworkLinks", version="2020-06-01"))["value"]
    return {one["properties"]["virtualNetwork"]["id"].rpartition("/")[2] for one in links}


# Private resolvers


async def test_clients_that_ask_the_inbound_endpoint_of_a_linked_network_are_proven() -> None:
    world = await a_linked_hub()
    await make_resolver(world)
    await use_servers(world, spoke(0), ADDRESS)
    state = await reconciled(world)
    assert (state["result"], state["reason"]) == ("Connected", "every check holds")
    assert "inbound endpoint in hub-we" in check_of(state)["seen"]
    assert state["findings"] == []
    assert reached(world, spoke(0))
    assert await linked(world) == {"hub-we"}


async def test_an_inbound_endpoint_in_a_network_that_is_not_linked_blocks_until_it_is() -> None:
    world = await a_linked_hub(link="none")
    await make_resolver(world)
    await use_servers(world, spoke(0), ADDRESS)
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NoDnsPath")
    assert f"link hub-we to {ZONE}" in state["remedy"]
    assert not reached(world, spoke(0))
    change(world)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert reached(world, spoke(0))


async def test_an_inbound_endpoint_that_failed_answers_no_client() -> None:
    world = await a_linked_hub()
    await make_resolver(world)
    await use_servers(world, spoke(0), ADDRESS)
    world.azure.world.find(INBOUND).properties["provisioningState"] = "Failed"
    state = await reconciled(world)
    assert (state["result"], state["code"]) == ("Blocked", "NoDnsPath")
    assert INBOUND.rpartition("/")[2] in state["reason"]


async def test_resolvers_that_cannot_be_read_prove_nothing() -> None:
    world = await a_linked_hub()
    await make_resolver(world)
    await use_servers(world, spoke(0), ADDRESS)
    world.deny("Microsoft.Network/dnsResolvers/read")
    state = await reconciled(world)
    assert state["result"] == "Connected"
    assert check_of(state)["holds"] is None
    assert "dnsResolvers/read" in state["reason"]


async def test_a_rule_that_takes_the_names_elsewhere_breaks_the_path_over_a_resolver() -> None:
    world = await a_linked_hub()
    await make_resolver(world, outbound=True)
    await make_rule(world, BLOB, ON_PREMISES)
    await link_ruleset(world, HUB)
    await use_servers(world, spoke(0), ADDRESS)
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NoDnsPath")
    assert f"{ON_PREMISES}" in state["reason"]
    assert RULESET in state["remedy"]
    await world.send("DELETE", f"{RULESET}/forwardingRules/rule", version="2025-05-01")
    await world.sleep(90)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert reached(world, spoke(0))


async def test_a_rule_for_the_zone_itself_does_not_outrank_the_linked_zone() -> None:
    world = await a_linked_hub()
    await make_resolver(world, outbound=True)
    await make_rule(world, f"privatelink.{BLOB}", ON_PREMISES)
    await link_ruleset(world, HUB)
    await use_servers(world, spoke(0), ADDRESS)
    state = await reconciled(world)
    assert (state["result"], state["reason"]) == ("Connected", "every check holds")
    assert reached(world, spoke(0))


async def test_a_rule_that_leads_back_to_its_own_resolver_is_a_loop() -> None:
    world = await a_linked_hub()
    await make_resolver(world, outbound=True)
    await make_rule(world, BLOB, ADDRESS)
    await link_ruleset(world, HUB)
    await use_servers(world, spoke(0), ADDRESS)
    state = await reconciled(world)
    assert (state["result"], state["code"]) == ("Blocked", "NoDnsPath")
    assert "goes round" in state["reason"]


# Azure's DNS, and rulesets


async def test_a_client_that_asks_azure_and_is_not_linked_is_blocked_until_it_is() -> None:
    world = await a_linked_hub()
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NoDnsPath")
    assert f"link spoke-000 to {ZONE}" in state["remedy"]
    assert not reached(world, spoke(0))
    change(world, link=["hubs", "clients"])
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert reached(world, spoke(0))
    assert await linked(world) == {"hub-we", "spoke-000"}


@pytest.mark.parametrize("domain", [BLOB, f"privatelink.{BLOB}", "windows.net."])
async def test_a_ruleset_that_sends_the_names_to_a_linked_network_s_resolver_is_a_path(domain: str) -> None:
    world = await a_linked_hub()
    await make_resolver(world, outbound=True)
    await make_rule(world, domain, ADDRESS)
    await link_ruleset(world, spoke(0))
    state = await reconciled(world)
    assert (state["result"], state["reason"]) == ("Connected", "every check holds")
    assert "a rule of rules sends" in check_of(state)["seen"]
    assert reached(world, spoke(0))


async def test_the_longest_rule_decides() -> None:
    world = await a_linked_hub()
    await make_resolver(world, outbound=True)
    await make_rule(world, "windows.net.", ADDRESS)
    await make_rule(world, BLOB, ON_PREMISES, name="longer")
    await link_ruleset(world, spoke(0))
    state = await reconciled(world)
    assert (state["result"], state["code"]) == ("Blocked", "NoDnsPath")
    assert not reached(world, spoke(0))


async def test_a_client_that_asks_another_zone_of_the_name_stops_the_path_before_it_is_begun() -> None:
    world = await a_linked_hub()
    other = ZONE.replace("rg-dns", "rg-app")
    await world.send("PUT", other, {"location": "global"}, "2020-06-01")
    await world.sleep(200)
    body = {"location": "global", "properties": {"virtualNetwork": {"id": spoke(0)}}}
    await world.send("PUT", f"{other}/virtualNetworkLinks/theirs", body, "2020-06-01")
    await world.sleep(200)
    state = await reconciled(world)
    assert (state["result"], state["code"]) == ("Blocked", "VirtualNetworkLinkedElsewhere")
    assert await world.endpoints() == []


async def test_a_rule_that_takes_the_names_from_a_linked_client_is_seen_where_rulesets_are_read() -> None:
    world = await a_hub_with(2, dns=dns(link=["hubs", spoke(1)]))
    await make_resolver(world, outbound=True)
    await make_rule(world, BLOB, ON_PREMISES)
    await link_ruleset(world, spoke(1))
    await use_servers(world, spoke(0), ADDRESS)
    state = await reconciled(world)
    assert (state["result"], state["code"]) == ("Blocked", "NoDnsPath")
    assert ON_PREMISES in state["reason"]
    assert not reached(world, spoke(1))


# Other servers


async def test_a_machine_in_a_linked_network_is_not_provable_until_the_policy_says_what_it_answers() -> None:
    world = await a_linked_hub()
    await use_servers(world, spoke(0), "10.0.9.9")
    dns_servers.configure(
        world.azure.world, {"servers": [{"address": "10.0.9.9", "network": HUB, "forward": "168.63.129.16"}]}
    )
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], check_of(state)["holds"]) == ("Connected", None)
    assert "10.0.9.9" in state["reason"]
    change(world, servers={"10.0.9.9": "hubs"})
    state = await world.reconcile(at, "manual")
    assert (state["result"], state["reason"]) == ("Connected", "every check holds")
    assert "as the policy says" in check_of(state)["seen"]


async def test_a_server_on_premises_is_believed_only_where_its_network_is_linked() -> None:
    other = f"{NETWORKS}/virtualNetworks/hub-ne"
    world = await a_linked_hub(servers={ON_PREMISES: other})
    await use_servers(world, spoke(0), ON_PREMISES)
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NoDnsPath")
    assert "hub-ne" in state["remedy"]
    await make_resolver(world)
    dns_servers.configure(world.azure.world, {"servers": [{"address": ON_PREMISES, "forward": ADDRESS}]})
    change(world, servers={ON_PREMISES: "hubs"})
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_a_server_in_no_known_network_is_named_and_not_provable() -> None:
    world = await a_linked_hub()
    await use_servers(world, spoke(0), ON_PREMISES)
    state = await reconciled(world)
    assert (state["result"], check_of(state)["holds"]) == ("Connected", None)
    assert f"{ON_PREMISES} is in no network that is read here" in state["reason"]
    assert [one for one in state["findings"] if ON_PREMISES in one]


async def test_a_server_with_an_ipv6_address_is_known_in_every_spelling() -> None:
    world = await a_linked_hub(servers={"fd00::53": "hubs"})
    await make_resolver(world)
    address = "fd00:0:0:0::53"
    dns_servers.configure(world.azure.world, {"servers": [{"address": address, "forward": ADDRESS}]})
    await use_servers(world, spoke(0), address)
    state = await reconciled(world)
    assert (state["result"], check_of(state)["holds"]) == ("Connected", True)
    assert "as the policy says" in check_of(state)["seen"]
