"""Address records under an endpoint's names: which ones a zone group will write, and whose they are.

Place in the data's way: `desired` asks which records a zone group will write, `flow/names.py` reads those
that stand, `decide` asks whether one of them is somebody's own, or gone. A zone group writes over whatever
stands there, so that has to be known before; and it goes on reporting a record that another endpoint took
along, or a person deleted (MicrosoftDocs/azure-docs, issue 91558), so the zone itself is asked as well.
"""

from collections.abc import Iterable, Iterator

from shared.core.base.bodies import Seen, mapping, sequence
from shared.core.base.ids import ResourceId
from shared.core.catalogue.service_rules import public_suffix
from shared.core.kinds.addresses import addresses_of
from shared.core.kinds.endpoint import family
from shared.core.kinds.zone_group import Record, ZoneGroup, records_of, zone_ids
from shared.core.plan.actions import Block
from shared.core.readings.observed import Observed

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
    """A record that somebody else made under one of the names, and that points elsewhere."""
    for at in (*at_stake(want, have), *astray(want, have, observed)):
        record = observed.objects.get(at)
        if record is None or _ours(creator_of(record), want):
            continue
        own, expected = pointed_to(record), _expected(at, want, observed)
        if not expected or own != expected:
            return _in_the_way(want, record, own, expected)
    return None


def astray(want: ZoneGroup, have: Seen | None, observed: Observed) -> tuple[ResourceId, ...]:
    """Records that the standing zone group reports, and that its zone does not hold like that.

    Only those that were looked at: whoever has read nothing believes the zone group.
    """
    reported = [one for one in records_of(have) if one.zone in want.zones] if have else []
    read = [(record_id(one), frozenset(one.addresses)) for one in reported]
    return tuple(
        at
        for at, addresses in read
        if observed.looked_at(at) and held_by(observed.objects.get(at)) != addresses
    )


def record_id(record: Record) -> ResourceId:
    """Where a record that a zone group reports stands in its zone."""
    own = record.fqdn.removesuffix(record.zone.name.lower()).rstrip(".")
    return record.zone.child(COLLECTION, own or "@")


def as_written(group: Seen) -> dict[ResourceId, Seen | None]:
    """The records as the answer to a zone group's write tells them: newer than what was read before it."""
    return {
        at: Seen(at, {"properties": {"aRecords": [{"ipv4Address": ip} for ip in one.addresses]}})
        for one in records_of(group)
        if (at := record_id(one))
    }


def creator_of(record: Seen) -> str | None:
    """The name of the private endpoint whose zone group wrote the record; None where none did."""
    creator = mapping(record.properties.get("metadata")).get("creator")
    if not isinstance(creator, str) or not creator.startswith(CREATOR):
        return None
    return creator.removeprefix(CREATOR).partition(" ")[0]


def _ours(creator: str | None, want: ZoneGroup) -> bool:
    """The record's endpoint is this one, or one that we made for this target and group in another subnet."""
    return creator is not None and (
        creator == want.endpoint.name or creator.startswith(family(want.endpoint.name))
    )


def held_by(record: Seen | None) -> frozenset[str]:
    """The addresses of a record that may not be there."""
    return pointed_to(record) if record else frozenset()


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


def _in_the_way(want: ZoneGroup, record: Seen, own: frozenset[str], expected: frozenset[str]) -> Block:
    at, creator = record.id, creator_of(record)
    zone = at.parent.text if at.parent else ""
    change = f", or point it to {_listed(expected)}," if expected else ""
    change = " if that endpoint is gone" if creator else change
    wrote = f"the private endpoint {creator} wrote it" if creator else "no private endpoint wrote it"
    return Block(
        want.id,
        at,
        "RecordHeldByAnother" if creator else "RecordNotOurs",
        f"the record {at.name} in {zone} points to {_listed(own)}, and {wrote}: the endpoint's zone group "
        "would write over it",
        f"delete the record {at.text}{change} and rerun the resource",
    )


def _listed(addresses: frozenset[str]) -> str:
    return ", ".join(sorted(addresses)) or "no address"
