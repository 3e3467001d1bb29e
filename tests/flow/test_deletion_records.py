"""Before anything is deleted, history has the bodies from which it can be created again."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.azure.reachability.reach import reach
from shared.adapters.tables import Row, Values
from shared.core.base.errors import TransientError
from shared.core.base.ids import ResourceId
from shared.core.base.only_if import OnlyIf
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


def a_world_that_removes(**policy: Any) -> World:
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


def deletion_records(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The deletion records of the history, newest first."""
    return [entry for entry in state["history"] if entry["result"] == "Removing"]


def reaches(world: World) -> bool:
    return reach(world.azure.world, f"{SPOKE}/subnets/clients", NAME, 443).reachable


async def put_again(world: World, entry: dict[str, Any]) -> None:
    """As an operator would: each body at its id, in the record's order."""
    for one in entry["deletions"]:
        await world.send("PUT", one["id"], one["body"])
        await world.sleep(600)


class ArmOfADyingProcess:
    """The process ends at the first delete."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._arm, name)

    async def delete(self, at: ResourceId, *, deadline: float, only_if: OnlyIf) -> None:
        raise RuntimeError("the process ended")


class TableWithoutDeletionRecords(MemoryTable):
    """Refuses deletion records, and stores everything else."""

    async def insert(self, partition: str, key: str, values: Values) -> Row:
        if '"Removing"' in str(values):
            raise TransientError("the table is unavailable", code="TableAway")
        return await super().insert(partition, key, values)


async def test_deleted_objects_can_be_created_again_from_history_and_clients_reach_the_resource() -> None:
    world = a_world_that_removes()
    at, endpoint = await connected(world)
    before = await world.send("GET", endpoint)
    state = await opt_out(world, at)
    assert state["result"] == "Removed"
    assert not reaches(world)
    [entry] = deletion_records(state)
    assert [one["id"] for one in entry["deletions"]] == [
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


async def test_the_record_is_older_than_the_outcome_and_its_bodies_have_no_read_only_properties() -> None:
    world = a_world_that_removes()
    at, _ = await connected(world)
    state = await opt_out(world, at)
    assert [entry["result"] for entry in state["history"]] == ["Removed", "Removing", "Connected"]
    reported = str(deletion_records(state))
    for word in ("provisioningState", "resourceGuid", "etag", "Auto-Approved", "recordSets"):
        assert word not in reported


async def test_the_record_exists_when_the_process_dies_at_the_first_delete() -> None:
    world = a_world_that_removes()
    at, endpoint = await connected(world)
    await world.send("PATCH", at, DISABLED)
    await world.sleep(60)
    ports = world.ports()
    dying = world.worker(replace(ports, arm=ArmOfADyingProcess(ports.arm)))
    with pytest.raises(BaseExceptionGroup):
        await dying.worker.work(WorkItem(at, "event", "test"))
    state = await world.state(at)
    assert deletion_records(state)[0]["deletions"][0]["id"] == endpoint
    assert state["result"] == "Connected"
    assert await world.endpoints() == [endpoint]
    assert (await world.reconcile(at))["result"] == "Removed"


async def test_nothing_is_deleted_while_history_cannot_be_written() -> None:
    world = a_world_that_removes()
    at, endpoint = await connected(world)
    kept, world.tables["outcomes"] = world.tables["outcomes"], TableWithoutDeletionRecords()
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


async def test_the_bodies_of_a_deleted_target_s_path_are_recorded() -> None:
    world = World()
    at, endpoint = await connected(world)
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert state["result"] == "Removed"
    [entry] = deletion_records(state)
    assert entry["reason"] == "the resource is gone"
    assert entry["deletions"][0]["id"] == endpoint


async def test_deleting_a_resource_group_removes_the_path_of_each_target_and_records_its_bodies() -> None:
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
        assert deletion_records(state)[0]["deletions"][0]["id"] == path


async def test_endpoints_deleted_with_their_own_resource_group_need_no_delete_and_no_record() -> None:
    endpoints_group = f"{SUB}/resourceGroups/rg-endpoints"
    world = World()
    await world.send("PUT", endpoints_group, {"location": "westeurope"})
    world.policy = a_policy(on_opt_out="remove", endpoints_resource_group=endpoints_group)
    world.flow = world.worker()
    at, _ = await connected(world)
    await world.send("DELETE", endpoints_group)
    await world.sleep(600)
    state = await opt_out(world, at)
    assert (state["result"], state["owned"]) == ("Removed", [])
    assert deletion_records(state) == []
    assert world.writes() == []


async def test_another_subnet_in_the_policy_records_the_old_endpoint_s_body() -> None:
    world = World()
    at, old = await connected(world)
    other = f"{HUB}/subnets/other"
    await world.send("PUT", other, {"properties": {"addressPrefix": "10.0.7.0/24"}})
    await world.sleep(61)
    world.policy = a_policy(subnets={"westeurope": [other]})
    world.flow = world.worker()
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    [entry] = deletion_records(state)
    assert entry["reason"] == "what is desired changed"
    assert [one["id"] for one in entry["deletions"]] == [old, f"{old}/privateDnsZoneGroups/causeway"]
    assert entry["deletions"][0]["body"]["properties"]["subnet"]["id"].endswith("/endpoints")


async def test_a_replaced_endpoint_is_recorded_and_its_names_resolve_again() -> None:
    world = a_world_that_removes()
    at, endpoint = await connected(world)
    [connection] = (await world.send("GET", at))["properties"]["privateEndpointConnections"]
    await world.send("DELETE", f"{at}/privateEndpointConnections/{connection['name']}")
    await world.sleep(60)
    state = await world.reconcile(at, "drift")
    [entry] = deletion_records(state)
    assert [one["id"] for one in entry["deletions"]] == [
        endpoint,
        f"{endpoint}/privateDnsZoneGroups/causeway",
    ]
    assert "Disconnected" in entry["reason"]
    assert {one["action"] for one in entry["deletions"]} == {"Replace"}
    assert state["result"] == "Connected", state["reason"]
    assert await world.send("GET", f"{endpoint}/privateDnsZoneGroups/causeway") is not None
    assert reaches(world)


async def test_a_replaced_half_of_a_peering_is_recorded() -> None:
    world = a_world_that_removes()
    at, _ = await connected(world)
    [half] = (await world.send("GET", f"{SPOKE}/virtualNetworkPeerings"))["value"]
    await world.send("DELETE", half["id"])
    await world.sleep(61)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state["reason"]
    [entry] = deletion_records(state)
    [one] = entry["deletions"]
    assert "/hub-we/virtualNetworkPeerings/" in one["id"]
    assert one["body"]["properties"]["remoteVirtualNetwork"]["id"] == SPOKE
    assert "peeringState" not in one["body"]["properties"]


async def test_a_rule_s_withdrawn_addresses_and_its_body_before_that_are_recorded() -> None:
    world = await a_filtered_world()
    at, endpoint = await connected(world)
    ip = (await world.state(at))["paths"][0]["addresses"][0]["ip"]
    before = await rules_of(world)
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert await rules_of(world) == {}
    [entry] = deletion_records(state)
    [withdrawn] = [one for one in entry["deletions"] if one["action"] == "Withdraw"]
    assert withdrawn["addresses"] == [ip]
    await world.send("PUT", withdrawn["id"], withdrawn["body"])
    await world.sleep(30)
    assert await rules_of(world) == before
    assert endpoint in {one["id"] for one in entry["deletions"]}


async def test_a_foreign_zone_group_that_is_deleted_with_a_managed_endpoint_is_recorded_too() -> None:
    world = a_world_that_removes(dns={"mode": "none"})
    at, endpoint = await connected(world)
    zone = f"{SUB}/resourceGroups/rg-dns/providers/Microsoft.Network/privateDnsZones/example.com"
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(200)
    config = {"name": "foreign", "properties": {"privateDnsZoneId": zone}}
    foreign = f"{endpoint}/privateDnsZoneGroups/foreign"
    await world.send("PUT", foreign, {"properties": {"privateDnsZoneConfigs": [config]}})
    await world.sleep(60)
    [entry] = deletion_records(await opt_out(world, at))
    kept = {one["id"]: one["body"] for one in entry["deletions"]}
    assert kept[foreign] == {"properties": {"privateDnsZoneConfigs": [config]}}


async def test_a_pass_that_deletes_nothing_records_nothing() -> None:
    world = World()
    at, _ = await connected(world)
    assert deletion_records(await world.reconcile(at, "drift")) == []


class Memory:
    """Remembers deletions, and nothing else."""

    owned: tuple[ResourceId, ...] = ()
    profile = ""

    def __init__(self) -> None:
        self.deleted: list[Deletion] = []

    async def own(self, made: ResourceId) -> None:
        """Nothing is recorded here."""

    async def remember(self, deletions: tuple[Deletion, ...]) -> None:
        self.deleted += deletions

    async def disown(self, deleted: Iterable[ResourceId]) -> None:
        """Nothing is recorded here."""


async def test_a_half_that_only_the_read_under_the_lease_shows_as_disconnected_is_recorded_too() -> None:
    world = a_world_that_removes()
    await connected(world)
    [half] = (await world.send("GET", f"{SPOKE}/virtualNetworkPeerings"))["value"]
    await world.send("DELETE", half["id"])
    await world.sleep(61)
    hub, spoke = ResourceId.parse(HUB), ResourceId.parse(SPOKE)
    want = Peering(peering_id(hub, spoke), hub, spoke)
    ports, memory = world.ports(), Memory()
    cached = CachedReads(ports.arm, ports.clock)
    reader = Reader(ports.arm, cached, ports.clock)
    applier = Applier(ports.arm, cached, reader, ports.leases, ports.clock)
    deadline = ports.clock.monotonic() + 480
    await applier.apply(Plan((Create(want),)), Pass(ResourceId.parse(HUB), memory, deadline))
    assert [(one.action, one.id) for one in memory.deleted] == [("Replace", want.id)]


async def test_an_endpoint_without_our_tag_is_kept_and_reported() -> None:
    world = a_world_that_removes()
    at, endpoint = await connected(world)
    body = await world.send("GET", endpoint)
    await world.send("PUT", endpoint, {**body, "tags": {}})
    await world.sleep(60)
    state = await opt_out(world, at)
    assert (state["result"], await world.endpoints()) == ("Removed", [endpoint])
    assert state["owned"] == []
    assert f"{endpoint} is kept: it does not bear Causeway's mark" in "\n".join(state["findings"])
