"""Sets of networks as clients: who is in them, and what happens when one leaves or cannot be read."""

from typing import Any

import pytest

from tests.builders.client_networks import reached
from tests.builders.policies import a_policy
from tests.builders.security_rules import GROUP, filter_endpoints, rules_of
from tests.builders.spokes import HUBS, SPOKES, a_hub_with, make_spoke, peer, range_of, spoke
from tests.builders.world import HUB, NETWORKS, SPOKE, STORAGE, SUB, World

NAME = "orders.blob.core.windows.net"
RULES = {"mode": "ensure", "priorities": [1000, 1009]}
ID = SUB.rpartition("/")[2]
OTHER_ID = ID.replace("0001", "0002")


async def a_filtered_hub_with(count: int, **policy: Any) -> World:
    world = await a_hub_with(count, nsg=RULES, **policy)
    await filter_endpoints(world)
    return world


async def sources(world: World) -> set[str]:
    """The prefixes that managed rules let in."""
    found = (rule for name, rule in (await rules_of(world)).items() if name.startswith("causeway-"))
    return {
        prefix
        for rule in found
        for prefix in rule.get("sourceAddressPrefixes") or [rule["sourceAddressPrefix"]]
    }


def change(world: World, **policy: Any) -> None:
    """The operator's new policy, in a process that was started with it."""
    world.policy = a_policy(**policy)
    world.flow = world.worker()


async def test_networks_that_a_hub_is_peered_with_are_connected() -> None:
    world = await a_hub_with(2)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert reached(world, spoke(0))
    assert reached(world, spoke(1))


async def test_a_network_that_only_says_itself_that_it_is_peered_is_no_client() -> None:
    world = await a_hub_with(1)
    stranger = await make_spoke(world, 7, half=True)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert not reached(world, stranger)


@pytest.mark.parametrize(
    ("selector", "members"),
    [
        ({"subscription": ID, "name": "spoke-0*"}, {0, 1, 2}),
        ({"subscription": ID, "name": "spoke-0*", "but_not": "*-001"}, {0, 2}),
        ({"peered_with": "hubs", "tags": {"clients": "yes"}}, {1}),
        ({"peered_with": "hubs", "region": "northeurope"}, set()),
        ({"peered_with": "hubs", "resource_group": "rg-net*", "name": "*-00?"}, {0, 1, 2}),
    ],
)
async def test_a_selector_chooses_by_all_of_its_fields(selector: dict[str, Any], members: set[int]) -> None:
    world = await a_hub_with(2, {**HUBS, "some": selector}, clients=["some"])
    await make_spoke(world, 1, tags={"clients": "yes"})
    await make_spoke(world, 2)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert {number for number in range(3) if reached(world, spoke(number))} == members
    assert any("no network is in some now" in one for one in state["findings"]) == (not members)


async def test_own_means_the_networks_of_the_resource_s_subscription() -> None:
    world = World(a_policy(clients=["own"], peering="ensure"))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert reached(world, SPOKE)
    linked = {one["subject"].split(":")[0] for one in state["checks"] if "resolves" in one["check"]}
    assert linked == {"hub-we", "hub-ne", "spoke-a"}


async def test_own_networks_of_two_subscriptions_do_not_take_each_other_s_place_in_a_rule() -> None:
    world = World(
        a_policy(
            clients=["own"], nsg=RULES, peering="ensure", fallback_region="westeurope", top=BOTH_SUBSCRIPTIONS
        )
    )
    await filter_endpoints(world)
    first = await world.create_account()
    second = STORAGE.replace(ID, OTHER_ID) + "/theirs"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "tags": {}}
    await world.send("PUT", second, body)
    await world.sleep(120)
    for at in (first, second, first):
        state = await world.reconcile(at, "drift")
        assert state["result"] == "Connected", state["reason"]
    assert len([name for name in await rules_of(world) if name.startswith("causeway-")]) == 2
    world.sent()
    await world.reconcile(second, "drift")
    assert world.writes() == []


