"""Worlds with private endpoints for tests, built by requests. No assertion lives here."""

from tests.sandbox.cloud import GROUP, Cloud, network_body, subnet, vnet

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/acct"
SERVER = f"{GROUP}/providers/Microsoft.Sql/servers/server"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault"
ENDPOINT = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/pe"
ZONE_GROUP = f"{ENDPOINT}/privateDnsZoneGroups/default"
BLOB_ZONE = "privatelink.blob.core.windows.net"
TENANT = "11111111-1111-1111-1111-111111111111"


def zone_id(name: str = BLOB_ZONE, group: str = GROUP) -> str:
    return f"{group}/providers/Microsoft.Network/privateDnsZones/{name}"


def endpoint_id(name: str) -> str:
    return f"{GROUP}/providers/Microsoft.Network/privateEndpoints/{name}"


def account_body(kind: str = "StorageV2", sku: str = "Standard_LRS", **more) -> dict:
    return {"location": "westeurope", "kind": kind, "sku": {"name": sku}} | more


def server_body(**properties) -> dict:
    return {"location": "westeurope", "properties": {"administratorLogin": "me"} | properties}


def vault_body(**properties) -> dict:
    given = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}}
    return {"location": "westeurope", "properties": given | properties}


def endpoint_body(
    target: str = ACCOUNT, groups=("blob",), at: str | None = None, manual: bool = False, **properties
) -> dict:
    connection = {"privateLinkServiceId": target, "groupIds": list(groups)}
    if manual:
        connection["requestMessage"] = "please"
    member = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
    given = {
        "subnet": {"id": at or subnet()},
        member: [{"name": "connection", "properties": connection}],
    }
    return {"location": "westeurope", "properties": given | properties}


def zone_group_body(*zones: str) -> dict:
    configs = [
        {"name": one.rsplit("/", 1)[-1].replace(".", "-"), "properties": {"privateDnsZoneId": one}}
        for one in zones or (zone_id(),)
    ]
    return {"properties": {"privateDnsZoneConfigs": configs}}


def link_body(network: str | None = None, **properties) -> dict:
    given = {"registrationEnabled": False, "virtualNetwork": {"id": network or vnet()}}
    return {"location": "global", "properties": given | properties}


async def begin(prefix: str = "10.0.1.0/24", seed: int = 0) -> Cloud:
    """A cloud with a network `hub`, its subnet `one` and a storage account; nothing is in progress."""
    cloud = Cloud(seed=seed)
    await cloud.begin()
    await cloud.make(vnet(), network_body(subnets={"one": prefix}))
    await cloud.make(ACCOUNT, account_body())
    return cloud


async def with_endpoint(seed: int = 0, **body) -> Cloud:
    """`begin`, and a finished endpoint `pe` to the account's blob service."""
    cloud = await begin(seed=seed)
    await cloud.make(ENDPOINT, endpoint_body(**body))
    return cloud


async def with_names(seed: int = 0) -> Cloud:
    """`with_endpoint`, a zone linked to the network, and a zone group: names resolve."""
    cloud = await with_endpoint(seed=seed)
    await cloud.make(zone_id(), {"location": "global"})
    await cloud.make(f"{zone_id()}/virtualNetworkLinks/hub", link_body())
    await cloud.make(ZONE_GROUP, zone_group_body())
    return cloud


async def connection_of(cloud: Cloud, target: str = ACCOUNT) -> str:
    """Id of the only connection of a target."""
    listed = (await cloud.get(f"{target}/privateEndpointConnections")).body["value"]
    return listed[0]["id"]


async def properties(cloud: Cloud, path: str) -> dict:
    return (await cloud.get(path)).body["properties"]


async def status(cloud: Cloud, path: str = ENDPOINT) -> str:
    """The connection's status as the endpoint shows it."""
    shown = await properties(cloud, path)
    [entry] = shown["privateLinkServiceConnections"] + shown["manualPrivateLinkServiceConnections"]
    return entry["properties"]["privateLinkServiceConnectionState"]["status"]
