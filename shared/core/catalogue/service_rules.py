"""Rules of single services: which groups a resource has, and how the names of zones are filled in.

`catalogue.py` asks these functions and alone knows the data. A rule is here because the tables cannot express
it: it depends on the resource itself.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.core.base.bodies import mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target

_HOST = re.compile(r"(?:[a-z]+://)?([^/:]+)", re.I)
_PRIMARY = ("blob", "table", "queue", "file", "web", "dfs")
# Microsoft Learn: "Use private endpoints for Azure Storage", "Storage account overview". A kind that is not
# here (general purpose v1 and v2) has all services.
_STORAGE = {
    "BlobStorage": ("blob",),
    "BlockBlobStorage": ("blob", "web", "dfs"),
    "FileStorage": ("file",),
}
# Microsoft Learn: "Configure Azure Private Link for Azure Cosmos DB". Capabilities name the account's API.
_COSMOS = {
    "EnableMongo": "MongoDB",
    "EnableCassandra": "Cassandra",
    "EnableGremlin": "Gremlin",
    "EnableTable": "Table",
}
# The property in which a resource of this type has its own host name.
_HOST_PROPERTY = {
    "microsoft.sql/managedinstances": "fullyQualifiedDomainName",
    "microsoft.web/staticsites": "defaultHostname",
    "microsoft.containerservice/managedclusters": "privateFQDN",
    "microsoft.cache/redisenterprise": "hostName",
}
# Microsoft Learn, "Azure Private Link for Azure SQL Database": over a private endpoint, Redirect takes
# clients to ports from 1433 up; Proxy stays on 1433, and so does Default.
_SQL_PORTS = {
    "proxy": "connection policy Proxy",
    "default": "connection policy Proxy",
    "redirect": "connection policy Redirect over a private endpoint",
}
# The property in which a resource of this type has the one public name that an endpoint to it has: a host
# name or a URL. Types whose endpoints may have further names (replicas, regions, aliases) are not here.
_TOLD = {
    "microsoft.sql/servers": "fullyQualifiedDomainName",
    "microsoft.sql/managedinstances": "fullyQualifiedDomainName",
    "microsoft.keyvault/vaults": "vaultUri",
    "microsoft.keyvault/managedhsms": "hsmUri",
    "microsoft.dbforpostgresql/servers": "fullyQualifiedDomainName",
    "microsoft.dbforpostgresql/flexibleservers": "fullyQualifiedDomainName",
    "microsoft.dbformysql/servers": "fullyQualifiedDomainName",
    "microsoft.dbformysql/flexibleservers": "fullyQualifiedDomainName",
    "microsoft.dbformariadb/servers": "fullyQualifiedDomainName",
    "microsoft.cache/redis": "hostName",
    "microsoft.cache/redisenterprise": "hostName",
    "microsoft.eventgrid/topics": "endpoint",
    "microsoft.eventgrid/domains": "endpoint",
}
_PLACEHOLDERS = {"partitionId": r"\d+"}  # a static web app's partition is a number; the rest are any label
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


def existing(target: Target, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Of the groups listed for a type, those that this resource has."""
    match target.id.type.lower():
        case "microsoft.storage/storageaccounts":
            return _storage_groups(target, listed)
        case "microsoft.documentdb/databaseaccounts":
            return _cosmos_groups(target, listed)
        case "microsoft.containerservice/managedclusters":
            # A public cluster refuses private endpoints (Microsoft Learn: private AKS clusters).
            profile = target.properties.get("apiServerAccessProfile")
            private = isinstance(profile, Mapping) and profile.get("enablePrivateCluster") is True
            return listed if private else ()
        case "microsoft.network/applicationgateways":
            return _frontends(target)
        case _:
            return listed


