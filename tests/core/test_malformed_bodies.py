"""Bodies that others wrote, of whatever shape, are read without an error.

Every value of a well-formed body is replaced in turn by values of other shapes. A reader may then find
nothing; it must not raise, because one odd object of someone else would fail every reconcile pass near it.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue import service_rules
from shared.core.catalogue.catalogue import load
from shared.core.kinds import endpoint, link, nic, record, zone_configs, zone_group
from shared.core.names.hidden import ConnectedResource
from shared.core.readings import embedded, networks
from shared.core.rules import nsg, path_ends, routes, verdict

type Body = dict[str, Any]
type Path = tuple[str | int, ...]

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
NETWORK = f"{GROUP}/Microsoft.Network/virtualNetworks/hub"
ENDPOINT = f"{GROUP}/Microsoft.Network/privateEndpoints/pe"
ZONE = f"{GROUP}/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
ACCOUNT = f"{GROUP}/Microsoft.Storage/storageAccounts/orders"
ALIAS = "svc.6bf6e876-97b5-412f-8ed0-fa8da05d81bf.westeurope.azure.privatelinkservice"
STRANGE: tuple[Any, ...] = (
    None,
    True,
    5,
    1.5,
    "",
    "x",
    "a/b",
    "..",
    " ",
    "10.0.0.0/99",
    "\x00",
    "é" * 3000,
    ALIAS,
    "/subscriptions/s",
    f"{NETWORK}/providers/Microsoft.Authorization/locks/one",
    [],
    [None],
    [5],
    ["x"],
    [[]],
    [{}],
    {},
    {"id": 5},
    {"id": ALIAS},
    {"properties": []},
)

PEERING: Body = {
    "id": f"{NETWORK}/virtualNetworkPeerings/one",
    "name": "one",
    "properties": {
        "remoteVirtualNetwork": {"id": f"{GROUP}/Microsoft.Network/virtualNetworks/spoke"},
        "peeringState": "Connected",
        "peeringSyncLevel": "FullyInSync",
        "allowVirtualNetworkAccess": True,
        "remoteAddressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        "remoteVirtualNetworkAddressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
    },
}
SUBNET: Body = {
    "id": f"{NETWORK}/subnets/one",
    "name": "one",
    "properties": {
        "addressPrefix": "10.0.1.0/24",
        "addressPrefixes": ["10.0.1.0/24"],
        "networkSecurityGroup": {"id": f"{GROUP}/Microsoft.Network/networkSecurityGroups/nsg"},
        "routeTable": {"id": f"{GROUP}/Microsoft.Network/routeTables/table"},
        "privateEndpointNetworkPolicies": "Enabled",
        "privateEndpoints": [{"id": ENDPOINT}],
        "delegations": [{"name": "one", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}],
        "ipConfigurations": [{"id": f"{GROUP}/Microsoft.Network/networkInterfaces/n/ipConfigurations/i"}],
    },
}
NETWORK_BODY: Body = {
    "id": NETWORK,
    "tags": {"managed-by": "causeway"},
    "properties": {
        "provisioningState": "Succeeded",
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "dhcpOptions": {"dnsServers": ["10.0.0.4"]},
        "subnets": [SUBNET],
        "virtualNetworkPeerings": [PEERING],
    },
}
RULE: Body = {
    "name": "one",
    "properties": {
        "priority": 100,
        "direction": "Inbound",
        "access": "Deny",
        "protocol": "Tcp",
        "sourceAddressPrefix": "10.0.0.0/16",
        "sourceAddressPrefixes": ["10.0.0.0/16"],
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "443",
        "destinationPortRanges": ["443", "1000-2000"],
        "sourceApplicationSecurityGroups": [{"id": "x"}],
    },
}
SECURITY_GROUP: Body = {
    "id": f"{GROUP}/Microsoft.Network/networkSecurityGroups/nsg",
    "properties": {"securityRules": [RULE], "defaultSecurityRules": [RULE], "subnets": [{"id": NETWORK}]},
}
ROUTE_TABLE: Body = {
    "id": f"{GROUP}/Microsoft.Network/routeTables/table",
    "properties": {
        "routes": [
            {
                "name": "one",
                "properties": {
                    "addressPrefix": "10.0.1.0/24",
                    "nextHopType": "VirtualAppliance",
                    "nextHopIpAddress": "10.0.0.4",
                },
            }
        ]
    },
}
ENDPOINT_BODY: Body = {
    "id": ENDPOINT,
    "tags": {"managed-by": "causeway"},
    "properties": {
        "provisioningState": "Succeeded",
        "subnet": {"id": f"{NETWORK}/subnets/one"},
        "networkInterfaces": [{"id": f"{GROUP}/Microsoft.Network/networkInterfaces/n"}],
        "privateLinkServiceConnections": [
            {
                "properties": {
                    "privateLinkServiceId": ACCOUNT,
                    "groupIds": ["blob"],
                    "privateLinkServiceConnectionState": {"status": "Approved"},
                }
            }
        ],
        "manualPrivateLinkServiceConnections": [],
        "customDnsConfigs": [{"fqdn": "orders.blob.core.windows.net", "ipAddresses": ["10.0.1.4"]}],
    },
}
NIC_BODY: Body = {
    "id": f"{GROUP}/Microsoft.Network/networkInterfaces/n",
    "properties": {
        "ipConfigurations": [
            {
                "properties": {
                    "privateIPAddress": "10.0.1.4",
                    "privateLinkConnectionProperties": {
                        "requiredMemberName": "blob",
                        "fqdns": ["orders.blob.core.windows.net"],
                    },
                }
            }
        ]
    },
}
ZONE_GROUP_BODY: Body = {
    "id": f"{ENDPOINT}/privateDnsZoneGroups/default",
    "properties": {
        "privateDnsZoneConfigs": [
            {
                "name": "blob",
                "properties": {
                    "privateDnsZoneId": ZONE,
                    "recordSets": [
                        {
                            "fqdn": "orders.privatelink.blob.core.windows.net",
                            "ipAddresses": ["10.0.1.4"],
                        }
                    ],
                },
            }
        ]
    },
}
RECORD_BODY: Body = {
    "id": f"{ZONE}/A/orders",
    "properties": {
        "metadata": {"creator": "created by private endpoint pe with resource guid x"},
        "aRecords": [{"ipv4Address": "10.0.1.4"}],
    },
}
LINK_BODY: Body = {
    "id": f"{ZONE}/virtualNetworkLinks/one",
    "properties": {"virtualNetwork": {"id": NETWORK}, "resolutionPolicy": "Default"},
}
ZONE_BODY: Body = {"id": ZONE, "properties": {"numberOfRecordSets": 5}}


def seen(body: Body) -> Seen:
    """The object under the id that it was asked for by."""
    return Seen(ResourceId.parse(ENDPOINT), body)


def of_network(network: Seen) -> object:
    halves = embedded.peerings_of(network).items
    subnets = embedded.subnets_of(network).items
    return [
        networks.prefixes(network),
        networks.virtual_network(network),
        networks.dns_servers(network),
        networks.remotes_of(network),
        [(networks.known_space(half), networks.connected(half)) for half in halves],
        [(networks.group_of(one), networks.enforced(one), networks.endpoints_in(one)) for one in subnets],
        [networks.prefixes_in(one.properties) for one in subnets],
        path_ends.groups_in(network),
        path_ends.tables_in(network),
        path_ends.client_subnets(network),
        network.tags,
        network.busy,
    ]


def of_security_group(group: Seen) -> object:
    rules = nsg.rules_of(group)
    asked = verdict.Traffic("Inbound", ("10.0.0.0/16",), "10.0.1.4", "443", ("10.0.0.0/16",))
    decided = verdict.evaluate(rules, asked), verdict.shut(rules, asked)
    return rules, nsg.free_priority(rules, (100, 200), "Inbound"), decided


def of_interface(one: Seen) -> object:
    names = [name for address in nic.addresses_in(one) for name in address.fqdns]
    return record.records_under([ResourceId.parse(ZONE)], names)


def of_endpoint(one: Seen) -> object:
    return [
        endpoint.connection_of(one),
        endpoint.subnet_of(one),
        endpoint.nic_of(one),
        endpoint.reported_addresses(one),
        endpoint.Endpoint.is_marked(one, ResourceId.parse(ACCOUNT)),
        one.busy,
    ]


def of_zone_group(group: Seen) -> object:
    records = zone_configs.records_of(group)
    return zone_configs.zone_ids(group), [record.record_id(one) for one in records], record.as_written(group)


def of_record(one: Seen) -> object:
    return record.creator_of(one), record.pointed_to(one)


READERS: dict[str, tuple[Body, Callable[[Seen], object]]] = {
    "network": (NETWORK_BODY, of_network),
    "security group": (SECURITY_GROUP, of_security_group),
    "route table": (ROUTE_TABLE, routes.routes_of),
    "endpoint": (ENDPOINT_BODY, of_endpoint),
    "interface": (NIC_BODY, of_interface),
    "zone group": (ZONE_GROUP_BODY, of_zone_group),
    "record": (RECORD_BODY, of_record),
    "link": (LINK_BODY, link.network_of),
    "zone": (ZONE_BODY, zone_group.zone_list),
}


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Where each value is, the outer ones first; the whole body is no value of its own."""
    if at:
        yield at
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        yield from paths(inner, (*at, key))


