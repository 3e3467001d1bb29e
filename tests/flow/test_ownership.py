"""Whose an object is: by its id and its resource guid, as the ledger has them. Tags and names are hints."""

import json
from typing import Any

from shared.adapters.tables import Row
from tests.builders.policies import a_policy
from tests.builders.world import SPOKE, World

DISABLED = {"tags": {"private-connectivity": "disabled"}}
GOVERNED = {"managed-by": "platform-team", "cost-centre": "42"}


async def connected(**policy: Any) -> tuple[World, str, str]:
    """A connected account: the world, its id, and its endpoint."""
    world = World(a_policy(on_opt_out="remove", **policy))
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state["reason"]
    return world, at, state["paths"][0]["endpoint"]


async def write_tags(world: World, at: str, tags: dict[str, str]) -> None:
    body = await world.send("GET", at)
    await world.send("PUT", at, {**body, "tags": tags})
    await world.sleep(60)


def row(world: World) -> Row:
    (found,) = world.tables["connections"].rows.values()
    return found


def set_columns(world: World, **columns: str) -> None:
    """What another version of the app, or a worker that died, left in the target's row."""
    known = row(world)
    kept = {name: value for name, value in known.values.items() if name not in columns}
    world.tables["connections"].rows[known.partition, known.key] = Row(
        known.partition, known.key, {**kept, **{n: v for n, v in columns.items() if v}}, known.etag
    )


async def guid_of(world: World, endpoint: str) -> str:
    return str((await world.send("GET", endpoint))["properties"]["resourceGuid"])


async def test_the_ledger_has_the_guid_of_an_endpoint() -> None:
    world, _, endpoint = await connected()
    known = json.loads(str(row(world).values["guids_0"]))
    assert known == {endpoint.lower(): [await guid_of(world, endpoint)]}


async def test_a_row_of_an_older_version_gets_the_guid_at_the_next_pass() -> None:
    world, at, endpoint = await connected()
    set_columns(world, guids_0="")
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert await guid_of(world, endpoint) in str(row(world).values["guids_0"])


async def test_tags_that_others_rewrote_are_reported_and_the_endpoint_is_still_repaired() -> None:
    world, at, endpoint = await connected()
    await write_tags(world, endpoint, GOVERNED)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    (lost,) = [finding for finding in state["findings"] if "lost Causeway's tags" in finding]
    assert endpoint in lost
    await world.send("DELETE", f"{endpoint}/privateDnsZoneGroups/causeway")
    await world.sleep(120)
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"


async def test_an_endpoint_that_lost_its_tags_outlives_the_removal_and_serves_a_later_connection() -> None:
    world, at, endpoint = await connected()
    await write_tags(world, endpoint, GOVERNED)
    await world.send("PATCH", at, DISABLED)
    state = await world.reconcile(at)
    assert await world.endpoints() == [endpoint]
    assert f"{endpoint} is kept" in "\n".join(state["findings"])
    await world.send("PATCH", at, {"tags": {}})
    state = await world.reconcile(at)
    assert (state["result"], await world.endpoints()) == ("Connected", [endpoint])
    await world.send("DELETE", endpoint)
    await world.sleep(300)
    assert (await world.reconcile(at))["result"] == "Connected"
    assert "causeway" in (await world.send("GET", endpoint))["tags"]["managed-by"]


async def replaced_by_another(world: World, endpoint: str, target: str) -> str:
    """A person deletes our endpoint and makes one of the same name and tags; its guid."""
    ours = await world.send("GET", endpoint)
    await world.send("DELETE", endpoint)
    await world.sleep(300)
    connection = {"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": ["blob"]}}
    properties = {"subnet": ours["properties"]["subnet"], "privateLinkServiceConnections": [connection]}
    body = {"location": ours["location"], "tags": ours["tags"], "properties": properties}
    await world.send("PUT", endpoint, body)
    await world.sleep(300)
    return await guid_of(world, endpoint)


async def test_an_endpoint_of_our_name_and_tags_with_another_guid_is_never_replaced() -> None:
    world, at, endpoint = await connected()
    other = await world.create_account("invoices", {"private-connectivity": "disabled"})
    guid = await replaced_by_another(world, endpoint, other)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "NotOurs")
    assert await guid_of(world, endpoint) == guid


async def test_an_endpoint_of_our_name_and_tags_with_another_guid_is_never_deleted() -> None:
    world, at, endpoint = await connected()
    other = await world.create_account("invoices", {"private-connectivity": "disabled"})
    guid = await replaced_by_another(world, endpoint, other)
    await world.send("PATCH", at, DISABLED)
    state = await world.reconcile(at)
    assert await guid_of(world, endpoint) == guid
    assert "another resource guid" in "\n".join(state["findings"])


