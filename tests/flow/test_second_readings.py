"""What one reading, or one failed request, must not decide: removals, tags of groups, what is recorded."""

import asyncio
from typing import Any

import pytest

from shared.core.events.work_item import WorkItem
from shared.flow.worker import TRIES
from tests.builders.policies import a_policy
from tests.builders.world import HUB, NETWORKS, SPOKE, SUB, World

TAG = "private-connectivity"
GROUP = f"{SUB}/resourceGroups/rg-app"
ACCOUNT = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
ENDPOINT = {"path": "privateEndpoints/[^/]+$", "principal": "app"}
TARGET_READ = {"method": "GET", "path": "storageAccounts/orders$", "principal": "app"}
MISSING = {"status": 404, "code": "ResourceNotFound", "message": "x"}
GROUPS_READ = {"method": "GET", "path": "/resourcegroups$", "principal": "app"}
UNAVAILABLE = {"status": 503, "code": "ServiceUnavailable", "message": "x"}


def throttled(seconds: int) -> dict[str, Any]:
    return {
        "status": 429,
        "code": "TooManyRequests",
        "message": "x",
        "headers": {"Retry-After": str(seconds)},
    }


async def tag(world: World, group: str) -> None:
    body = {"location": "westeurope", "tags": {TAG: "enabled"}}
    await world.send("PUT", group, body, version="2021-04-01")


async def other_reads_the_groups(world: World) -> None:
    """Another resource's pass leaves the tags of the subscription's groups in the cache."""
    await world.work(WorkItem(await world.create_account("other"), "event", "other"))


async def test_a_resource_in_a_group_that_was_tagged_a_moment_ago_is_connected() -> None:
    world = World(a_policy(always=[]))
    await other_reads_the_groups(world)
    group = f"{SUB}/resourceGroups/rg-new"
    await tag(world, group)
    at = f"{group}/providers/Microsoft.Storage/storageAccounts/fresh"
    await world.send("PUT", at, ACCOUNT)
    await world.sleep(25)
    assert (await world.reconcile(at))["result"] == "Connected"


async def test_a_tag_that_moves_from_a_resource_to_its_group_removes_nothing() -> None:
    world = World(a_policy(always=[], on_opt_out="remove"))
    at = await world.create_account(tags={TAG: "enabled"})
    assert (await world.reconcile(at))["result"] == "Connected"
    await world.sleep(100)
    await other_reads_the_groups(world)
    await tag(world, GROUP)
    await world.send("PUT", at, {**ACCOUNT, "tags": {}})
    await world.sleep(5)
    world.sent()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert world.written("DELETE") == []


async def opted_in(*, by_group: bool = False, groups: str = "blob") -> tuple[World, str]:
    """A connected account that was opted in a while after it was made. Older states can be read."""
    world = World(a_policy(always=[], on_opt_out="remove"))
    world.azure.faults.add({"match": {"method": "GET", "path": "no such path"}, "stale_seconds": 5000})
    at = await world.create_account()
    await world.sleep(1000)
    if by_group:
        await tag(world, GROUP)
    else:
        await world.send("PATCH", at, {"tags": {TAG: "enabled", f"{TAG}-groups": groups}})
    assert (await world.reconcile(at))["result"] == "Connected"
    await world.sleep(100)
    world.sent()
    return world, at


@pytest.mark.parametrize("times", [1, 50])
async def test_an_older_reading_of_a_resource_s_tags_removes_nothing(times: int) -> None:
    world, at = await opted_in()
    world.azure.faults.add({"match": TARGET_READ, "times": times, "stale_seconds": 600})
    await world.work(WorkItem(at, "event", "e"))
    assert world.written("DELETE") == []
    assert (await world.state(at))["result"] == ("Connected" if times == 1 else "Pending")


@pytest.mark.parametrize(
    "answer", [{"stale_seconds": 600}, {"answer": {"status": 200, "body": {"value": []}}}]
)
async def test_a_list_of_groups_that_is_not_as_the_group_itself_removes_nothing(
    answer: dict[str, Any],
) -> None:
    world, at = await opted_in(by_group=True)
    world.azure.faults.add({"match": GROUPS_READ, **answer})
    await world.work(WorkItem(at, "event", "e"))
    assert world.written("DELETE") == []
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Pending", "Unconfirmed")


async def test_an_older_reading_of_a_resource_s_groups_removes_no_endpoint() -> None:
    world, at = await opted_in()
    await world.send("PATCH", at, {"tags": {TAG: "enabled", f"{TAG}-groups": "blob,file"}})
    assert len((await world.reconcile(at))["paths"]) == 2
    endpoints = await world.endpoints()
    await world.sleep(100)
    world.azure.faults.add({"match": TARGET_READ, "stale_seconds": 300})
    await world.work(WorkItem(at, "event", "e"))
    assert await world.endpoints() == endpoints
    assert (await world.state(at))["code"] == "Unconfirmed"


