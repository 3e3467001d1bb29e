"""A subnet without a network security group: where the policy says so, one is created and attached."""

import asyncio
from typing import Any

from sandbox.azure.reachability import reach
from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.events.work_item import WorkItem
from shared.core.kinds.rule import COLLECTION, rule_id
from shared.core.readings.observed import Observed
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, World

CREATE: dict[str, Any] = {"mode": "ensure", "priorities": [1000, 1009], "create_group": True}
GROUPS = f"{NETWORKS}/networkSecurityGroups"
OTHER = f"{NETWORKS}/virtualNetworks/spoke-c"
NAME = "orders.blob.core.windows.net"


def a_world(**nsg: Any) -> World:
    """The default hub, whose endpoint subnet has no group."""
    return World(a_policy(nsg={**CREATE, **nsg}, peering="ensure"))


async def groups(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.send("GET", GROUPS))["value"]
    return found


async def subnet_of(world: World) -> dict[str, Any]:
    found: dict[str, Any] = (await world.send("GET", ENDPOINTS))["properties"]
    return found


def reach_from(world: World, network: str, port: int = 443) -> reach.Reach:
    return reach.reach(world.azure.world, f"{network}/subnets/clients", NAME, port)


async def peer_by_hand(world: World) -> None:
    """A network that a user peered with the hub, and that is no client."""
    body = {"addressSpace": {"addressPrefixes": ["10.3.0.0/16"]}}
    subnets = [{"name": "clients", "properties": {"addressPrefix": "10.3.1.0/24"}}]
    await world.send("PUT", OTHER, {"location": "westeurope", "properties": {**body, "subnets": subnets}})
    await world.sleep(120)
    for local, remote in ((OTHER, HUB), (HUB, OTHER)):
        half = {"remoteVirtualNetwork": {"id": remote}, "allowVirtualNetworkAccess": True}
        await world.send("PUT", f"{local}/virtualNetworkPeerings/by-hand", {"properties": half})
        await world.sleep(61)


async def link_by_hand(world: World) -> None:
    zone = f"{HUB.split('/resourceGroups/')[0]}/resourceGroups/rg-dns/providers/Microsoft.Network"
    link = f"{zone}/privateDnsZones/privatelink.blob.core.windows.net/virtualNetworkLinks/by-hand"
    body = {"registrationEnabled": False, "virtualNetwork": {"id": OTHER}}
    await world.send("PUT", link, {"location": "global", "properties": body})
    await world.sleep(200)


async def test_one_pass_creates_the_group_attaches_it_and_enforces_its_rules() -> None:
    world = a_world()
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (group,) = await groups(world)
    subnet = await subnet_of(world)
    assert subnet["networkSecurityGroup"]["id"] == group["id"]
    assert subnet["privateEndpointNetworkPolicies"] == "NetworkSecurityGroupEnabled"
    assert (group["location"], group["tags"]) == ("westeurope", {"managed-by": "causeway"})
    (rule,) = group["properties"]["securityRules"]
    assert rule["properties"]["sourceAddressPrefixes"] == ["10.1.0.0/16"]
    assert [c["holds"] for c in state["checks"] if c["check"] == "rules let clients through"] == [True]
    assert state["findings"] == []
    assert reach_from(world, SPOKE).reachable


async def test_a_second_pass_writes_nothing() -> None:
    world = a_world(default_deny=True)
    at = await world.create_account()
    await world.reconcile(at)
    world.sent()
    for reason in ("event", "drift"):
        assert (await world.reconcile(at, reason))["result"] == "Connected"
    assert world.writes() == []


async def test_with_default_deny_a_peered_network_that_is_no_client_does_not_get_through() -> None:
    world = a_world(default_deny=True)
    await peer_by_hand(world)
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"
    await link_by_hand(world)
    assert reach_from(world, SPOKE).reachable
    assert reach_from(world, OTHER).hop == "inbound"