async def test_nothing_is_written_below_an_endpoint_of_our_name_with_another_guid() -> None:
    world, at, endpoint = await connected()
    other = await world.create_account("invoices", {"private-connectivity": "disabled"})
    await replaced_by_another(world, endpoint, other)
    group = f"{endpoint}/privateDnsZoneGroups/causeway"
    await world.send("PUT", group, {"properties": {"privateDnsZoneConfigs": []}})
    await world.sleep(120)
    world.sent()
    await world.reconcile(at, "drift")
    assert world.writes() == []


async def test_an_endpoint_whose_worker_died_before_it_knew_the_guid_is_managed() -> None:
    world, at, endpoint = await connected()
    set_columns(world, guids_0=json.dumps({endpoint.lower(): [""]}))
    await world.send("PATCH", at, DISABLED)
    await world.reconcile(at)
    assert await world.endpoints() == []


async def test_an_account_that_was_made_again_elsewhere_has_its_name_at_the_end_of_the_queue() -> None:
    """The sweep reaches the new account first, and the old endpoint takes the name with it afterwards."""
    world, at, _ = await connected()
    await world.send("DELETE", at)
    await world.sleep(300)
    new = at.replace("rg-app", "rg-aaa")
    await world.send("PUT", new.partition("/providers/")[0], {"location": "westeurope"})
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    await world.send("PUT", new, body)
    await world.sleep(120)
    await world.flow.sweeper.sweep()
    await world.drain()
    assert (await world.state(new))["result"] == "Connected"
    assert (await world.state(at))["result"] == "Removed"
    assert await world.resolve(SPOKE, "orders.blob.core.windows.net")


async def test_a_moved_account_that_used_the_endpoint_of_its_old_id_is_connected_in_the_end() -> None:
    """The account has the endpoint at its new id too, which the old id's removal deletes."""
    world, at, _ = await connected()
    group = at.partition("/providers/")[0]
    moved = group.replace("rg-app", "rg-aaa")
    await world.send("PUT", moved, {"location": "westeurope"})
    body = {"resources": [at], "targetResourceGroup": moved}
    await world.send("POST", f"{group}/moveResources", body, version="2021-04-01")
    await world.sleep(1800)
    new = at.replace("rg-app", "rg-aaa")
    assert await world.send("GET", new)
    await world.flow.sweeper.sweep()
    await world.drain()
    assert (await world.state(at))["result"] == "Removed"
    assert (await world.state(new))["result"] == "Connected"
    assert await world.resolve(SPOKE, "orders.blob.core.windows.net")


async def removed_and_made_again(tags: bool = True) -> tuple[World, str, str]:
    """A write that left a worker too late: the endpoint of a removed target exists again."""
    world, at, endpoint = await connected()
    ours = await world.send("GET", endpoint)
    await world.send("PATCH", at, DISABLED)
    assert (await world.reconcile(at))["owned"] == []
    written = ("subnet", "privateLinkServiceConnections")
    properties = {name: ours["properties"][name] for name in written}
    body = {"location": ours["location"], "tags": ours["tags"] if tags else {}, "properties": properties}
    await world.send("PUT", endpoint, body)
    await world.sleep(300)
    return world, at, endpoint


async def swept(world: World) -> None:
    await world.flow.sweeper.sweep()
    await world.drain()


async def test_an_endpoint_of_ours_that_no_row_has_is_removed_after_a_sweep() -> None:
    world, at, _ = await removed_and_made_again()
    await swept(world)
    assert await world.endpoints() == []
    assert (await world.state(at))["owned"] == []


async def test_an_endpoint_that_no_row_has_serves_its_target_if_that_is_opted_in_again() -> None:
    world, at, endpoint = await removed_and_made_again()
    await world.send("PATCH", at, {"tags": {}})
    await swept(world)
    state = await world.state(at)
    assert (state["result"], await world.endpoints()) == ("Connected", [endpoint])
    assert endpoint in state["owned"]


async def test_an_endpoint_without_our_tags_is_not_taken_for_ours_by_its_name() -> None:
    world, _, endpoint = await removed_and_made_again(tags=False)
    await swept(world)
    assert await world.endpoints() == [endpoint]


async def test_an_endpoint_with_our_tags_and_another_name_is_left_alone() -> None:
    world, at, endpoint = await removed_and_made_again()
    body = await world.send("GET", endpoint)
    by_hand = f"{endpoint}-copy"
    properties = {name: body["properties"][name] for name in ("subnet", "privateLinkServiceConnections")}
    await world.send("PUT", by_hand, {**{k: body[k] for k in ("location", "tags")}, "properties": properties})
    await world.sleep(300)
    await swept(world)
    assert await world.endpoints() == [by_hand]
    assert (await world.state(at))["owned"] == []
