"""Foreign address records: found before they would be overwritten, and left as they are."""

from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.world import HUB, SPOKE, SUB, ZONES, World

APP = f"{SUB}/resourceGroups/rg-app/providers"
ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
NAME = "orders.blob.core.windows.net"
PRIVATE_NAME = "orders.privatelink.blob.core.windows.net"
RECORD = f"{ZONE}/A/orders"
CREATOR = "created by private endpoint pe-gone with resource guid 6bf6e876-97b5-412f-8ed0-fa8da05d81bf"


async def make_record(
    world: World, at: str = RECORD, address: str = "10.9.9.9", creator: str = ""
) -> dict[str, Any]:
    """A record with one address, in a zone that client networks resolve. Its body."""
    zone = at.rpartition("/A/")[0]
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(200)
    link = {"registrationEnabled": False, "virtualNetwork": {"id": SPOKE}}
    await world.send("PUT", f"{zone}/virtualNetworkLinks/foreign", {"location": "global", "properties": link})
    await world.sleep(200)
    properties: dict[str, Any] = {"ttl": 300, "aRecords": [{"ipv4Address": address}]}
    if creator:
        properties["metadata"] = {"creator": creator}
    return dict(await world.send("PUT", at, {"properties": properties}))


async def resource(world: World, kind: str, properties: dict[str, Any]) -> str:
    """A resource that asks for a private path; its id."""
    at = f"{APP}/{kind}/orders"
    tags = {"private-connectivity": "enabled"}
    await world.send("PUT", at, {"location": "westeurope", "tags": tags, "properties": properties})
    await world.sleep(300)
    return at


def record_reads(world: World) -> list[str]:
    return [path for method, path in world.sent() if method == "GET" and "/A/" in path]


async def test_a_foreign_record_of_the_name_blocks_before_an_endpoint_is_created() -> None:
    world = World()
    before = await make_record(world)
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")
    assert all(part in state["reason"] for part in ("orders", ZONE, "10.9.9.9"))
    assert f"delete the record {RECORD}" in state["remedy"]
    assert await world.send("GET", RECORD) == before
    assert await world.endpoints() == []
    assert await world.resolve(SPOKE, PRIVATE_NAME) == ["10.9.9.9"]


async def test_once_the_record_is_deleted_a_rerun_connects() -> None:
    world = World()
    await make_record(world)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Blocked"
    await world.send("DELETE", RECORD)
    state = await world.reconcile(at, "manual")
    assert state["result"] == "Connected"
    assert await world.resolve(SPOKE, NAME) == [state["paths"][0]["addresses"][0]["ip"]]


async def test_a_dry_run_shows_the_record_that_blocks() -> None:
    world = World()
    await make_record(world)
    plan = await world.plan(await world.create_account())
    codes = {action.get("code") for action in plan["actions"] if action["action"] == "Block"}
    assert codes == {"RecordNotOurs"}


async def test_a_record_of_another_endpoint_is_kept_and_the_endpoint_is_named() -> None:
    world = World()
    await make_record(world, creator=CREATOR)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")
    assert "pe-gone" in state["reason"]
    assert await world.endpoints() == []


async def test_metadata_of_another_program_does_not_make_a_record_azures() -> None:
    world = World()
    await make_record(world, creator="external-dns")
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")


async def replace_zone_group(world: World, address: str) -> str:
    """A connected account whose zone group a user deleted and replaced by a record. Its id."""
    at = await world.create_account()
    state = await world.reconcile(at)
    own = state["paths"][0]["addresses"][0]["ip"]
    await world.send("DELETE", f"{state['paths'][0]['endpoint']}/privateDnsZoneGroups/causeway")
    await world.sleep(60)
    record = {"ttl": 300, "aRecords": [{"ipv4Address": address or own}]}
    await world.send("PUT", RECORD, {"properties": record})
    return at


async def test_a_foreign_record_that_already_points_to_the_endpoint_does_not_block() -> None:
    world = World()
    at = await replace_zone_group(world, "")
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"


async def test_a_foreign_record_in_place_of_a_deleted_zone_group_blocks_and_names_the_address() -> None:
    world = World()
    at = await replace_zone_group(world, "10.9.9.9")
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")
    assert "point it to 10.0.1.4" in state["remedy"]
    assert await world.resolve(SPOKE, PRIVATE_NAME) == ["10.9.9.9"]
    assert len(state["owned"]) == 2


