"""Address records in private DNS zones: read only, never written by Causeway itself.

A zone group writes the records of its endpoint, over whatever exists under their names, so it has to be known
before which records those are, and whose.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.core.base.bodies import Seen, child_id, mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.catalogue.service_rules import public_suffix
from shared.core.kinds.zone_configs import ReportedRecord, record_name, records_of
from shared.core.readings.reading import Read

COLLECTION = "A"
API_VERSION = "2024-06-01"
PAGE, SECONDS_A_PAGE = 100, 6.0  # Microsoft Learn: Private DNS REST reference, "Record Sets - List"
# How Azure signs what a zone group writes (docs/azure/dns.md, DNS-20).
CREATOR = "created by private endpoint "
GUID = "with resource guid "
# Data Factory's portal is named as the suffix of its zone: public DNS leads it to this record (TGT-65).
PORTALS = ("adf.azure.com", "adf.azure.us", "adf.azure.cn")
PORTAL = "portal"


def records_under(zones: Iterable[ResourceId], names: Iterable[str]) -> tuple[ResourceId, ...]:
    """The records that a zone group with these zones writes for an endpoint's public names."""
    listed = tuple(zones)
    return tuple(dict.fromkeys(record for name in names if name for record in _under(listed, name)))


@functools.lru_cache(maxsize=16_384)
def _under(zones: tuple[ResourceId, ...], name: str) -> tuple[ResourceId, ...]:
    return tuple(at for at in _records(zones, name) if at is not None)


def _records(zones: tuple[ResourceId, ...], name: str) -> Iterator[ResourceId | None]:
    """One record in the most specific zone that the name falls into.

    A few services have public names under another suffix than their zone's (`vault.azure.net` in
    `privatelink.vaultcore.azure.net`): the record has the name's first label, or all labels before the one
    with which the zone's suffix begins (`md-1.z5.blob.storage.azure.net` in
    `privatelink.blob.core.windows.net`). Which of the two is not documented, so both are read. None for a
    name that no record can have.
    """
    suffixes = {zone: public_suffix(zone.name.lower()) for zone in zones}
    inside = [zone for zone, suffix in suffixes.items() if name.endswith(f".{suffix}")]
    if inside:
        zone = max(inside, key=lambda zone: len(suffixes[zone]))
        yield child_id(zone, COLLECTION, name.removesuffix(f".{suffixes[zone]}"))
        return
    labels = [PORTAL] if name in PORTALS else name.split(".")
    for zone, suffix in suffixes.items():
        yield child_id(zone, COLLECTION, labels[0])
        begins = suffix.split(".")[0]
        if begins in labels[1:]:
            yield child_id(zone, COLLECTION, ".".join(labels[: labels.index(begins, 1)]))


def record_read(at: ResourceId, *, tolerant: bool = False) -> Read:
    """Read one record alone. `tolerant`: the pass can do without."""
    return Read(at, api_version=API_VERSION, tolerate="failure" if tolerant else "nothing")


def record_id(record: ReportedRecord) -> ResourceId:
    """The id of a record that a zone group reports."""
    return _record_id(record.zone, record.fqdn)


@functools.lru_cache(maxsize=16_384)
def _record_id(zone: ResourceId, fqdn: str) -> ResourceId:
    return zone.child(COLLECTION, record_name(fqdn, zone))


def as_written(group: Seen) -> dict[ResourceId, Seen]:
    """The records as the answer to a zone group's write reports them: newer than what was read before it."""
    return {
        (at := record_id(one)): Seen(
            at, {"properties": {"aRecords": [{"ipv4Address": ip} for ip in one.addresses]}}
        )
        for one in records_of(group)
    }


@dataclass(frozen=True, slots=True)
class Creator:
    """The private endpoint whose zone group wrote a record: its name, and its resource guid where given.

    A name is only a hint, as endpoints of several resource groups may share it: the guid says whose record it
    is.
    """

    name: str
    guid: str = ""


def creator_of(record: Seen) -> Creator | None:
    """Who wrote the record; None where no private endpoint did."""
    creator = mapping(record.properties.get("metadata")).get("creator")
    if not isinstance(creator, str) or not creator.startswith(CREATOR):
        return None
    name, _, rest = creator.removeprefix(CREATOR).partition(" ")
    return Creator(name, rest.removeprefix(GUID).strip().lower() if rest.startswith(GUID) else "")


def pointed_to(record: Seen | None) -> frozenset[str]:
    """The record's IPv4 addresses; none where there is no record."""
    return record.parsed(_pointed_to) if record else frozenset()


def _pointed_to(record: Seen) -> frozenset[str]:
    entries = map(mapping, sequence(record.properties.get("aRecords")))
    return frozenset(str(entry.get("ipv4Address")) for entry in entries)
