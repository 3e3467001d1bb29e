"""The names that a new link to a zone would hide from its network are reported before the link is made."""

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


async def endpoint_elsewhere(world: World, target: str, group: str = "blob", name: str = "theirs") -> None:
    """A foreign endpoint, in a network that Causeway does not use, without a zone group."""
    at = f"{NETWORKS}/privateEndpoints/{name}"
    connection = {"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": [group]}}
    properties = {
        "subnet": {"id": f"{ELSEWHERE}/subnets/endpoints"},
        "privateLinkServiceConnections": [connection],
    }
    await world.send("PUT", at, {"location": "northeurope", "properties": properties})
    await world.sleep(600)


async def theirs(world: World, name: str = "theirs", group: str = "blob", **more: Any) -> str:
    """A storage account that its owner connected without Causeway."""
    at = await world.create_account(name, tags={"private-connectivity": "disabled"}, **more)
    await endpoint_elsewhere(world, at, group, name)
    return at


async def make_zone(world: World, *, linked: bool = False) -> None:
    """A foreign blob zone, with a link of another network."""
    await world.send("PUT", BLOB, {"location": "global"})
    await world.sleep(200)
    if linked:
        properties = {"registrationEnabled": False, "virtualNetwork": {"id": SPOKE}}
        body = {"location": "global", "properties": properties}
        await world.send("PUT", f"{BLOB}/virtualNetworkLinks/theirs", body)
        await world.sleep(200)


async def record(world: World, name: str) -> None:
    body = {"properties": {"ttl": 10, "aRecords": [{"ipv4Address": "10.16.1.4"}]}}
    await world.send("PUT", f"{BLOB}/A/{name}", body)


def refuse(world: World, path: str, code: str = "AuthorizationFailed", status: int = 403) -> None:
    answer = {"status": status, "code": code, "message": "The app may not."}
    world.azure.faults.add({"match": {"method": "GET", "path": path, "principal": "app"}, "answer": answer})


def kind(world: World, name: str = "theirs.blob.core.windows.net", network: str = SPOKE) -> str:
    return reach.resolve(world.azure.world, network=network, name=name).kind


def about_links(state: dict[str, Any]) -> list[str]:
    return [text for text in state["findings"] if text.startswith("once linked")]


async def test_an_account_without_a_record_is_named_before_its_name_is_lost() -> None:
    world = World()
    at = await theirs(world)
    assert kind(world) == "public"
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (finding,) = about_links(state)
    assert f"concerned: {at};" in finding
    assert "perhaps" not in finding
    assert "spoke-a can ask the zone privatelink.blob.core.windows.net alone" in finding
    assert "dns.fallback_to_internet" in finding
    assert kind(world) == "nxdomain"


async def test_the_look_is_over_before_anything_is_written() -> None:
    world = World()
    await theirs(world)
    orders = await world.create_account()
    world.sent()
    await world.reconcile(orders)
    sent = world.sent()
    first = next(at for at, (method, _) in enumerate(sent) if method != "GET")
    looks = [i for i, (_, path) in enumerate(sent) if path.startswith(LISTS) and "operations" not in path]
    assert looks
    assert max(looks) < first


async def test_a_link_that_falls_back_to_public_dns_takes_nothing_and_costs_no_look() -> None:
    world = World(a_policy(dns={**DNS, "fallback_to_internet": True}))
    await theirs(world)
    orders = await world.create_account()
    world.sent()
    state = await world.reconcile(orders)
    assert state["result"] == "Connected"
    assert about_links(state) == []
    assert not [path for _, path in world.sent() if path.startswith(f"{LISTS}Microsoft.Storage/storageA")]
    assert kind(world) == "public"


async def test_an_account_that_the_zone_has_a_record_of_is_not_named() -> None:
    world = World()
    await theirs(world)
    await make_zone(world)
    await record(world, "theirs")
    state = await world.reconcile(await world.create_account())
    assert about_links(state) == []
    assert kind(world) == "private"


