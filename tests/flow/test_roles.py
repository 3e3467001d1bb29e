"""The commands that `causeway roles` prints are all that a policy needs, and none of its actions is spare."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from shared.core.base.ids import ResourceId
from shared.core.base.role_table import (
    ENDPOINT,
    LINK,
    NAT_GATEWAY,
    PEERING,
    POLICY,
    ROUTE_TABLE,
    ROWS,
    RULE,
    ZONE_GROUP,
)
from tests.builders.policies import a_policy, policy_text
from tests.builders.role_commands import run_one
from tests.builders.user_actions import TAG, retag
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, SUB, ZONES, World
from tests.causeway.command import run as causeway

ACCOUNTS = "Microsoft.Storage/storageAccounts"
APPROVAL = f"{ACCOUNTS}/PrivateEndpointConnectionsApproval/action"
ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
ASG = f"{NETWORKS}/applicationSecurityGroups/endpoints"
ELSE = {ACCOUNTS: ["dfs", "file", "queue", "table", "web"]}
ENSURE = {"mode": "ensure", "priorities": [1000, 1009], "create_group": True}
BY_GROUP: dict[str, Any] = {
    "nsg": {**ENSURE, "destination": "group"},
    "application_security_groups": {"westeurope": ASG},
}
SPOKES = {"spokes": {"subscription": SUB.rsplit("/", 1)[1], "name": "spoke-*"}}
NAMES = {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0]}
POLICIES: dict[str, dict[str, Any]] = {
    "names alone": {},
    "no names": {"dns": {"mode": "none"}},
    "zones that exist": {"create_zones": False},
    "peering": {"peering": "ensure"},
    "peering through a hub": {
        "networks": {"hubs": [HUB]},
        "peering": {"mode": "ensure", "through": "hubs"},
    },
    "selected clients": {"peering": "ensure", "clients": ["spokes"], "networks": SPOKES},
    "security rules": {"peering": "ensure", "nsg": ENSURE},
    "application security groups": {"peering": "ensure", **BY_GROUP},
    "public access": {"public_access": "disable", "may_lose_access": ELSE},
    "endpoints beside the target": {"endpoints_resource_group": "target"},
    "a network of its own": {"find": {"subnet": "endpoints", "network": "hub-we"}, "subnets": {}},
}


def without_rights(policy: dict[str, Any]) -> World:
    """A world in which the app may do nothing yet."""
    world = World(a_policy(**policy))
    world.azure.access.roles["app"].actions.clear()
    return world


def printed(policy: dict[str, Any], *options: str) -> list[str]:
    """The commands that are printed for a policy."""
    ran = causeway("roles", "--policy", "-", *options, text=policy_text(**policy))
    assert ran.code == 0, ran.err
    return [line for line in ran.out.splitlines() if line and not line.startswith("#")]


async def with_printed_roles(policy: dict[str, Any]) -> World:
    world = without_rights(policy)
    await prepare(world)
    for command in printed(policy, "--type", ACCOUNTS):
        await run_one(world, command)
    return world


async def prepare(world: World) -> None:
    """What the policies name and do not create."""
    await world.send("PUT", ASG, {"location": "westeurope"})
    if not world.policy.profiles["default"].dns.create_zones:
        await world.send("PUT", ZONE, {"location": "global"})
    await world.sleep(200)


async def test_without_any_role_nothing_is_connected() -> None:
    world = without_rights({})
    assert (await world.reconcile(await world.create_account()))["result"] == "Blocked"


@pytest.mark.parametrize("name", POLICIES)
async def test_the_printed_commands_let_a_policy_connect_and_remove(name: str) -> None:
    world = await with_printed_roles({**POLICIES[name], "on_opt_out": "remove"})
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state.get("reason")
    await retag(world, at, {TAG: "disabled"})
    assert (await world.reconcile(at))["result"] == "Removed"


async def test_roles_at_a_watched_management_group_reach_the_subscriptions_below_it() -> None:
    below = {"id": SUB.rsplit("/", 1)[1], "managementGroup": "mg-corp"}
    watched = {"top": {"subscriptions": [], "management_groups": ["mg-corp"]}}
    world = without_rights(watched)
    world.azure.apply({"management_groups": ["mg-corp"], "subscriptions": [below], "resources": []})
    for command in printed(watched, "--type", ACCOUNTS):
        await run_one(world, command)
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"


async def test_a_policy_that_needs_more_of_the_same_roles_gets_it_by_updating_them() -> None:
    world = await with_printed_roles({"dns": {**NAMES, "link": "none"}})
    world.policy = a_policy()
    world.flow = world.worker()
    world.azure.access.roles["app"].actions.clear()
    at = await world.create_account()
    assert "virtualNetworkLinks/write" in (await world.reconcile(at))["remedy"]
    for command in printed({}, "--type", ACCOUNTS, "--update"):
        await run_one(world, command)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_a_request_for_approval_needs_no_right_to_approve() -> None:
    policy = {"approval": "request"}
    assert not [line for line in printed(policy) if "PrivateEndpointConnectionsApproval" in line]
    world = await with_printed_roles(policy)
    assert (await world.reconcile(await world.create_account()))["code"] == "AwaitingApproval"


# Without one action each


type Scenario = Callable[[World], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Family:
    """A policy that needs some actions, and what is done so that the app sends the requests."""

    policy: dict[str, Any]
    scenario: Scenario


async def connect(world: World) -> dict[str, Any]:
    return await world.reconcile(await world.create_account())


async def remove(world: World) -> dict[str, Any]:
    at = await connected(world)
    await retag(world, at, {TAG: "disabled"})
    return await continued(world, at)


async def peer_again(world: World) -> dict[str, Any]:
    """A user deletes one half of a peering: the other half has to be deleted as well."""
    at = await connected(world)
    halves = await world.send("GET", f"{SPOKE}/virtualNetworkPeerings")
    await world.send("DELETE", halves["value"][0]["id"])
    await world.sleep(60)
    return await continued(world, at, "drift")


async def link_again(world: World) -> dict[str, Any]:
    """A user puts a link to another network in the place of ours: it has to be deleted first."""
    at = await connected(world)
    (link,) = (await world.send("GET", f"{ZONE}/virtualNetworkLinks"))["value"]
    await world.send("DELETE", link["id"])
    await world.sleep(60)
    link["properties"]["virtualNetwork"] = {"id": HUB}
    await world.send("PUT", link["id"], link)
    await world.sleep(60)
    return await continued(world, at, "drift")


async def leave_zone_group(world: World) -> dict[str, Any]:
    """The ledger has our zone group of an endpoint that is someone else's: it is deleted alone."""
    at = await connected(world)
    endpoint = ResourceId.parse((await world.state(at))["paths"][0]["endpoint"])
    await retag(world, endpoint.text, {})
    claim = await world.flow.worker.ledger.claim(ResourceId.parse(at))
    assert claim is not None
    await claim.disown([endpoint], claim.addresses)
    await claim.abandon()
    await retag(world, at, {TAG: "disabled"})
    return await continued(world, at)


