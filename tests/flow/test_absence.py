"""A target is taken for deleted only on repeated, independent evidence."""

from typing import Any

import pytest

from shared.core.events.work_item import WorkItem
from tests.builders.world import World

MISSING = {"status": 404, "code": "ResourceNotFound", "message": "x"}
GONE: dict[str, Any] = {"match": {"method": "GET", "path": "storageAccounts/orders$", "principal": "app"}}


async def connected() -> tuple[World, str]:
    world = World()
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    await world.sleep(61)
    return world, at


async def test_one_404_of_an_existing_resource_removes_nothing() -> None:
    world, at = await connected()
    endpoints = await world.endpoints()
    world.azure.faults.add({**GONE, "times": 1, "answer": MISSING})
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert await world.endpoints() == endpoints


async def test_a_resource_that_its_group_still_lists_is_not_removed_however_often_it_answers_404() -> None:
    world, at = await connected()
    endpoints = await world.endpoints()
    world.azure.faults.add({**GONE, "times": 50, "answer": MISSING})
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Failed", "Unconfirmed")  # after six tries
    assert await world.endpoints() == endpoints


async def test_a_list_that_is_refused_is_no_evidence_of_absence() -> None:
    world, at = await connected()
    endpoints = await world.endpoints()
    refused = {"status": 403, "code": "AuthorizationFailed", "message": "No."}
    world.azure.faults.add({**GONE, "times": 50, "answer": MISSING})
    world.azure.faults.add({"match": {"path": "rg-app/resources", "principal": "app"}, "answer": refused})
    assert (await world.reconcile(at, "drift"))["result"] == "Blocked"
    assert await world.endpoints() == endpoints


async def test_a_new_resource_that_answers_404_once_is_connected_all_the_same() -> None:
    world = World()
    at = await world.create_account()
    world.azure.faults.add({**GONE, "times": 1, "answer": MISSING})
    assert (await world.reconcile(at))["result"] == "Connected"


@pytest.mark.parametrize("whole_group", [False, True])
async def test_a_deleted_resource_or_group_is_removed(whole_group: bool) -> None:
    world, at = await connected()
    await world.send("DELETE", at.partition("/providers/")[0] if whole_group else at)
    await world.sleep(300)
    assert (await world.reconcile(at, "drift"))["result"] == "Removed"
    assert await world.endpoints() == []


async def test_no_path_is_made_to_a_resource_that_is_being_deleted() -> None:
    world = World()
    at = await world.create_account()
    account = world.azure.world.find(at)
    assert account
    account.properties["provisioningState"] = "Deleting"
    await world.work(WorkItem(at, "event", "e"))
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Pending", "BeingDeleted")
    assert await world.endpoints() == []


async def test_a_connected_resource_that_is_being_deleted_keeps_its_endpoint_until_it_is_gone() -> None:
    world, at = await connected()
    account = world.azure.world.find(at)
    assert account
    account.properties["provisioningState"] = "Deleting"
    await world.work(WorkItem(at, "event", "e"))
    assert (await world.state(at))["result"] == "Pending"
    assert len(await world.endpoints()) == 1
    await world.send("DELETE", at)
    await world.sleep(300)
    await world.drain()
    assert (await world.state(at))["result"] == "Removed"
