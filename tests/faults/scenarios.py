"""What users do while a fault hits the app, and where each scenario begins.

All scenarios have bystanders: an endpoint, a peering and a rule of a person, and an account that is not opted
in. Where the account is connected at first, so is a neighbour that shares its zone, link, peering and rule.
"""

import asyncio
import copy
import functools
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.azure.kernel.clock import VirtualLoop
from shared.core.policy.policy import Policy
from tests.builders.memory import MemoryQueue
from tests.builders.policies import a_policy
from tests.builders.world import HUB, NETWORKS, SPOKE, STORAGE, SUB, World
from tests.faults.delivery import Queues

AT = f"{STORAGE}/orders"
NEIGHBOUR = f"{STORAGE}/neighbour"  # it is in order: its own passes would only make each case slower
OTHERS = f"{HUB}/subnets/others"
GROUP = f"{NETWORKS}/networkSecurityGroups/nsg-endpoints"
BYSTANDER = f"{NETWORKS}/privateEndpoints/by-hand"
SPOKE_B = f"{SUB[:-1]}2/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/spoke-b"
ACCOUNTS = "Microsoft.Storage/storageAccounts"
TAG = "private-connectivity"
OFF = {TAG: "disabled"}
TREE = {
    "management_groups": ["mg-corp"],
    "subscriptions": [{"id": SUB.rpartition("/")[2], "managementGroup": "mg-corp"}],
    "resources": [],
}

type Act = Callable[[World, Queues], Awaitable[None]]


def policy() -> Policy:
    """Profiles in the hub, each with endpoint subnets; rules and peerings are ensured.

    One is for the networks of the target's own subscription, whichever those are. The subscription is watched
    because it is below a management group.
    """
    other = {"subnets": {"westeurope": [OTHERS]}}
    placements = {
        "one": _place("westeurope", f"{HUB}/subnets/endpoints", "rg-dns", SPOKE),
        "two": _place(
            "northeurope", f"{NETWORKS}/virtualNetworks/hub-ne/subnets/endpoints", "rg-data", SPOKE_B
        ),
    }
    two = {
        "subnets": {},
        "clients": [SPOKE, SPOKE_B],
        "placements": placements,
        "dns": {"mode": "manage"},
    }
    beside = {"other": other, "two": two, "own": {"clients": ["own"]}}
    below = {"subscriptions": [], "management_groups": ["mg-corp"]}
    return a_policy(on_opt_out="remove", nsg={"mode": "ensure"}, beside=beside, top=below)


def _place(region: str, subnet: str, zones: str, client: str) -> dict[str, Any]:
    dns = {"zones_resource_group": f"{SUB}/resourceGroups/{zones}", "link": [client]}
    return {"subnets": {region: [subnet]}, "fallback_region": region, "dns": dns}


@dataclass(frozen=True, slots=True)
class Scenario:
    """`act` is what users do; the app gets its event or its timer. `result` is how it ends without a fault.

    `afterwards` is what users do while a process is paused, and `then` how it ends in that case.
    """

    name: str
    connected: bool
    act: Act
    result: str
    afterwards: Act
    then: str


@dataclass(frozen=True, slots=True)
class Start:
    """Azure and the app's tables at the moment (of the loop) at which a scenario begins."""

    world: World
    time: float

    def again(self) -> World:
        """A world of its own at this moment."""
        world = copy.copy(self.world)
        types = self.world.azure.registry  # what Azure does with a type changes in no case, so all share it
        world.azure = copy.deepcopy(self.world.azure, {id(types): types})
        world.tables = {name: table.copied() for name, table in self.world.tables.items()}
        world.queue = MemoryQueue()
        world.flow = world.worker()
        return world

    def play[T](self, story: Callable[[World], Awaitable[T]]) -> T:
        """Run a story in such a world, on a loop of its own."""

        async def whole() -> T:
            return await story(self.again())

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.get_loop().pass_over(self.time)  # type: ignore[attr-defined]
            return runner.run(whole())


def event(at: str, kind: str = "Write") -> str:
    """What Event Grid delivers for a change of a resource."""
    return json.dumps(
        {
            "id": f"event-{kind}",
            "topic": SUB,
            "subject": at,
            "eventType": f"Microsoft.Resources.Resource{kind}Success",
            "eventTime": "2026-01-01T00:00:00Z",
            "data": {
                "status": "Succeeded",
                "operationName": f"Microsoft.Storage/storageAccounts/{kind.lower()}",
            },
            "dataVersion": "2",
            "metadataVersion": "1",
        }
    )


