"""Resources that their service excludes: declined before any write, refused by the simulated Azure as well.

The app's table and the simulator's are written apart from each other; here they have to agree. Where the
remedy can be followed in place, it is, and the resource connects.
"""

from typing import Any

import pytest

from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from tests.builders.policies import a_policy
from tests.builders.world import NETWORKS, SUB, World

type Body = dict[str, Any]

APP = f"{SUB}/resourceGroups/rg-app/providers"
TAGS = {"private-connectivity": "enabled"}
INJECTED = f"{NETWORKS}/virtualNetworks/vnet/subnets/theirs"
FRONTEND = {"name": "private", "properties": {"privateLinkConfiguration": {"id": "pl"}}}
APIM = "Microsoft.ApiManagement/service"
ASE = "Microsoft.Web/hostingEnvironments"
PLACE = {"locations": [{"locationName": "West Europe", "failoverPriority": 0}]}
HDINSIGHT = "Microsoft.HDInsight/clusters"


def sold_as(name: str, **properties: Any) -> Body:
    return {"sku": {"name": name}, "properties": properties}


def with_properties(**properties: Any) -> Body:
    return {"properties": properties}


def account(kind: str) -> Body:
    return {"kind": kind, "sku": {"name": "Standard_LRS"}, "properties": {}}


def network(subnet: str | None) -> Body:
    return with_properties(network={"delegatedSubnetResourceId": subnet})


def ase(*, opened: bool) -> Body:
    allowed = {"properties": {"allowNewPrivateEndpointConnections": opened}}
    return {"kind": "ASEV3", "properties": {"networkingConfiguration": allowed}}


def gateway(tier: str) -> Body:
    return with_properties(sku={"name": tier, "tier": tier}, frontendIPConfigurations=[FRONTEND])


# Type, body, group, what the remedy says, and the body when it was followed (none where it makes a new one).
CASES: list[tuple[str, Body, str, str, Body | None]] = [
    ("Microsoft.Storage/storageAccounts", account("Storage"), "blob", "StorageV2", account("StorageV2")),
    ("Microsoft.ServiceBus/namespaces", sold_as("Standard"), "namespace", "Premium", None),
    ("Microsoft.EventHub/namespaces", sold_as("Basic"), "namespace", "Standard", sold_as("Standard")),
    ("Microsoft.ContainerRegistry/registries", sold_as("Basic"), "registry", "Premium", sold_as("Premium")),
    (
        "Microsoft.AppConfiguration/configurationStores",
        sold_as("free"),
        "configurationStores",
        "Standard",
        sold_as("standard"),
    ),
    ("Microsoft.SignalRService/SignalR", sold_as("Free_F1"), "signalr", "Standard", sold_as("Standard_S1")),
    (
        "Microsoft.SignalRService/webPubSub",
        sold_as("Free_F1"),
        "webpubsub",
        "Standard",
        sold_as("Standard_S1"),
    ),
    ("Microsoft.Search/searchServices", sold_as("free"), "searchService", "Basic", sold_as("basic")),
    ("Microsoft.Web/staticSites", sold_as("Free"), "staticSites", "Standard", sold_as("Standard")),
    ("Microsoft.Web/sites", with_properties(sku="Free"), "sites", "Basic", with_properties(sku="Basic")),
    (
        "Microsoft.Web/sites",
        with_properties(sku="Dynamic"),
        "sites",
        "Elastic Premium",
        with_properties(sku="ElasticPremium"),
    ),
    (APIM, sold_as("Consumption"), "Gateway", "another tier", sold_as("Standard")),
    (APIM, sold_as("BasicV2"), "Gateway", "another tier", sold_as("StandardV2")),
    (
        APIM,
        sold_as("Basic", platformVersion="stv1"),
        "Gateway",
        "stv2",
        sold_as("Basic", platformVersion="stv2"),
    ),
    (
        APIM,
        sold_as("Premium", virtualNetworkType="Internal"),
        "Gateway",
        "virtualNetworkType None",
        sold_as("Premium", virtualNetworkType="None"),
    ),
    (
        "Microsoft.App/managedEnvironments",
        with_properties(),
        "managedEnvironments",
        "disable the environment's public network access",
        with_properties(publicNetworkAccess="Disabled"),
    ),
    ("Microsoft.DBforPostgreSQL/servers", sold_as("B_Gen5_1"), "postgresqlServer", "move the data", None),
    ("Microsoft.DBforMySQL/servers", sold_as("B_Gen5_1"), "mysqlServer", "move the data", None),
    ("Microsoft.DBforMariaDB/servers", sold_as("B_Gen5_1"), "mariadbServer", "move the data", None),
    (
        "Microsoft.DBforPostgreSQL/flexibleServers",
        network(INJECTED),
        "postgresqlServer",
        "public access",
        None,
    ),
    ("Microsoft.DBforMySQL/flexibleServers", network(INJECTED), "mysqlServer", "public access", None),
    ("Microsoft.Cache/Redis", with_properties(subnetId=INJECTED), "redisCache", "migrate to a cache", None),
    (
        "Microsoft.Kusto/clusters",
        with_properties(virtualNetworkConfiguration={"subnetId": INJECTED}),
        "cluster",
        "out of its virtual network",
        with_properties(virtualNetworkConfiguration={"subnetId": INJECTED, "state": "Disabled"}),
    ),
    (
        "Microsoft.CognitiveServices/accounts",
        with_properties(),
        "account",
        "custom subdomain name",
        with_properties(customSubDomainName="words"),
    ),
    (
        HDINSIGHT,
        with_properties(networkProperties={"privateLink": "Disabled"}),
        "gateway",
        "make a cluster",
        None,
    ),
    (
        HDINSIGHT,
        with_properties(networkProperties={"resourceProviderConnection": "Inbound"}),
        "gateway",
        "make a cluster",
        None,
    ),
    ("Microsoft.Network/applicationGateways", gateway("WAF"), "private", "WAF_v2", gateway("WAF_v2")),
    (
        "Microsoft.Databricks/workspaces",
        sold_as("standard"),
        "databricks_ui_api",
        "Premium",
        sold_as("premium"),
    ),
    (
        "Microsoft.Logic/integrationAccounts",
        sold_as("Standard"),
        "integrationAccount",
        "Premium",
        sold_as("Premium"),
    ),
    (
        "Microsoft.Cache/Redis",
        sold_as("Premium", linkedServers=[{"id": "other"}]),
        "redisCache",
        "unlink the geo-replication",
        sold_as("Premium", linkedServers=[]),
    ),
    (
        "Microsoft.Web/sites",
        {"kind": "app,linux,kubernetes", "properties": {}},
        "sites",
        "in an App Service plan",
        None,
    ),
    ("Microsoft.Dashboard/grafana", sold_as("Essential"), "grafana", "Standard", sold_as("Standard")),
    (
        "Microsoft.DocumentDB/databaseAccounts",
        {"kind": "MongoDB", "properties": {**PLACE, "apiProperties": {"serverVersion": "3.2"}}},
        "MongoDB",
        "3.6",
        None,
    ),
    (ASE, {"kind": "ASEV2", "properties": {}}, "hostingEnvironments", "migrate", None),
    (ASE, ase(opened=False), "hostingEnvironments", "az appservice ase update", ase(opened=True)),
    (
        "Microsoft.App/managedEnvironments",
        with_properties(publicNetworkAccess="Disabled", workloadProfiles=None),
        "managedEnvironments",
        "workload profiles",
        None,
    ),
]
IDS = [f"{kind.partition('.')[2]}-{index}" for index, (kind, *_) in enumerate(CASES)]


