"""Address records under an endpoint's names: which ones a zone group will write, and whose they are.

Place in the data's way: `desired` asks which records a zone group will write, `flow/names.py` reads those
that stand, `decide` asks whether one of them is somebody's own. A zone group writes over whatever stands
there, so that has to be known before.
"""

from collections.abc import Iterable, Iterator

from shared.core.actions import Block
from shared.core.addresses import addresses_of
from shared.core.catalogue_rules import public_suffix
from shared.core.ids import ResourceId
from shared.core.kinds.kind import Seen, mapping, sequence
from shared.core.kinds.zone_group import ZoneGroup, zone_ids
from shared.core.observed import Observed

COLLECTION = "A"
API_VERSION = "2024-06-01"
# How Azure signs what a zone group writes: many templates that people exported and published show it.
CREATOR = "created by private endpoint "


def records_under(zones: Iterable[ResourceId], names: Iterable[str]) -> tuple[ResourceId, ...]:
    """The records that a zone group with these zones writes for an endpoint's public names."""
    listed = tuple(zones)
    return tuple(dict.fromkeys(record for name in names if name for record in _records(listed, name)))


def _records(zones: tuple[ResourceId, ...], name: str) -> Iterator[ResourceId]:
    """One record in the most specific zone that the name falls into.

    A few services have public names under another suffix than their zone's (`vault.azure.net` in
    `privatelink.vaultcore.azure.net`): the record is called by the name's first label, or by all that stands
    before the label with which the zone's suffix begins (`md-1.z5.blob.storage.azure.net` in
    `privatelink.blob.core.windows.net`). Which of the two, no document says, so both are looked at.
    """
    suffixes = {zone: public_suffix(zone.name.lower()) for zone in zones}
    inside = [zone for zone, suffix in suffixes.items() if name.endswith(f".{suffix}")]
    if inside:
        zone = max(inside, key=lambda zone: len(suffixes[zone]))
        yield zone.child(COLLECTION, name.removesuffix(f".{suffixes[zone]}"))
        return
    first, *_ = labels = name.split(".")
    for zone, suffix in suffixes.items():
        yield zone.child(COLLECTION, first)
        begins = suffix.split(".")[0]
        if begins in labels[1:]:
            yield zone.child(COLLECTION, ".".join(labels[: labels.index(begins, 1)]))


def at_stake(want: ZoneGroup, have: Seen | None) -> tuple[ResourceId, ...]:
    """The records that a write of this zone group would write for the first time."""
    written = zone_ids(have) if have and have.state != "failed" else frozenset()
    return tuple(record for record in want.records if record.parent not in written)


def overwriting(want: ZoneGroup, have: Seen | None, observed: Observed) -> Block | None:
    """A record that somebody made under one of the names, and that points elsewhere."""
    for at in at_stake(want, have):
        record = observed.objects.get(at)
        if record is None or written_by_azure(record):
            continue
        own, ours = pointed_to(record), _expected(at, want, observed)
        if not ours or own != ours:
            return _in_the_way(want, at, own, ours)
    return None


def written_by_azure(record: Seen) -> bool:
    """A zone group wrote it. If its endpoint lives, that is a rival; otherwise nobody keeps it any more."""
    creator = mapping(record.properties.get("metadata")).get("creator")
    return isinstance(creator, str) and creator.startswith(CREATOR)


def pointed_to(record: Seen) -> frozenset[str]:
    """The record's IPv4 addresses."""
    entries = map(mapping, sequence(record.properties.get("aRecords")))
    return frozenset(str(entry.get("ipv4Address")) for entry in entries)


def _expected(record: ResourceId, want: ZoneGroup, observed: Observed) -> frozenset[str]:
    """The addresses that the endpoint has under this record's name; none while it is not known."""
    endpoint = observed.objects.get(want.endpoint)
    addresses = addresses_of(endpoint, observed) if endpoint else ()
    return frozenset(
        address.ip for address in addresses if record in records_under(want.zones, address.fqdns)
    )


def _in_the_way(want: ZoneGroup, at: ResourceId, own: frozenset[str], ours: frozenset[str]) -> Block:
    zone = at.parent.text if at.parent else ""
    change = f", or point it to {_listed(ours)}," if ours else ""
    return Block(
        want.id,
        at,
        "RecordNotOurs",
        f"the record {at.name} in {zone} points to {_listed(own)}, and no private endpoint wrote it: "
        "the endpoint's zone group would write over it",
        f"delete the record {at.text}{change} and rerun the resource",
    )


def _listed(addresses: frozenset[str]) -> str:
    return ", ".join(sorted(addresses)) or "no address"
