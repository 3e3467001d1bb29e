"""Two endpoints of one target: one name has one record, the last writer wins, who goes takes it along.

`World` asks after each pass that reports Connected whether clients reach ours by the name.
"""

from typing import Any

import pytest

from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, ZONES, World

OTHERS = f"{HUB}/subnets/others"
THEIRS = f"{NETWORKS}/privateEndpoints/by-hand"
THEIR_NAMES = f"{THEIRS}/privateDnsZoneGroups/default"
ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
NAME = "orders.blob.core.windows.net"


async def a_foreign_endpoint(
    world: World, at: str, subnet: str = OTHERS, *, path: str = THEIRS, names: bool = True
) -> None:
    """A person's endpoint to the same target, whose zone group writes into the same zone."""
    if subnet == OTHERS:
        await world.send("PUT", OTHERS, {"properties": {"addressPrefix": "10.0.2.0/24"}})
        await world.sleep(61)
    connection = {"name": "c", "properties": {"privateLinkServiceId": at, "groupIds": ["blob"]}}
    properties = {"subnet": {"id": subnet}, "privateLinkServiceConnections": [connection]}
    await world.send("PUT", path, {"location": "westeurope", "properties": properties})
    await world.sleep(600)
    if names:
        await world.send("PUT", ZONE, {"location": "global"})
        await world.sleep(200)
        config = {"name": "blob", "properties": {"privateDnsZoneId": ZONE}}
        await world.send("PUT", THEIR_NAMES, {"properties": {"privateDnsZoneConfigs": [config]}})
        await world.sleep(120)


async def lose(world: World, path: str) -> None:
    await world.send("DELETE", path)
    await world.sleep(120)


async def connected() -> tuple[World, str, str]:
    """A connected account: the world, its id, and our endpoint."""
    world = World()
    at = await world.create_account()
    state = await world.reconcile(at)
    return world, at, state["paths"][0]["endpoint"]


async def drifted(world: World, at: str) -> tuple[Any, ...]:
    state = await world.reconcile(at, "drift")
    return state["result"], state["code"]


async def test_no_endpoint_is_made_beside_one_that_keeps_the_name() -> None:
    world = World()
    at = await world.create_account()
    await a_foreign_endpoint(world, at)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")
    assert THEIRS in state["reason"]
    assert await world.endpoints() == [THEIRS]


@pytest.mark.parametrize("subnet", [OTHERS, ENDPOINTS])
async def test_a_foreign_endpoint_beside_ours_is_named_and_neither_is_touched(
    subnet: str,
) -> None:
    world, at, ours = await connected()
    await a_foreign_endpoint(world, at, subnet)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")
    assert THEIRS in state["reason"]
    assert ours.rpartition("/")[2] in state["remedy"]
    assert world.writes() == []
    assert sorted(await world.endpoints()) == sorted([ours, THEIRS])


@pytest.mark.parametrize("gone", [THEIRS, THEIR_NAMES])
@pytest.mark.parametrize("reconciled", [True, False])
async def test_the_name_that_the_foreign_endpoint_removed_is_written_again(
    gone: str, reconciled: bool
) -> None:
    world, at, _ = await connected()
    await a_foreign_endpoint(world, at, names=False)
    assert await drifted(world, at) == ("Connected", "")
    await a_foreign_endpoint(world, at)
    if reconciled or gone == THEIR_NAMES:
        assert await drifted(world, at) == ("Blocked", "RecordHeldByAnother")
    await lose(world, gone)
    assert await world.resolve(SPOKE, NAME) == []
    assert await drifted(world, at) == ("Connected", "")
    world.sent()
    assert await drifted(world, at) == ("Connected", "")
    assert world.writes() == []


async def test_a_pass_that_is_interrupted_does_not_forget_the_foreign_endpoint() -> None:
    world, at, _ = await connected()
    await a_foreign_endpoint(world, at)
    await drifted(world, at)
    await lose(world, THEIRS)
    world.deny("Microsoft.Network/privateEndpoints/read")
    assert (await drifted(world, at))[0] == "Blocked"
    world.allow_all()
    assert await drifted(world, at) == ("Connected", "")


async def test_a_name_that_could_not_be_written_again_is_no_connection_and_is_tried_again() -> None:
    world, at, _ = await connected()
    await a_foreign_endpoint(world, at)
    await drifted(world, at)
    await lose(world, THEIRS)
    world.deny("Microsoft.Network/privateDnsZones/join/action")
    assert (await drifted(world, at))[0] == "Blocked"
    world.allow_all()
    assert await drifted(world, at) == ("Connected", "")


async def test_nothing_is_written_over_the_name_of_another_endpoint_that_still_exists() -> None:
    world, at, _ = await connected()
    second = f"{THEIRS}-too"
    await a_foreign_endpoint(world, at, path=second, names=False)
    await a_foreign_endpoint(world, at)
    await drifted(world, at)
    kept = await world.resolve(SPOKE, NAME)
    await lose(world, second)
    world.sent()
    assert await drifted(world, at) == ("Blocked", "RecordHeldByAnother")
    assert world.writes() == []
    assert await world.resolve(SPOKE, NAME) == kept


async def test_ours_is_not_made_again_while_the_other_one_keeps_the_name() -> None:
    world, at, ours = await connected()
    await a_foreign_endpoint(world, at)
    await lose(world, ours)
    assert await drifted(world, at) == ("Blocked", "RecordHeldByAnother")
    assert await world.endpoints() == [THEIRS]
    await lose(world, THEIRS)
    assert await drifted(world, at) == ("Connected", "")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AuthorizationFailed"),
        (401, "InvalidAuthenticationTokenTenant"),
        (404, "SubscriptionNotFound"),
    ],
)
async def test_a_foreign_endpoint_that_may_not_be_read_is_reported_and_stops_nothing(
    status: int, code: str
) -> None:
    world = World()
    at = await world.create_account()
    await a_foreign_endpoint(world, at, names=False)
    answer = {"status": status, "code": code, "message": "not for you"}
    world.azure.faults.add({"match": {"principal": "app", "path": "by-hand"}, "answer": answer})
    state = await world.reconcile(at)
    assert (state["result"], len(state["paths"])) == ("Connected", 1)
    (found,) = [finding for finding in state["findings"] if "by-hand" in finding]
    assert "not for you" in found


async def test_nothing_is_created_below_a_foreign_endpoint_that_has_no_zone_group() -> None:
    """A program that made the endpoint would remove a zone group that it does not know, again and again."""
    world = World()
    at = await world.create_account()
    await a_foreign_endpoint(world, at, ENDPOINTS, names=False)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NoZoneGroup")
    assert "by-hand" in state["reason"]
    assert ZONE.rpartition("/")[2] in state["remedy"]
    assert (await world.send("GET", f"{THEIRS}/privateDnsZoneGroups"))["value"] == []
    assert await world.endpoints() == [THEIRS]
