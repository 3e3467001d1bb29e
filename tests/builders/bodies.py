"""Bodies as ARM returns them, with defaults: a test names only what it is about."""

from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, marks

SUB = "00000000-0000-0000-0000-000000000001"
NETWORK_GROUP = f"/subscriptions/{SUB}/resourceGroups/rg-network"
HUB = ResourceId.parse(f"{NETWORK_GROUP}/providers/Microsoft.Network/virtualNetworks/hub-we")
SPOKE = ResourceId.parse(f"{NETWORK_GROUP}/providers/Microsoft.Network/virtualNetworks/spoke-a")
SUBNET = HUB.child("subnets", "endpoints")
ACCOUNT = ResourceId.parse(
    f"/subscriptions/{SUB}/resourceGroups/rg-app/providers/Microsoft.Storage/storageAccounts/orders"
)
ZONE = ResourceId.parse(
    f"/subscriptions/{SUB}/resourceGroups/rg-dns/providers/Microsoft.Network/privateDnsZones/"
    "privatelink.blob.core.windows.net"
)


def account(
    tags: dict[str, str] | None = None, *, name: str = "orders", hns: bool = False, connections: Any = ()
) -> dict[str, Any]:
    """A general-purpose v2 storage account in westeurope."""
    return {
        "id": ACCOUNT.text.removesuffix("orders") + name,
        "name": name,
        "type": ACCOUNT.type,
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "tags": tags or {},
        "properties": {"isHnsEnabled": hns, "privateEndpointConnections": list(connections)},
    }


def network(
    subnet: dict[str, Any] | None = None, *, location: str = "westeurope", prefix: str = "10.0.1.0/24"
) -> Seen:
    """The hub with its endpoint subnet."""
    properties = {"addressPrefix": prefix, "delegations": [], **(subnet or {})}
    entry = {"id": SUBNET.text, "name": "endpoints", "properties": properties}
    return Seen(HUB, {"id": HUB.text, "location": location, "properties": {"subnets": [entry]}})


def endpoint(
    at: ResourceId,
    *,
    target: ResourceId = ACCOUNT,
    group: str = "blob",
    subnet: ResourceId = SUBNET,
    status: str = "Approved",
    state: str = "Succeeded",
    managed: bool = True,
) -> Seen:
    """A private endpoint as its GET shows it."""
    connection = {
        "name": at.name,
        "properties": {
            "privateLinkServiceId": target.text,
            "groupIds": [group],
            "privateLinkServiceConnectionState": {"status": status, "description": "Auto-Approved"},
        },
    }
    return Seen(
        at,
        {
            "id": at.text,
            "location": "westeurope",
            "tags": marks(target) if managed else {},
            "properties": {
                "provisioningState": state,
                "subnet": {"id": subnet.text},
                "networkInterfaces": [{"id": nic_id(at).text}],
                "privateLinkServiceConnections": [connection],
            },
        },
    )


def nic_id(at: ResourceId) -> ResourceId:
    return at.group.resource("Microsoft.Network/networkInterfaces", f"{at.name}.nic.1")


def nic(at: ResourceId, *addresses: str, fqdn: str = "orders.blob.core.windows.net") -> Seen:
    """The network interface of an endpoint, one configuration for each address."""
    configs = [
        {"properties": {"privateIPAddress": ip, "privateLinkConnectionProperties": {"fqdns": [fqdn]}}}
        for ip in addresses
    ]
    return Seen(nic_id(at), {"id": nic_id(at).text, "properties": {"ipConfigurations": configs}})


def zone(at: ResourceId = ZONE) -> Seen:
    tags = {MARK_TAG: MARK_VALUE}
    state = {"provisioningState": "Succeeded"}
    return Seen(at, {"id": at.text, "location": "global", "tags": tags, "properties": state})


def zone_link(
    at: ResourceId, *, network: ResourceId = SPOKE, state: str = "Completed", managed: bool = True
) -> Seen:
    """A virtual network link."""
    properties = {
        "provisioningState": "Succeeded",
        "virtualNetworkLinkState": state,
        "virtualNetwork": {"id": network.text},
    }
    tags = {MARK_TAG: MARK_VALUE} if managed else {}
    return Seen(at, {"id": at.text, "tags": tags, "properties": properties})


def zone_group(
    at: ResourceId, *addresses: str, zone: ResourceId = ZONE, name: str = "config", fqdn: str | None = None
) -> Seen:
    """A zone group with one config, and one record where there are addresses."""
    record = {"fqdn": fqdn or f"orders.{zone.name}", "ipAddresses": list(addresses)}
    config = {
        "name": name,
        "properties": {"privateDnsZoneId": zone.text, "recordSets": [record] if addresses else []},
    }
    properties = {"provisioningState": "Succeeded", "privateDnsZoneConfigs": [config]}
    return Seen(at, {"id": at.text, "properties": properties})
