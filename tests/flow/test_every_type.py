"""Every row of the catalogue, from a user's tag to a client that reaches it, against the simulated Azure.

The app's catalogue and the simulator's table are written independently of each other; here they must agree.
"""

from typing import Any

import pytest

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Resource
from sandbox.azure.providers.private_link import link_services
from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Cloud, Group, load
from shared.core.catalogue.service_rules import public_names
from shared.core.kinds.nic import addresses_in
from shared.core.kinds.record import records_under
from shared.core.policy.policy import Policy
from tests.builders.policies import a_policy
from tests.builders.reachability import GATEWAY_TYPE, NAMELESS
from tests.builders.security_rules import a_filtered_world
from tests.builders.world import NETWORKS, SPOKE, SUB, ZONES, World

type Body = dict[str, Any]

APP = f"{SUB}/resourceGroups/rg-app/providers"
TENANT = "11111111-1111-1111-1111-111111111111"
STORAGE_TYPE = "Microsoft.Storage/storageAccounts"
COSMOS_TYPE = "Microsoft.DocumentDB/databaseAccounts"
AKS_TYPE = "Microsoft.ContainerService/managedClusters"
MONITOR_TYPE = "Microsoft.Insights/privateLinkScopes"
# Types whose zones answer for resources beside the target: the policy has to allow them.
FOR_ALL = [
    MONITOR_TYPE,
    "Microsoft.HybridCompute/privateLinkScopes",
    "Microsoft.Authorization/resourceManagementPrivateLinks",
    "Microsoft.DataFactory/factories",
]
DNS = {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0], "shared_names": FOR_ALL}
CLOUDS: dict[Cloud, str] = {
    "AzureCloud": "westeurope",
    "AzureUSGovernment": "usgovvirginia",
    "AzureChinaCloud": "chinanorth3",
}
# Types that are in no region; their endpoints are in the policy's fallback region.
REGIONLESS = {
    MONITOR_TYPE,
    "Microsoft.BotService/botServices",
    "Microsoft.Fabric/privateLinkServicesForFabric",
    "Microsoft.PowerBI/privateLinkServicesForPowerBI",
    "microsoft.aadiam/privateLinkForAzureAD",
}
# Rows for which more records are read than are written, and why.
MORE_READ_THAN_WRITTEN = {
    "Microsoft.Compute/diskAccesses": "no document says whether a partition is part of the record's name",
    "Microsoft.ElasticSan/elasticSans": "no document says whether a partition is part of the record's name",
}
# Types whose resources report their endpoints' names themselves; of storage accounts only a website does not.
REPORTING = {
    STORAGE_TYPE,
    "Microsoft.Sql/servers",
    "Microsoft.Sql/managedInstances",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Cache/redisEnterprise",
    "Microsoft.EventGrid/topics",
    "Microsoft.EventGrid/domains",
    "Microsoft.KeyVault/managedHSMs",
    "Microsoft.DBforMariaDB/servers",
    "Microsoft.DBforMySQL/servers",
    "Microsoft.DBforPostgreSQL/servers",
}
# SKUs with private endpoints, of types that get another one where none is asked for.
SOLD_AS = {
    "Microsoft.ContainerRegistry/registries": "Premium",
    "Microsoft.ServiceBus/namespaces": "Premium",
    "Microsoft.DBforMariaDB/servers": "GP_Gen5_2",
    "Microsoft.DBforMySQL/servers": "GP_Gen5_2",
    "Microsoft.DBforPostgreSQL/servers": "GP_Gen5_2",
}
FRONTEND = "private-frontend"  # an application gateway's group ids are its own frontends' names
ROWS = [row for kind in sorted(load().types) for row in load().groups(kind)]
NAMED = [row for row in ROWS if row.type not in NAMELESS]


def row_name(row: Group) -> str:
    """The name of a row in a test's id; two rows of one group differ by their suffix."""
    return "-".join(filter(None, (row.type.partition(".")[2], row.group_id, row.discriminator)))


