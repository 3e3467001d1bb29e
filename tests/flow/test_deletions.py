"""Before anything is deleted, history holds enough to make it again."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.azure.reachability.reach import reach
from shared.adapters.tables import Row, Values
from shared.core.base.errors import TransientError
from shared.core.base.ids import ResourceId
from shared.core.events.work_item import WorkItem
from shared.core.kinds.peering import Peering, peering_id
from shared.core.plan.actions import Create
from shared.core.plan.deletion_record import Deletion
from shared.core.plan.plan import Plan
from shared.flow.apply import Applier
from shared.flow.cached_reads import CachedReads
from shared.flow.reader import Reader
from shared.flow.reconcile_pass import Pass
from shared.ports import Arm
from tests.builders.memory import MemoryTable
from tests.builders.policies import a_policy
from tests.builders.security_rules import a_filtered_world, rules_of
from tests.builders.world import HUB, SPOKE, SUB, World

NAME = "orders.blob.core.windows.net"
DISABLED = {"tags": {"private-connectivity": "disabled"}}


def world_that_removes(**policy: Any) -> World:
    return World(a_policy(on_opt_out="remove", peering="ensure", **policy))


async def connected(world: World) -> tuple[str, str]:
    """A connected account and its endpoint."""
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state["reason"]
    return at, state["paths"][0]["endpoint"]


async def opt_out(world: World, at: str) -> dict[str, Any]:
    await world.send("PATCH", at, DISABLED)
    await world.sleep(60)
    world.sent()
    return await world.reconcile(at)


def entries(state: dict[str, Any]) -> list[dict[str, Any]]:
    """What history says was about to go, newest first."""
    return [entry for entry in state["history"] if entry["result"] == "Removing"]


def reaches(world: World) -> bool:
    return reach(world.azure.world, f"{SPOKE}/subnets/clients", NAME, 443).reachable


async def put_again(world: World, entry: dict[str, Any]) -> None:
    """As a person would: each body at its id, in the entry's order."""
    for one in entry["going"]:
        await world.send("PUT", one["id"], one["body"])
        await world.sleep(600)