async def test_a_group_that_is_not_asked_for_any_more_is_removed_after_the_second_reading() -> None:
    world, at = await opted_in(groups="blob,file")
    await world.send("PATCH", at, {"tags": {TAG: "enabled", f"{TAG}-groups": "blob"}})
    assert len((await world.reconcile(at))["paths"]) == 1
    assert len(await world.endpoints()) == 1


async def test_an_endpoint_that_one_reading_missed_is_deleted_with_its_target_in_the_end() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", at)
    await world.sleep(300)
    world.azure.faults.add({"match": {**ENDPOINT, "method": "GET"}, "times": 1, "answer": MISSING})
    await world.work(WorkItem(at, "event", "deleted"))
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Pending", "Unconfirmed")
    assert state["owned"]
    await world.drain()
    assert (await world.state(at))["result"] == "Removed"
    assert await world.endpoints() == []


async def test_a_rerun_during_a_pass_that_has_to_wait_is_answered_at_once() -> None:
    world = World()
    at = await world.create_account()
    fault = {"match": {**ENDPOINT, "method": "PUT"}, "times": 1, "delay": 20.0, "answer": throttled(86400)}
    world.azure.faults.add(fault)
    pass_ = asyncio.ensure_future(world.flow.worker.work(WorkItem(at, "event", "e", attempt=TRIES - 2)))
    await asyncio.sleep(5)
    accepted = await world.flow.queries.request(at)
    item, _ = world.queue.sent.pop(0)
    await world.worker().worker.work(WorkItem.parse(item))
    await pass_
    state = await world.state(at)
    assert state["result"] == "Connected"
    assert accepted.correlation in state["correlations"]


async def test_what_is_not_asked_for_does_not_stay_pending_after_an_error() -> None:
    world = World()
    at = await world.create_account(tags={TAG: "disabled"})
    world.azure.faults.add({"match": TARGET_READ, "times": 3, "answer": UNAVAILABLE})
    await world.work(WorkItem(at, "event", "e"))
    await world.drain()
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Declined", "NotAsked")
    assert await world.flow.sweeper.sweep() == 0


async def test_a_group_s_event_reaches_recorded_targets_though_the_list_fails_and_is_tried_again() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", GROUP, version="2021-04-01")
    await world.sleep(300)
    world.queue.sent.clear()
    world.azure.faults.add({"match": {"path": "/resources$", "principal": "app"}, "answer": throttled(900)})
    await world.flow.worker.work(WorkItem(GROUP, "event", "e"))
    (target, _), (group, delay) = world.queue.sent
    assert WorkItem.parse(target).resource_id.lower() == at.lower()
    assert (WorkItem.parse(group).resource_id, WorkItem.parse(group).attempt) == (GROUP, 1)
    assert delay.total_seconds() >= 900


async def test_a_process_with_older_tags_of_the_group_does_not_connect_what_was_opted_out() -> None:
    world = World(a_policy(always=[], on_opt_out="remove"))
    await tag(world, GROUP)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    other = world.worker()
    await world.work(WorkItem(at, "event", "e"), other)  # its cache has the group's tags from now on
    await world.send("PUT", GROUP, {"location": "westeurope"}, version="2021-04-01")
    await world.work(WorkItem(GROUP, "event", "g"))
    await world.drain()
    assert (await world.state(at))["result"] == "Removed"
    await world.work(WorkItem(at, "event", "late"), other)
    assert (await world.state(at))["result"] == "Removed"
    assert await world.endpoints() == []


async def test_the_tags_of_groups_are_listed_once_for_a_resource_that_nothing_opts_in() -> None:
    world = World(a_policy(always=[]))
    at = await world.create_account()
    world.sent()
    await world.reconcile(at)
    assert len([path for _, path in world.sent() if path.endswith("resourcegroups")]) == 1


async def test_what_was_removed_is_in_the_history_though_a_later_read_fails() -> None:
    world = World()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await world.send("DELETE", at)
    await world.sleep(300)
    group = {"method": "GET", "path": "privateDnsZoneGroups$", "principal": "app"}
    world.azure.faults.add({"match": group, "times": 1, "answer": {"status": 200, "body": {"value": []}}})
    below = {"method": "GET", "path": "privateDnsZoneGroups/[^/]+$", "principal": "app"}
    world.azure.faults.add({"match": {**below, "nth": 1}, "times": 1, "answer": MISSING})
    world.azure.faults.add({"match": {**below, "nth": 2}, "answer": throttled(900)})
    await world.work(WorkItem(at, "event", "deleted"))
    state = await world.state(at)
    done = [action for entry in state["history"] for action in entry.get("actions", ())]
    assert [action["id"] for action in done if action["action"] == "Delete"] == [endpoint]


def read_as_before(world: World, seconds: float, *paths: str) -> None:
    """From now on the app reads these as they were so long ago, with nothing in its caches."""
    for path in paths:
        match = {"method": "GET", "path": path, "principal": "app"}
        world.azure.faults.add({"match": match, "stale_seconds": seconds})
    world.flow = world.worker()


