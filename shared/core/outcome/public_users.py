"""Who would lose access if a resource's public network access were disabled.

The switch is the whole resource's, and nothing undoes it by itself. So all who use the resource count:
services that no endpoint serves, rules that let some in today, and endpoints that wait for approval.
Sources: Microsoft Learn, "Use private endpoints for Azure Storage" (one endpoint for each service),
"Configure Azure Storage firewalls and virtual networks" and "Azure SQL connectivity settings" (rules have no
effect once public access is disabled).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Json, mapping, resource_id, sequence
from shared.core.base.errors import clean
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.policy.faults import FIREWALL, PENDING, SERVICE_ENDPOINTS, TRUSTED
from shared.core.readings.networks import NETWORK

SHOWN = 10  # names in one text; the rest is counted
_ADDRESS = ("value", "ipmask", "ipaddressorrange", "ipaddress", "addressprefix")


@dataclass(frozen=True, slots=True)
class PublicUser:
    """One kind of user: `name` is how a profile allows it to lose access, `what` says who that is."""

    name: str
    what: str


def public_users(
    target: Target,
    groups: Iterable[str],
    served: Collection[str],
    clients: Collection[ResourceId],
    rules: Iterable[Json] = (),
) -> tuple[PublicUser, ...]:
    """All that would lose access. `groups`: those that the resource has, `served`: those with an endpoint.

    `clients`: networks that have the private path. `rules`: rules that the resource has as children.
    """
    by_group = {group.lower() for group in served}
    bare = (group for group in groups if group.lower() not in by_group)
    waiting = [one.name for one in target.connections if one.status.lower() == "pending"]
    return (
        *(PublicUser(group, f"{group} (it has no private endpoint)") for group in bare),
        *_by_rules(target, clients, rules),
        *([PublicUser(PENDING, f"{PENDING} ({_some(waiting)})")] if waiting else []),
        *_trusted(target),
    )


def listed_services(target: Target, groups: Iterable[str]) -> tuple[str, ...]:
    """Of the groups that a resource may have, those that clients reach by public names today.

    A storage account lists its services itself, secondary ones included. A dedicated gateway of Cosmos DB is
    a service of its own that an account does not list.
    """
    if target.id.is_type("Microsoft.Storage/storageAccounts"):
        first, second = (mapping(target.properties.get(name)) for name in _STORAGE_LISTS)
        found = {*first, *(f"{service}_secondary" for service in second)}
        return tuple(group for group in groups if group in found)
    return tuple(group for group in groups if group not in _OPTIONAL)


_STORAGE_LISTS = ("primaryEndpoints", "secondaryEndpoints")
_OPTIONAL = frozenset({"SqlDedicated"})


def _by_rules(target: Target, clients: Collection[ResourceId], rules: Iterable[Json]) -> Iterator[PublicUser]:
    addresses, subnets = [], []
    for entry in (*_entries(target.properties), *rules):
        at = _subnet(entry)
        if at is None:
            addresses.append(_address(entry))
        elif at.parent not in clients:
            subnets.append(at.text)
    if addresses:
        yield PublicUser(FIREWALL, f"{FIREWALL} ({_some(addresses)})")
    if subnets:
        yield PublicUser(SERVICE_ENDPOINTS, f"{SERVICE_ENDPOINTS} of {_some(subnets)}")


def rules_in(child: Json) -> tuple[Json, ...]:
    """The rules in a child resource: it is one itself, or a set that lists some."""
    name = str(child.get("type") or "").lower()
    return tuple(_entries(mapping(child.get("properties")))) if "rulesets" in name else (child,)


def _entries(value: Any) -> Iterator[Json]:
    """Every rule that a body lists, wherever it has them: services name the lists alike."""
    for name, inner in mapping(value).items():
        if name.lower() in ("iprules", "inboundiprules", "virtualnetworkrules", "resourceaccessrules"):
            yield from (entry for entry in map(mapping, sequence(inner)) if not _denies(entry))
        elif isinstance(inner, Mapping):
            yield from _entries(inner)


def _denies(entry: Json) -> bool:
    return str(entry.get("action") or "").lower() in ("deny", "reject")


def _subnet(entry: Json) -> ResourceId | None:
    inner = mapping(entry.get("properties"))
    named = (entry.get("id"), mapping(entry.get("subnet")).get("id"), inner.get("virtualNetworkSubnetId"))
    found = (resource_id(one) for one in named)
    return next((at for at in found if at and at.parent and at.parent.is_type(NETWORK)), None)


def _address(entry: Json) -> str:
    inner = mapping(entry.get("properties"))
    if "startIpAddress" in {**inner, **entry} or "startIP" in inner:
        first = inner.get("startIpAddress") or inner.get("startIP")
        last = inner.get("endIpAddress") or inner.get("endIP")
        return clean(f"{entry.get('name')}: {first}-{last}")
    lowered = {name.lower(): value for name, value in entry.items()}
    found = next((lowered[name] for name in _ADDRESS if lowered.get(name)), None)
    return clean(str(found or entry.get("resourceId") or entry.get("name") or "a rule"))


def _trusted(target: Target) -> Iterator[PublicUser]:
    """Trusted services get in by the exception for them; without it, by public access alone."""
    rules = mapping(target.properties.get("networkAcls"))
    bypass = rules.get("bypass")
    closed = str(rules.get("defaultAction") or "").lower() == "deny"
    if isinstance(bypass, str) and "azureservices" not in bypass.lower() and not closed:
        yield PublicUser(TRUSTED, f"{TRUSTED} (networkAcls.bypass is {clean(bypass)})")


def _some(items: list[str]) -> str:
    rest = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return f"{', '.join(items[:SHOWN])}{rest}"