async def test_a_record_on_the_zone_s_second_page_counts() -> None:
    world = World()
    await theirs(world)
    await make_zone(world)
    for number in range(120):
        await record(world, f"a{number}")
    await record(world, "theirs")
    assert "nextLink" in await world.send("GET", f"{BLOB}/A")
    assert about_links(await world.reconcile(await world.create_account())) == []


async def test_an_account_without_private_endpoints_is_not_named_and_keeps_its_name() -> None:
    world = World()
    await world.create_account("plain", tags={"private-connectivity": "disabled"})
    assert about_links(await world.reconcile(await world.create_account())) == []
    assert kind(world, "plain.blob.core.windows.net") == "public"


async def test_an_endpoint_for_another_group_is_named_in_another_zone() -> None:
    world = World()
    await theirs(world, group="file")
    assert about_links(await world.reconcile(await world.create_account())) == []


async def test_what_causeway_connects_itself_is_not_named_though_its_record_is_still_to_come() -> None:
    world = World()
    ours = await world.create_account("ours")
    state = await world.reconcile(ours)
    await world.send("DELETE", f"{BLOB}/A/ours")
    await world.send("DELETE", next(a["id"] for a in state["actions"] if "/virtualNetworkLinks/" in a["id"]))
    await world.sleep(200)
    state = await world.reconcile(await world.create_account())
    assert "Create" in [a["action"] for a in state["actions"] if "/virtualNetworkLinks/" in a["id"]]
    assert about_links(state) == []


async def test_a_server_whose_connections_have_their_group_is_judged_by_it() -> None:
    world = World(a_policy(always=["Microsoft.Sql/servers"]))
    servers = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Sql/servers"
    login = {"administratorLogin": "a", "administratorLoginPassword": "P@ssw0rd-1"}
    for name in ("mine", "theirs"):
        await world.send("PUT", f"{servers}/{name}", {"location": "westeurope", "properties": login})
        await world.sleep(300)
    await endpoint_elsewhere(world, f"{servers}/theirs", "sqlServer")
    (finding,) = about_links(await world.reconcile(f"{servers}/mine"))
    assert f"concerned: {servers}/theirs;" in finding
    assert kind(world, "theirs.database.windows.net") == "nxdomain"


async def test_a_vault_is_known_by_its_name_though_its_zone_has_another_suffix() -> None:
    world = World(a_policy(always=["Microsoft.KeyVault/vaults"]))
    vaults = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.KeyVault/vaults"
    tenant = "11111111-1111-1111-1111-111111111111"
    properties = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
    for name in ("mine-vault", "their-vault"):
        body = {"location": "westeurope", "properties": properties}
        await world.send("PUT", f"{vaults}/{name}", body)
        await world.sleep(120)
    await endpoint_elsewhere(world, f"{vaults}/their-vault", "vault")
    (finding,) = about_links(await world.reconcile(f"{vaults}/mine-vault"))
    assert f"concerned: {vaults}/their-vault;" in finding


async def test_a_zone_that_only_the_finished_endpoint_names_is_checked_before_its_link() -> None:
    kind = "Microsoft.CognitiveServices/accounts"
    world = World(a_policy(always=[kind]))
    accounts = f"{SUB}/resourceGroups/rg-app/providers/{kind}"
    for name in ("mine", "theirs"):
        await world.send("PUT", f"{accounts}/{name}", {"location": "westeurope", "properties": {}})
        await world.sleep(120)
    await endpoint_elsewhere(world, f"{accounts}/theirs", "account")
    world.sent()
    found = about_links(await world.reconcile(f"{accounts}/mine"))
    sent = world.sent()
    assert found
    assert all(f"perhaps concerned: {accounts}/theirs;" in text for text in found)
    look = sent.index(("GET", f"{LISTS}{kind}"))
    links = [at for at, (method, path) in enumerate(sent) if method == "PUT" and "NetworkLinks/" in path]
    assert look < min(links)