async def connected_with_history(**profile: Any) -> World:
    """One connected account. Older states can be read."""
    world = World(a_policy(**profile))
    world.azure.faults.add({"match": {"method": "GET", "path": "no such path"}, "stale_seconds": 5000})
    assert (await world.reconcile(await world.create_account("first")))["result"] == "Connected"
    return world


async def test_a_security_group_that_an_older_reading_lacks_keeps_its_rules() -> None:
    world = await connected_with_history(nsg={"mode": "ensure", "create_group": True})
    (group,) = (await world.send("GET", f"{NETWORKS}/networkSecurityGroups"))["value"]
    before = [rule["name"] for rule in group["properties"]["securityRules"]]
    assert before
    at = await world.create_account("second")
    read_as_before(world, 1000, "networkSecurityGroups/[^/]+$", "virtualNetworks/[^/]+$")
    await world.work(WorkItem(at, "event", "e"))
    (group,) = (await world.send("GET", f"{NETWORKS}/networkSecurityGroups"))["value"]
    assert [rule["name"] for rule in group["properties"]["securityRules"]] == before


async def test_a_rule_that_an_older_reading_of_its_group_lacks_keeps_the_addresses_of_others() -> None:
    world = await connected_with_history(nsg={"mode": "ensure", "create_group": True})
    (group,) = (await world.send("GET", f"{NETWORKS}/networkSecurityGroups"))["value"]
    (rule,) = group["properties"]["securityRules"]
    world.azure.faults.add({"match": {"method": "GET", "path": f"{group['name']}$"}, "answer": MISSING})
    at = await world.create_account("second")
    world.flow = world.worker()
    await world.work(WorkItem(at, "event", "e"))
    after = await world.send("GET", rule["id"])
    assert after["properties"] == rule["properties"]


async def test_a_half_that_an_older_reading_of_its_network_lacks_keeps_the_flags_of_others() -> None:
    world = await connected_with_history(peering="ensure")
    (half,) = (await world.send("GET", HUB))["properties"]["virtualNetworkPeerings"]
    half["properties"]["allowForwardedTraffic"] = True
    await world.send("PUT", half["id"], half)
    await world.sleep(60)
    at = await world.create_account("second")
    read_as_before(world, 1000, "virtualNetworks/[^/]+$")
    await world.work(WorkItem(at, "event", "e"))
    assert (await world.send("GET", half["id"]))["properties"]["allowForwardedTraffic"] is True


@pytest.mark.parametrize("times", [1, 50])
async def test_a_client_network_that_is_not_found_keeps_its_prefixes_in_the_rule(times: int) -> None:
    other = f"{NETWORKS}/virtualNetworks/hub-ne"
    nsg = {"mode": "ensure", "create_group": True}
    world = World(a_policy(nsg=nsg, peering="ensure", clients=[SPOKE, other]))
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    (group,) = (await world.send("GET", f"{NETWORKS}/networkSecurityGroups"))["value"]
    (rule,) = group["properties"]["securityRules"]
    assert set(rule["properties"]["sourceAddressPrefixes"]) == {"10.1.0.0/16", "10.16.0.0/16"}
    await world.sleep(100)
    match = {"method": "GET", "path": f"{other}$", "principal": "app"}
    world.azure.faults.add({"match": match, "times": times, "answer": MISSING})
    world.sent()
    await world.work(WorkItem(at, "drift", "d"))
    assert not [path for path in world.written("PUT") if "securityRules" in path]
    assert (await world.send("GET", rule["id"]))["properties"] == rule["properties"]


async def test_a_zone_group_that_a_list_lacks_keeps_what_others_added() -> None:
    world = World()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    zone = f"{NETWORKS.replace('rg-network', 'rg-data')}/privateDnsZones/team.example"
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(200)
    group = await world.send("GET", f"{endpoint}/privateDnsZoneGroups/causeway")
    more = {"name": "team", "properties": {"privateDnsZoneId": zone}}
    group["properties"]["privateDnsZoneConfigs"].append(more)
    await world.send("PUT", group["id"], group)
    await world.sleep(60)
    match = {"method": "GET", "path": "privateDnsZoneGroups$", "principal": "app"}
    world.azure.faults.add({"match": match, "answer": {"status": 200, "body": {"value": []}}})
    await world.work(WorkItem(at, "event", "e"))
    after = await world.send("GET", group["id"])
    assert {one["name"] for one in after["properties"]["privateDnsZoneConfigs"]} > {"team"}


async def test_an_endpoint_that_a_reading_lacks_is_not_sent_again() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    world.sent()
    world.azure.faults.add({"match": {**ENDPOINT, "method": "GET"}, "times": 1, "answer": MISSING})
    assert (await world.reconcile(at))["result"] == "Connected"
    assert world.written("PUT") == []