async def created(world: World, kind: str, body: Body) -> str:
    """The resource, opted in by its tag. Its id."""
    at = f"{APP}/{kind}/thing"
    await world.send("PUT", at, {"location": "westeurope", "tags": TAGS} | body)
    await world.sleep(200)
    world.sent()
    return at


async def put_endpoint(world: World, at: str, group: str) -> None:
    """A user's own endpoint to that group."""
    asked = {"name": "mine", "properties": {"privateLinkServiceId": at, "groupIds": [group]}}
    properties = {
        "subnet": {"id": f"{NETWORKS}/virtualNetworks/hub-we/subnets/endpoints"},
        "privateLinkServiceConnections": [asked],
    }
    body = {"location": "westeurope", "properties": properties}
    await world.send("PUT", f"{NETWORKS}/privateEndpoints/mine", body)


@pytest.mark.parametrize(("kind", "body", "group", "remedy", "cured"), CASES, ids=IDS)
async def test_what_the_service_excludes_is_declined_and_connects_once_the_remedy_is_followed(
    kind: str, body: Body, group: str, remedy: str, cured: Body | None
) -> None:
    world = World(a_policy(always=[]))
    at = await created(world, kind, body)
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Declined", "NotEligible")
    assert remedy in state["remedy"]
    assert world.writes() == []
    with pytest.raises(AssertionError, match=f"400.*Call to {kind} failed"):
        await put_endpoint(world, at, group)
    if cured is not None:
        state = await world.reconcile(await created(world, kind, cured), "manual")
        assert state["result"] == "Connected", state["reason"]


async def test_a_sweep_sends_no_request_for_what_is_declined() -> None:
    world = World(a_policy(always=[]))
    at = await created(world, "Microsoft.ServiceBus/namespaces", sold_as("Standard"))
    for cause in ("drift", "drift", "manual"):
        assert (await world.reconcile(at, cause))["code"] == "NotEligible"
    assert world.writes() == []


async def test_a_dry_run_says_that_it_is_not_eligible() -> None:
    world = World(a_policy(always=[]))
    plan = await world.plan(await created(world, "Microsoft.ServiceBus/namespaces", sold_as("Standard")))
    assert "sku is Standard" in str(plan)
    assert world.writes() == []


async def test_an_environment_that_is_opened_again_keeps_its_endpoint() -> None:
    """The service approved the connection: that is better evidence than a table."""
    world = World(a_policy(always=[]))
    kind = "Microsoft.App/managedEnvironments"
    at = await created(world, kind, with_properties(publicNetworkAccess="Disabled"))
    assert (await world.reconcile(at))["result"] == "Connected"
    await world.send("PATCH", at, {"properties": {"publicNetworkAccess": "Enabled"}})
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert len(await world.endpoints()) == 1


def test_every_type_with_a_restriction_is_tried_here() -> None:
    """A new row of the app's table needs an example, so that the simulator's table is asked as well."""
    targets = [Target.parse({"id": f"{APP}/{kind}/thing"} | body) for kind, body, *_ in CASES]
    met = {one for one in load().restrictions for target in targets if one.type == target.id.type}
    assert met == set(load().restrictions)
