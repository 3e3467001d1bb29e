"""Targets of private endpoints: groups of each resource type, their members, names and zones.

`private_link.json` is the sandbox's own table: for each (type, group) the zones of each cloud and the
members, one address each (a cloud has its own members where its zones differ). Zones are those
of the public document "Azure Private Endpoint private DNS zone values" (Microsoft Learn). Members and names
were recorded for storage, SQL, Key Vault, Cosmos DB, container registries, Web Apps, Event Grid and Storage
Sync (source: docs/azure/targets.md, TGT-12); for other types they are one member a group, or follow the
public documents of the service, and their exact record names are assumptions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from sandbox.azure.kernel.model import Resource

PRIVATE_LINK_SERVICE = "Microsoft.Network/privateLinkServices"
APPLICATION_GATEWAY = "Microsoft.Network/applicationGateways"
SITE_LETTERS, SLOT_LETTERS = 40, 19  # of a slot's host name (source: docs/azure/targets.md, TGT-91)


@dataclass(frozen=True, slots=True)
class Name:
    """One public name of a member: `record` + `suffix` in public DNS, `record` in the private zone."""

    record: str
    suffix: str
    zone: str

    @property
    def fqdn(self) -> str:
        """The public name: "acct.blob.core.windows.net"."""
        return f"{self.record}.{self.suffix}"

    @property
    def private_fqdn(self) -> str:
        """The name that public DNS points to once a connection exists:
        "acct.privatelink.blob.core.windows.net".
        """
        return f"{self.record}.{self.zone}"


@dataclass(frozen=True, slots=True)
class Member:
    """A required member of a group: takes one address in the subnet."""

    name: str
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A sub-resource ("blob"): what a private endpoint connects to."""

    id: str
    members: tuple[Member, ...]

    @property
    def zones(self) -> list[str]:
        """Zones of the names of this group, each once."""
        return list(dict.fromkeys(name.zone for member in self.members for name in member.names))


# How many of the group's zones a Cognitive Services account of this kind needs; others one (source:
# docs/azure/targets.md, TGT-32).
COGNITIVE_ZONES = {"OpenAI": 2, "AIServices": 3}


def types() -> list[str]:
    """Every type of the table, as ARM writes it."""
    return list(dict.fromkeys(row["type"] for row in _table()["groups"]))


def pairs() -> list[tuple[str, str]]:
    """Every (type, group) of the table, each once."""
    return list(dict.fromkeys((row["type"], row["group"]) for row in _table()["groups"]))


def groups(target: Resource) -> list[Group]:
    """The groups that this resource offers, in the order of its privateLinkResources.

    An application gateway's are its frontends that have a private link configuration, and have no public
    names (source: Microsoft Learn, "Configure Azure Application Gateway Private Link").
    """
    if target.id.is_type(APPLICATION_GATEWAY):
        return [Group(name, (Member(name, ()),)) for name in _private_frontends(target)]
    return [_group(row, target) for row in _rows(target.type.lower()) if _offers(target, row)]


@cache
def reserved_domains() -> frozenset[str]:
    """The last two labels of every zone: domains of Azure's services, such as windows.net."""
    zones = [
        pair[-1] for row in _table()["groups"] for pairs in row.get("zones", {}).values() for pair in pairs
    ]
    return frozenset(".".join(one.split(".")[-2:]) for one in zones)


def group(target: Resource, name: str) -> Group | None:
    """One group by name, or None.

    Storage compares in exact case, others without (source: public issue azure-cli#16750). Deployment slots
    are groups of their site: "sites-staging".
    """
    exact = target.id.is_type("Microsoft.Storage/storageAccounts")
    for one in _named(target, name):
        if one.id == name or not exact:
            return one
    site, _, slot = name.partition("-")
    if target.id.is_type("Microsoft.Web/sites") and site.lower() == "sites" and slot:
        return _slot(target, slot)
    return None


def cloud(location: str) -> str:
    """The cloud of a region: "public", "government" or "china"."""
    if location.startswith(("usgov", "usdod")):
        return "government"
    return "china" if location.startswith("china") else "public"


