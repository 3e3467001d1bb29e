"""Names that a network could no longer resolve after a new link are reported before the link is created."""

import asyncio
from typing import Any

import pytest

from sandbox.azure.reachability import reach
from shared.flow.hidden_names import MOST_ENDPOINTS
from tests.builders.policies import a_policy
from tests.builders.world import HUB, NETWORKS, SPOKE, SUB, ZONES, World

BLOB = f"{ZONES}/privatelink.blob.core.windows.net"
ELSEWHERE = f"{NETWORKS}/virtualNetworks/hub-ne"
LISTS = f"{SUB}/providers/"
DNS = {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0]}


async def endpoint_elsewhere(world: World, target: str, group: str = "blob", name: str = "foreign") -> None:
    """A foreign endpoint without a zone group, in a network that the policy does not name."""
    at = f"{NETWORKS}/privateEndpoints/{name}"
    connection = {"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": [group]}}
    properties = {
        "subnet": {"id": f"{ELSEWHERE}/subnets/endpoints"},
        "privateLinkServiceConnections": [connection],
    }
    await world.send("PUT", at, {"location": "northeurope", "properties": properties})
    await world.sleep(600)


async def foreign_account(world: World, name: str = "foreign", group: str = "blob", **more: Any) -> str:
    """A foreign storage account with a private endpoint of its own."""
    at = await world.create_account(name, tags={"private-connectivity": "disabled"}, **more)
    await endpoint_elsewhere(world, at, group, name)
    return at


async def make_zone(world: World, *, linked: bool = False) -> None:
    """A foreign blob zone; `linked`: with a link to the client network."""
    await world.send("PUT", BLOB, {"location": "global"})
    await world.sleep(200)
    if linked:
        properties = {"registrationEnabled": False, "virtualNetwork": {"id": SPOKE}}
        body = {"location": "global", "properties": properties}
        await world.send("PUT", f"{BLOB}/virtualNetworkLinks/foreign", body)
        await world.sleep(200)


async def record(world: World, name: str) -> None:
    body = {"properties": {"ttl": 10, "aRecords": [{"ipv4Address": "10.16.1.4"}]}}
    await world.send("PUT", f"{BLOB}/A/{name}", body)


def refuse(world: World, path: str, code: str = "AuthorizationFailed", status: int = 403) -> None:
    answer = {"status": status, "code": code, "message": "The app may not."}
    world.azure.faults.add({"match": {"method": "GET", "path": path, "principal": "app"}, "answer": answer})


def kind(world: World, name: str = "foreign.blob.core.windows.net", network: str = SPOKE) -> str:
    return reach.resolve(world.azure.world, network=network, name=name).kind


def about_links(state: dict[str, Any]) -> list[str]:
    return [text for text in state["findings"] if text.startswith("once linked")]


async def test_an_account_without_a_record_is_reported_before_clients_cannot_resolve_it() -> None:
    world = World()
    at = await foreign_account(world)
    assert kind(world) == "public"
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (finding,) = about_links(state)
    assert f"concerned: {at};" in finding
    assert "perhaps" not in finding
    assert "spoke-a can ask the zone privatelink.blob.core.windows.net alone" in finding
    assert "dns.fallback_to_internet" in finding
    assert kind(world) == "nxdomain"


async def test_the_search_ends_before_anything_is_written() -> None:
    world = World()
    await foreign_account(world)
    orders = await world.create_account()
    world.sent()
    await world.reconcile(orders)
    sent = world.sent()
    first = next(at for at, (method, _) in enumerate(sent) if method != "GET")
    reads = [i for i, (_, path) in enumerate(sent) if path.startswith(LISTS) and "operations" not in path]
    assert reads
    assert max(reads) < first


async def test_a_link_that_falls_back_to_public_dns_hides_nothing_and_costs_no_read() -> None:
    world = World(a_policy(dns={**DNS, "fallback_to_internet": True}))
    await foreign_account(world)
    orders = await world.create_account()
    world.sent()
    state = await world.reconcile(orders)
    assert state["result"] == "Connected"
    assert about_links(state) == []
    assert not [path for _, path in world.sent() if path.startswith(f"{LISTS}Microsoft.Storage/storageA")]
    assert kind(world) == "public"