BOTH_SUBSCRIPTIONS = {"subscriptions": [ID, OTHER_ID]}


async def test_a_network_in_no_watched_subscription_is_in_no_set_by_subscription_and_is_said() -> None:
    world = await a_hub_with(1, {"other": {"subscription": OTHER_ID}}, clients=["other"])
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NotKnown")
    assert f"the policy does not watch subscription {OTHER_ID}" in state["reason"]
    assert not [one for one in state["checks"] if "resolves" in one["check"]]


async def test_a_network_that_joins_a_set_is_let_in_by_the_next_pass() -> None:
    world = await a_filtered_hub_with(1)
    at = await world.create_account()
    await world.reconcile(at)
    await make_spoke(world, 1)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state["reason"]
    assert await sources(world) == {range_of(0), range_of(1)}


async def test_a_network_that_leaves_a_set_loses_its_part_of_a_rule_after_a_second_reading() -> None:
    world = await a_filtered_hub_with(2)
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", f"{HUB}/virtualNetworkPeerings/to-spoke-001")
    await world.sleep(90)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state["reason"]
    assert await sources(world) == {range_of(0)}


async def test_when_the_last_network_leaves_its_set_the_rule_goes_after_a_second_reading() -> None:
    world = await a_filtered_hub_with(1)
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", f"{HUB}/virtualNetworkPeerings/to-spoke-000")
    await world.sleep(90)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state["reason"]
    assert any("no network is in spokes now" in one for one in state["findings"])
    assert await sources(world) == set()


async def test_when_the_last_network_leaves_its_set_a_denial_stays_and_holds() -> None:
    denies = {**RULES, "default_deny": True}
    world = await a_hub_with(1, nsg=denies)
    await filter_endpoints(world)
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", f"{HUB}/virtualNetworkPeerings/to-spoke-000")
    await world.sleep(90)
    for expected in (1, 0):
        world.sent()
        state = await world.reconcile(at, "drift")
        assert state["result"] == "Connected", state["reason"]
        assert [rule["access"] for rule in (await rules_of(world)).values()] == ["Deny"]
        assert len([path for method, path in world.writes() if method == "DELETE"]) == expected


async def test_a_peering_that_is_made_again_meanwhile_costs_its_network_nothing() -> None:
    world = await a_filtered_hub_with(2)
    at = await world.create_account()
    await world.reconcile(at)
    half = f"{HUB}/virtualNetworkPeerings/to-spoke-001"
    stale = {"match": {"method": "GET", "path": "hub-we$", "principal": "app"}, "times": 1}
    body = await world.send("GET", HUB)
    body["properties"]["virtualNetworkPeerings"] = [
        one for one in body["properties"]["virtualNetworkPeerings"] if one["id"] != half
    ]
    world.azure.faults.add({**stale, "answer": {"status": 200, "body": body}})
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state["reason"]
    assert await sources(world) == {range_of(0), range_of(1)}


async def test_a_hub_that_cannot_be_read_takes_nothing_from_its_spokes() -> None:
    world = await a_filtered_hub_with(2)
    at = await world.create_account()
    await world.reconcile(at)
    change(world, clients=["spokes"], peering="require", nsg=RULES, networks={**SPOKES, "hubs": [HUB, GONE]})
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "NotKnown")
    assert GONE in state["reason"]
    assert world.writes() == []
    assert await sources(world) == {range_of(0), range_of(1)}


async def test_a_subscription_whose_networks_cannot_be_listed_takes_nothing_from_them() -> None:
    by_name = {"by-name": {"subscription": ID, "name": "spoke-0*"}}
    world = await a_filtered_hub_with(2, networks=by_name, clients=["by-name"])
    at = await world.create_account()
    await world.reconcile(at)
    match = {
        "method": "GET",
        "path": "[0-9]/providers/Microsoft.Network/virtualNetworks$",
        "principal": "app",
    }
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "The app may not."}
    world.azure.faults.add({"match": match, "answer": answer})
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "NotKnown")
    assert f"the networks of subscription {ID} could not be read" in state["reason"]
    assert world.writes() == []
    assert await sources(world) == {range_of(0), range_of(1)}
    world.azure.faults.clear()
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"


