"""Lists of the network service that no resource is behind: what a region offers, and how full a network is.

Sources: docs/azure/clients.md, CLI-14.
"""

from __future__ import annotations

from ipaddress import ip_network

from sandbox.azure.front.asked import Asked
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Resource, Response
from sandbox.azure.kernel.paging import page
from sandbox.azure.providers.private_link import link_services

SERVICES = [
    f"Microsoft.{name}"
    for name in (
        *("AzureActiveDirectory", "AzureCosmosDB", "CognitiveServices", "ContainerRegistry", "EventHub"),
        *("KeyVault", "ServiceBus", "Sql", "Storage", "Web"),
    )
]
DELEGATIONS = (
    "Microsoft.Web/serverFarms",
    "Microsoft.App/environments",
    "Microsoft.ContainerInstance/containerGroups",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.DBforMySQL/flexibleServers",
    "Microsoft.Network/dnsResolvers",
    "Microsoft.Sql/managedInstances",
    "Microsoft.ApiManagement/service",
    "Microsoft.NetApp/volumes",
)
RESERVED = 5  # addresses of each subnet that Azure keeps


def endpoint_services(asked: Asked) -> Response:
    """`GET .../locations/{location}/virtualNetworkAvailableEndpointServices`."""
    asked.authorize("Microsoft.Network/locations/virtualNetworkAvailableEndpointServices/read")
    path = f"{asked.subscription.text}/providers/Microsoft.Network/virtualNetworkEndpointServices"
    kind = "Microsoft.Network/virtualNetworkEndpointServices"
    return page(asked.request, [{"id": f"{path}/{one}", "name": one, "type": kind} for one in SERVICES])


def delegations(asked: Asked) -> Response:
    """`GET .../locations/{location}/availableDelegations`: services that take a subnet for themselves."""
    asked.authorize("Microsoft.Network/locations/availableDelegations/read")
    path = f"{asked.subscription.text}/providers/Microsoft.Network/availableDelegations"
    return page(asked.request, [_delegation(path, one) for one in DELEGATIONS])


def _delegation(path: str, name: str) -> Json:
    written = name.replace("/", ".")
    return {
        "name": written,
        "id": f"{path}/{written}",
        "type": "Microsoft.Network/availableDelegations",
        "serviceName": name,
        "actions": ["Microsoft.Network/virtualNetworks/subnets/action"],
    }


def endpoint_types(asked: Asked) -> Response:
    """`GET .../locations/{location}/availablePrivateEndpointTypes`: what an endpoint can be made for."""
    asked.authorize("Microsoft.Network/locations/availablePrivateEndpointTypes/read")
    path = f"{asked.subscription.text}/providers/Microsoft.Network/AvailablePrivateEndpointTypes"
    names = sorted({*link_services.types(), link_services.PRIVATE_LINK_SERVICE})
    return page(asked.request, [_endpoint_type(path, one) for one in names], len(names))


def _endpoint_type(path: str, name: str) -> Json:
    written = name.replace("/", ".")
    return {
        "name": written,
        "id": f"{path}/{written}",
        "type": "Microsoft.Network/AvailablePrivateEndpointTypes",
        "resourceName": name,
        "displayName": name,
    }


def usages(asked: Asked) -> Response:
    """`GET {network}/usages`: addresses in use, and the most there can be, for each subnet."""
    network = ArmId.parse(asked.names["network"])
    asked.authorize("Microsoft.Network/virtualNetworks/usages/read", network.text)
    if asked.world.find(network.group_id) is None:
        raise refusals.no_group(network)
    if asked.world.find(network) is None:
        raise refusals.no_resource(network)
    subnets = asked.world.store.of_type("Microsoft.Network/virtualNetworks/subnets", network)
    return page(asked.request, [_usage(asked, one) for one in subnets])


def _usage(asked: Asked, subnet: Resource) -> Json:
    shown = asked.world.show(subnet)["properties"]
    prefixes = shown.get("addressPrefixes") or [shown["addressPrefix"]]
    whole = sum(ip_network(one).num_addresses - RESERVED for one in prefixes)
    return {
        "currentValue": float(len(shown.get("ipConfigurations") or [])),
        "id": subnet.id.text,
        "limit": float(whole),
        "name": {"localizedValue": "Subnet size and usage", "value": "SubnetSpace"},
        "unit": "Count",
    }