def first_choice(target: Target, default: tuple[str, ...], valid: tuple[str, ...]) -> tuple[str, ...]:
    """The groups that a resource is connected by, where neither tag nor policy says."""
    match target.id.type.lower():
        case "microsoft.storage/storageaccounts" if target.kind == "FileStorage":
            return ("file",)
        case "microsoft.storage/storageaccounts" if _hierarchical(target):
            return ("blob", "dfs")
        case "microsoft.documentdb/databaseaccounts":
            return (_cosmos_api(target),)
        case "microsoft.network/applicationgateways":
            return valid
        case _:
            return default


def partner(target: Target, group: str) -> str | None:
    """The group that this one cannot do without on this resource.

    With a hierarchical namespace, file system calls are redirected to blob and back, so that one of the
    two alone fails (MicrosoftDocs/azure-docs pull request 100856).
    """
    pairs = {
        "blob": "dfs",
        "dfs": "blob",
        "blob_secondary": "dfs_secondary",
        "dfs_secondary": "blob_secondary",
    }
    return pairs.get(group) if _hierarchical(target) else None


def open_ended(target: Target) -> bool:
    """Its group ids hold names that the resource itself does not list: slots, volume groups."""
    return not target.id.is_type("Microsoft.Network/applicationGateways")


def _hierarchical(target: Target) -> bool:
    return target.properties.get("isHnsEnabled") is True


def _storage_groups(target: Target, listed: tuple[str, ...]) -> tuple[str, ...]:
    primary = _STORAGE.get(target.kind, _PRIMARY)
    if target.kind == "BlobStorage" and _hierarchical(target):
        primary = (*primary, "dfs")
    readable = target.sku.upper().startswith(("STANDARD_RAGRS", "STANDARD_RAGZRS"))
    secondary = tuple(f"{group}_secondary" for group in primary) if readable else ()
    return tuple(group for group in listed if group in primary or group in secondary)


def _cosmos_api(target: Target) -> str:
    entries = target.properties.get("capabilities")
    names = {str(mapping(entry).get("name")) for entry in sequence(entries)}
    for capability, group in _COSMOS.items():
        if capability in names:
            return group
    return "MongoDB" if target.kind == "MongoDB" else "Sql"


def _cosmos_groups(target: Target, listed: tuple[str, ...]) -> tuple[str, ...]:
    """Its API's group; Gremlin and Table accounts answer to Sql as well, the others refuse it."""
    api = _cosmos_api(target)
    found = {api}
    if api in ("Gremlin", "Table"):
        found.add("Sql")
    if api == "Sql":
        found.add("SqlDedicated")  # whether the dedicated gateway is on, the account does not say
    if target.properties.get("enableAnalyticalStorage") is True:
        found.add("Analytical")
    return tuple(group for group in listed if group in found)


def _frontends(target: Target) -> tuple[str, ...]:
    """An application gateway is reached by the name of a frontend that has a private link configuration."""
    entries = target.properties.get("frontendIPConfigurations")
    return tuple(
        str(entry.get("name"))
        for entry in sequence(entries)
        if isinstance(entry, Mapping)
        and isinstance(entry.get("properties"), Mapping)
        and entry["properties"].get("privateLinkConfiguration")
    )


def port_setting(target: ResourceId) -> ResourceId | None:
    """Where a resource keeps the setting that decides among its ports; None where it has none."""
    if target.is_type("Microsoft.Sql/servers"):
        return target.child("connectionPolicies", "default")
    return None


def port_note(setting: Mapping[str, Any]) -> str | None:
    """How the catalogue notes the ports that a setting (its body) calls for; None where it is not known."""
    return _SQL_PORTS.get(str(mapping(setting.get("properties")).get("connectionType")).lower())