@pytest.mark.parametrize("nsg", ["ignore", "ensure"])
async def test_an_endpoint_that_reports_a_name_that_is_taken_is_deleted_again(nsg: str) -> None:
    world = World(a_policy(always=[], nsg={"mode": nsg}))
    record = f"{ZONES}/privatelink.azurewebsites.net/A/orders.scm"
    before = await make_record(world, record)
    at = await resource(world, "Microsoft.Web/sites", {})
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")
    assert "orders.scm" in state["reason"]
    assert await world.send("GET", record) == before
    assert (await world.endpoints(), state["owned"]) == ([], [])
    assert any("deleted again" in text for text in state["findings"])
    world.sent()
    again = await world.reconcile(at, "drift")
    assert (again["result"], again["code"], again["remedy"]) == ("Blocked", "RecordNotOurs", state["remedy"])
    assert [path for _, path in world.writes() if "/privateEndpoints/" in path] == []
    await world.send("DELETE", record)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert len(await world.endpoints()) == 1


async def test_no_zone_group_is_written_before_the_names_are_known() -> None:
    world = World(a_policy(always=[], approval='request ("please")'))
    at = await resource(world, "Microsoft.Web/sites", {})
    assert (await world.reconcile(at))["code"] == "AwaitingApproval"
    assert [path for _, path in world.writes() if "ZoneGroups" in path] == []
    site = await world.send("GET", at)
    (connection,) = site["properties"]["privateEndpointConnections"]
    approved = {"privateLinkServiceConnectionState": {"status": "Approved", "description": "ok"}}
    owner = f"{at}/privateEndpointConnections/{connection['name']}"
    await world.send("PUT", owner, {"properties": approved})
    await world.sleep(60)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    own = [state["paths"][0]["addresses"][0]["ip"]]
    assert await world.resolve(SPOKE, "orders.scm.azurewebsites.net") == own


@pytest.mark.parametrize(
    ("kind", "properties", "record"),
    [
        ("Microsoft.Sql/servers", {"administratorLogin": "me"}, "privatelink.database.windows.net/A/orders"),
        (
            "Microsoft.KeyVault/vaults",
            {
                "tenantId": "11111111-1111-1111-1111-111111111111",
                "sku": {"family": "A", "name": "standard"},
            },
            "privatelink.vaultcore.azure.net/A/orders",
        ),
    ],
)
async def test_a_name_that_the_resource_reports_is_enough_to_block_early(
    kind: str, properties: dict[str, Any], record: str
) -> None:
    world = World(a_policy(always=[]))
    await make_record(world, f"{ZONES}/{record}")
    state = await world.reconcile(await resource(world, kind, properties))
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")
    assert await world.endpoints() == []


async def test_a_record_is_read_once_before_it_is_written_and_never_again() -> None:
    world = World()
    await world.reconcile(await world.create_account("first"))
    at = await world.create_account()
    world.sent()
    assert (await world.reconcile(at))["result"] == "Connected"
    assert record_reads(world) == [RECORD]
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert record_reads(world) == []


async def test_without_the_right_to_read_records_nothing_is_overwritten() -> None:
    world = World()
    before = await make_record(world)
    world.deny("Microsoft.Network/privateDnsZones/A/read")
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "privateDnsZones/A/read" in state["remedy"]
    assert await world.send("GET", RECORD) == before
    assert await world.endpoints() == []


async def test_a_zone_that_a_managed_zone_group_lacks_is_read_before_it_is_added() -> None:
    world = World()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await world.send("PUT", f"{ZONES}/privatelink.example.com", {"location": "global"})
    await world.sleep(200)
    config = {"name": "x", "properties": {"privateDnsZoneId": f"{ZONES}/privatelink.example.com"}}
    group = f"{endpoint}/privateDnsZoneGroups/causeway"
    await world.send("PUT", group, {"properties": {"privateDnsZoneConfigs": [config]}})
    await world.sleep(60)
    record = {"ttl": 300, "aRecords": [{"ipv4Address": "10.9.9.9"}]}
    await world.send("PUT", RECORD, {"properties": record})
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")
    assert await world.resolve(SPOKE, PRIVATE_NAME) == ["10.9.9.9"]


