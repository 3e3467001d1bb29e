"""What changes after a resource is connected: approval, opt-out, policy, connections."""

import asyncio
from typing import Any

import pytest

from shared.core.policy.policy import Policy
from shared.flow.worker import TRIES
from tests.builders.policies import a_policy
from tests.builders.user_actions import TAG, retag
from tests.builders.world import ENDPOINTS, HUB, SPOKE, ZONES, World


def two_subnets(first: str, second: str) -> Policy:
    return a_policy(subnets={"westeurope": [first, second]})


async def decide(world: World, at: str, status: str) -> None:
    """The owner of the target approves or rejects the connection."""
    target = await world.send("GET", at)
    (connection,) = target["properties"]["privateEndpointConnections"]
    state = {"status": status, "description": "by its owner"}
    body = {"properties": {"privateLinkServiceConnectionState": state}}
    await world.send("PUT", f"{at}/privateEndpointConnections/{connection['name']}", body)
    await world.sleep(60)


async def test_a_requested_connection_waits_and_connects_once_it_is_approved() -> None:
    world = World(a_policy(approval='request ("please")'))
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Pending", "AwaitingApproval")
    later = await world.reconcile(at, "drift")
    assert later["at"] > state["at"]
    assert later["since"] == state["since"] == state["history"][-1]["at"]
    await decide(world, at, "Approved")
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    assert await world.resolve(SPOKE, "orders.blob.core.windows.net")


async def test_an_approval_is_found_without_another_request() -> None:
    world = World(a_policy(approval="request"))
    at = await world.create_account()

    async def approve() -> None:
        await world.sleep(240)
        await decide(world, at, "Approved")

    approval = asyncio.ensure_future(approve())
    state = await world.reconcile(at)
    await approval
    assert state["result"] == "Connected"
    assert {entry["result"] for entry in state["history"]} == {"Pending", "Connected"}


async def test_a_wait_for_approval_is_never_given_up() -> None:
    world = World(a_policy(approval="request"))
    state = await world.reconcile(await world.create_account())
    assert [entry["result"] for entry in state["history"]] == ["Pending"] * TRIES
    assert world.queue.sent == []


async def test_a_rejected_request_is_blocked_and_not_sent_again() -> None:
    world = World(a_policy(approval="request"))
    at = await world.create_account()
    await world.reconcile(at)
    await decide(world, at, "Rejected")
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "ConnectionRejected")
    assert world.writes() == []


async def test_opting_out_keeps_managed_objects_by_default() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    await retag(world, at, {TAG: "disabled"})
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Declined", "NotAsked")
    assert len(await world.endpoints()) == 1


async def test_opting_out_removes_managed_objects_where_the_profile_says_so() -> None:
    world = World(a_policy(on_opt_out="remove"))
    at = await world.create_account()
    await world.reconcile(at)
    await retag(world, at, {TAG: "disabled"})
    state = await world.reconcile(at)
    assert state["result"] == "Removed"
    assert await world.endpoints() == []
    assert await world.send("GET", f"{ZONES}/privatelink.blob.core.windows.net") is not None


async def test_removal_keeps_a_foreign_endpoint_of_the_same_target() -> None:
    world = World(a_policy(on_opt_out="remove"))
    at = await world.create_account()
    await world.reconcile(at)
    foreign = f"{HUB.split('/virtualNetworks')[0]}/privateEndpoints/by-hand"
    connection = {"name": "c", "properties": {"privateLinkServiceId": at, "groupIds": ["file"]}}
    properties = {"subnet": {"id": ENDPOINTS}, "privateLinkServiceConnections": [connection]}
    await world.send("PUT", foreign, {"location": "westeurope", "properties": properties})
    await world.sleep(600)
    before = await world.send("GET", foreign)
    await retag(world, at, {TAG: "disabled"})
    await world.reconcile(at)
    assert await world.endpoints() == [foreign]
    assert (await world.send("GET", foreign))["properties"]["subnet"] == before["properties"]["subnet"]


async def test_another_subnet_gets_an_endpoint_and_the_name_before_the_old_one_is_deleted() -> None:
    world = World()
    at = await world.create_account()
    old = (await world.reconcile(at))["paths"][0]["endpoint"]
    other = f"{HUB}/subnets/other"
    await world.send("PUT", other, {"properties": {"addressPrefix": "10.0.7.0/24"}})
    await world.sleep(61)
    world.policy = a_policy(subnets={"westeurope": [other]})
    world.flow = world.worker()
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    new = state["paths"][0]["endpoint"]
    assert new != old
    assert await world.endpoints() == [new]
    ip = state["paths"][0]["addresses"][0]["ip"]
    assert ip.startswith("10.0.7.")
    assert await world.resolve(SPOKE, "orders.blob.core.windows.net") == [ip]


