"""Groups whose names do not depend on the target: in one DNS they lead to one endpoint only."""

from typing import Any

import pytest

from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from tests.builders.policies import a_policy
from tests.builders.world import SPOKE, SUB, ZONES, World

APP = f"{SUB}/resourceGroups/rg-app/providers"
SCOPE = "Microsoft.Insights/privateLinkScopes"
QUERY = "api.monitor.azure.com"
MANAGEMENT = "Microsoft.Authorization/resourceManagementPrivateLinks"
FACTORY = "Microsoft.DataFactory/factories"
SHARING = [
    (SCOPE, "azuremonitor", QUERY),
    ("Microsoft.HybridCompute/privateLinkScopes", "hybridcompute", "gbl.his.arc.azure.com"),
    ("Microsoft.DesktopVirtualization/workspaces", "global", "rdweb.wvd.microsoft.com"),
    ("Microsoft.Purview/accounts", "portal", "web.purviewstudio.azure.com"),
    (MANAGEMENT, "ResourceManagement", "management.azure.com"),
    (FACTORY, "portal", "adf.azure.com"),
    (
        "Microsoft.Databricks/workspaces",
        "browser_authentication",
        "westeurope.pl-auth.azuredatabricks.net",
    ),
    ("Microsoft.Synapse/privateLinkHubs", "Web", "web.azuresynapse.net"),
]


def a_world() -> World:
    allowed = [SCOPE, "Microsoft.HybridCompute/privateLinkScopes", MANAGEMENT, FACTORY]
    dns = {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0], "shared_names": allowed}
    return World(a_policy(always=[], fallback_region="westeurope", peering="ensure", dns=dns))


async def ask(world: World, kind: str, group: str, name: str) -> tuple[str, dict[str, Any]]:
    """A resource that asks for this group; its id and its state."""
    at = f"{APP}/{kind}/{name}"
    tags = {"private-connectivity": "enabled", "private-connectivity-groups": group}
    location = "global" if kind == SCOPE else "westeurope"
    await world.send("PUT", at, {"location": location, "tags": tags, "properties": {}})
    await world.sleep(100)
    world.sent()
    return at, await world.reconcile(at)


@pytest.mark.parametrize(("kind", "group", "name"), SHARING, ids=[kind for kind, *_ in SHARING])
async def test_the_second_in_one_dns_is_blocked_before_an_endpoint_is_made(
    kind: str, group: str, name: str
) -> None:
    world = a_world()
    _, first = await ask(world, kind, group, "first")
    assert first["result"] == "Connected", first["reason"]
    before = await world.resolve(SPOKE, name)
    _, second = await ask(world, kind, group, "second")
    assert (second["result"], second["code"]) == ("Blocked", "RecordHeldByAnother")
    assert "one name can lead to one of them only" in second["reason"]
    assert world.writes() == []
    assert len(await world.endpoints()) == 1
    assert await world.resolve(SPOKE, name) == before


async def test_the_second_connects_once_the_first_is_opted_out() -> None:
    world = a_world()
    at, _ = await ask(world, SCOPE, "azuremonitor", "first")
    second, state = await ask(world, SCOPE, "azuremonitor", "second")
    assert state["result"] == "Blocked"
    await world.send("DELETE", at)
    await world.sleep(100)
    assert (await world.reconcile(at))["result"] == "Removed"
    state = await world.reconcile(second, "manual")
    assert state["result"] == "Connected", state["reason"]
    addresses = {one["ip"] for path in state["paths"] for one in path["addresses"]}
    assert set(await world.resolve(SPOKE, QUERY)) <= addresses


async def test_a_taken_name_that_is_not_listed_blocks_before_the_zone_group_is_written() -> None:
    """The names that are listed as shared are some of a scope's; the rest are known with the endpoint."""
    world = a_world()
    zone = f"{ZONES}/privatelink.monitor.azure.com"
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(200)
    record = {"ttl": 300, "aRecords": [{"ipv4Address": "10.9.9.9"}]}
    before = await world.send("PUT", f"{zone}/A/live", {"properties": record})
    _, state = await ask(world, SCOPE, "azuremonitor", "first")
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")
    assert await world.send("GET", f"{zone}/A/live") == before


async def test_the_names_of_other_groups_of_the_same_type_are_not_shared() -> None:
    world = a_world()
    kind = "Microsoft.Purview/accounts"
    for name in ("first", "second"):
        _, state = await ask(world, kind, "account", name)
        assert state["result"] == "Connected", state["reason"]


def test_a_shared_name_that_needs_a_region_is_left_out_where_the_target_has_none() -> None:
    catalogue = load()
    target = Target.parse({"id": f"{APP}/Microsoft.Databricks/workspaces/one"})
    (group,) = catalogue.resolve(target, ["browser_authentication"])
    assert catalogue.shared_names(group, target, "AzureCloud") == ()


def test_every_shared_name_is_tried_here() -> None:
    catalogue = load()
    rows = [row for kind in catalogue.types for row in catalogue.groups(kind) if row.shared]
    assert {(row.type, row.group_id) for row in rows} == {(kind, group) for kind, group, _ in SHARING}