async def test_the_record_of_an_existing_foreign_endpoint_is_reported_as_that_endpoint_s() -> None:
    world = World()
    at = await world.create_account()
    await world.send("PUT", f"{HUB}/subnets/others", {"properties": {"addressPrefix": "10.0.2.0/24"}})
    await world.sleep(60)
    connection = {"name": "c", "properties": {"privateLinkServiceId": at, "groupIds": ["blob"]}}
    endpoint = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Network/privateEndpoints/by-hand"
    body = {"subnet": {"id": f"{HUB}/subnets/others"}, "privateLinkServiceConnections": [connection]}
    await world.send("PUT", endpoint, {"location": "westeurope", "properties": body})
    await world.send("PUT", ZONE, {"location": "global"})
    await world.sleep(600)
    config = {"name": "blob", "properties": {"privateDnsZoneId": ZONE}}
    group = f"{endpoint}/privateDnsZoneGroups/default"
    await world.send("PUT", group, {"properties": {"privateDnsZoneConfigs": [config]}})
    await world.sleep(60)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")


async def test_a_record_that_a_user_deleted_is_written_again_by_the_next_pass() -> None:
    world = World()
    at = await world.create_account()
    state = await world.reconcile(at)
    await world.send("DELETE", RECORD)
    await world.sleep(61)
    assert await world.resolve(SPOKE, NAME) == []
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    assert await world.resolve(SPOKE, NAME) == [state["paths"][0]["addresses"][0]["ip"]]
    world.sent()
    await world.reconcile(at, "drift")
    assert world.writes() == []


async def test_a_record_that_a_user_pointed_elsewhere_is_named_and_kept() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", RECORD)
    await make_record(world)
    await world.sleep(61)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")
    assert await world.resolve(SPOKE, NAME) == ["10.9.9.9"]


@pytest.mark.parametrize("keeps", [True, False])
async def test_an_address_that_a_user_wrote_into_the_managed_record_is_kept_and_named(keeps: bool) -> None:
    """An editor reads the record, changes its addresses, and sends it back with its metadata."""
    world = World()
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    record = await world.send("GET", RECORD)
    own = record["properties"]["aRecords"] if keeps else []
    record["properties"]["aRecords"] = [*own, {"ipv4Address": "10.9.9.9"}]
    await world.send("PUT", RECORD, record)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "RecordNotOurs")
    assert "10.9.9.9" in state["reason"]
    assert (await world.send("GET", RECORD))["properties"]["aRecords"] == record["properties"]["aRecords"]
    await world.send("DELETE", RECORD)
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"


async def test_a_recreated_account_gets_its_name_once_the_old_endpoint_is_removed() -> None:
    world = World()
    old = await world.create_account()
    await world.reconcile(old)
    await world.send("DELETE", old)
    await world.sleep(60)
    new = old.replace("rg-app", "rg-data")
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    await world.send("PUT", new, body)
    await world.sleep(120)
    state = await world.reconcile(new)
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")
    assert (await world.reconcile(old))["result"] == "Removed"
    await world.drain()
    state = await world.state(new)
    assert state["result"] == "Connected"
    assert await world.resolve(SPOKE, NAME) == [state["paths"][0]["addresses"][0]["ip"]]


async def test_a_team_s_endpoint_with_our_prefix_keeps_the_record_of_its_name() -> None:
    """Reading it is refused, so that only the record itself shows its owner."""
    world = World()
    at = await world.create_account()
    foreign = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Network/privateEndpoints/pe-orders-blob-prod"
    connection = {"name": "c", "properties": {"privateLinkServiceId": at, "groupIds": ["blob"]}}
    subnet = {"id": f"{SPOKE}/subnets/clients"}
    properties = {"subnet": subnet, "privateLinkServiceConnections": [connection]}
    await world.send("PUT", foreign, {"location": "westeurope", "properties": properties})
    await world.sleep(120)
    await world.send("PUT", ZONE, {"location": "global"})
    await world.sleep(120)
    config = {"name": "blob", "properties": {"privateDnsZoneId": ZONE}}
    group = f"{foreign}/privateDnsZoneGroups/default"
    await world.send("PUT", group, {"properties": {"privateDnsZoneConfigs": [config]}})
    await world.sleep(120)
    before = await world.send("GET", f"{ZONE}/A/orders")
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "No."}
    world.azure.faults.add({"match": {"path": "pe-orders-blob-prod", "principal": "app"}, "answer": answer})
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RecordHeldByAnother")
    assert (await world.send("GET", f"{ZONE}/A/orders"))["properties"] == before["properties"]
    assert await world.endpoints() == []  # no managed one was created


async def test_a_zone_whose_records_cannot_be_listed_is_reported_and_its_zone_group_counts() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    await world.sleep(61)
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "No."}
    world.azure.faults.add({"match": {"path": "privateDnsZones/[^/]+/A$"}, "answer": answer})
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    assert any("could not be listed" in finding for finding in state["findings"])