class DyingArm:
    """The process ends at the first delete."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._arm, name)

    async def delete(self, at: ResourceId, *, deadline: float) -> None:
        raise RuntimeError("the process is gone")


class RefusingTable(MemoryTable):
    """Refuses deletion records, and takes everything else."""

    async def insert(self, partition: str, key: str, values: Values) -> Row:
        if '"Removing"' in str(values):
            raise TransientError("the table is away", code="TableAway")
        return await super().insert(partition, key, values)


async def test_what_was_deleted_is_put_again_from_its_history_and_clients_reach_it() -> None:
    world = world_that_removes()
    at, endpoint = await connected(world)
    before = await world.send("GET", endpoint)
    state = await opt_out(world, at)
    assert state["result"] == "Removed"
    assert not reaches(world)
    [entry] = entries(state)
    assert [one["id"] for one in entry["going"]] == [
        endpoint,
        f"{endpoint}/privateDnsZoneGroups/causeway",
    ]
    assert "disabled" in entry["reason"]
    assert entry["remedy"]
    await put_again(world, entry)
    after = await world.send("GET", endpoint)
    assert after["tags"] == before["tags"]
    assert after["properties"]["subnet"] == before["properties"]["subnet"]
    assert await world.send("GET", f"{endpoint}/privateDnsZoneGroups/causeway") is not None
    assert reaches(world)


async def test_the_entry_is_older_than_the_outcome_and_the_body_has_nothing_that_only_azure_says() -> None:
    world = world_that_removes()
    at, _ = await connected(world)
    state = await opt_out(world, at)
    assert [entry["result"] for entry in state["history"]] == ["Removed", "Removing", "Connected"]
    recorded = str(entries(state))
    for word in ("provisioningState", "resourceGuid", "etag", "Auto-Approved", "recordSets"):
        assert word not in recorded


async def test_a_process_that_dies_at_the_first_delete_leaves_the_entry() -> None:
    world = world_that_removes()
    at, endpoint = await connected(world)
    await world.send("PATCH", at, DISABLED)
    await world.sleep(60)
    ports = world.ports()
    dying = world.worker(replace(ports, arm=DyingArm(ports.arm)))
    with pytest.raises(BaseExceptionGroup):
        await dying.worker.work(WorkItem(at, "event", "test"))
    state = await world.state(at)
    assert entries(state)[0]["going"][0]["id"] == endpoint
    assert state["result"] == "Connected"
    assert await world.endpoints() == [endpoint]
    assert (await world.reconcile(at))["result"] == "Removed"


async def test_nothing_is_deleted_while_history_cannot_be_written() -> None:
    world = world_that_removes()
    at, endpoint = await connected(world)
    kept, world.tables["outcomes"] = world.tables["outcomes"], RefusingTable()
    world.tables["outcomes"].rows = kept.rows
    world.flow = world.worker()
    await world.send("PATCH", at, DISABLED)
    await world.sleep(60)
    world.sent()
    await world.flow.worker.work(WorkItem(at, "event", "test"))
    state = await world.state(at)
    assert (state["result"], state["code"]) == ("Pending", "TableAway")
    assert world.writes() == []
    assert await world.endpoints() == [endpoint]
    world.tables["outcomes"] = kept
    world.flow = world.worker()
    await world.drain()
    assert (await world.state(at))["result"] == "Removed"


async def test_a_target_that_is_gone_leaves_the_bodies_of_its_path() -> None:
    world = World()
    at, endpoint = await connected(world)
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert state["result"] == "Removed"
    [entry] = entries(state)
    assert entry["reason"] == "the resource is gone"
    assert entry["going"][0]["id"] == endpoint


async def test_a_resource_group_deleted_as_a_whole_removes_each_target_s_path_and_keeps_its_bodies() -> None:
    world = World()
    accounts = [await world.create_account(name) for name in ("one", "two")]
    paths = [(await world.reconcile(at))["paths"][0]["endpoint"] for at in accounts]
    group = f"{SUB}/resourceGroups/rg-app"
    await world.send("DELETE", group)
    await world.sleep(600)
    await world.flow.worker.work(WorkItem(group, "event", "test"))
    await world.drain()
    assert await world.endpoints() == []
    for at, path in zip(accounts, paths, strict=True):
        state = await world.state(at)
        assert (state["result"], state["owned"]) == ("Removed", [])
        assert entries(state)[0]["going"][0]["id"] == path


async def test_endpoints_that_went_with_their_own_resource_group_are_nothing_to_delete() -> None:
    home = f"{SUB}/resourceGroups/rg-endpoints"
    world = World()
    await world.send("PUT", home, {"location": "westeurope"})
    world.policy = a_policy(on_opt_out="remove", endpoints_resource_group=home)
    world.flow = world.worker()
    at, _ = await connected(world)
    await world.send("DELETE", home)
    await world.sleep(600)
    state = await opt_out(world, at)
    assert (state["result"], state["owned"]) == ("Removed", [])
    assert entries(state) == []
    assert world.writes() == []


async def test_a_subnet_moved_in_the_policy_leaves_the_old_endpoint_s_body() -> None:
    world = World()
    at, old = await connected(world)
    other = f"{HUB}/subnets/other"
    await world.send("PUT", other, {"properties": {"addressPrefix": "10.0.7.0/24"}})
    await world.sleep(61)
    world.policy = a_policy(subnets={"westeurope": [other]})
    world.flow = world.worker()
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    [entry] = entries(state)
    assert entry["reason"] == "what is desired changed"
    assert [one["id"] for one in entry["going"]] == [old, f"{old}/privateDnsZoneGroups/causeway"]
    assert entry["going"][0]["body"]["properties"]["subnet"]["id"].endswith("/endpoints")


async def test_an_endpoint_that_is_replaced_leaves_its_body_and_its_names_come_back() -> None:
    world = world_that_removes()
    at, endpoint = await connected(world)
    [connection] = (await world.send("GET", at))["properties"]["privateEndpointConnections"]
    await world.send("DELETE", f"{at}/privateEndpointConnections/{connection['name']}")
    await world.sleep(60)
    state = await world.reconcile(at, "drift")
    [entry] = entries(state)
    assert [one["id"] for one in entry["going"]] == [
        endpoint,
        f"{endpoint}/privateDnsZoneGroups/causeway",
    ]
    assert "Disconnected" in entry["reason"]
    assert {one["action"] for one in entry["going"]} == {"Replace"}
    assert state["result"] == "Connected", state["reason"]
    assert await world.send("GET", f"{endpoint}/privateDnsZoneGroups/causeway") is not None
    assert reaches(world)


async def test_a_half_of_a_peering_that_is_made_again_leaves_its_body() -> None:
    world = world_that_removes()
    at, _ = await connected(world)
    [half] = (await world.send("GET", f"{SPOKE}/virtualNetworkPeerings"))["value"]
    await world.send("DELETE", half["id"])
    await world.sleep(61)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state["reason"]
    [entry] = entries(state)
    [one] = entry["going"]
    assert "/hub-we/virtualNetworkPeerings/" in one["id"]
    assert one["body"]["properties"]["remoteVirtualNetwork"]["id"] == SPOKE
    assert "peeringState" not in one["body"]["properties"]


async def test_a_rule_s_withdrawn_addresses_and_its_body_as_it_was_are_kept() -> None:
    world = await a_filtered_world()
    at, endpoint = await connected(world)
    ip = (await world.state(at))["paths"][0]["addresses"][0]["ip"]
    before = await rules_of(world)
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert await rules_of(world) == {}
    [entry] = entries(state)
    [withdrawn] = [one for one in entry["going"] if one["action"] == "Withdraw"]
    assert withdrawn["addresses"] == [ip]
    await world.send("PUT", withdrawn["id"], withdrawn["body"])
    await world.sleep(30)
    assert await rules_of(world) == before
    assert endpoint in {one["id"] for one in entry["going"]}


async def test_someone_else_s_zone_group_that_goes_with_our_endpoint_is_kept_too() -> None:
    world = world_that_removes(dns={"mode": "none"})
    at, endpoint = await connected(world)
    zone = f"{SUB}/resourceGroups/rg-dns/providers/Microsoft.Network/privateDnsZones/example.com"
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(200)
    config = {"name": "theirs", "properties": {"privateDnsZoneId": zone}}
    theirs = f"{endpoint}/privateDnsZoneGroups/theirs"
    await world.send("PUT", theirs, {"properties": {"privateDnsZoneConfigs": [config]}})
    await world.sleep(60)
    [entry] = entries(await opt_out(world, at))
    kept = {one["id"]: one["body"] for one in entry["going"]}
    assert kept[theirs] == {"properties": {"privateDnsZoneConfigs": [config]}}


async def test_a_pass_that_deletes_nothing_adds_no_entry() -> None:
    world = World()
    at, _ = await connected(world)
    assert entries(await world.reconcile(at, "drift")) == []


class Notes:
    """A memory that only records what it is given."""

    owned: tuple[ResourceId, ...] = ()
    profile = ""

    def __init__(self) -> None:
        self.gone: list[Deletion] = []

    async def own(self, made: ResourceId) -> None:
        """Nothing is noted here."""

    async def remember(self, deletions: tuple[Deletion, ...]) -> None:
        self.gone += deletions

    async def disown(self, gone: Iterable[ResourceId]) -> None:
        """Nothing is noted here."""


async def test_what_turns_out_to_need_a_remake_only_under_the_lease_is_remembered_too() -> None:
    world = world_that_removes()
    await connected(world)
    [half] = (await world.send("GET", f"{SPOKE}/virtualNetworkPeerings"))["value"]
    await world.send("DELETE", half["id"])
    await world.sleep(61)
    hub, spoke = ResourceId.parse(HUB), ResourceId.parse(SPOKE)
    want = Peering(peering_id(hub, spoke), hub, spoke)
    ports, notes = world.ports(), Notes()
    cached = CachedReads(ports.arm, ports.clock)
    reader = Reader(ports.arm, cached, ports.clock)
    applier = Applier(ports.arm, cached, reader, ports.leases, ports.clock)
    deadline = ports.clock.monotonic() + 480
    await applier.apply(Plan((Create(want),)), Pass(ResourceId.parse(HUB), notes, deadline))
    assert [(one.action, one.id) for one in notes.gone] == [("Replace", want.id)]


async def test_what_bears_our_mark_no_more_stays_and_the_outcome_says_so() -> None:
    world = world_that_removes()
    at, endpoint = await connected(world)
    body = await world.send("GET", endpoint)
    await world.send("PUT", endpoint, {**body, "tags": {}})
    await world.sleep(60)
    state = await opt_out(world, at)
    assert (state["result"], await world.endpoints()) == ("Removed", [endpoint])
    assert state["owned"] == []
    assert f"{endpoint} is kept: it does not bear Causeway's mark" in "\n".join(state["findings"])
