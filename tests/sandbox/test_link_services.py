"""Every type and group of the table connects, with names that its zones take."""

import pytest

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Resource
from sandbox.azure.providers.private_link import link_services
from tests.sandbox.cloud import GROUP
from tests.sandbox.connectivity import (
    TENANT,
    ZONE_GROUP,
    account_body,
    begin,
    endpoint_body,
    endpoint_id,
    properties,
    zone_group_body,
    zone_id,
)

COSMOS = {"location": "westeurope", "properties": {"locations": [{"locationName": "West Europe"}]}}
BODIES = {
    "Microsoft.Storage/storageAccounts": account_body(sku="Standard_RAGRS"),
    "Microsoft.Sql/servers": {"location": "westeurope", "properties": {"administratorLogin": "me"}},
    "Microsoft.KeyVault/vaults": {
        "location": "westeurope",
        "properties": {"tenantId": TENANT, "sku": {"name": "standard"}},
    },
    "Microsoft.ContainerService/managedClusters": {
        "location": "westeurope",
        "properties": {"apiServerAccessProfile": {"enablePrivateCluster": True}},
    },
    "Microsoft.CognitiveServices/accounts": {
        "location": "westeurope",
        "properties": {"customSubDomainName": "thing"},
    },
    "Microsoft.App/managedEnvironments": {
        "location": "westeurope",
        "properties": {"publicNetworkAccess": "Disabled"},
    },
}
BODIES |= {
    kind: {"location": "westeurope", "sku": {"name": sku}}
    for kind, sku in {
        "Microsoft.ContainerRegistry/registries": "Premium",
        "Microsoft.ServiceBus/namespaces": "Premium",
        "Microsoft.DBforMariaDB/servers": "GP_Gen5_2",
        "Microsoft.DBforMySQL/servers": "GP_Gen5_2",
        "Microsoft.DBforPostgreSQL/servers": "GP_Gen5_2",
    }.items()
}
CAPABILITIES = {"Cassandra": "EnableCassandra", "Gremlin": "EnableGremlin", "Table": "EnableTable"}


def body_for(type_name: str, group: str) -> dict:
    if type_name != "Microsoft.DocumentDB/databaseAccounts":
        return BODIES.get(type_name, {"location": "westeurope"})
    inner = dict(COSMOS["properties"])
    if group in CAPABILITIES:
        inner["capabilities"] = [{"name": CAPABILITIES[group]}]
    if group == "Analytical":
        inner["enableAnalyticalStorage"] = True
    return COSMOS | {"properties": inner, "kind": "MongoDB" if group == "MongoDB" else "GlobalDocumentDB"}


def target(type_name: str, location: str = "westeurope", **body) -> Resource:
    id = ArmId.parse(f"{GROUP}/providers/{type_name}/thing")
    return Resource(id, {"location": location, "properties": {}} | body)


def test_the_table_holds_the_whole_public_catalogue():
    assert len(link_services.pairs()) >= 100
    assert len(link_services.types()) >= 70


@pytest.mark.parametrize(("type_name", "group"), link_services.pairs())
async def test_every_group_connects_and_its_names_reach_its_zones(type_name, group):
    cloud = await begin()
    thing = f"{GROUP}/providers/{type_name}/thing"
    await cloud.make(thing, body_for(type_name, group))
    shown = await cloud.make(endpoint_id("pe"), endpoint_body(thing, [group]))
    assert shown["properties"]["provisioningState"] == "Succeeded"
    offered = link_services.group(cloud.world.find(thing), group)
    names = shown["properties"]["customDnsConfigs"]
    assert len(names) == sum(len(member.names) for member in offered.members)
    addresses = {one["properties"]["privateIPAddress"] for one in await _configs(cloud, shown)}
    assert len(addresses) == len(offered.members)
    if not offered.zones:
        return
    zones = [zone_id(one) for one in offered.zones]
    for one in zones:
        await cloud.make(one, {"location": "global"})
    made = await cloud.make(ZONE_GROUP, zone_group_body(*zones))
    for config in made["properties"]["privateDnsZoneConfigs"]:
        assert config["properties"]["recordSets"] != []


async def _configs(cloud, shown: dict) -> list[dict]:
    nic = await properties(cloud, shown["properties"]["networkInterfaces"][0]["id"])
    return nic["ipConfigurations"]


def test_the_region_decides_the_cloud_of_names_and_zones():
    suffixes = {}
    for location in ("westeurope", "usgovvirginia", "chinaeast2"):
        [member] = link_services.group(target("Microsoft.Storage/storageAccounts", location), "blob").members
        suffixes[location] = (member.names[0].fqdn, member.names[0].zone)
    assert suffixes == {
        "westeurope": ("thing.blob.core.windows.net", "privatelink.blob.core.windows.net"),
        "usgovvirginia": ("thing.blob.core.usgovcloudapi.net", "privatelink.blob.core.usgovcloudapi.net"),
        "chinaeast2": ("thing.blob.core.chinacloudapi.cn", "privatelink.blob.core.chinacloudapi.cn"),
    }


def test_a_vaults_public_name_and_its_zone_differ():
    [member] = link_services.group(target("Microsoft.KeyVault/vaults"), "vault").members
    [name] = member.names
    assert (name.fqdn, name.private_fqdn) == (
        "thing.vault.azure.net",
        "thing.privatelink.vaultcore.azure.net",
    )


@pytest.mark.parametrize(
    ("sku", "zone"),
    [
        ("Enterprise_E10", "privatelink.redisenterprise.cache.azure.net"),
        ("Balanced_B5", "privatelink.redis.azure.net"),
    ],
)
def test_the_sku_of_a_redis_decides_between_two_rows_of_one_group(sku, zone):
    found = link_services.groups(target("Microsoft.Cache/redisEnterprise", sku={"name": sku}))
    assert [group.zones for group in found] == [[zone]]


def test_a_monitor_scope_has_five_zones_and_more_addresses_than_a_small_subnet():
    [group] = link_services.groups(target("Microsoft.Insights/privateLinkScopes"))
    assert len(group.zones) == 5
    assert len(group.members) > 3


def test_made_up_names_stay_the_same_for_one_resource():
    first = link_services.groups(target("Microsoft.Databricks/workspaces"))
    assert first == link_services.groups(target("Microsoft.Databricks/workspaces"))
