"""What the body of a DNS zone group says: in which zones it keeps an endpoint's records, and which ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.core.base.bodies import Json, Seen, child_id, mapping, resource_id, sequence
from shared.core.base.ids import ResourceId, digest

COLLECTION = "privateDnsZoneGroups"


@dataclass(frozen=True, slots=True)
class ReportedRecord:
    """One address record that the zone group keeps: `fqdn` without a trailing dot, IPv4 addresses."""

    fqdn: str
    addresses: tuple[str, ...]
    zone: ResourceId


@dataclass(frozen=True, slots=True)
class ZoneConfig:
    """One zone of a zone group, with the records that it reports there."""

    name: str
    zone: ResourceId
    records: tuple[ReportedRecord, ...]


def configs_of(group: Seen) -> tuple[ZoneConfig, ...]:
    """The zones that a zone group writes to. A zone whose name does not fit the service has no records.

    Zones without an id that can be read, and records without a name that a record can have, are left out.
    """
    return group.parsed(_configs)


def zone_ids(group: Seen) -> frozenset[ResourceId]:
    """The ids of those zones."""
    return frozenset(config.zone for config in configs_of(group))


def records_of(group: Seen) -> tuple[ReportedRecord, ...]:
    """The records that the zone group reports."""
    return tuple(record for config in configs_of(group) for record in config.records)


def config_name(zone: ResourceId) -> str:
    """Unique per zone id: Azure refuses to change the zone of an existing config name in place."""
    return f"{zone.name.removeprefix('privatelink.').replace('.', '-')[:70]}-{digest(zone.key, 6)}"


def record_name(fqdn: str, zone: ResourceId) -> str:
    """How the zone names the record of a full name; `@` for the zone's own name."""
    return fqdn.removesuffix(zone.name.lower()).rstrip(".") or "@"


def _configs(group: Seen) -> tuple[ZoneConfig, ...]:
    return tuple(_listed(group))


def _listed(group: Seen) -> Iterator[ZoneConfig]:
    for entry in map(mapping, sequence(group.properties.get("privateDnsZoneConfigs"))):
        properties = mapping(entry.get("properties"))
        zone = resource_id(properties.get("privateDnsZoneId"))
        if zone is not None:
            yield ZoneConfig(str(entry.get("name") or ""), zone, tuple(_records(properties, zone)))


def _records(properties: Json, zone: ResourceId) -> Iterator[ReportedRecord]:
    for entry in map(mapping, sequence(properties.get("recordSets"))):
        addresses = tuple(str(address) for address in sequence(entry.get("ipAddresses")))
        fqdn = str(entry.get("fqdn") or "").rstrip(".").lower()
        if child_id(zone, "A", record_name(fqdn, zone)) is not None:
            yield ReportedRecord(fqdn, addresses, zone)
