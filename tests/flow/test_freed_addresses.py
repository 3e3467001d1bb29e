"""Addresses of deleted endpoints: they are withdrawn from rules, unless another target has them now."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.adapters.tables import Row, Values
from shared.core.base.ids import ResourceId
from tests.builders.client_networks import change, ip_of, reached
from tests.builders.memory import MemoryTable
from tests.builders.security_rules import DENY, a_filtered_world, covered, recorded_rules, rules_of
from tests.builders.world import ENDPOINTS, NETWORKS, SPOKE, STORAGE, World


async def covering(world: World, ip: str) -> int:
    return sum(covered(rule, ip) for rule in (await rules_of(world)).values())


async def connected(world: World, name: str = "orders") -> tuple[str, dict[str, Any]]:
    at = await world.create_account(name)
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    return at, state


async def delete_endpoint(world: World, state: dict[str, Any]) -> None:
    """A user deletes the endpoint of a target."""
    await world.send("DELETE", state["paths"][0]["endpoint"])
    await world.sleep(60)


async def test_removal_withdraws_the_address_of_an_endpoint_that_a_user_deleted() -> None:
    world = await a_filtered_world(DENY)
    at, state = await connected(world)
    await delete_endpoint(world, state)
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert (state["result"], state["owned"], await rules_of(world)) == ("Removed", [], {})


async def test_an_endpoint_that_is_created_again_at_another_address_withdraws_the_old_one() -> None:
    world = await a_filtered_world(DENY)
    at, state = await connected(world)
    old = ip_of(state)
    await delete_endpoint(world, state)
    await take_the_free_address(world)
    state = await world.reconcile(at)
    assert (state["result"], ip_of(state) != old) == ("Connected", True)
    assert await covering(world, ip_of(state)) == 2
    assert await covering(world, old) == 0
    world.sent()
    await world.reconcile(at, "drift")
    assert world.writes() == []


async def take_the_free_address(world: World) -> None:
    """A foreign endpoint gets the address that is free."""
    await world.create_account("foreign", tags={"private-connectivity": "disabled"})
    connection = {
        "name": "c",
        "properties": {"privateLinkServiceId": f"{STORAGE}/foreign", "groupIds": ["blob"]},
    }
    body = {
        "location": "westeurope",
        "properties": {"subnet": {"id": ENDPOINTS}, "privateLinkServiceConnections": [connection]},
    }
    await world.send("PUT", f"{NETWORKS}/privateEndpoints/foreign", body)
    await world.sleep(60)


async def test_an_address_that_another_target_has_now_is_kept_in_that_target_s_rules() -> None:
    world = await a_filtered_world(DENY)
    first, state = await connected(world, "first")
    old = ip_of(state)
    await delete_endpoint(world, state)
    _, state = await connected(world, "second")
    assert ip_of(state) == old
    await world.send("DELETE", first)
    await world.sleep(60)
    gone = await world.reconcile(first)
    assert (gone["result"], gone["owned"]) == ("Removed", [])
    assert await covering(world, old) == 2


async def test_an_address_that_another_target_has_now_is_withdrawn_from_all_other_rules() -> None:
    world = await a_filtered_world(DENY)
    first, state = await connected(world, "first")
    old = ip_of(state)
    await delete_endpoint(world, state)
    change(world, SPOKE, {**DENY, "priorities": [2000, 2009]})
    _, state = await connected(world, "second")
    assert (ip_of(state), await covering(world, old)) == (old, 2)  # its own pass withdrew it
    await world.send("DELETE", first)
    await world.sleep(60)
    assert (await world.reconcile(first))["result"] == "Removed"
    assert await covering(world, old) == 2
    assert reached(world, SPOKE, "second.blob.core.windows.net")


async def test_a_repeated_event_does_not_leave_the_address_in_the_rule_for_its_next_owner() -> None:
    world = await a_filtered_world(DENY)
    at, state = await connected(world)
    old = ip_of(state)
    await world.reconcile(at)  # it caches the group, and finds under the lock that all is written
    await world.send("DELETE", at)
    await world.sleep(60)
    assert (await world.reconcile(at))["result"] == "Removed"
    await take_the_free_address(world)
    _, state = await connected(world, "next")
    assert ip_of(state) != old
    assert await covering(world, old) == 0


async def test_a_rule_that_existed_before_the_pass_is_recorded_too() -> None:
    world = await a_filtered_world(DENY)
    at, state = await connected(world)
    claim = await world.flow.worker.ledger.claim(ResourceId.parse(at))
    assert claim is not None
    await claim.disown([one for one in claim.owned if "/securityRules/" in one.text], claim.addresses)
    await claim.abandon()
    await world.sleep(61)
    world.sent()
    state = await world.reconcile(at, "drift")
    assert (state["result"], recorded_rules(state), world.writes()) == ("Connected", 2, [])


class CountingTable(MemoryTable):
    """A table that counts how often it was read as a whole."""

    whole = 0

    def query(self, where: Values) -> AsyncIterator[Row]:
        self.whole += not where
        return super().query(where)


@pytest.mark.parametrize("missing", [False, True])
async def test_a_removal_reads_all_rows_once(missing: bool) -> None:
    """For who shared the deleted name; or, if the endpoint was lost, for who has its address now."""
    world = await a_filtered_world(DENY)
    rows = world.tables["connections"] = CountingTable()
    world.flow = world.worker()
    at, state = await connected(world)
    if missing:
        await delete_endpoint(world, state)
    await world.send("DELETE", at)
    await world.sleep(60)
    assert (await world.reconcile(at))["result"] == "Removed"
    assert rows.whole == 1
