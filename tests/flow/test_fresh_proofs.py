"""A proof rests on readings from after the last write of the pass, or from after its beginning."""

import asyncio

from shared.core.events.work_item import WorkItem
from tests.builders.policies import a_policy
from tests.builders.security_rules import GROUP, a_filtered_world, deny
from tests.builders.user_actions import act_during, peering
from tests.builders.world import HUB, SPOKE, ZONES, World

LINKS = f"{ZONES}/privatelink.blob.core.windows.net/virtualNetworkLinks"
ZONE_GROUP = "privateDnsZoneGroups/[^/]+"  # what a pass writes last
SHARED = ("virtualNetworks/", "privateDnsZones/", "networkSecurityGroups/")


async def connected(world: World, name: str = "first") -> str:
    """A connected account: its pass leaves readings in the process."""
    at = await world.create_account(name)
    assert (await world.reconcile(at))["result"] == "Connected"
    return at


async def test_a_denial_from_a_moment_before_the_account_is_seen() -> None:
    world = await a_filtered_world()
    await connected(world)
    at = await world.create_account("orders")
    await world.send("PUT", f"{GROUP}/securityRules/all", {"properties": deny(500)})
    await world.sleep(1.5)
    await world.work(WorkItem(at, "event", "e"))
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Blocked", "DeniedByRule")


async def test_a_link_that_was_deleted_a_moment_ago_is_made_again_by_the_next_pass() -> None:
    world = World()
    at = await connected(world)
    for link in (await world.send("GET", LINKS))["value"]:
        await world.send("DELETE", link["id"])
    await world.sleep(100)
    await connected(world, "second")  # reads the link that it made
    for link in (await world.send("GET", LINKS))["value"]:
        await world.send("DELETE", link["id"])
    await world.sleep(20)
    assert (await world.reconcile(at))["result"] == "Connected"
    assert len((await world.send("GET", LINKS))["value"]) == 1


async def test_a_denial_made_during_the_last_write_is_seen_by_the_proof() -> None:
    world = await a_filtered_world()
    at = await world.create_account("orders")
    rule = ("PUT", f"{GROUP}/securityRules/all", {"properties": deny(500)})
    state = await act_during(world, at, ZONE_GROUP, rule)
    assert state["result"] != "Connected"
    await world.drain()
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Blocked", "DeniedByRule")


async def test_a_peering_that_is_deleted_during_the_last_write_is_made_again_before_the_proof() -> None:
    world = World(a_policy(peering="ensure"))
    await connected(world)
    at = await world.create_account("orders")
    halves = (await world.send("GET", SPOKE))["properties"]["virtualNetworkPeerings"]
    deleted = [("DELETE", peering(SPOKE, half["name"])) for half in halves]
    state = await act_during(world, at, ZONE_GROUP, *deleted)
    assert state["result"] == "Connected"  # `work` has checked that clients get through
    assert len((await world.send("GET", HUB))["properties"]["virtualNetworkPeerings"]) == 1


async def test_passes_that_begin_together_share_the_readings_and_later_ones_do_not() -> None:
    world = World()
    targets = [await connected(world, name) for name in ("one", "two", "three", "four")]
    world.sent()
    items = [WorkItem(at, "drift", "sweep") for at in targets]
    await asyncio.gather(*(world.work(item) for item in items))
    together = [path for _, path in world.sent() if any(part in path for part in SHARED)]
    assert len(together) == len(set(together)) > 0
    for item in items:
        await world.work(item)
    apart = [path for _, path in world.sent() if any(part in path for part in SHARED)]
    assert sorted(apart) == sorted(together * len(items))


async def test_an_event_says_from_when_on_tags_of_a_group_count() -> None:
    world = World()
    at = await world.create_account()
    before = world.flow.worker.clock.now().timestamp()
    event = {
        "id": "e-1",
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "subject": at,
        "eventTime": "2026-01-01T00:00:00Z",
        "data": {"operationName": "Microsoft.Storage/storageAccounts/write", "resourceUri": at},
        "dataVersion": "2",
    }
    assert await world.flow.intake.accept([event]) == 1
    ((item, _),) = world.queue.sent
    assert WorkItem.parse(item).fresh_from >= before
