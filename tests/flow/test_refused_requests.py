"""A request that Azure refuses for an unknown reason is sent again only when something changed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.user_actions import retag
from tests.builders.world import World

ENDPOINT = "privateEndpoints/[^/]+$"
ZONE_GROUP = "privateDnsZoneGroups/[^/]+$"
PEERING = "virtualNetworkPeerings/[^/]+$"
ACCOUNT = "storageAccounts/orders$"
ELSE = {"Microsoft.Storage/storageAccounts": ["dfs", "file", "queue", "table", "web"]}


def refuse(world: World, path: str, status: int = 400, method: str = "PUT", **more: Any) -> None:
    answer = {"status": status, "code": "NewAzureCode", "message": "Something odd."}
    match = {"method": method, "path": path, "principal": "app"}
    world.azure.faults.add({"match": match, "answer": answer, **more})


def sent(world: World, part: str, method: str = "PUT") -> int:
    return sum(1 for verb, path in world.sent() if verb == method and f"/{part}" in path)


@pytest.mark.parametrize("status", [400, 405, 409, 422])
async def test_sweeps_do_not_send_it_again(status: int) -> None:
    world = World()
    at = await world.create_account()
    refuse(world, ENDPOINT, status)
    world.sent()
    first = await world.reconcile(at)
    assert (first["result"], first["code"]) == ("Failed", "NewAzureCode")
    assert sent(world, "privateEndpoints/") == 1
    for _ in range(3):
        state = await world.reconcile(at, "drift")
        assert (state["code"], state["reason"], state["remedy"]) == (
            first["code"], first["reason"], first["remedy"],
        )  # fmt: skip
    assert sent(world, "privateEndpoints/") == 0
    assert world.queue.sent == []


async def test_an_event_that_changes_nothing_does_not_send_it_again() -> None:
    world = World()
    at = await world.create_account()
    refuse(world, ENDPOINT)
    await world.reconcile(at)
    world.sent()
    await world.reconcile(at, "event")
    assert sent(world, "privateEndpoints/") == 0


async def rerun(world: World, at: str) -> str:
    return "manual"


async def new_tag(world: World, at: str) -> str:
    await retag(world, at, {"team": "orders"})
    return "event"


async def new_property(world: World, at: str) -> str:
    await world.send("PATCH", at, {"properties": {"minimumTlsVersion": "TLS1_0"}})
    return "drift"


async def new_profile(world: World, at: str) -> str:
    world.policy = a_policy(on_opt_out="remove")
    world.flow = world.worker()
    return "drift"


@pytest.mark.parametrize("change", [rerun, new_tag, new_property, new_profile])
async def test_it_is_sent_again_once_something_changed(
    change: Callable[[World, str], Awaitable[str]],
) -> None:
    world = World()
    at = await world.create_account()
    refuse(world, ENDPOINT, times=1)
    assert (await world.reconcile(at))["result"] == "Failed"
    assert (await world.reconcile(at, await change(world, at)))["result"] == "Connected"


async def test_a_refused_name_takes_the_endpoint_back_and_neither_is_sent_again() -> None:
    world = World()
    at = await world.create_account()
    refuse(world, ZONE_GROUP)
    state = await world.reconcile(at)
    assert (state["code"], await world.endpoints()) == ("NewAzureCode", [])
    world.sent()
    assert (await world.reconcile(at, "drift"))["code"] == "NewAzureCode"
    assert sent(world, "privateEndpoints/") == 0


async def test_a_refused_peering_is_not_sent_again() -> None:
    world = World(a_policy(peering="ensure"))
    at = await world.create_account()
    refuse(world, PEERING)
    await world.reconcile(at)
    world.sent()
    assert (await world.reconcile(at, "drift"))["code"] == "NewAzureCode"
    assert sent(world, "virtualNetworks/") == 0


async def test_a_refused_change_of_public_access_is_not_sent_again() -> None:
    world = World(a_policy(public_access="disable", may_lose_access=ELSE))
    world.grant("Microsoft.Storage/storageAccounts/write")
    at = await world.create_account()
    refuse(world, ACCOUNT, method="PATCH", times=1)
    assert (await world.reconcile(at))["code"] == "NewAzureCode"
    world.sent()
    assert (await world.reconcile(at, "drift"))["code"] == "NewAzureCode"
    assert sent(world, "storageAccounts/", "PATCH") == 0
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_a_refused_removal_is_not_sent_again() -> None:
    world = World(a_policy(on_opt_out="remove"))
    at = await world.create_account()
    await world.reconcile(at)
    refuse(world, ENDPOINT, method="DELETE")
    await retag(world, at, {"private-connectivity": "disabled"})
    assert (await world.reconcile(at))["code"] == "NewAzureCode"
    world.sent()
    assert (await world.reconcile(at, "drift"))["code"] == "NewAzureCode"
    assert sent(world, "privateEndpoints/", "DELETE") == 0
