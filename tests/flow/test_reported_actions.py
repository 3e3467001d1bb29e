"""What an outcome lists: every change of the pass once, whichever of its steps made it."""

from collections import Counter
from typing import Any

from tests.builders.client_networks import a_world_with_two_networks, change
from tests.builders.security_rules import DENY, ENSURE, a_filtered_world
from tests.builders.world import HUB, SPOKE, World

OTHER = f"{HUB}/subnets/other"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"


def changes(state: dict[str, Any]) -> list[str]:
    """The actions beside what stays: `Delete privateEndpoints`."""
    return [
        f"{step['action']} {step['id'].rsplit('/', 2)[1]}"
        for step in state["actions"]
        if step["action"] not in ("Keep", "Adopt")
    ]


async def test_each_object_is_listed_once_though_a_pass_plans_several_times() -> None:
    world = World()
    state = await world.reconcile(await world.create_account())
    listed = Counter(step["id"] for step in state["actions"])
    assert set(listed.values()) == {1}
    again = await world.reconcile(state["resource_id"], "drift")
    assert Counter(step["id"] for step in again["actions"]) == listed
    assert changes(again) == []


async def test_what_is_removed_after_the_proof_is_listed_behind_what_was_made() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("PUT", OTHER, {"properties": {"addressPrefix": "10.0.7.0/24"}})
    await world.sleep(61)
    change(world, SPOKE, {"mode": "ignore"}, subnets={"westeurope": [OTHER]})
    state = await world.reconcile(at, "drift")
    found = changes(state)
    assert state["result"] == "Connected"
    assert found.index("Create privateEndpoints") < found.index("Delete privateEndpoints")
    assert found[-1] == "Update privateDnsZoneGroups"  # the old endpoint took the record with it


async def test_a_removal_that_azure_refuses_blocks_and_keeps_the_proof_of_the_new_path() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("PUT", OTHER, {"properties": {"addressPrefix": "10.0.7.0/24"}})
    await world.sleep(61)
    change(world, SPOKE, {"mode": "ignore"}, subnets={"westeurope": [OTHER]})
    world.deny("Microsoft.Network/privateEndpoints/delete")
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    assert [check["holds"] for check in state["checks"]] == [True] * len(state["checks"]) != []
    assert len(await world.endpoints()) == 2


async def test_an_outdated_denial_that_is_removed_before_the_proof_is_listed() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    await world.reconcile(at)
    change(world, SPOKE, {**DENY, "priorities": [2000, 2009]})
    found = changes(await world.reconcile(at, "drift"))
    assert Counter(found) == {"Create securityRules": 2, "Withdraw securityRules": 2}


async def test_a_failed_write_is_not_repeated_in_further_rounds_of_the_pass() -> None:
    world = World()
    world.deny(JOIN)
    # What the app may do cannot be read, so the write is tried.
    unread = {"method": "GET", "path": "Authorization/permissions$", "principal": "app"}
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "The app may not."}
    world.azure.faults.add({"match": unread, "answer": answer})
    at = await world.create_account()
    world.sent()
    assert (await world.reconcile(at))["result"] == "Blocked"
    assert len([path for path in world.written("PUT") if "/privateEndpoints/" in path]) == 1


async def test_rules_that_are_only_required_are_not_recorded_as_made_for_the_target() -> None:
    world = await a_filtered_world({"mode": "require"})
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    assert [own for own in state["owned"] if "/securityRules/" in own] == []


async def test_a_dry_run_that_removes_nothing_reads_no_rule_by_itself() -> None:
    world = await a_filtered_world(ENSURE)
    at = await world.create_account()
    await world.reconcile(at)
    world.sent()
    await world.plan(at)
    assert [path for _, path in world.sent() if "/securityRules/" in path] == []
