"""What must hold after every fault: as without it, and nothing of others touched.

An end is compared as text: ids, tags and properties of every resource, and what the ledger says, without
what differs from run to run (guids, ETags, times).
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.azure.kernel.model import Resource
from shared.adapters.ledger_row import owned_of, record_of
from shared.adapters.tables import Row, Values
from shared.core.base.ids import ResourceId, target_key
from tests.builders.memory import MemoryTable
from tests.builders.reachability import violations
from tests.builders.world import HUB, World
from tests.faults.scenarios import AT, BYSTANDER, GROUP

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SUBSCRIPTION = re.compile(r"00000000-0000-0000-0000-00000000000[0-9]")
VARYING = frozenset({"etag", "creationTime", "lastModifiedTime", "createdAt", "lastModifiedAt"})
ALONE = ("privateendpoints", "privateendpointconnections", "networkinterfaces", "a", "securityrules")

type End = dict[str, str]  # what there is, by its id


def end_of(world: World) -> End:
    """Every resource and every row, as text."""
    resources = {_key(one): _text(one) for one in world.azure.world.store}
    rows = {f"row {row.key}": _row_text(row) for row in world.tables["connections"].rows.values()}
    return resources | rows


def _key(one: Resource) -> str:
    """Its id; a connection's name is a guid, so its endpoint differs from others of the target."""
    endpoint = one.properties.get("privateEndpoint", {}).get("id", "")
    return _masked(f"{one.id.text.lower()} {endpoint}".rstrip())


def differences(expected: End, found: End) -> Iterator[str]:
    """How an end differs from the one without a fault."""
    for at in sorted(expected.keys() | found.keys()):
        if expected.get(at) != found.get(at):
            yield f"{at} without the fault: {_apart(expected.get(at, ''), found.get(at, ''))}"
            yield f"{at} with the fault: {_apart(found.get(at, ''), expected.get(at, ''))}"


def own_objects(end: End) -> End:
    """What is made for one target alone. Objects that targets share outlive them."""
    return {at: text for at, text in end.items() if any(f"/{name}/" in at for name in ALONE)}


def states(world: World) -> dict[str, tuple[str, str]]:
    """Result and code of every target, by its id in lower case."""
    rows = [row.values for row in world.tables["connections"].rows.values() if row.values.get("result")]
    return {str(row["resource_id"]).lower(): (str(row["result"]), str(row["code"])) for row in rows}


def unannounced(world: World, known: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Events that are still to be published, and final states that no event has. `known`: at the start."""
    rows = world.tables["connections"].rows.values()
    yield from (
        f"not published: {row.values['resource_id']}" for row in rows if row.values.get("unpublished")
    )
    last = dict(known)
    for event in sorted((one["event"] for one in world.azure.topics.published), key=lambda one: one["time"]):
        last[event["subject"].lower()] = (event["data"]["result"], event["data"]["code"])
    for at, state in states(world).items():
        if state[0] != "Pending" and last.get(at) != state:
            yield f"{at} is {state}, and the last event says {last.get(at)}"


def unowned(world: World) -> Iterator[str]:
    """Objects of ours that no row has, and rows that have what does not exist."""
    rows = world.tables["connections"].rows.values()
    owned = {text.lower() for row in rows for text in owned_of(row.values)}
    for one in world.azure.world.store:
        tags = one.tags or {}
        ours = tags.get("managed-by") == "causeway" and "causeway-target" in tags
        if ours and one.id.text.lower() not in owned:
            yield f"no row has {one.id.text}"
    for text in owned:
        if world.azure.world.find(text) is None:
            yield f"a row has {text}, which does not exist"


def unfinished(world: World) -> Iterator[str]:
    """Claims, marks and locks that outlived the work."""
    now = world.tables["connections"].time()
    for row in world.tables["connections"].rows.values():
        if row.values.get("dirty") or float(row.values.get("lease_until", 0.0)) > now:
            yield f"{row.key} is claimed or marked"
    for row in world.tables["leases"].rows.values():
        if float(row.values["until"]) > now:
            yield f"the lock {row.values['name']} is held"


def bystanders(world: World) -> End:
    """What is not ours and must be the same as before."""
    azure = world.azure.world
    peering = f"{HUB}/virtualNetworkPeerings/by-hand"
    ids = (BYSTANDER, peering, f"{GROUP}/securityRules/by-hand", AT.replace("orders", "invoices"))
    return {at: _text(found) if (found := azure.find(at)) else "missing" for at in ids}


class History(MemoryTable):
    """The table of outcomes, which compares each one with Azure at the moment at which it is recorded."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.lies: list[str] = []
        self._world = world

    async def insert(self, partition: str, key: str, values: Values) -> Row:
        record = record_of(values)
        same = [row for row in self.rows.values() if record_of(row.values) == record]
        if same and (partition, key) not in self.rows:
            self.lies.append(f"recorded twice: {record['result']} at {record['at']}")
        self.lies += (f"{record['result']} at {record['at']}: {lie}" for lie in self._lies(record))
        return await super().insert(partition, key, values)

    def _lies(self, record: dict[str, Any]) -> Iterator[str]:
        azure = self._world.azure.world
        azure.settle()
        yield from violations(azure, self._world.policy, {**record, "working": False})
        exists: Callable[[str], bool] = lambda at: azure.find(at) is not None  # noqa: E731
        done = {one["id"]: one["action"] for one in record.get("actions", ()) if one["ended"] == "done"}
        for at, action in done.items():
            if action == "Delete" and exists(at):
                yield f"{at} exists, and was deleted by the record"
            if action in ("Create", "Update", "Replace") and not exists(at):
                yield f"{at} does not exist, and was written by the record"
        if record["result"] == "Removed":
            key = target_key(ResourceId.parse(record["resource_id"]))
            left = [one for one in azure.store if (one.tags or {}).get("causeway-target") == key]
            yield from (f"{one.id.text} exists" for one in left)


def _row_text(row: Row) -> str:
    values = row.values
    shown = {name: values.get(name) for name in ("result", "code", "profile", "addresses_0", "closed_0")}
    return json.dumps({**shown, "owned": sorted(owned_of(values))}, sort_keys=True)


def _text(one: Resource) -> str:
    shown = json.dumps(
        {"tags": one.tags, "location": one.location, "properties": _plain(one.properties)}, sort_keys=True
    )
    return _masked(shown)


def _masked(text: str) -> str:
    return GUID.sub(lambda found: found[0] if SUBSCRIPTION.match(found[0]) else "<guid>", text)


def _apart(text: str, other: str) -> str:
    """The part of a text where it begins to differ from another one."""
    same = next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), len(other))
    return f"...{text[max(0, same - 60) : same + 120]}" if text else "nothing"


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(part) for name, part in value.items() if name not in VARYING}
        case list():
            return sorted((_plain(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
        case _:
            return value