def body_of(row: Group) -> Body:
    """What a user would create, so that the resource has the row's group."""
    plain: Body = {"location": "global" if row.type in REGIONLESS else "westeurope", "properties": {}}
    match row.type:
        case "Microsoft.Storage/storageAccounts":
            return account("StorageV2", "Standard_RAGRS")
        case "Microsoft.DocumentDB/databaseAccounts":
            return cosmos(row.group_id)
        case "Microsoft.ContainerService/managedClusters":
            return plain | {"properties": {"apiServerAccessProfile": {"enablePrivateCluster": True}}}
        case "Microsoft.Sql/servers":
            return plain | {"properties": {"administratorLogin": "me"}}
        case "Microsoft.KeyVault/vaults":
            return plain | {"properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}}}
        case "Microsoft.Cache/redisEnterprise":
            classic = row.discriminator == "redisenterprise.cache.azure.net"
            return plain | {"sku": {"name": "Enterprise_E10" if classic else "Balanced_B5"}}
        case kind if kind in SOLD_AS:
            return plain | {"sku": {"name": SOLD_AS[kind]}}
        case "Microsoft.CognitiveServices/accounts":
            return plain | {"properties": {"customSubDomainName": "thing"}}
        case "Microsoft.App/managedEnvironments":
            return plain | {"properties": {"publicNetworkAccess": "Disabled"}}
        case "Microsoft.Network/applicationGateways":
            return plain | {"properties": {"frontendIPConfigurations": [frontend(FRONTEND, private=True)]}}
        case _:
            return plain


def account(kind: str, sku: str = "Standard_LRS", *, hns: bool = False) -> Body:
    properties = {"isHnsEnabled": True} if hns else {}
    return {"location": "westeurope", "kind": kind, "sku": {"name": sku}, "properties": properties}


def cosmos(api: str) -> Body:
    """An account in two regions that speaks one API (or has the extra of that name)."""
    properties: Body = {"locations": [{"locationName": "West Europe"}, {"locationName": "North Europe"}]}
    if api in ("Cassandra", "Gremlin", "Table"):
        properties["capabilities"] = [{"name": f"Enable{api}"}]
    if api == "Analytical":
        properties["enableAnalyticalStorage"] = True
    kind = "MongoDB" if api == "MongoDB" else "GlobalDocumentDB"
    return {"location": "westeurope", "kind": kind, "properties": properties}


def frontend(name: str, *, private: bool) -> Body:
    return {"name": name, "properties": {"privateLinkConfiguration": {"id": "pl"}} if private else {}}


def own_policy(**more: Any) -> Policy:
    """No type is connected by default; clients are peered, so that the evaluator can ask if they reach it."""
    return a_policy(always=[], **{"fallback_region": "westeurope", "peering": "ensure", "dns": DNS} | more)


async def connect(world: World, kind: str, body: Body, groups: str | None) -> tuple[str, Body]:
    """Create the resource with the tags that ask for it. Its id, and its state after the work."""
    at = f"{APP}/{kind}/thing"
    tags = {"private-connectivity": "enabled"}
    if groups is not None:
        tags["private-connectivity-groups"] = groups
    await world.send("PUT", at, body | {"tags": tags})
    await world.sleep(200)
    world.sent()
    return at, await world.reconcile(at)


async def assert_names_resolve(world: World, state: Body) -> None:
    """Assert that each address has its names, and that clients resolve each to it."""
    for path in state["paths"]:
        recorded = {ip for record in path["records"] for ip in record["addresses"]}
        assert path["addresses"]
        assert recorded == {address["ip"] for address in path["addresses"]}
        for address in path["addresses"]:
            assert address["fqdns"]
            for name in address["fqdns"]:
                assert await world.resolve(SPOKE, name) == [address["ip"]], name


def zones_of(state: Body) -> set[str]:
    """The names of the zones in which the resource's records are."""
    return {record["zone"].rpartition("/")[2] for path in state["paths"] for record in path["records"]}


def test_only_the_listed_types_have_no_names() -> None:
    assert {row.type for row in ROWS if not row.zones} == set(NAMELESS)


@pytest.mark.parametrize("row", NAMED, ids=row_name)
async def test_a_tag_is_enough_for_clients_to_reach_the_resource_by_foreseen_names(row: Group) -> None:
    # Only allowed traffic passes, so `World` also checks that the rules have the service's ports.
    denying = {"mode": "ensure", "default_deny": True}
    world = await a_filtered_world(denying, always=[], fallback_region="westeurope", dns=DNS)
    at, state = await connect(world, row.type, body_of(row), row.group_id)
    assert state["result"] == "Connected", state["reason"]
    assert [path["group"] for path in state["paths"]] == [row.group_id]
    await assert_names_resolve(world, state)
    await assert_records_are_foreseen(world, at, state, row)
    group = f"{state['paths'][0]['endpoint']}/privateDnsZoneGroups/causeway"
    for config in (await world.send("GET", group))["properties"]["privateDnsZoneConfigs"]:
        assert config["properties"]["recordSets"], f"{config['name']} holds no name"


@pytest.mark.parametrize("row", NAMED, ids=row_name)
def test_no_two_groups_of_a_resource_share_a_record(row: Group) -> None:
    """Their endpoints would overwrite each other's record, and neither would be the right one."""
    thing = Resource(ArmId.parse(f"{APP}/{row.type}/thing"), body_of(row))
    groups = [link_services.group(thing, name) for name in load().valid_groups(target_of(row))]
    kept = [
        {name.private_fqdn for member in group.members for name in member.names} for group in groups if group
    ]
    assert sum(map(len, kept)) == len(set().union(*kept))


def target_of(row: Group) -> Target:
    return Target.parse({"id": f"{APP}/{row.type}/thing", "type": row.type} | body_of(row))


async def assert_records_are_foreseen(world: World, at: str, state: Body, row: Group) -> None:
    """Assert that the records which the zone group wrote follow from the names of the endpoint."""
    [path] = state["paths"]
    nic = (await world.send("GET", path["endpoint"]))["properties"]["networkInterfaces"][0]["id"]
    addresses = addresses_in(Seen(ResourceId.parse(nic), await world.send("GET", nic)))
    names = [name for address in addresses for name in address.fqdns]
    zones = [ResourceId.parse(f"{ZONES}/{zone}") for zone in zones_of(state)]
    foreseen = set(records_under(zones, names))
    written = {ResourceId.parse(one.id.text) for one in world.azure.world.store if is_record(one)}
    assert written
    assert foreseen == written or (row.type in MORE_READ_THAN_WRITTEN and foreseen > written)
    reported = public_names(Target.parse(await world.send("GET", at)), row.group_id)
    assert sorted(reported) == (sorted(names) if reports_names(row) else [])


def is_record(resource: Resource) -> bool:
    return resource.type.endswith("/A")


def reports_names(row: Group) -> bool:
    return row.type in REPORTING and not row.group_id.startswith("web") and row.group_id != "file_secondary"


@pytest.mark.parametrize("row", [row for row in ROWS if row.type in NAMELESS], ids=row_name)
async def test_a_resource_without_a_name_connects_by_its_address_alone(row: Group) -> None:
    group = FRONTEND if row.type == GATEWAY_TYPE else row.group_id

    world = World(own_policy())
    _, state = await connect(world, row.type, body_of(row), group)
    assert state["result"] == "Connected", state["reason"]
    [path] = state["paths"]
    assert (path["group"], path["status"]) == (group, "Approved")
    assert path["addresses"]
    assert not [at for method, at in world.writes() if "privateDnsZone" in at]


@pytest.mark.parametrize(
    ("kind", "group", "addresses", "zones"),
    [
        ("Microsoft.ContainerRegistry/registries", "registry", 2, {"privatelink.azurecr.io"}),
        (COSMOS_TYPE, "Sql", 3, {"privatelink.documents.azure.com"}),
        (AKS_TYPE, "management", 1, {"privatelink.westeurope.azmk8s.io"}),
        ("Microsoft.KeyVault/vaults", "vault", 1, {"privatelink.vaultcore.azure.net"}),
        (
            "Microsoft.RecoveryServices/vaults",
            "AzureBackup",
            7,
            {
                "privatelink.we.backup.windowsazure.com",
                "privatelink.blob.core.windows.net",
                "privatelink.queue.core.windows.net",
            },
        ),
        (
            MONITOR_TYPE,
            "azuremonitor",
            12,
            {
                "privatelink.monitor.azure.com",
                "privatelink.oms.opinsights.azure.com",
                "privatelink.ods.opinsights.azure.com",
                "privatelink.agentsvc.azure-automation.net",
                "privatelink.blob.core.windows.net",
            },
        ),
    ],
)
async def test_every_address_of_a_service_is_recorded_in_its_zones(
    kind: str, group: str, addresses: int, zones: set[str]
) -> None:
    world = World(own_policy())
    [row] = [row for row in ROWS if (row.type, row.group_id) == (kind, group)]
    _, state = await connect(world, kind, body_of(row), group)
    assert state["result"] == "Connected", state["reason"]
    assert len({address["ip"] for address in state["paths"][0]["addresses"]}) == addresses
    assert zones_of(state) == zones
    await assert_names_resolve(world, state)


@pytest.mark.parametrize(
    ("kind", "member", "zone"),
    [
        ("Microsoft.Sql/managedInstances", "dnsZone", "privatelink.{}.database.windows.net"),
        ("Microsoft.Web/staticSites", "defaultHostname", "privatelink.{}.azurestaticapps.net"),
    ],
)
async def test_a_zone_that_only_the_resource_reports_is_read(kind: str, member: str, zone: str) -> None:
    world = World(own_policy())
    at, state = await connect(world, kind, {"location": "westeurope", "properties": {}}, None)
    reported = str((await world.send("GET", at))["properties"][member])
    label = reported.split(".")[1] if "." in reported else reported
    assert zones_of(state) == {zone.format(label)}


@pytest.mark.parametrize(
    ("kind", "body", "asked", "groups"),
    [
        (STORAGE_TYPE, account("FileStorage", "Premium_LRS"), None, ["file"]),
        (STORAGE_TYPE, account("BlobStorage"), "blob", ["blob"]),
        (STORAGE_TYPE, account("BlockBlobStorage", "Premium_LRS"), "web", ["web"]),
        (STORAGE_TYPE, account("StorageV2", hns=True), "dfs", ["blob", "dfs"]),
        (
            STORAGE_TYPE,
            account("StorageV2", "Standard_RAGZRS", hns=True),
            "blob_secondary",
            ["blob_secondary", "dfs_secondary"],
        ),
        (STORAGE_TYPE, account("StorageV2"), "BLOB, Queue", ["blob", "queue"]),
        (COSMOS_TYPE, cosmos("Gremlin"), None, ["Gremlin"]),
        (COSMOS_TYPE, cosmos("Table"), "Table,Sql", ["Sql", "Table"]),
        ("Microsoft.Web/sites", {"location": "westeurope"}, "sites-staging", ["sites-staging"]),
        ("Microsoft.Purview/accounts", {"location": "westeurope"}, None, ["account", "portal"]),
    ],
)
async def test_a_resource_is_connected_by_the_groups_of_its_own_kind(
    kind: str, body: Body, asked: str | None, groups: list[str]
) -> None:
    world = World(own_policy())
    _, state = await connect(world, kind, body, asked)
    assert state["result"] == "Connected", state["reason"]
    assert sorted(path["group"] for path in state["paths"]) == groups
    await assert_names_resolve(world, state)


PUBLIC_CLUSTER: Body = {"location": "westeurope", "properties": {}}


@pytest.mark.parametrize(
    ("kind", "body", "asked", "instead"),
    [
        (AKS_TYPE, PUBLIC_CLUSTER, "management", "nothing"),
        (STORAGE_TYPE, account("BlobStorage"), "file", "blob"),
        (STORAGE_TYPE, account("FileStorage", "Premium_LRS"), "blob", "file"),
        (STORAGE_TYPE, account("BlockBlobStorage", "Premium_LRS"), "queue", "dfs"),
        (STORAGE_TYPE, account("StorageV2"), "blob_secondary", "blob"),
        (COSMOS_TYPE, cosmos("Sql"), "MongoDB", "Sql"),
        (COSMOS_TYPE, cosmos("MongoDB"), "Sql", "MongoDB"),
        (COSMOS_TYPE, cosmos("Cassandra"), "Table", "Cassandra"),
        (COSMOS_TYPE, cosmos("Gremlin"), "Cassandra", "Gremlin"),
        (COSMOS_TYPE, cosmos("Sql"), "Analytical", "Sql"),
        (
            GATEWAY_TYPE,
            {
                "location": "westeurope",
                "properties": {"frontendIPConfigurations": [frontend("public", private=False)]},
            },
            "public",
            "nothing",
        ),
        ("Microsoft.EventHub/namespaces", {"location": "westeurope"}, "eventhub", "namespace"),
    ],
)
async def test_a_group_that_azure_would_refuse_is_declined_before_anything_is_written(
    kind: str, body: Body, asked: str, instead: str
) -> None:
    world = World(own_policy())
    at, state = await connect(world, kind, body, asked)
    assert (state["result"], state["code"]) == ("Declined", "UnknownGroup")
    assert asked in state["reason"]
    assert instead in state["remedy"]
    assert world.writes() == []
    with pytest.raises(AssertionError, match=f"InvalidValuesForRequestParameters.*GroupId: {asked}"):
        await put_endpoint(world, at, asked)


async def put_endpoint(world: World, at: str, group: str) -> None:
    """A user's own endpoint to that group."""
    asked = {"name": "mine", "properties": {"privateLinkServiceId": at, "groupIds": [group]}}
    properties = {
        "subnet": {"id": f"{NETWORKS}/virtualNetworks/hub-we/subnets/endpoints"},
        "privateLinkServiceConnections": [asked],
    }
    body = {"location": "westeurope", "properties": properties}
    await world.send("PUT", f"{NETWORKS}/privateEndpoints/mine", body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [(AKS_TYPE, PUBLIC_CLUSTER), ("Microsoft.ElasticSan/elasticSans", {"location": "westeurope"})],
)
async def test_a_resource_without_a_default_group_is_declined(kind: str, body: Body) -> None:
    world = World(own_policy())
    _, state = await connect(world, kind, body, None)
    assert (state["result"], state["code"]) == ("Declined", "NoGroup")
    assert world.writes() == []


KINDS_AND_SKUS = [
    (kind, sku)
    for kind in ("StorageV2", "Storage", "BlobStorage", "BlockBlobStorage", "FileStorage")
    for sku in ("Standard_LRS", "Standard_GZRS", "Standard_RAGRS", "Standard_RAGZRS", "Premium_LRS")
]
APIS = ("Sql", "MongoDB", "Cassandra", "Gremlin", "Table", "Analytical")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        *(
            (STORAGE_TYPE, account(kind, sku, hns=hns))
            for kind, sku in KINDS_AND_SKUS
            for hns in (False, True)
        ),
        *((COSMOS_TYPE, cosmos(api)) for api in APIS),
    ],
)
def test_no_group_is_offered_that_the_resource_lacks(kind: str, body: Body) -> None:
    thing = Resource(ArmId.parse(f"{APP}/{kind}/thing"), body)
    target = Target.parse({"id": f"{APP}/{kind}/thing", "name": "thing", "type": kind} | body)
    offered = load().valid_groups(target)
    assert offered
    assert [group for group in offered if link_services.group(thing, group) is None] == []


