"""A foreign endpoint of the same target: the last writer of a record wins, and its deletion deletes it.

After each pass that ends Connected, `World` checks that clients reach the managed endpoint by its name.
"""

from typing import Any

import pytest

from tests.builders.foreign import FOREIGN, OTHERS, ZONE, create_foreign_endpoint
from tests.builders.world import ENDPOINTS, SPOKE, World

FOREIGN_ZONE_GROUP = f"{FOREIGN}/privateDnsZoneGroups/default"
NAME = "orders.blob.core.windows.net"


async def delete(world: World, path: str) -> None:
    await world.send("DELETE", path)
    await world.sleep(120)


async def connected() -> tuple[World, str, str]:
    """A connected account: the world, its id, and the managed endpoint."""
    world = World()
    at = await world.create_account()
    state = await world.reconcile(at)
    return world, at, state["paths"][0]["endpoint"]


async def drifted(world: World, at: str) -> tuple[Any, ...]:
    state = await world.reconcile(at, "drift")
    return state["result"], state["code"]


async def test_no_endpoint_is_created_beside_a_foreign_one_that_keeps_the_name() -> None:
    world = World()
    at = await world.create_account()
    await create_foreign_endpoint(world, at)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")
    assert FOREIGN in state["reason"]
    assert await world.endpoints() == [FOREIGN]


@pytest.mark.parametrize("subnet", [OTHERS, ENDPOINTS])
async def test_a_foreign_endpoint_beside_the_managed_one_is_named_and_neither_is_changed(
    subnet: str,
) -> None:
    world, at, managed = await connected()
    await create_foreign_endpoint(world, at, subnet)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")
    assert FOREIGN in state["reason"]
    assert managed.rpartition("/")[2] in state["remedy"]
    assert world.writes() == []
    assert sorted(await world.endpoints()) == sorted([managed, FOREIGN])


@pytest.mark.parametrize("deleted", [FOREIGN, FOREIGN_ZONE_GROUP])
@pytest.mark.parametrize("reconciled", [True, False])
async def test_a_record_that_was_deleted_with_the_foreign_endpoint_is_written_again(
    deleted: str, reconciled: bool
) -> None:
    world, at, _ = await connected()
    await create_foreign_endpoint(world, at, names=False)
    assert await drifted(world, at) == ("Connected", "")
    await create_foreign_endpoint(world, at)
    if reconciled or deleted == FOREIGN_ZONE_GROUP:
        assert await drifted(world, at) == ("Blocked", "RecordHeldByAnother")
    await delete(world, deleted)
    assert await world.resolve(SPOKE, NAME) == []
    assert await drifted(world, at) == ("Connected", "")
    world.sent()
    assert await drifted(world, at) == ("Connected", "")
    assert world.writes() == []


async def test_a_pass_that_fails_does_not_forget_the_foreign_endpoint() -> None:
    world, at, _ = await connected()
    await create_foreign_endpoint(world, at)
    await drifted(world, at)
    await delete(world, FOREIGN)
    world.deny("Microsoft.Network/privateEndpoints/read")
    assert (await drifted(world, at))[0] == "Blocked"
    world.allow_all()
    assert await drifted(world, at) == ("Connected", "")


async def test_a_record_that_could_not_be_written_again_blocks_and_is_tried_again() -> None:
    world, at, _ = await connected()
    await create_foreign_endpoint(world, at)
    await drifted(world, at)
    await delete(world, FOREIGN)
    world.deny("Microsoft.Network/privateDnsZones/join/action")
    assert (await drifted(world, at))[0] == "Blocked"
    world.allow_all()
    assert await drifted(world, at) == ("Connected", "")


async def test_the_record_of_a_foreign_endpoint_that_still_exists_is_not_overwritten() -> None:
    world, at, _ = await connected()
    second = f"{FOREIGN}-too"
    await create_foreign_endpoint(world, at, path=second, names=False)
    await create_foreign_endpoint(world, at)
    await drifted(world, at)
    kept = await world.resolve(SPOKE, NAME)
    await delete(world, second)
    world.sent()
    assert await drifted(world, at) == ("Blocked", "RecordHeldByAnother")
    assert world.writes() == []
    assert await world.resolve(SPOKE, NAME) == kept


async def test_the_managed_endpoint_is_not_created_again_while_a_foreign_one_keeps_the_name() -> None:
    world, at, managed = await connected()
    await create_foreign_endpoint(world, at)
    await delete(world, managed)
    assert await drifted(world, at) == ("Blocked", "RecordHeldByAnother")
    assert await world.endpoints() == [FOREIGN]
    await delete(world, FOREIGN)
    assert await drifted(world, at) == ("Connected", "")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AuthorizationFailed"),
        (401, "InvalidAuthenticationTokenTenant"),
        (404, "SubscriptionNotFound"),
    ],
)
async def test_a_foreign_endpoint_that_the_app_may_not_read_is_reported_and_blocks_nothing(
    status: int, code: str
) -> None:
    world = World()
    at = await world.create_account()
    await create_foreign_endpoint(world, at, names=False)
    answer = {"status": status, "code": code, "message": "not allowed"}
    world.azure.faults.add({"match": {"principal": "app", "path": "by-hand"}, "answer": answer})
    state = await world.reconcile(at)
    assert (state["result"], len(state["paths"])) == ("Connected", 1)
    (reported,) = [finding for finding in state["findings"] if "by-hand" in finding]
    assert "not allowed" in reported


async def test_nothing_is_created_below_a_foreign_endpoint_that_has_no_zone_group() -> None:
    """A program that made the endpoint would remove a zone group that it does not know, again and again."""
    world = World()
    at = await world.create_account()
    await create_foreign_endpoint(world, at, ENDPOINTS, names=False)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "NoZoneGroup")
    assert "by-hand" in state["reason"]
    assert ZONE.rpartition("/")[2] in state["remedy"]
    assert (await world.send("GET", f"{FOREIGN}/privateDnsZoneGroups"))["value"] == []
    assert await world.endpoints() == [FOREIGN]
