"""Names and groups of targets that differ from the plain case, and endpoints whose target is gone."""

import pytest

from sandbox.azure.providers.private_link.link_services import slot_name
from sandbox.azure.reachability.names import resolve
from sandbox.azure.reachability.reach import reach
from tests.sandbox.cloud import GROUP, Cloud, subnet, subnet_body, vnet
from tests.sandbox.connectivity import (
    ACCOUNT,
    BLOB_ZONE,
    ENDPOINT,
    SERVER,
    account_body,
    begin,
    connection_of,
    endpoint_body,
    endpoint_id,
    link_body,
    properties,
    server_body,
    status,
    with_names,
    zone_group_body,
    zone_id,
)

NAME = "acct.blob.core.windows.net"
ZONED = {"properties": {"dnsEndpointType": "AzureDnsZone"}}
FACTORY = f"{GROUP}/providers/Microsoft.DataFactory/factories/factory"
MONITOR_ZONE = "privatelink.monitor.azure.com"


async def with_clients(cloud: Cloud) -> str:
    await cloud.make(subnet("clients"), subnet_body("10.0.5.0/24"))
    return subnet("clients")


# Groups


async def test_group_ids_are_answered_as_they_were_sent_and_the_provider_writes_its_own():
    cloud = await begin()
    await cloud.make(SERVER, server_body())
    await cloud.make(ENDPOINT, endpoint_body(SERVER, ["SQLSERVER"]))
    (entry,) = (await properties(cloud, ENDPOINT))["privateLinkServiceConnections"]
    assert entry["properties"]["groupIds"] == ["SQLSERVER"]
    assert (await properties(cloud, await connection_of(cloud, SERVER)))["groupIds"] == ["sqlServer"]
    again = await cloud.put(ENDPOINT, endpoint_body(SERVER, ["sqlServer"]))
    assert again.status == 200


async def test_the_portal_of_every_data_factory_has_one_record():
    cloud = await begin()
    zone = zone_id("privatelink.adf.azure.com")
    await cloud.make(zone, {"location": "global"})
    await cloud.make(f"{zone}/virtualNetworkLinks/net", link_body())
    for factory in (FACTORY, f"{FACTORY}-2"):
        await cloud.make(factory, {"location": "westeurope", "properties": {}})
        endpoint = ENDPOINT if factory == FACTORY else f"{ENDPOINT}-2"
        await cloud.make(endpoint, endpoint_body(factory, ["portal"]))
        (config,) = (await properties(cloud, endpoint))["customDnsConfigs"]
        assert config["fqdn"] == "portal.adf.azure.com"
        await cloud.make(f"{endpoint}/privateDnsZoneGroups/default", zone_group_body(zone))
        found = resolve(cloud.world, vnet(), "adf.azure.com")
        assert (found.kind, list(found.addresses)) == ("private", config["ipAddresses"])


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("adf.azure.com", "privatelink.adf.azure.com"),
        ("management.azure.com", "privatelink.azure.com"),
        ("api.monitor.azure.com", "privatelink.monitor.azure.com"),
        ("gbl.his.arc.azure.com", "privatelink.his.arc.azure.com"),
    ],
)
async def test_a_linked_zone_closes_names_that_public_dns_always_leads_to_it(name: str, zone: str):
    cloud = await begin()
    assert resolve(cloud.world, vnet(), name).kind == "public"
    await cloud.make(zone_id(zone), {"location": "global"})
    await cloud.make(f"{zone_id(zone)}/virtualNetworkLinks/net", link_body())
    assert resolve(cloud.world, vnet(), name).kind == "nxdomain"


async def test_a_workspace_of_prometheus_keeps_its_public_name_until_it_is_connected():
    cloud = await begin()
    zone = "privatelink.westeurope.prometheus.monitor.azure.com"
    await cloud.make(zone_id(zone), {"location": "global"})
    await cloud.make(f"{zone_id(zone)}/virtualNetworkLinks/net", link_body())
    assert resolve(cloud.world, vnet(), "w.westeurope.prometheus.monitor.azure.com").kind == "public"


# Names