@pytest.mark.parametrize(
    ("cloud", "row"),
    [(cloud, row) for cloud in CLOUDS for row in NAMED if row.zones.get(cloud)],
    ids=lambda value: row_name(value) if isinstance(value, Group) else value,
)
def test_each_cloud_names_its_resources_in_its_own_zones(cloud: Cloud, row: Group) -> None:
    body = body_of(row) | {"location": CLOUDS[cloud]}
    at = f"{APP}/{row.type}/thing"
    group = link_services.group(Resource(ArmId.parse(at), body), row.group_id)
    assert group is not None
    names = [name.fqdn for member in group.members for name in member.names]
    chosen = load().zones(row, Target.parse({"id": at, "type": row.type} | body), cloud, names)
    assert chosen is not None
    assert sorted(chosen) == sorted(group.zones)


@pytest.mark.parametrize(
    ("cloud", "row"),
    [(cloud, row) for cloud in CLOUDS for row in NAMED if row.zones.get(cloud)],
    ids=lambda value: row_name(value) if isinstance(value, Group) else value,
)
def test_each_clouds_records_are_foreseen_from_the_names(cloud: Cloud, row: Group) -> None:
    thing = Resource(ArmId.parse(f"{APP}/{row.type}/thing"), body_of(row) | {"location": CLOUDS[cloud]})
    group = link_services.group(thing, row.group_id)
    assert group is not None
    names = [name for member in group.members for name in member.names]
    zones = [ResourceId.parse(f"{ZONES}/{zone}") for zone in group.zones]
    foreseen = {record.text for record in records_under(zones, [name.fqdn for name in names])}
    written = {f"{ZONES}/{name.zone}/A/{name.record}" for name in names}
    assert foreseen == written or (row.type in MORE_READ_THAN_WRITTEN and foreseen > written)