async def enforce(world: World) -> dict[str, Any]:
    """The endpoints' subnet has a route table, a NAT gateway and a service endpoint policy."""
    body = {"location": "westeurope", "properties": {}}
    for kind in (ROUTE_TABLE, NAT_GATEWAY):
        await world.send(
            "PUT", f"{NETWORKS}/{kind.rpartition('/')[2]}/one", {**body, "sku": {"name": "Standard"}}
        )
    await world.sleep(120)
    referred = {
        "routeTable": {"id": f"{NETWORKS}/routeTables/one"},
        "natGateway": {"id": f"{NETWORKS}/natGateways/one"},
        "serviceEndpointPolicies": [{"id": f"{NETWORKS}/serviceEndpointPolicies/one"}],
    }
    await world.send("PUT", ENDPOINTS, {"properties": {"addressPrefix": "10.0.1.0/24", **referred}})
    await world.sleep(60)
    return await connect(world)


async def connected(world: World) -> str:
    """A resource that was connected while nothing was missing; its id."""
    role = world.azure.access.roles["app"]
    missing = [*role.removed]
    role.restore()
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    role.removed += missing
    return at


async def continued(world: World, at: str, reason: str = "event") -> dict[str, Any]:
    return await world.reconcile(at, reason)


FULL = Family({"peering": "ensure", **BY_GROUP}, connect)
FAMILIES = {
    f"{ENDPOINT}/delete": Family({"on_opt_out": "remove"}, remove),
    f"{RULE}/delete": Family({"on_opt_out": "remove", "peering": "ensure", "nsg": ENSURE}, remove),
    f"{ZONE_GROUP}/delete": Family({"on_opt_out": "remove"}, leave_zone_group),
    f"{PEERING}/delete": Family({"peering": "ensure"}, peer_again),
    f"{LINK}/delete": Family({}, link_again),
    f"{ACCOUNTS}/write": Family({"public_access": "disable", "may_lose_access": ELSE}, connect),
    **{
        f"{kind}/join/action": Family({"peering": "ensure", "nsg": ENSURE}, enforce)
        for kind in (ROUTE_TABLE, NAT_GATEWAY, POLICY)
    },
}
ACTIONS = list(dict.fromkeys(row.on(ACCOUNTS) for row in ROWS))


@pytest.mark.parametrize("action", ACTIONS)
async def test_without_an_action_a_pass_stops_and_names_it(action: str) -> None:
    family = FAMILIES.get(action, FULL)
    world = World(a_policy(**family.policy))
    world.grant(f"{ACCOUNTS}/write")
    await prepare(world)
    world.deny(action)
    state = await family.scenario(world)
    assert state["result"] in ("Blocked", "Failed"), state["result"]
    said = f"{state['reason']} {state['remedy']}".lower()
    assert action.replace("*", ACCOUNTS).lower() in said


@pytest.mark.parametrize("family", [FULL, *FAMILIES.values()], ids=lambda one: one.scenario.__name__)
async def test_with_every_action_the_same_passes_end_well(family: Family) -> None:
    world = World(a_policy(**family.policy))
    world.grant(f"{ACCOUNTS}/write")
    await prepare(world)
    assert (await family.scenario(world))["result"] in ("Connected", "Removed")