async def test_an_account_with_a_record_in_the_zone_is_not_reported() -> None:
    world = World()
    await foreign_account(world)
    await make_zone(world)
    await record(world, "foreign")
    state = await world.reconcile(await world.create_account())
    assert about_links(state) == []
    assert kind(world) == "private"


async def test_a_record_on_the_zone_s_second_page_counts() -> None:
    world = World()
    await foreign_account(world)
    await make_zone(world)
    for number in range(120):
        await record(world, f"a{number}")
    await record(world, "foreign")
    assert "nextLink" in await world.send("GET", f"{BLOB}/A")
    assert about_links(await world.reconcile(await world.create_account())) == []


async def test_an_account_without_private_endpoints_is_not_reported_and_still_resolves() -> None:
    world = World()
    await world.create_account("plain", tags={"private-connectivity": "disabled"})
    assert about_links(await world.reconcile(await world.create_account())) == []
    assert kind(world, "plain.blob.core.windows.net") == "public"


async def test_an_endpoint_for_a_group_of_another_zone_is_not_reported() -> None:
    world = World()
    await foreign_account(world, group="file")
    assert about_links(await world.reconcile(await world.create_account())) == []


async def test_a_managed_account_is_not_reported_even_while_its_record_is_missing() -> None:
    world = World()
    managed = await world.create_account("managed")
    state = await world.reconcile(managed)
    await world.send("DELETE", f"{BLOB}/A/managed")
    await world.send("DELETE", next(a["id"] for a in state["actions"] if "/virtualNetworkLinks/" in a["id"]))
    await world.sleep(200)
    state = await world.reconcile(await world.create_account())
    assert "Create" in [a["action"] for a in state["actions"] if "/virtualNetworkLinks/" in a["id"]]
    assert about_links(state) == []


async def test_a_server_is_judged_by_the_group_that_its_connections_report() -> None:
    world = World(a_policy(always=["Microsoft.Sql/servers"]))
    servers = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Sql/servers"
    login = {"administratorLogin": "a", "administratorLoginPassword": "P@ssw0rd-1"}
    for name in ("mine", "foreign"):
        await world.send("PUT", f"{servers}/{name}", {"location": "westeurope", "properties": login})
        await world.sleep(300)
    await endpoint_elsewhere(world, f"{servers}/foreign", "sqlServer")
    (finding,) = about_links(await world.reconcile(f"{servers}/mine"))
    assert f"concerned: {servers}/foreign;" in finding
    assert kind(world, "foreign.database.windows.net") == "nxdomain"


async def test_a_vault_is_found_by_its_name_although_its_zone_has_another_suffix() -> None:
    world = World(a_policy(always=["Microsoft.KeyVault/vaults"]))
    vaults = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.KeyVault/vaults"
    tenant = "11111111-1111-1111-1111-111111111111"
    properties = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    for name in ("mine-vault", "foreign-vault"):
        body = {"location": "westeurope", "properties": properties}
        await world.send("PUT", f"{vaults}/{name}", body)
        await world.sleep(120)
    await endpoint_elsewhere(world, f"{vaults}/foreign-vault", "vault")
    (finding,) = about_links(await world.reconcile(f"{vaults}/mine-vault"))
    assert f"concerned: {vaults}/foreign-vault;" in finding


async def test_a_zone_that_only_the_finished_endpoint_reports_is_searched_before_its_link() -> None:
    kind = "Microsoft.HealthcareApis/workspaces"
    world = World(a_policy(always=[kind]))
    workspaces = f"{SUB}/resourceGroups/rg-app/providers/{kind}"
    for name in ("mine", "foreign"):
        await world.send("PUT", f"{workspaces}/{name}", {"location": "westeurope", "properties": {}})
        await world.sleep(120)
    await endpoint_elsewhere(world, f"{workspaces}/foreign", "healthcareworkspace")
    world.sent()
    found = about_links(await world.reconcile(f"{workspaces}/mine"))
    sent = world.sent()
    assert found
    assert all(f"perhaps concerned: {workspaces}/foreign;" in text for text in found)
    search = sent.index(("GET", f"{LISTS}{kind}"))
    links = [at for at, (method, path) in enumerate(sent) if method == "PUT" and "NetworkLinks/" in path]
    assert search < min(links)


