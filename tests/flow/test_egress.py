"""Rules on the clients' own subnets: what the outcome claims is what the sandbox's own evaluator finds."""

import asyncio
from typing import Any

import pytest

from sandbox.azure.reachability import reach
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, World

GROUP = f"{NETWORKS}/networkSecurityGroups/nsg-app"
CLIENTS = f"{SPOKE}/subnets/clients"
NAME = "orders.blob.core.windows.net"
PREFIXES = {
    CLIENTS: "10.1.1.0/24",
    f"{SPOKE}/subnets/web": "10.1.2.0/24",
    f"{HUB}/subnets/app": "10.0.5.0/24",
}


def out(priority: int, access: str, to: str = "*", port: str = "*") -> dict[str, Any]:
    return {
        "priority": priority,
        "direction": "Outbound",
        "access": access,
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": to,
        "destinationPortRange": port,
    }


DENY_ALL = {"deny-all-out": out(4000, "Deny")}


async def a_world(rules: dict[str, Any], *subnets: str, **policy: Any) -> World:
    """The default world with one group on these subnets of clients, and these rules in it."""
    world = World(a_policy(**{"nsg": {"mode": "ensure"}, "peering": "ensure"} | policy))
    await world.send("PUT", GROUP, {"location": "westeurope", "properties": {}})
    await world.sleep(30)
    for name, properties in rules.items():
        await world.send("PUT", f"{GROUP}/securityRules/{name}", {"properties": properties})
        await world.sleep(30)
    for subnet in subnets or (CLIENTS,):
        await put_subnet(world, subnet, {"networkSecurityGroup": {"id": GROUP}})
    return world


async def put_subnet(world: World, at: str, more: dict[str, Any] | None = None) -> None:
    await world.send("PUT", at, {"properties": {"addressPrefix": PREFIXES[at], **(more or {})}})
    await world.sleep(60)


def reached(world: World, subnet: str = CLIENTS) -> tuple[bool, str]:
    found = reach.reach(world.azure.world, subnet, NAME, 443)
    return found.reachable, found.hop


def client_findings(state: dict[str, Any]) -> list[str]:
    """Findings about clients' subnets; not the one that says that the endpoint's own subnet has no group."""
    return [text for text in state["findings"] if "nothing filters" not in text]


async def test_a_denied_client_network_blocks_by_name_until_its_owner_deletes_the_rule() -> None:
    world = await a_world(DENY_ALL)
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "DeniedByRule")
    reason = (
        "subnet clients of spoke-a cannot reach 10.0.1.4 port 443: rule deny-all-out of nsg-app denies it"
    )
    assert state["reason"] == reason
    assert "nsg-app" in state["remedy"]
    assert [check["subject"] for check in state["checks"] if not check["holds"]] == ["spoke-a"]
    assert reached(world) == (False, "outbound")
    await world.send("DELETE", f"{GROUP}/securityRules/deny-all-out")
    await world.sleep(61)
    state = await world.reconcile(at, "manual")
    assert (state["result"], client_findings(state)) == ("Connected", [])
    assert reached(world) == (True, "")


async def test_the_client_s_group_is_not_written() -> None:
    world = await a_world(DENY_ALL)
    before = await world.send("GET", GROUP)
    await world.reconcile(await world.create_account())
    assert await world.send("GET", GROUP) == before


@pytest.mark.parametrize(
    ("rules", "connected"),
    [
        ({"to-endpoints": out(100, "Deny", "10.0.1.0/24")}, False),
        ({"to-others": out(100, "Deny", "10.0.2.0/24")}, True),
        ({"https": out(100, "Allow", port="443")} | DENY_ALL, True),
        ({"dns": out(100, "Allow", port="53")} | DENY_ALL, False),
        ({"foreign": out(100, "Allow", "10.9.0.0/16", "443")}, True),
        ({"foreign": out(100, "Allow", "10.9.0.0/16", "443")} | DENY_ALL, False),
        ({"no-internet": out(100, "Deny", "Internet")}, True),
        # Only a pass that knows the peering it has just created decides these two correctly.
        ({"inside": out(100, "Allow", "VirtualNetwork")} | DENY_ALL, True),
        ({"no-neighbours": out(100, "Deny", "VirtualNetwork"), "rest": out(200, "Allow")}, False),
    ],
)
async def test_the_first_outcome_agrees_with_the_network(rules: dict[str, Any], connected: bool) -> None:
    world = await a_world(rules)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == ("Connected" if connected else "Blocked"), state["reason"]
    assert client_findings(state) == []
    assert reached(world) == ((True, "") if connected else (False, "outbound"))