async def test_a_pass_that_makes_no_link_reads_nothing_for_it() -> None:
    world = World()
    await theirs(world)
    await make_zone(world, linked=True)
    orders = await world.create_account()
    world.sent()
    state = await world.reconcile(orders)
    paths = [path for _, path in world.sent()]
    assert state["result"] == "Connected"
    assert about_links(state) == []
    assert not [path for path in paths if path.startswith(f"{LISTS}Microsoft.Storage/storageAccounts")]
    assert f"{BLOB}/A" not in paths


async def test_passes_of_one_moment_share_one_read() -> None:
    world = World()
    await theirs(world)
    await make_zone(world)
    names = [await world.create_account(name) for name in ("one", "two", "three", "four")]
    world.sent()
    states = await asyncio.gather(*(world.reconcile(at) for at in names))
    paths = [path for _, path in world.sent()]
    for look in (f"{LISTS}Microsoft.Storage/storageAccounts", f"{BLOB}/A"):
        assert paths.count(look) == 1
    assert any(about_links(state) for state in states)


async def test_the_target_is_not_named_though_it_is_connected_elsewhere_too() -> None:
    world = World()
    orders = await world.create_account()
    await endpoint_elsewhere(world, orders)
    state = await world.reconcile(orders)
    assert state["result"] == "Connected"
    assert about_links(state) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (
            f"{SUB}/providers/Microsoft.Storage/storageAccounts$",
            "not read: Microsoft.Storage/storageAcc",
        ),
        (r"privatelink\.blob\.core\.windows\.net/A$", "not read: the zone's records"),
        ("privateEndpoints/theirs$", "not read: 1 of 1 private endpoints"),
    ],
    ids=["resources", "records", "endpoint"],
)
async def test_what_may_not_be_read_is_reported_and_stops_nothing(path: str, said: str) -> None:
    world = World()
    at = await theirs(world)
    await make_zone(world)
    refuse(world, path)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected"
    (finding,) = about_links(state)
    assert said in finding
    assert f"; concerned: {at}" not in finding
    assert (f"perhaps concerned: {at}" in finding) is not path.endswith("storageAccounts$")


async def test_a_provider_that_the_subscription_does_not_use_is_no_gap_in_the_look() -> None:
    world = World()
    refuse(world, "providers/Microsoft.Kusto/clusters$", "MissingSubscriptionRegistration", 409)
    assert about_links(await world.reconcile(await world.create_account())) == []


async def test_of_too_many_endpoints_the_rest_is_counted() -> None:
    world = World()
    at = await world.create_account("busy", tags={"private-connectivity": "disabled"})
    for number in range(MOST_ENDPOINTS + 2):
        await endpoint_elsewhere(world, at, name=f"their-{number}")
    world.sent()
    (finding,) = about_links(await world.reconcile(await world.create_account()))
    read = [path for _, path in world.sent() if "/privateEndpoints/their-" in path]
    assert len(read) == MOST_ENDPOINTS
    assert f"2 of {MOST_ENDPOINTS + 2} private endpoints" in finding


async def test_a_dry_run_reports_it_and_writes_nothing() -> None:
    world = World()
    at = await theirs(world)
    orders = await world.create_account()
    world.sent()
    plan = await world.plan(orders)
    assert plan["result"] == "Plan"
    (finding,) = about_links(plan)
    assert at in finding
    assert world.writes() == []


async def test_two_networks_and_two_zones_are_one_finding_for_each_zone() -> None:
    world = World(a_policy(clients=[SPOKE, HUB]))
    at = await theirs(world)
    orders = await world.create_account(properties={"isHnsEnabled": True})
    await endpoint_elsewhere(world, at, "dfs", "theirs-dfs")
    world.sent()
    found = about_links(await world.reconcile(orders))
    lists = [path for _, path in world.sent() if path == f"{LISTS}Microsoft.Storage/storageAccounts"]
    assert (len(found), len(lists)) == (2, 1)
    assert all("once linked, spoke-a, hub-we can ask" in text for text in found)
    assert ["blob" in found[0], "dfs" in found[1]] == [True, True]