async def government() -> World:
    """A world whose endpoints are in a region of Azure Government."""
    subnet = f"{NETWORKS}/virtualNetworks/hub-gov/subnets/endpoints"
    policy = own_policy(subnets={"usgovvirginia": [subnet]}, fallback_region="usgovvirginia")
    world = World(policy.model_copy(update={"cloud": "AzureUSGovernment"}))
    inner = {"addressSpace": {"addressPrefixes": ["10.5.0.0/16"]}}
    inner["subnets"] = [{"name": "endpoints", "properties": {"addressPrefix": "10.5.1.0/24"}}]
    network = {"location": "usgovvirginia", "properties": inner}
    await world.send("PUT", f"{NETWORKS}/virtualNetworks/hub-gov", network)
    await world.sleep(60)
    return world


@pytest.mark.parametrize(
    ("kind", "zones"),
    [
        ("Microsoft.EventHub/namespaces", {"privatelink.servicebus.usgovcloudapi.net"}),
        ("Microsoft.ContainerRegistry/registries", {"privatelink.azurecr.us"}),
        (
            "Microsoft.HealthcareApis/workspaces",
            {
                "privatelink.workspace.azurehealthcareapis.us",
                "privatelink.fhir.azurehealthcareapis.us",
                "privatelink.dicom.azurehealthcareapis.us",
            },
        ),
    ],
)
async def test_a_resource_in_government_is_reached_by_its_government_name(kind: str, zones: set[str]) -> None:
    world = await government()
    sold_as = {"sku": {"name": SOLD_AS[kind]}} if kind in SOLD_AS else {}
    _, state = await connect(world, kind, {"location": "usgovvirginia", "properties": {}} | sold_as, None)
    assert state["result"] == "Connected", state["reason"]
    assert zones_of(state) == zones
    await assert_names_resolve(world, state)


async def test_six_zones_are_too_many_for_one_endpoint_and_are_reported() -> None:
    world = await government()
    _, state = await connect(world, MONITOR_TYPE, {"location": "usgovvirginia", "properties": {}}, None)
    assert state["result"] not in ("Connected", "Pending")
    assert " 6 " in state["reason"]
    assert "5" in state["reason"]