def variables(target: Resource) -> dict[str, str]:
    """Values for the templates of the table; generated ones are the same each time for one resource."""
    subdomain = str(target.properties.get("customSubDomainName") or target.name).lower()
    made = _variables(target.id.key, target.name.lower(), subdomain, target.location)
    return made | {"dns_zone": dns_zone(target)}


@lru_cache(maxsize=1024)
def _variables(key: str, name: str, subdomain: str, location: str) -> dict[str, str]:
    digest = sha256(key.encode())
    number = str(digest.digest()[0] % 5 + 1)
    return {
        "name": name,
        "subdomain": subdomain,
        "region": location,
        "code": _table()["geo_codes"].get(location, location),
        "hash": digest.hexdigest()[:12],
        "prefix": digest.hexdigest()[:12],
        "guid": str(UUID(digest.hexdigest()[:32])),
        "long": str(int(digest.hexdigest()[:13], 16)),
        "number": number,
        "partition": number,
    }


@cache
def _table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(Path(__file__).with_name("private_link.json").read_text())
    return found


def _named(target: Resource, name: str) -> list[Group]:
    """The groups of a resource with this name in any case; no other is made."""
    if target.id.is_type(APPLICATION_GATEWAY):
        return [one for one in groups(target) if one.id.lower() == name.lower()]
    rows = [row for row in _rows(target.type.lower()) if row["group"].lower() == name.lower()]
    return [_group(row, target) for row in rows if _offers(target, row)]


@cache
def _rows(type_name: str) -> list[Mapping[str, Any]]:
    """The rows of one type of the table, by its name in lower case."""
    return [row for row in _table()["groups"] if row["type"].lower() == type_name]


def _group(row: Mapping[str, Any], target: Resource) -> Group:
    values, where = variables(target), cloud(target.location)
    zones = [_fill(pair, values) for pair in row.get("zones", {}).get(where, [])]
    if target.id.is_type("Microsoft.CognitiveServices/accounts"):
        zones = zones[: COGNITIVE_ZONES.get(str(target.body.get("kind")), 1)]
    if target.id.is_type("Microsoft.DocumentDB/databaseAccounts"):
        return Group(row["group"], tuple(_cosmos_members(target, zones)))
    if target.id.is_type("Microsoft.Storage/storageAccounts") and _has_dns_zone(target):
        return _in_dns_zone(row["group"], values)
    default = {row["group"]: [["{name}", index] for index in range(len(zones))]}
    if row["group"].endswith("_secondary") and "members" not in row:
        default = {row["group"]: [["{name}-secondary", 0]]}
    members = row.get(f"{where}_members", row.get("members", default))
    return Group(
        row["group"],
        tuple(
            Member(
                name.format(**values),
                tuple(Name(record.format(**values), *zones[at]) for record, at in records if at < len(zones)),
            )
            for name, records in members.items()
        ),
    )


def _has_dns_zone(account: Resource) -> bool:
    """Whether an account's names are in an Azure DNS zone (source: docs/azure/targets.md, TGT-90)."""
    return account.properties.get("dnsEndpointType") == "AzureDnsZone"


def dns_zone(account: Resource) -> str:
    """The DNS zone of such an account's names: "z07"."""
    return f"z{int(sha256(account.id.key.encode()).hexdigest()[:4], 16) % 100:02}"


def _in_dns_zone(group: str, values: Mapping[str, str]) -> Group:
    """A service of an account with Azure DNS zone endpoints; its private zone is a hypothesis (TGT-90)."""
    service, _, mark = group.partition("_")
    record = f"{values['name']}{'-secondary' if mark else ''}.{values['dns_zone']}"
    suffix = f"{service}.storage.azure.net"
    return Group(group, (Member(group, (Name(record, suffix, f"privatelink.{suffix}"),)),))