async def test_an_account_in_a_dns_zone_has_names_that_the_usual_zone_does_not_hold():
    cloud = await begin()
    account = ACCOUNT.replace("acct", "zoned")
    made = await cloud.make(account, account_body(**ZONED))
    host = made["properties"]["primaryEndpoints"]["blob"].removeprefix("https://").rstrip("/")
    name, zone, rest = host.split(".", 2)
    assert (name, zone[0], len(zone), rest) == ("zoned", "z", 3, "blob.storage.azure.net")
    await cloud.make(ENDPOINT, endpoint_body(account))
    assert [one["fqdn"] for one in (await properties(cloud, ENDPOINT))["customDnsConfigs"]] == [host]
    for private, found in ((BLOB_ZONE, []), ("privatelink.blob.storage.azure.net", [f"zoned.{zone}"])):
        await cloud.make(zone_id(private), {"location": "global"})
        group = f"{ENDPOINT}/privateDnsZoneGroups/default"
        await cloud.make(group, zone_group_body(zone_id(private)))
        (config,) = (await properties(cloud, group))["privateDnsZoneConfigs"]
        assert [one["recordSetName"] for one in config["properties"]["recordSets"]] == found
        await cloud.remove(group)


async def test_the_kind_of_names_is_chosen_at_creation():
    cloud = await begin()
    await cloud.make(ACCOUNT, account_body(**ZONED))
    endpoints = (await properties(cloud, ACCOUNT))["primaryEndpoints"]
    assert endpoints["blob"] == f"https://{NAME}/"


@pytest.mark.parametrize(
    ("site", "slot", "name"),
    [("shop", "staging", "shop-staging"), ("s" * 40, "t" * 18, f"{'s' * 40}-{'t' * 18}")],
)
def test_a_slots_name_that_fits_is_not_shortened(site, slot, name):
    assert slot_name(site, slot) == name


def test_a_slots_name_that_is_too_long_is_shortened_and_stays_unique():
    first, second = slot_name("s" * 45, "t" * 30), slot_name("s" * 45, "t" * 31)
    assert first.startswith(f"{'s' * 40}-{'t' * 18}")
    assert len(first) == 63
    assert first != second


async def test_two_monitor_scopes_in_one_zone_share_each_record():
    cloud = await begin()
    await cloud.make(zone_id(MONITOR_ZONE), {"location": "global"})
    await cloud.make(f"{zone_id(MONITOR_ZONE)}/virtualNetworkLinks/hub", link_body())
    addresses = []
    for name in ("one", "two"):
        scope = f"{GROUP}/providers/Microsoft.Insights/privateLinkScopes/{name}"
        await cloud.make(scope, {"location": "global", "properties": {}})
        await cloud.make(endpoint_id(name), endpoint_body(scope, ["azuremonitor"]))
        group = zone_group_body(zone_id(MONITOR_ZONE))
        await cloud.make(f"{endpoint_id(name)}/privateDnsZoneGroups/default", group)
        addresses.append(resolve(cloud.world, vnet(), "api.monitor.azure.com").addresses)
    assert addresses[0] != addresses[1]
    await cloud.remove(endpoint_id("one"))
    assert resolve(cloud.world, vnet(), "api.monitor.azure.com").kind == "nxdomain"


# Targets that are gone


async def test_an_endpoint_is_disconnected_when_its_target_is_deleted():
    cloud = await with_names()
    await cloud.delete(ACCOUNT)
    assert await status(cloud) == "Disconnected"


async def test_an_endpoint_may_stay_approved_and_then_leads_to_no_target_of_the_same_id():
    cloud = await with_names()
    client = await with_clients(cloud)
    await cloud.post("/_sandbox/connections", {"whenTargetIsDeleted": "Approved"})
    assert reach(cloud.world, client, NAME, 443).reachable
    await cloud.delete(ACCOUNT)
    assert await status(cloud) == "Approved"
    await cloud.make(ACCOUNT, account_body())
    assert await status(cloud) == "Approved"
    assert (await cloud.get(f"{ACCOUNT}/privateEndpointConnections")).body["value"] == []
    found = reach(cloud.world, client, NAME, 443)
    assert (found.reachable, found.hop) == (False, "approval")
    assert "has no connection of pe" in found.why


async def test_an_owner_who_deletes_a_connection_disconnects_the_endpoint_all_the_same():
    cloud = await with_names()
    await cloud.post("/_sandbox/connections", {"whenTargetIsDeleted": "Approved"})
    await cloud.remove(await connection_of(cloud))
    await cloud.wait(60)
    assert await status(cloud) == "Disconnected"


async def test_another_status_for_such_endpoints_is_refused(cloud):
    refused = await cloud.post("/_sandbox/connections", {"whenTargetIsDeleted": "Rejected"})
    assert refused.status == 400