async def test_one_of_two_subnets_that_gets_out_connects_and_the_other_is_named() -> None:
    web = f"{SPOKE}/subnets/web"
    world = await a_world(DENY_ALL)
    await put_subnet(world, web)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert client_findings(state) == [
        "subnet clients of spoke-a cannot reach 10.0.1.4 port 443: rule deny-all-out of nsg-app denies it"
    ]
    assert (reached(world), reached(world, web)) == ((False, "outbound"), (True, ""))


async def test_a_client_in_the_endpoint_s_own_network_is_judged_by_its_other_subnets() -> None:
    app = f"{HUB}/subnets/app"
    world = await a_world(DENY_ALL, app, clients=[HUB])
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "DeniedByRule")
    assert "subnet app of hub-we" in state["reason"]
    assert reached(world, app) == (False, "outbound")
    await put_subnet(world, app)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert reached(world, app) == (True, "")


async def test_the_endpoint_s_own_subnet_sends_nothing_and_is_not_judged() -> None:
    world = await a_world(DENY_ALL, clients=[HUB, SPOKE])
    await put_subnet(world, CLIENTS)
    body = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": GROUP}}
    await world.send("PUT", ENDPOINTS, {"properties": body})
    await world.sleep(60)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], client_findings(state)) == ("Connected", [])
    assert reached(world) == (True, "")


async def test_one_denied_client_network_of_two_blocks_and_only_it_is_named() -> None:
    hub_ne = f"{NETWORKS}/virtualNetworks/hub-ne"
    world = await a_world(DENY_ALL, clients=[SPOKE, hub_ne])
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "hub-ne" not in state["reason"]
    assert reached(world) == (False, "outbound")
    assert reached(world, f"{hub_ne}/subnets/endpoints") == (True, "")


async def test_a_group_that_the_app_may_not_read_is_reported_and_blocks_nothing() -> None:
    world = await a_world(DENY_ALL)
    at = await world.create_account()
    world.azure.faults.add({"match": {"method": "GET", "path": "nsg-app"}, "times": 9, "answer": FORBIDDEN})
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert any("rules of subnet clients of spoke-a are not known" in text for text in client_findings(state))


FORBIDDEN = {"status": 403, "code": "AuthorizationFailed", "message": "The client may not read it."}


async def test_a_policy_that_ignores_rules_reads_no_group_of_a_client() -> None:
    world = await a_world(DENY_ALL, nsg={"mode": "ignore"})
    at = await world.create_account()
    for _ in range(2):
        assert (await world.reconcile(at))["result"] == "Connected"
    assert not any("networkSecurityGroups" in path for _, path in world.sent())
    assert (await world.reconcile(at))["result"] == "Connected"
    assert len(world.sent()) == 9  # four of the target alone, and the networks, zone, links and records


async def test_groups_of_clients_are_read_once_for_passes_that_begin_together() -> None:
    world = await a_world({"https": out(100, "Allow", port="443")} | DENY_ALL)
    accounts = [await world.create_account(name) for name in ("first", "second")]
    for at in accounts:
        await world.reconcile(at)
    await world.sleep(61)
    world.sent()
    states = await asyncio.gather(*(world.reconcile(at) for at in accounts))
    assert [state["result"] for state in states] == ["Connected", "Connected"]
    assert sum(path.endswith("nsg-app") for _, path in world.sent()) == 1


async def test_require_judges_the_clients_side_as_well() -> None:
    world = await a_world(DENY_ALL, nsg={"mode": "require"})
    assert (await world.reconcile(await world.create_account()))["code"] == "DeniedByRule"


async def test_a_dry_run_plans_an_endpoint_whose_address_is_not_known_yet() -> None:
    world = await a_world(DENY_ALL)
    plan = await world.plan(await world.create_account())
    assert plan["result"] == "Plan"
    assert "Create" in {action["action"] for action in plan["actions"]}
    assert world.writes() == []