async def test_a_connected_target_gets_the_group_once_the_policy_says_so() -> None:
    world = World(a_policy(nsg={**CREATE, "create_group": False}, peering="ensure"))
    at = await world.create_account()
    (finding,) = (await world.reconcile(at))["findings"]
    assert "nothing filters" in finding
    assert "nsg.create_group: true" in finding
    world.policy = a_policy(nsg={**CREATE, "default_deny": True}, peering="ensure")
    world.flow = world.worker()
    plan = [step["id"].split("/")[-2] for step in (await world.plan(at))["actions"]]
    assert (plan.count("networkSecurityGroups"), plan.count("securityRules")) == (1, 2)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["findings"]) == ("Connected", [])
    (group,) = await groups(world)
    assert sorted(one["properties"]["access"] for one in group["properties"]["securityRules"]) == [
        "Allow",
        "Deny",
    ]
    assert reach_from(world, SPOKE).reachable


async def test_the_dry_run_shows_the_group_and_the_subnet_and_writes_neither() -> None:
    world = a_world()
    at = await world.create_account()
    plan = await world.plan(at)
    steps = {step["id"].split("/")[-2]: (step["action"], step["reason"]) for step in plan["actions"]}
    assert steps["networkSecurityGroups"] == ("Create", "missing")
    assert "no network security group" in steps["subnets"][1]
    assert (plan["writes"], await groups(world)) == (0, [])


async def test_without_enforcement_only_the_group_is_attached_and_the_policies_stay() -> None:
    world = a_world(enforce_on_endpoints=False)
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    (group,) = await groups(world)
    subnet = await subnet_of(world)
    assert subnet["networkSecurityGroup"]["id"] == group["id"]
    assert subnet["privateEndpointNetworkPolicies"] == "Disabled"
    assert any("do not apply to endpoints" in finding for finding in state["findings"])
    world.sent()
    await world.reconcile(at)
    assert world.writes() == []


async def test_an_existing_group_stays_attached_whatever_the_policy_says() -> None:
    world = a_world()
    foreign = f"{GROUPS}/foreign"
    await world.send("PUT", foreign, {"location": "westeurope", "properties": {}})
    await world.sleep(30)
    body = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": foreign}}
    await world.send("PUT", ENDPOINTS, {"properties": body})
    await world.sleep(61)
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"
    assert [one["id"] for one in await groups(world)] == [foreign]
    assert (await subnet_of(world))["networkSecurityGroup"]["id"] == foreign


async def test_a_group_that_a_user_detached_is_attached_again_with_all_of_its_rules() -> None:
    world = a_world()
    at = await world.create_account()
    await world.reconcile(at)
    (group,) = await groups(world)
    by_hand = {
        "priority": 3000,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "*",
        "sourceAddressPrefix": "10.9.0.0/16",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "*",
    }
    await world.send("PUT", f"{group['id']}/securityRules/by-hand", {"properties": by_hand})
    await world.sleep(30)
    await world.send("PUT", ENDPOINTS, {"properties": {"addressPrefix": "10.0.1.0/24"}})
    await world.sleep(61)
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    (after,) = await groups(world)
    assert (await subnet_of(world))["networkSecurityGroup"]["id"] == group["id"]
    names = {one["name"] for one in after["properties"]["securityRules"]}
    assert names == {"by-hand", *(one["name"] for one in group["properties"]["securityRules"])}


async def test_a_group_that_a_user_attached_meanwhile_gets_the_rules() -> None:
    world = World(a_policy(nsg={**CREATE, "create_group": False}, peering="ensure"))
    at = await world.create_account()
    await world.reconcile(at)
    foreign = f"{GROUPS}/foreign"
    await world.send("PUT", foreign, {"location": "westeurope", "properties": {}})
    await world.sleep(61)
    world.policy = a_policy(nsg=CREATE, peering="ensure")
    world.flow = world.worker()
    slow = {"method": "PUT", "path": "networkSecurityGroups/[^/]+$", "principal": "app"}
    world.azure.faults.add({"match": slow, "times": 1, "delay": 30.0})
    passing = asyncio.ensure_future(world.reconcile(at))
    await asyncio.sleep(10)  # the pass has read a subnet without a group, and is about to make one
    body = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": foreign}}
    await world.send("PUT", ENDPOINTS, {"properties": body})
    state = await passing
    assert (state["result"], len(await groups(world))) == ("Connected", 2)
    assert (await subnet_of(world))["networkSecurityGroup"]["id"] == foreign
    filled = {one["id"]: one["properties"]["securityRules"] for one in await groups(world)}
    assert [one["name"].startswith("causeway-allow-") for one in filled.pop(foreign)] == [True]
    assert [*filled.values()] == [[]]  # no rule is left in the managed group, which nothing uses