def host_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names that are host names, in lower case and without a trailing dot; what is none is left out."""
    lowered = (name.lower().rstrip(".") for name in names)
    return tuple(name for name in lowered if re.fullmatch(rf"{_LABEL}(\.{_LABEL})+", name))


def hosts_in(value: Any) -> Iterator[str]:
    """The host part of every text in a body that could be a host name or a URL."""
    match value:
        case str() if found := _HOST.match(value):
            yield found[1]
        case Mapping():
            for inner in value.values():
                yield from hosts_in(inner)
        case list():
            for inner in value:
                yield from hosts_in(inner)


def own_names(target: Target) -> tuple[str, ...]:
    """The host name in the resource itself, where its type has one."""
    value = target.properties.get(_HOST_PROPERTY.get(target.id.type.lower(), ""))
    return host_names([value]) if isinstance(value, str) else ()


def public_names(target: Target, group: str) -> tuple[str, ...]:
    """Every public name that an endpoint to this group will have, where the resource itself has them.

    Other than `own_names` this chooses no zone: it says whose record such an endpoint would write over.
    """
    if target.id.is_type("Microsoft.Storage/storageAccounts"):
        return _storage_names(target, group)
    return _host_of(target.properties.get(_TOLD.get(target.id.type.lower(), "")))


def _storage_names(target: Target, group: str) -> tuple[str, ...]:
    """A website's URL has a partition in it, whether its endpoint's name has it is not documented
    (docs/azure/targets.md, TGT-23)."""
    service, _, secondary = group.partition("_")
    urls = target.properties.get("secondaryEndpoints" if secondary else "primaryEndpoints")
    return _host_of(urls.get(service)) if isinstance(urls, Mapping) and service != "web" else ()


def _host_of(url: object) -> tuple[str, ...]:
    """The host name in a URL, or the host name that it is."""
    found = re.match(r"(?:\w+://)?([^:/]+)", url) if isinstance(url, str) else None
    return host_names([found[1]]) if found else ()


def located(template: str, location: str, geo_codes: Mapping[str, str]) -> str:
    """Fill in the resource's region. Backup names regions by geo codes (`we`)."""
    region = location.replace(" ", "").lower()
    if not region:
        return template
    zone = template.replace("{regionName}", region).replace("{region}", region)
    return zone.replace("{regionCode}", geo_codes.get(region, "{regionCode}"))


def kept(target: Target, zones: Sequence[str]) -> Sequence[str]:
    """A registry's data endpoints are records in its first zone; a zone of their own would stay empty.

    Source: Microsoft Learn: private DNS zone values, footnote 1.
    """
    return zones[:1] if target.id.is_type("Microsoft.ContainerRegistry/registries") else zones


def filled(zone: str, names: Sequence[str]) -> str | None:
    """The zone with its placeholders read from the names; None where no name has them."""
    if "{" not in zone:
        return zone
    return next((found for name in names if (found := _match(zone, name))), None)


def chosen(zones: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Of alternative zones, those that the names fall into, sorted: for each name the most specific one."""
    found = set()
    for name in names:
        matches = [match for zone in zones if (match := _match(zone, name))]
        if matches:
            found.add(max(matches, key=lambda match: match.count(".")))
    return tuple(sorted(found))


def could_be(template: str, zone: str) -> bool:
    """The zone is the template with its placeholders filled in some way."""
    return re.fullmatch(_pattern(template), zone.lower()) is not None


def public_suffix(zone: str) -> str:
    """The suffix of the public names that a zone serves: the zone less its first `privatelink` label."""
    return re.sub(r"^privatelink[^.]*\.", "", zone)


def _match(zone: str, name: str) -> str | None:
    """The zone that a name falls into, its placeholders filled."""
    found = re.fullmatch(rf"{_LABEL}(?:\.{_LABEL})*\.{_pattern(public_suffix(zone))}", name)
    if found is None:
        return None
    filled_in = zone
    for hole, value in found.groupdict().items():
        filled_in = filled_in.replace(f"{{{hole}}}", value)
    return filled_in


@functools.lru_cache(maxsize=4096)
def _pattern(template: str) -> str:
    escaped = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    return re.sub(r"\{(\w+)\}", lambda hole: f"(?P<{hole[1]}>{_PLACEHOLDERS.get(hole[1], _LABEL)})", escaped)