def _fill(pair: list[str], values: dict[str, str]) -> tuple[str, str]:
    """(public suffix, zone) of a row's `["suffix", "zone"]` or `["zone"]` (suffix: the zone without its
    prefix).
    """
    zone = pair[-1].format(**values)
    suffix = pair[0].format(**values) if len(pair) == 2 else zone
    return suffix.replace("privatelink-global.", "").replace("privatelink.", ""), zone


def _cosmos_members(target: Resource, zones: list[tuple[str, str]]) -> list[Member]:
    """The account itself, then one member per region (source: docs/azure/private-endpoints.md, PE-26)."""
    regions = [
        str(one.get("locationName", "")).replace(" ", "").lower()
        for one in target.properties.get("locations") or [{"locationName": target.location}]
    ]
    names = [target.name.lower(), *(f"{target.name.lower()}-{region}" for region in regions)]
    return [Member(name, tuple(Name(name, *zone) for zone in zones)) for name in names]


def _slot(target: Resource, slot: str) -> Group:
    [site] = groups(target)
    [member] = site.members
    name = slot_name(target.name.lower(), slot.lower())
    names = tuple(
        Name(one.record.replace(target.name.lower(), name, 1), one.suffix, one.zone) for one in member.names
    )
    return Group(f"sites-{slot}", (Member(f"sites-{slot}", names),))


def slot_name(site: str, slot: str) -> str:
    """The first label of a slot's host name: neither part is longer than its limit (source: TGT-91)."""
    if len(slot) > SLOT_LETTERS:
        slot = slot[: SLOT_LETTERS - 1] + sha256(f"{site}/{slot}".encode()).hexdigest()[:4]
    return f"{site[:SITE_LETTERS]}-{slot}"


def _private_frontends(gateway: Resource) -> list[str]:
    return [
        str(one.get("name", ""))
        for one in gateway.properties.get("frontendIPConfigurations") or []
        if (one.get("properties") or {}).get("privateLinkConfiguration")
    ]


def _offers(target: Resource, row: Mapping[str, Any]) -> bool:
    """Whether this resource has the group: by kind, replication, API or tier."""
    name, sku = row["group"], str((target.body.get("sku") or {}).get("name", ""))
    match target.type.lower():
        case "microsoft.storage/storageaccounts":
            return name in _storage_groups(str(target.body.get("kind", "StorageV2")), sku)
        case "microsoft.documentdb/databaseaccounts":
            return name in _cosmos_groups(target)
        case "microsoft.cache/redisenterprise":
            classic = sku.startswith("Enterprise")
            return classic == ("redisenterprise" in row["zones"]["public"][0][-1])
        case "microsoft.containerservice/managedclusters":
            profile = target.properties.get("apiServerAccessProfile") or {}
            return bool(profile.get("enablePrivateCluster"))
    return True


def _storage_groups(kind: str, sku: str) -> list[str]:
    """By kind: each service the account has; `_secondary` only with a readable secondary (RA-GRS, RA-GZRS).

    A BlobStorage account takes a blob endpoint (source: docs/azure/targets.md, TGT-14).
    """
    services = {
        "BlobStorage": ["blob", "table", "dfs"],
        "BlockBlobStorage": ["blob", "web", "dfs"],
        "FileStorage": ["file"],
    }.get(kind, ["blob", "table", "queue", "file", "web", "dfs"])
    return services + [f"{one}_secondary" for one in services if sku.startswith("Standard_RA")]


def _cosmos_groups(account: Resource) -> list[str]:
    """By API (kind and capabilities), plus the analytical store where it is on (source: public document)."""
    on = {str(one.get("name")) for one in account.properties.get("capabilities") or []}
    found = ["Sql", "SqlDedicated"]
    if account.body.get("kind") == "MongoDB":
        found = ["MongoDB"]
    elif "EnableCassandra" in on:
        found = ["Cassandra"]
    elif "EnableGremlin" in on:
        found = ["Gremlin", "Sql"]
    elif "EnableTable" in on:
        found = ["Table", "Sql"]
    return found + (["Analytical"] if account.properties.get("enableAnalyticalStorage") else [])