async def test_a_group_that_another_pass_created_is_evaluated_with_all_of_its_rules() -> None:
    group = ResourceId.parse(f"{GROUPS}/made-meanwhile")
    known, listed = (Seen(at, {"id": at.text}) for at in (rule_id(group, k, "Allow") for k in "ab"))
    body = {"id": group.text, "properties": {"securityRules": [listed.body]}}
    view = Observed().with_written({known.id: known, group: Seen(group, body)})
    assert {one.id for one in view.listed(group, COLLECTION)} == {known.id, listed.id}


async def test_the_group_stays_when_the_last_target_is_deleted() -> None:
    world = a_world()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert (state["result"], state["owned"]) == ("Removed", [])
    (group,) = await groups(world)
    assert group["properties"]["securityRules"] == []
    assert (await subnet_of(world))["networkSecurityGroup"]["id"] == group["id"]


async def test_the_subnet_of_a_foreign_endpoint_is_not_changed() -> None:
    world = a_world()
    at = await world.create_account()
    connection = {"name": "c", "properties": {"privateLinkServiceId": at, "groupIds": ["blob"]}}
    body = {"subnet": {"id": ENDPOINTS}, "privateLinkServiceConnections": [connection]}
    foreign = f"{NETWORKS}/privateEndpoints/by-hand"
    await world.send("PUT", foreign, {"location": "westeurope", "properties": body})
    await world.sleep(600)
    before = await subnet_of(world)
    state = await world.reconcile(at)
    assert await groups(world) == []
    assert await subnet_of(world) == before
    assert any("someone else's" in finding for finding in state["findings"])


async def test_two_concurrent_passes_create_one_group() -> None:
    world = a_world(default_deny=True)
    ats = [await world.create_account("first"), await world.create_account("second")]
    await world.sleep(61)
    states = await asyncio.gather(*(world.reconcile(at) for at in ats))
    await one_group(world, states)


async def test_two_concurrent_workers_create_one_group() -> None:
    world = a_world(default_deny=True)
    ats = [await world.create_account("first"), await world.create_account("second")]
    await world.sleep(61)
    flows = (world.worker(), world.worker())
    items = [WorkItem(at, "event", "test") for at in ats]
    await asyncio.gather(*(f.worker.work(item) for f, item in zip(flows, items, strict=True)))
    await world.drain()
    await one_group(world, [await world.state(at) for at in ats])


async def one_group(world: World, states: list[dict[str, Any]]) -> None:
    """One group was written once, and its rules let clients through to both endpoints."""
    assert [state["result"] for state in states] == ["Connected", "Connected"]
    written = [path for path in world.written("PUT") if path.split("/")[-2] == "networkSecurityGroups"]
    assert len(written) == 1
    assert len(await groups(world)) == 1
    for name in ("first", "second"):
        host = f"{name}.blob.core.windows.net"
        found = reach.reach(world.azure.world, f"{SPOKE}/subnets/clients", host, 443)
        assert found.reachable, found.why


async def test_without_the_right_to_create_a_group_the_outcome_names_it_and_a_rerun_connects() -> None:
    world = a_world()
    world.deny("Microsoft.Network/networkSecurityGroups/write")
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    assert "Microsoft.Network/networkSecurityGroups/write" in state["remedy"]
    assert await world.endpoints() == []
    world.allow_all()
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert len(await groups(world)) == 1