async def test_one_of_two_hubs_that_cannot_be_read_keeps_the_prefixes_of_its_spokes() -> None:
    other_hub = f"{NETWORKS}/virtualNetworks/hub-ne"
    world = await a_filtered_hub_with(1, networks={**SPOKES, "hubs": [HUB, other_hub]}, peering="ignore")
    theirs = await make_spoke(world, 1, half=True)
    await peer(world, theirs, other_hub)
    await peer(world, other_hub, theirs)
    at = await world.create_account()
    await world.reconcile(at)
    assert await sources(world) == {range_of(0), range_of(1)}
    world.azure.access.roles["app"].remove(["Microsoft.Network/virtualNetworks/read"], other_hub)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "NotKnown")
    assert await sources(world) == {range_of(0), range_of(1)}


GONE = f"{NETWORKS}/virtualNetworks/hub-gone"


async def test_with_an_unread_hub_new_spokes_of_the_others_are_connected_all_the_same() -> None:
    world = await a_filtered_hub_with(1, networks={**SPOKES, "hubs": [HUB, GONE]})
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NotKnown")
    assert reached(world, spoke(0))


# Subnets and ranges as clients


async def test_a_subnet_as_client_opens_rules_to_itself_alone() -> None:
    subnet = f"{spoke(0)}/subnets/clients"
    world = await a_filtered_hub_with(1, clients=[subnet, "10.200.0.0/16"])
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert await sources(world) == {range_of(0).replace("/24", "/25"), "10.200.0.0/16"}


async def test_a_group_on_another_subnet_does_not_count_for_a_subnet_that_is_the_client() -> None:
    world = await a_filtered_hub_with(1, clients=[f"{spoke(0)}/subnets/other"])
    group = GROUP.replace("nsg-endpoints", "nsg-closed")
    closed = {"direction": "Outbound", "access": "Deny", "priority": 100, "protocol": "*"}
    anything = {"sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRange": "*"}
    rule = {"name": "shut", "properties": {**closed, **anything, "destinationAddressPrefix": "*"}}
    await world.send("PUT", group, {"location": "westeurope", "properties": {"securityRules": [rule]}})
    await world.sleep(60)
    prefix = {"addressPrefix": range_of(0).replace("/24", "/25"), "networkSecurityGroup": {"id": group}}
    await world.send("PUT", f"{spoke(0)}/subnets/clients", {"properties": prefix})
    await world.sleep(60)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert not [one for one in state["findings"] if "nsg-closed" in one]


async def test_a_client_subnet_that_does_not_exist_is_named() -> None:
    world = await a_filtered_hub_with(1, clients=[f"{spoke(0)}/subnets/nothing"])
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NetworkNotFound")
    assert f"the subnet {spoke(0)}/subnets/nothing does not exist" in state["reason"]


async def test_ranges_alone_need_no_peering_and_no_link() -> None:
    world = await a_filtered_hub_with(0, clients=["10.200.0.0/16"])
    world.sent()
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", state["reason"]
    assert await sources(world) == {"10.200.0.0/16"}
    assert not [path for _, path in world.writes() if "Peerings" in path or "virtualNetworkLinks" in path]


# Networks that cannot be read


async def test_a_client_network_that_cannot_be_read_leaves_the_others_their_path() -> None:
    world = await a_filtered_hub_with(2)
    at = await world.create_account()
    await world.reconcile(at)
    for what in ("read", "subnets/read", "virtualNetworkPeerings/read"):
        world.azure.access.roles["app"].remove([f"Microsoft.Network/virtualNetworks/{what}"], spoke(1))
    await make_spoke(world, 2)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "NotKnown")
    assert "spoke-001" in state["reason"]
    assert await sources(world) == {range_of(0), range_of(1), range_of(2)}
    assert reached(world, spoke(2))
