"""Answers of Azure of any shape, for every kind of body that a pass reads: the pass ends in an outcome."""

import functools
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.events.work_item import WorkItem
from shared.core.outcome.outcome import Result
from tests.builders.world import World
from tests.faults.scenarios import AT, start
from tests.fuzz.values import JSON, changes, damaged

# What a pass over a connected account reads, as the end of the path.
READ = {
    "target": "storageAccounts/orders",
    "network": "virtualNetworks/hub-we",
    "client network": "virtualNetworks/spoke-a",
    "endpoint": "privateEndpoints/pe-orders-[^/]+",
    "interface": "networkInterfaces/pe-orders-[^/]+",
    "zone": "privateDnsZones/privatelink.blob.core.windows.net",
    "zone groups": "privateDnsZoneGroups",
    "links": "virtualNetworkLinks",
    "records": "privatelink.blob.core.windows.net/A",
    "security group": "networkSecurityGroups/nsg-endpoints",
    "resource groups": "resourcegroups",
}


@functools.cache
def bodies() -> dict[str, Any]:
    """The body that each of these reads is answered with."""

    async def story(world: World) -> dict[str, Any]:
        found = {}
        for entry in await passed(world):
            for name, path in READ.items():
                if entry.method == "GET" and matches(path, entry.path):
                    found[name] = await world.send("GET", entry.path, version=API.get(name, "2024-05-01"))
        return found

    return start(connected=True).play(story)


API = {"zone": "2024-06-01", "links": "2024-06-01", "records": "2024-06-01", "resource groups": "2021-04-01"}


def matches(path: str, sent: str) -> bool:
    return re.search(f"{path}$", sent, re.IGNORECASE) is not None


async def passed(world: World) -> list[Any]:
    """The app's requests in one pass."""
    world.azure.requests.entries.clear()
    await world.flow.worker.work(WorkItem(AT, "manual", "m"))
    return [entry for entry in world.azure.requests.entries if entry.principal == "app"]


def test_every_kind_of_body_is_read_by_the_pass() -> None:
    assert set(bodies()) == set(READ)
    assert all(json.dumps(body) != "{}" for body in bodies().values())


@pytest.mark.parametrize(
    "value", [None, 5, "x", {}, [None], [5], ["x"], [[]], [{}], [{"id": 5}], [{"id": "x"}]]
)
@pytest.mark.parametrize("name", ["zone groups", "links", "records", "resource groups"])
def test_a_list_of_any_shape_ends_in_an_outcome(name: str, value: Any) -> None:
    passes_with(name, {"value": value})


@pytest.mark.parametrize("name", READ)
@given(data=st.data())
@settings(max_examples=6)
def test_a_pass_that_reads_a_damaged_body_ends_in_an_outcome(name: str, data: st.DataObject) -> None:
    body = bodies()[name]
    drawn = st.one_of(changes(body).map(lambda made: damaged(body, made)), JSON)
    passes_with(name, data.draw(drawn))


def passes_with(name: str, body: Any) -> None:
    """A pass in which these reads are answered with this body ends in an outcome."""

    async def story(world: World) -> None:
        match = {"method": "GET", "path": f"{READ[name]}$", "principal": "app"}
        world.azure.faults.add({"match": match, "answer": {"status": 200, "body": body}})
        await world.flow.worker.work(WorkItem(AT, "manual", "m"))
        state = await world.state(AT)
        assert state["correlation"] == "m"
        assert state["result"] in [*Result]

    start(connected=True).play(story)