def replaced(body: Body, at: Path, value: Any) -> Body:
    """The body with another value in that place."""
    changed = deepcopy(body)
    inner: Any = changed
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = deepcopy(value)
    return changed


def cases() -> Iterator[Any]:
    for name, (body, _) in READERS.items():
        for at in paths(body):
            yield pytest.param(name, at, id=f"{name}-{'.'.join(map(str, at))}")


@pytest.mark.parametrize(("name", "at"), list(cases()))
def test_no_value_of_another_shape_makes_a_reader_raise(name: str, at: Path) -> None:
    body, reader = READERS[name]
    for value in STRANGE:
        reader(seen(replaced(body, at, value)))


@pytest.mark.parametrize("name", READERS)
def test_an_empty_body_has_nothing(name: str) -> None:
    READERS[name][1](seen({}))


TARGETS: dict[str, Body] = {
    kind: {
        "id": f"{GROUP}/{kind}/one",
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_RAGRS", "tier": "Standard"},
        "tags": {"private-connectivity": "enabled"},
        "properties": properties
        | {
            "privateEndpointConnections": [
                {
                    "name": "one",
                    "properties": {
                        "privateEndpoint": {"id": ENDPOINT},
                        "groupIds": ["blob"],
                        "privateLinkServiceConnectionState": {"status": "Approved"},
                    },
                }
            ],
        },
    }
    for kind, properties in {
        "Microsoft.Storage/storageAccounts": {
            "isHnsEnabled": True,
            "primaryEndpoints": {"blob": "https://orders.blob.core.windows.net/"},
            "secondaryEndpoints": {"blob": "https://orders-secondary.blob.core.windows.net/"},
        },
        "Microsoft.DocumentDB/databaseAccounts": {
            "capabilities": [{"name": "EnableTable"}],
            "enableAnalyticalStorage": True,
        },
        "Microsoft.Network/applicationGateways": {
            "sku": {"tier": "WAF_v2"},
            "frontendIPConfigurations": [
                {"name": "one", "properties": {"privateLinkConfiguration": {"id": "pl"}}}
            ],
        },
        "Microsoft.ContainerService/managedClusters": {
            "apiServerAccessProfile": {"enablePrivateCluster": True}
        },
        "Microsoft.Cache/redisEnterprise": {"hostName": "one.westeurope.redis.azure.net"},
        "Microsoft.KeyVault/vaults": {"vaultUri": "https://one.vault.azure.net/"},
        "Microsoft.DBforPostgreSQL/flexibleServers": {"network": {"delegatedSubnetResourceId": "x"}},
    }.items()
}