async def test_the_next_candidate_is_taken_when_the_first_is_full() -> None:
    small = f"{HUB}/subnets/small"
    world = World(two_subnets(small, ENDPOINTS))
    await world.send("PUT", small, {"properties": {"addressPrefix": "10.0.9.0/29"}})
    await world.sleep(61)
    for name in ("one", "two", "three", "four"):
        assert (await world.reconcile(await world.create_account(name)))["result"] == "Connected"
    subnets = [(await world.send("GET", at))["properties"]["subnet"]["id"] for at in await world.endpoints()]
    assert sorted(subnet.rsplit("/", 1)[1] for subnet in subnets) == [
        "endpoints",
        "small",
        "small",
        "small",
    ]


async def test_the_policy_s_own_limit_on_a_subnet_blocks_with_numbers() -> None:
    world = World(a_policy(limits={"max_endpoints_per_subnet": 1}))
    assert (await world.reconcile(await world.create_account("one")))["result"] == "Connected"
    await world.sleep(61)
    state = await world.reconcile(await world.create_account("two"))
    assert (state["result"], state["code"]) == ("Blocked", "SubnetAtLimit")
    assert "holds 1 endpoints" in state["reason"]


async def test_without_dns_no_zone_link_or_record_is_written_or_required() -> None:
    world = World(a_policy(dns={"mode": "none"}))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert state["paths"][0]["records"] == []
    assert {action["id"].split("/")[-2] for action in state["actions"]} == {"privateEndpoints"}


async def test_links_fall_back_to_public_dns_where_the_policy_says_so() -> None:
    dns: dict[str, Any] = {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0]}
    world = World(a_policy(dns={**dns, "fallback_to_internet": True}))
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"
    found = await world.send("GET", f"{ZONES}/privatelink.blob.core.windows.net/virtualNetworkLinks")
    assert [link["properties"]["resolutionPolicy"] for link in found["value"]] == ["NxDomainRedirect"]


async def test_a_management_lock_blocks_with_the_remedy() -> None:
    world = World(a_policy(on_opt_out="remove"))
    at = await world.create_account()
    await world.reconcile(at)
    group = HUB.split("/providers/")[0]
    lock = f"{group}/providers/Microsoft.Authorization/locks/keep"
    await world.send("PUT", lock, {"properties": {"level": "CanNotDelete"}}, version="2020-05-01")
    await retag(world, at, {TAG: "disabled"})
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "ScopeLocked")
    assert "lock" in state["remedy"]
    assert len(state["owned"]) == 2


async def test_an_endpoint_whose_connection_was_deleted_is_replaced_and_keeps_its_name() -> None:
    world = World(a_policy(nsg={"mode": "ensure"}))
    at = await world.create_account()
    await world.reconcile(at)
    (connection,) = (await world.send("GET", at))["properties"]["privateEndpointConnections"]
    await world.send("DELETE", f"{at}/privateEndpointConnections/{connection['name']}")
    await world.sleep(90)
    state = await world.reconcile(at)
    ended = [entry["result"] for entry in state["history"]]
    assert ended == ["Connected", "Removing", "Connected"]
    (address,) = state["paths"][0]["addresses"]
    assert await world.resolve(SPOKE, "orders.blob.core.windows.net") == [address["ip"]]


async def test_a_foreign_link_in_progress_is_awaited_and_then_adopted() -> None:
    world = World()
    at = await world.create_account()
    zone = f"{ZONES}/privatelink.blob.core.windows.net"
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(130)
    properties = {"registrationEnabled": False, "virtualNetwork": {"id": SPOKE}}
    link = {"location": "global", "properties": properties}
    await world.send("PUT", f"{zone}/virtualNetworkLinks/foreign", link)
    state = await world.reconcile(at)
    assert (state["result"], len(state["history"])) == ("Connected", 1)


@pytest.mark.parametrize("approval", ["auto", "request"])
async def test_a_rejected_connection_is_asked_for_again_once_it_is_deleted(approval: str) -> None:
    world = World(a_policy(approval=approval))
    at = await world.create_account()
    await world.reconcile(at)
    await decide(world, at, "Rejected")
    state = await world.reconcile(at, "drift")
    assert state["code"] == "ConnectionRejected"
    assert "by its owner" in state["reason"]
    assert "approve the" not in state["remedy"]
    (endpoint,) = await world.endpoints()
    assert endpoint in state["remedy"]
    await world.send("DELETE", endpoint)
    await world.sleep(60)
    state = await world.reconcile(at, "manual")
    assert state["code"] == ("" if approval == "auto" else "AwaitingApproval")
