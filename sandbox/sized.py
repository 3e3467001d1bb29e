"""Scenarios of any size, for measurements: `python -m sandbox scenario --resources 100000`.

The resources come in teams of TEAM: a resource group with a network, its subnets and security group, storage
accounts, Key Vaults and SQL servers, private endpoints with zone groups, and A records. Endpoints are in
shared subnets, at most 1,000 a network, which is Azure's limit (source: docs/azure/limits.md, LIM-04). Each
endpoint adds resources of its own: a network interface, a connection and a record.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sandbox.azure.kernel.directory import SUBSCRIPTIONS
from sandbox.azure.kernel.model import Json

TEAM = 100
ENDPOINTS = 25  # of a team; each has a target and a zone group of its own
HUB_TEAMS = 1000 // ENDPOINTS
RECORDS, SUBNETS = 10, 2
STORAGE, VAULTS = 22, 8  # of a team; the rest of its targets are SQL servers
ZONES = {
    "blob": "privatelink.blob.core.windows.net",
    "vault": "privatelink.vaultcore.azure.net",
    "sqlServer": "privatelink.database.windows.net",
}
CUSTOM_ZONE = "records.example"
PLACE = "westeurope"


def scenario(resources: int) -> Json:
    """A scenario with exactly so many entries in `resources`."""
    return {"subscriptions": list(SUBSCRIPTIONS), "resources": list(islice(_all(), resources))}


def _all() -> Iterator[Json]:
    """The shared zones, then teams without end, each subscription in turn."""
    for subscription in SUBSCRIPTIONS:
        yield from _zones(subscription)
    number = 0
    while True:
        for subscription in SUBSCRIPTIONS:
            if number % HUB_TEAMS == 0:
                yield from _hub(subscription, number // HUB_TEAMS)
            yield from _team(subscription, number)
        number += 1


def _zones(subscription: str) -> Iterator[Json]:
    yield {"id": _group(subscription, "rg-dns"), "location": PLACE}
    yield {"id": _group(subscription, "rg-network"), "location": PLACE}
    for zone in (*ZONES.values(), CUSTOM_ZONE):
        yield {"id": _zone(subscription, zone), "location": "global"}


def _hub(subscription: str, number: int) -> Iterator[Json]:
    """A network whose one subnet has room for the endpoints of HUB_TEAMS teams."""
    prefix = f"10.{number % 256}.0.0/20"
    yield {
        "id": _hub_id(subscription, number),
        "location": PLACE,
        "properties": {
            "addressSpace": {"addressPrefixes": [prefix]},
            "subnets": [{"name": "endpoints", "properties": {"addressPrefix": prefix}}],
        },
    }


def _team(subscription: str, number: int) -> Iterator[Json]:
    """TEAM entries."""
    group = _group(subscription, f"rg-team-{number}")
    yield {"id": group, "location": PLACE}
    yield from _network(group, number)
    for place in range(RECORDS):
        records = {"ttl": 300, "aRecords": [{"ipv4Address": f"10.255.0.{place + 1}"}]}
        zone = _zone(subscription, CUSTOM_ZONE)
        yield {"id": f"{zone}/A/team-{number}-{place}", "properties": records}
    targets = [_target(group, _short(subscription, number), place) for place in range(_targets())]
    yield from (body for body, _ in targets)
    for place in range(ENDPOINTS):
        # Every kind of target has endpoints: they are taken from both ends of the list.
        body, kind = targets[place // 2 if place % 2 else -1 - place // 2]
        yield from _endpoint(subscription, group, number, str(body["id"]), kind)


def _network(group: str, number: int) -> Iterator[Json]:
    guard = f"{group}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/team"
    space = f"172.{16 + number // 256 % 16}.{number % 256}"
    yield {"id": guard, "location": PLACE, "properties": {}}
    yield {
        "id": network,
        "location": PLACE,
        "properties": {"addressSpace": {"addressPrefixes": [f"{space}.0/24"]}},
    }
    for place in range(SUBNETS):
        properties = {"addressPrefix": f"{space}.{place * 64}/26", "networkSecurityGroup": {"id": guard}}
        yield {"id": f"{network}/subnets/clients-{place}", "properties": properties}


def _targets() -> int:
    """Targets of a team: what the other entries leave of TEAM."""
    return TEAM - 3 - SUBNETS - RECORDS - 2 * ENDPOINTS


def _target(group: str, suffix: str, place: int) -> tuple[Json, str]:
    """A storage account, vault or server, and the sub-resource that its endpoint connects to."""
    providers, name = f"{group}/providers", f"{suffix}{place:02d}"
    if place < STORAGE:
        storage: Json = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "tags": {"team": suffix}}
        id = f"{providers}/Microsoft.Storage/storageAccounts/st{name}"
        return {"id": id, "location": PLACE} | storage, "blob"
    if place < STORAGE + VAULTS:
        vault = {"tenantId": SUBSCRIPTIONS[0], "sku": {"family": "A", "name": "standard"}}
        id = f"{providers}/Microsoft.KeyVault/vaults/kv{name}"
        return {"id": id, "location": PLACE, "properties": vault | {"accessPolicies": []}}, "vault"
    id = f"{providers}/Microsoft.Sql/servers/sql{name}"
    login = {"administratorLogin": "sa-user", "administratorLoginPassword": "not-a-Secret-1"}
    return {"id": id, "location": PLACE, "properties": login}, "sqlServer"


def _endpoint(subscription: str, group: str, number: int, target: str, kind: str) -> Iterator[Json]:
    name = target.rsplit("/", 1)[1]
    endpoint = f"{group}/providers/Microsoft.Network/privateEndpoints/pe-{name}"
    link = {"privateLinkServiceId": target, "groupIds": [kind]}
    yield {
        "id": endpoint,
        "location": PLACE,
        "properties": {
            "subnet": {"id": f"{_hub_id(subscription, number // HUB_TEAMS)}/subnets/endpoints"},
            "privateLinkServiceConnections": [{"name": "link", "properties": link}],
        },
    }
    zone = {"privateDnsZoneId": _zone(subscription, ZONES[kind])}
    configs = [{"name": "zone", "properties": zone}]
    yield {
        "id": f"{endpoint}/privateDnsZoneGroups/default",
        "properties": {"privateDnsZoneConfigs": configs},
    }


def _group(subscription: str, name: str) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def _zone(subscription: str, name: str) -> str:
    return f"{_group(subscription, 'rg-dns')}/providers/Microsoft.Network/privateDnsZones/{name}"


def _hub_id(subscription: str, number: int) -> str:
    networks = f"{_group(subscription, 'rg-network')}/providers/Microsoft.Network/virtualNetworks"
    return f"{networks}/hub-{number}"


def _short(subscription: str, number: int) -> str:
    """Part of names that are unique in all of Azure: "a0000012"."""
    return f"{'abcdefgh'[SUBSCRIPTIONS.index(subscription)]}{number:06d}"