def of_target(body: Body) -> None:
    """All that the catalogue asks of a resource."""
    catalogue, target = load(), Target.parse(body)
    catalogue.refused(target)
    ConnectedResource.parse(body)
    for name in (*catalogue.default_groups(target), *catalogue.valid_groups(target)):
        (group, *_) = catalogue.resolve(target, [name])
        catalogue.zones(group, target, "AzureCloud")
        catalogue.shared_names(group, target, "AzureCloud")
        service_rules.public_names(target, name)


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        pytest.param(kind, at, id=f"{kind.partition('.')[2]}-{'.'.join(map(str, at))}")
        for kind, body in TARGETS.items()
        for at in paths(body)
        if at != ("id",)
    ],
)
def test_no_value_of_another_shape_makes_the_catalogue_raise(kind: str, at: Path) -> None:
    for value in STRANGE:
        of_target(replaced(TARGETS[kind], at, value))


def test_a_consumer_that_connected_by_alias_has_a_connection_to_no_resource() -> None:
    at = ("properties", "privateLinkServiceConnections", 0, "properties", "privateLinkServiceId")
    found = endpoint.connection_of(seen(replaced(ENDPOINT_BODY, at, ALIAS)))
    assert found == endpoint.EndpointConnection(None, "blob", "Approved")


def test_what_is_well_formed_is_read_beside_what_is_not() -> None:
    bad = {"name": "bad/name", "properties": {"addressPrefix": "10.0.2.0/24"}}
    subnets = embedded.subnets_of(seen(replaced(NETWORK_BODY, ("properties", "subnets"), [bad, SUBNET])))
    assert [one.id.name for one in subnets.items] == ["one"]
    at = ("properties", "privateDnsZoneConfigs")
    odd = {"name": "odd", "properties": {"privateDnsZoneId": ALIAS}}
    listed = [odd, *ZONE_GROUP_BODY["properties"]["privateDnsZoneConfigs"]]
    assert zone_configs.zone_ids(seen(replaced(ZONE_GROUP_BODY, at, listed))) == {ResourceId.parse(ZONE)}
    space = ("properties", "addressSpace", "addressPrefixes")
    network = seen(replaced(NETWORK_BODY, space, ["not an address", "10.0.0.0/16"]))
    assert networks.prefixes(network) == ("10.0.0.0/16",)