async def test_a_pass_that_creates_no_link_searches_for_nothing() -> None:
    world = World()
    await foreign_account(world)
    await make_zone(world, linked=True)
    orders = await world.create_account()
    world.sent()
    state = await world.reconcile(orders)
    paths = [path for _, path in world.sent()]
    assert state["result"] == "Connected"
    assert about_links(state) == []
    assert not [path for path in paths if path.startswith(f"{LISTS}Microsoft.Storage/storageAccounts")]
    assert paths.count(f"{BLOB}/A") == 1  # the proof's own


async def test_concurrent_passes_share_one_search() -> None:
    world = World()
    await foreign_account(world)
    await make_zone(world)
    names = [await world.create_account(name) for name in ("one", "two", "three", "four")]
    world.sent()
    states = await asyncio.gather(*(world.reconcile(at) for at in names))
    paths = [path for _, path in world.sent()]
    assert paths.count(f"{LISTS}Microsoft.Storage/storageAccounts") == 1
    assert paths.count(f"{BLOB}/A") <= 1 + len(names)  # the search's, and those of the proofs
    assert any(about_links(state) for state in states)


async def test_the_target_itself_is_not_reported_although_it_has_a_foreign_endpoint_elsewhere() -> None:
    world = World()
    orders = await world.create_account()
    await endpoint_elsewhere(world, orders)
    state = await world.reconcile(orders)
    assert state["result"] == "Connected"
    assert about_links(state) == []


@pytest.mark.parametrize(
    ("path", "reported"),
    [
        (
            f"{SUB}/providers/Microsoft.Storage/storageAccounts$",
            "not read: Microsoft.Storage/storageAcc",
        ),
        (r"privatelink\.blob\.core\.windows\.net/A$", "not read: the zone's records"),
        ("privateEndpoints/foreign$", "not read: 1 of 1 private endpoints"),
    ],
    ids=["resources", "records", "endpoint"],
)
async def test_what_the_app_may_not_read_is_reported_and_blocks_nothing(path: str, reported: str) -> None:
    world = World()
    at = await foreign_account(world)
    await make_zone(world)
    refuse(world, path)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (finding,) = about_links(state)
    assert reported in finding
    assert f"; concerned: {at}" not in finding
    assert (f"perhaps concerned: {at}" in finding) is not path.endswith("storageAccounts$")


async def test_a_provider_that_the_subscription_does_not_use_is_not_reported_as_unread() -> None:
    world = World()
    refuse(world, "providers/Microsoft.Kusto/clusters$", "MissingSubscriptionRegistration", 409)
    assert about_links(await world.reconcile(await world.create_account())) == []


async def test_endpoints_beyond_the_limit_are_reported_as_a_number() -> None:
    world = World()
    at = await world.create_account("busy", tags={"private-connectivity": "disabled"})
    for number in range(MOST_ENDPOINTS + 2):
        await endpoint_elsewhere(world, at, name=f"foreign-{number}")
    world.sent()
    (finding,) = about_links(await world.reconcile(await world.create_account()))
    read = [path for _, path in world.sent() if "/privateEndpoints/foreign-" in path]
    assert len(read) == MOST_ENDPOINTS
    assert f"2 of {MOST_ENDPOINTS + 2} private endpoints" in finding


async def test_a_dry_run_reports_hidden_names_and_writes_nothing() -> None:
    world = World()
    at = await foreign_account(world)
    orders = await world.create_account()
    world.sent()
    plan = await world.plan(orders)
    assert plan["result"] == "Plan"
    (finding,) = about_links(plan)
    assert at in finding
    assert world.writes() == []


async def test_two_networks_and_two_zones_give_one_finding_for_each_zone() -> None:
    world = World(a_policy(clients=[SPOKE, HUB]))
    at = await foreign_account(world)
    orders = await world.create_account(properties={"isHnsEnabled": True})
    await endpoint_elsewhere(world, at, "dfs", "foreign-dfs")
    world.sent()
    found = about_links(await world.reconcile(orders))
    lists = [path for _, path in world.sent() if path == f"{LISTS}Microsoft.Storage/storageAccounts"]
    assert (len(found), len(lists)) == (2, 1)
    assert all("once linked, spoke-a, hub-we can ask" in text for text in found)
    assert ["blob" in found[0], "dfs" in found[1]] == [True, True]
