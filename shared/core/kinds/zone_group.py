"""DNS zone groups: `Microsoft.Network/privateEndpoints/privateDnsZoneGroups`.

A zone group tells an endpoint in which zones to keep its address records. An endpoint has at most one,
with at most five zones (Microsoft Learn: "Azure Private Endpoint private DNS zone values").
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Json, Seen, mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import Ordinary

TYPE = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
COLLECTION = "privateDnsZoneGroups"
NAME = "causeway"
MAX_ZONES = 5


@dataclass(frozen=True, slots=True)
class Record:
    """One address record that the zone group keeps: `fqdn` without a trailing dot, IPv4 addresses."""

    fqdn: str
    addresses: tuple[str, ...]
    zone: ResourceId


def zone_ids(group: Seen) -> frozenset[ResourceId]:
    """The zones that a zone group writes to."""
    return frozenset(zone for _, zone, _ in _configs(group))


def records_of(group: Seen) -> tuple[Record, ...]:
    """The records that the zone group reports. A zone whose name does not fit the service has none."""
    return tuple(
        Record(
            str(entry.get("fqdn") or "").rstrip(".").lower(),
            tuple(str(address) for address in sequence(entry.get("ipAddresses"))),
            zone,
        )
        for _, zone, properties in _configs(group)
        for entry in map(mapping, sequence(properties.get("recordSets")))
    )


def _configs(group: Seen) -> Iterator[tuple[str, ResourceId, Json]]:
    for entry in map(mapping, sequence(group.properties.get("privateDnsZoneConfigs"))):
        properties = mapping(entry.get("properties"))
        zone = properties.get("privateDnsZoneId")
        if isinstance(zone, str) and zone:
            yield str(entry.get("name") or ""), ResourceId.parse(zone), properties


def config_name(zone: ResourceId) -> str:
    """Unique per zone id: Azure refuses to change the zone of an existing config name in place."""
    digest = hashlib.sha256(zone.key.encode()).hexdigest()[:6]
    return f"{zone.name.removeprefix('privatelink.').replace('.', '-')[:70]}-{digest}"


@dataclass(frozen=True, slots=True)
class ZoneGroup(Ordinary):
    """The zone group of one endpoint. `records`: what it will write; none while no name is known."""

    id: ResourceId
    endpoint: ResourceId
    zones: tuple[ResourceId, ...]
    records: tuple[ResourceId, ...] = ()

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return (self.endpoint, *self.zones)

    def is_ours(self, have: Seen) -> bool:
        """A zone group has no tags: ours is the one of our name."""
        return have.id == self.id and self.id.name == NAME

    def drift(self, have: Seen) -> tuple[str, ...]:
        if have.state == "failed":
            return ("provisioning failed",)
        missing = sorted(zone.name for zone in set(self.zones) - zone_ids(have))
        return tuple(f"no config for zone {name}" for name in missing)

    def body(self, have: Seen | None) -> dict[str, Any]:
        """A PUT replaces the list: configs that others added stay, ours become exactly what is wanted."""
        others = [
            (name, zone)
            for name, zone, _ in (_configs(have) if have else ())
            if name != config_name(zone) and zone not in self.zones
        ]
        configs = [*others, *((config_name(zone), zone) for zone in self.zones)]
        return {
            "properties": {
                "privateDnsZoneConfigs": [
                    {"name": name, "properties": {"privateDnsZoneId": zone.text}} for name, zone in configs
                ]
            }
        }