@functools.cache
def start(connected: bool) -> Start:
    """Made once for a process that runs cases."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        world = runner.run(_built(connected))
        return Start(world, runner.get_loop().time())


async def _built(connected: bool) -> World:
    world = World(policy())
    world.azure.apply(TREE)
    await _bystanders(world)
    await world.create_account("orders", {} if connected else OFF)
    if connected:
        for name in ("orders", "neighbour"):
            at = AT if name == "orders" else await world.create_account(name)
            state = await world.reconcile(at)
            assert state["result"] == "Connected", state["reason"]
    await world.sleep(600)
    world.sent()
    return world


async def _bystanders(world: World) -> None:
    rule = {"priority": 300, "direction": "Inbound", "access": "Allow", "protocol": "Tcp"}
    sides = {f"{one}PortRange": "*" for one in ("source", "destination")}
    sides |= {"sourceAddressPrefix": "10.9.0.0/16", "destinationAddressPrefix": "10.0.9.9"}
    rules = [{"name": "by-hand", "properties": {**rule, **sides}}]
    await world.send("PUT", GROUP, {"location": "westeurope", "properties": {"securityRules": rules}})
    for name, prefix in (("endpoints", "10.0.1.0/24"), ("others", "10.0.2.0/24"), ("spare", "10.0.3.0/24")):
        group = {} if name == "spare" else {"networkSecurityGroup": {"id": GROUP}}
        subnet = {"addressPrefix": prefix, **group}
        await world.send("PUT", f"{HUB}/subnets/{name}", {"properties": subnet})
        await world.sleep(60)
    remote = {"remoteVirtualNetwork": {"id": SPOKE_B}, "allowVirtualNetworkAccess": True}
    await world.send("PUT", f"{HUB}/virtualNetworkPeerings/by-hand", {"properties": remote})
    other = await world.create_account("invoices", OFF)
    connection = {"name": "c", "properties": {"privateLinkServiceId": other, "groupIds": ["blob"]}}
    properties = {"subnet": {"id": f"{HUB}/subnets/spare"}, "privateLinkServiceConnections": [connection]}
    body = {"location": "westeurope", "tags": {"managed-by": "a-team"}, "properties": properties}
    await world.send("PUT", BYSTANDER, body)
    await world.sleep(600)


async def _opt_in(world: World, queues: Queues) -> None:
    await world.send("PATCH", AT, {"tags": {TAG: "default"}})
    queues.put("work", event(AT))


async def _opt_in_twice(world: World, queues: Queues) -> None:
    await world.send("PATCH", AT, {"tags": {TAG: "two"}})
    queues.put("work", event(AT))


async def _opt_in_own(world: World, queues: Queues) -> None:
    await world.send("PATCH", AT, {"tags": {TAG: "own"}})
    queues.put("work", event(AT))


async def _opt_out(world: World, queues: Queues) -> None:
    await world.send("PATCH", AT, {"tags": OFF})
    queues.put("work", event(AT))


async def _delete(world: World, queues: Queues) -> None:
    await world.send("DELETE", AT)
    await world.sleep(60)
    queues.put("work", event(AT, "Delete"))


async def _repair(world: World, queues: Queues) -> None:
    endpoint = next(at for at in await world.endpoints() if "pe-orders" in at)
    await world.send("DELETE", endpoint)
    await world.sleep(300)
    queues.put("tick", "")


async def _other_profile(world: World, queues: Queues) -> None:
    await world.send("PATCH", AT, {"tags": {TAG: "other"}})
    queues.put("work", event(AT))


CONNECTED, REMOVED = "Connected", "Removed"
SCENARIOS = {
    one.name: one
    for one in (
        Scenario("connect", False, _opt_in, CONNECTED, _opt_out, REMOVED),
        Scenario("placements", False, _opt_in_twice, CONNECTED, _opt_out, REMOVED),
        Scenario("connect-own", False, _opt_in_own, CONNECTED, _opt_out, REMOVED),
        Scenario("repair", True, _repair, CONNECTED, _opt_out, REMOVED),
        Scenario("opt-out", True, _opt_out, REMOVED, _opt_in, CONNECTED),
        Scenario("delete", True, _delete, REMOVED, _delete, REMOVED),
        Scenario("profile-change", True, _other_profile, CONNECTED, _opt_out, REMOVED),
    )
}
