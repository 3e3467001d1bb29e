"""DNS zone groups: `Microsoft.Network/privateEndpoints/privateDnsZoneGroups`.

A zone group says in which zones an endpoint keeps its address records. An endpoint has at most one, with at
most five zones (Microsoft Learn: "Azure Private Endpoint private DNS zone values"). It writes over whatever
has the same name there, and it goes on reporting a record that another endpoint's deletion took with it, or
that a person deleted (MicrosoftDocs/azure-docs, issue 91558), so the zone itself is read as well.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Json, Seen, mapping, number, sequence
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.rights import Right, to_write
from shared.core.base.written import written
from shared.core.kinds import endpoint, record
from shared.core.kinds.kind import Managed
from shared.core.kinds.link import LINKED_ELSEWHERE
from shared.core.kinds.record import Creator, as_written, creator_of, pointed_to, record_id, records_under
from shared.core.kinds.zone_configs import (
    COLLECTION,
    ReportedRecord,
    config_name,
    configs_of,
    records_of,
    zone_ids,
)
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Read, Reading, Unread

TYPE = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
NAME = "causeway"
FEWEST = 3  # passes for which a list in place of single records is worth it
CONFIGS = "privateDnsZoneConfigs"
MAX_ZONES = 5
RECORD_HELD = "RecordHeldByAnother"  # the code of a refusal: another endpoint keeps the name


@dataclass(frozen=True, slots=True)
class ZoneGroup(Managed):
    """The zone group of one endpoint. `records`: what it will write; none while no name is known.

    `group`: the group id of the endpoint, which another endpoint to the same resource may serve as well.
    `shared`: endpoints to other resources have some of the same names (docs/azure/targets.md, TGT-62).
    `guids`: those of every endpoint that was made for the target, as it may move from one to another.
    `endpoints`: those that the ledger has without a guid. `links`: those of the clients to its zones.
    """

    TYPE = TYPE
    REPAIR = "names"

    id: ResourceId
    endpoint: ResourceId
    zones: tuple[ResourceId, ...]
    records: tuple[ResourceId, ...] = ()
    group: str = ""
    endpoints: tuple[ResourceId, ...] = ()
    guids: frozenset[str] = frozenset()
    foreign_parent: bool = False  # its endpoint was made by someone else: nothing is written below it
    recorded_before: bool = True  # the ledger had it: an older version created some below such endpoints
    shared: bool = False
    links: tuple[ResourceId, ...] = ()

    @property
    def harms(self) -> Mapping[ResourceId, str]:
        """As for the endpoint: a network that Azure refuses to link asks another zone."""
        return dict.fromkeys(self.links, LINKED_ELSEWHERE)

    def moves_names(self, have: Seen) -> bool:
        """A config of ours is for a zone that is not desired any more: its records are deleted there."""
        return any(
            one.name == config_name(one.zone) and one.zone not in self.zones for one in configs_of(have)
        )

    @property
    def rights(self) -> tuple[Right, ...]:
        return to_write(self.id, *self.zones)

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return (self.endpoint, *self.zones)

    def reads(self, observed: Observed) -> Iterable[Read]:
        """The endpoint's zone groups, the records that a write would replace, and those that are reported."""
        yield Read(self.endpoint, COLLECTION)
        match self._listed(observed):
            case Present(value=have):
                if self.is_managed(have):
                    yield from self._at_stake_reads(have, observed)
                if not have.busy:
                    yield from self._reported_reads(have, observed)
            case Absent():
                yield from self._at_stake_reads(None, observed)
            case Unread():
                return

    def found(self, observed: Observed) -> Reading[Seen]:
        """An endpoint has at most one, of any name.

        While a record that a write would replace was not read, nothing can be said about writing.
        """
        have = self._listed(observed)
        if isinstance(have, Present) and not self.is_managed(have.value):
            return have
        at_stake = self._at_stake(have.value if isinstance(have, Present) else None)
        unread = (observed.reading(at) for at in at_stake if at.parent and observed.present(at.parent))
        return next((one for one in unread if isinstance(one, Unread)), have)

    def _listed(self, observed: Observed) -> Reading[Seen]:
        listed = observed.members(self.endpoint, COLLECTION)
        if not isinstance(listed, Present):
            return listed
        items = listed.value.items
        return Present(items[0], listed.at, listed.written) if items else Absent(listed.at)

    def is_managed(self, have: Seen) -> bool:
        """A zone group has neither tags nor a guid: ours bears our mark, below an endpoint of ours."""
        ours = self.recorded_before or not self.foreign_parent
        return ours and have.id == self.id and bears_mark(have)

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        if have.state == "failed":
            return ("provisioning failed",)
        missing = sorted(zone.name for zone in set(self.zones) - zone_ids(have))
        if missing:
            return tuple(f"no config for zone {name}" for name in missing)
        if lost := self.lost_records(have, observed):
            return (f"records that it reports are not in the zone: {', '.join(at.name for at in lost)}",)
        return ()

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        below_foreign = self._below_foreign() if have is None and self.foreign_parent else None
        return below_foreign or self._held_by_rival(observed) or self._overwriting(have, observed)

    def shortfall(self, have: Seen, observed: Observed) -> Refusal | None:
        return self._held_by_rival(observed)

    def in_the_way(self, have: Seen, problem: str) -> Refusal:
        others = ", ".join(sorted(zone.name for zone in zone_ids(have))) or "no zone"
        return Refusal(
            have.id,
            "ZoneGroupOfSomeoneElse",
            f"the endpoint's zone group {have.id.name}, made by someone else, writes to {others}: {problem}",
            f"add the zone to {have.id.name}, or delete it and rerun the resource",
        )

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        """A PUT replaces the list: configs that others added stay, ours become exactly what is desired.

        Members that Causeway does not know are sent as they were read.
        """
        known = {config.name: config.zone for config in (configs_of(have) if have else ())}
        existing = written(have.properties) if have else {}
        entries = {str(one.get("name")): one for one in map(mapping, sequence(existing.get(CONFIGS)))}
        others = [
            entries[name]
            for name, zone in known.items()
            if name != config_name(zone) and zone not in self.zones
        ]
        ours = [_config(zone, entries.get(config_name(zone), {})) for zone in self.zones]
        return {"properties": {**existing, CONFIGS: [*others, *ours]}}

    def remade(self, before: Seen, observed: Observed) -> dict[str, Any]:
        """With the configs that others added to the last one, which was deleted with its endpoint."""
        return self.body(before, observed)

    def implied(self, answer: Seen) -> Mapping[ResourceId, Seen]:
        return as_written(answer)

    def lost_records(self, have: Seen, observed: Observed) -> tuple[ResourceId, ...]:
        """Records that the zone group reports, and that its zone does not hold like that.

        Only those that were read alone: the shared list of a zone may be older than the zone group.
        """
        found: list[ResourceId] = []
        for one in records_of(have):
            at = record_id(one)
            known = observed.objects.get(at) if one.zone in self.zones else None
            if known is not None and not isinstance(known, Unread):
                held = pointed_to(known.value) if isinstance(known, Present) else frozenset()
                if held != frozenset(one.addresses):
                    found.append(at)
        return tuple(found)

    @staticmethod
    def is_marked(have: Seen, target: ResourceId) -> bool:
        return bears_mark(have)

    def _at_stake(self, have: Seen | None) -> tuple[ResourceId, ...]:
        """The records that a write of this zone group would write for the first time."""
        written = zone_ids(have) if have and have.state != "failed" else frozenset()
        return tuple(at for at in self.records if at.parent not in written)

    def _at_stake_reads(self, have: Seen | None, observed: Observed) -> Iterator[Read]:
        for at in self._at_stake(have):
            zone = (
                observed.present(at.parent) if at.parent else None
            )  # one that does not exist has no records
            if zone and self._is_listed(zone, observed):
                yield zone_list(zone)
            elif zone:
                yield record.record_read(at)

    def _is_listed(self, zone: Seen, observed: Observed) -> bool:
        """One list of the zone is fewer requests than a record for each of many passes, and may be made."""
        many = observed.many >= FEWEST and pages(zone) <= observed.many
        return many and observed.refused(zone.id, record.COLLECTION) is None

    def _reported_reads(self, have: Seen, observed: Observed) -> Iterator[Read]:
        """The zone's list of records where that is one page; a record that it does not confirm is read alone.

        Private DNS allows 500 reads in 5 minutes for a whole subscription, so a list of one page is shared.
        In a larger zone each record is read alone: it must be newer than the pass, and a list takes many
        reads (docs/azure/dns.md, DNS-15). For many passes at once a list takes fewer.
        """
        for one in records_of(have):
            if one.zone not in self.zones or observed.objects.get(record_id(one)) is not None:
                continue
            if zone := observed.present(one.zone):
                small = pages(zone) <= observed.many
                if small:
                    yield zone_list(zone)
                if not small or self._unconfirmed(one, observed):
                    yield record.record_read(record_id(one))

    def _unconfirmed(self, one: ReportedRecord, observed: Observed) -> bool:
        listed = observed.members(one.zone, record.COLLECTION)
        if not isinstance(listed, Present):
            return False
        return pointed_to(listed.value.member(record_id(one))) != frozenset(one.addresses)

    def _below_foreign(self) -> Refusal:
        """Terraform, for example, removes a zone group that it does not know at its next apply."""
        zones = ", ".join(zone.text for zone in self.zones)
        return Refusal(
            self.endpoint,
            "NoZoneGroup",
            f"the endpoint {self.endpoint.text}, made by someone else, has no DNS zone group",
            f"let its owner add a zone group with {zones}, or take its subnet out of subnets and adopt_in, "
            "so that Causeway makes an endpoint of its own",
        )

    def _held_by_rival(self, observed: Observed) -> Refusal | None:
        """Another endpoint to the same group keeps the same name in the same zone.

        One name has one record in a zone, and the last writer wins, so the second endpoint is not created.
        Where both exist already, it is not known to which of them the name leads.
        """
        for rival in observed.of_type(endpoint.TYPE):
            connection = endpoint.connection_of(rival)
            same = connection is not None and connection.group.lower() == self.group.lower()
            if not same or rival.id == self.endpoint:
                continue
            groups = observed.listed(rival.id, COLLECTION)
            shared = next((at for one in groups for at in zone_ids(one) if at in self.zones), None)
            if shared:
                return Refusal(
                    rival.id,
                    RECORD_HELD,
                    f"the endpoint {rival.id.text} already keeps this resource's name in {shared.name}",
                    self._rival_remedy(observed),
                )
        return None

    def _rival_remedy(self, observed: Observed) -> str:
        if observed.present(self.endpoint) is not None:
            return (
                f"delete it, or its zone group, and rerun the resource: {self.endpoint.name} exists already"
            )
        return "list its subnet under adopt_in in the profile, or delete it, and rerun the resource"

    def _overwriting(self, have: Seen | None, observed: Observed) -> Refusal | None:
        """A record that someone else made under one of the names, and that points elsewhere."""
        lost = self.lost_records(have, observed) if have else ()
        for at in (*self._at_stake(have), *lost):
            found = observed.present(at)
            if found is None:
                continue
            expected = self._expected(at, observed)
            if self._is_own(creator_of(found), observed):
                if self._was_edited(found, expected, observed):
                    return _record_in_the_way(found, expected, "someone edited it")
                continue
            if not expected or pointed_to(found) != expected:
                return self._name_taken(found) or _record_in_the_way(found, expected)
        return None

    def _name_taken(self, found: Seen) -> Refusal | None:
        """An endpoint to another resource has a name that all resources of this type share."""
        creator = creator_of(found)
        if not self.shared or creator is None:
            return None
        zone = found.id.parent.text if found.id.parent else ""
        return Refusal(
            found.id,
            "RecordHeldByAnother",
            f"resources of this type share the name {found.id.name} in {zone}, and one name can lead to one "
            f"of them only: the private endpoint {creator.name} has it",
            "serve both by that resource and opt this one out, or give this one a profile whose zones are in "
            "another resource group and resolve only for its own clients",
        )

    def _is_own(self, creator: Creator | None, observed: Observed) -> bool:
        """The record's endpoint is this one, or one that was made for this target: by its guid.

        Its name counts only where the guid is not known: the record has none, or the ledger has none.
        """
        if creator is None:
            return False
        have = observed.present(self.endpoint)
        known = self.guids | ({endpoint.guid_of(have)} if have else set())
        if creator.guid and creator.guid in known:
            return True
        names = self.endpoints if creator.guid else (self.endpoint, *self.endpoints)
        return creator.name in {at.name for at in names}

    def _was_edited(self, found: Seen, expected: frozenset[str], observed: Observed) -> bool:
        """This very endpoint wrote the record, and it has addresses that the endpoint never had.

        An editor keeps the metadata; the addresses of one endpoint do not change.
        """
        creator, have = creator_of(found), observed.present(self.endpoint)
        same = creator is not None and have is not None and creator.guid == endpoint.guid_of(have) != ""
        return same and bool(expected) and not pointed_to(found) <= expected

    def _expected(self, at: ResourceId, observed: Observed) -> frozenset[str]:
        """The addresses that the endpoint has under this record's name; none while it is not known."""
        have = observed.present(self.endpoint)
        addresses = endpoint.addresses_of(have, observed) if have else ()
        return frozenset(one.ip for one in addresses if at in records_under(self.zones, one.fqdns))


def bears_mark(have: Seen) -> bool:
    """Its name, or that of one of its configs, is one that only Causeway gives.

    A name by the policy's template, such as `default`, is what others call theirs too.
    """
    return have.id.name == NAME or any(one.name == config_name(one.zone) for one in configs_of(have))


def _config(zone: ResourceId, existing: Json) -> dict[str, Any]:
    """A config of ours for the zone, over what it has."""
    properties = {**mapping(existing.get("properties")), "privateDnsZoneId": zone.text}
    return {**existing, "name": config_name(zone), "properties": properties}


def pages(zone: Seen) -> int:
    """How many requests a list of the zone's records takes."""
    return number(zone.properties.get("numberOfRecordSets")) // record.PAGE + 1


def zone_list(zone: Seen) -> Read:
    """Read all address records of a zone: the larger it is, the longer a list serves."""
    return Read(
        zone.id,
        record.COLLECTION,
        shared=True,
        tolerate="failure",
        api_version=record.API_VERSION,
        max_age=pages(zone) * record.SECONDS_A_PAGE,
    )


def _record_in_the_way(found: Seen, expected: frozenset[str], edited: str = "") -> Refusal:
    at, creator = found.id, None if edited else creator_of(found)
    zone = at.parent.text if at.parent else ""
    change = f", or point it to {_listed(expected)}," if expected else ""
    change = " if that endpoint is gone" if creator else change
    wrote = (
        f"the private endpoint {creator.name} wrote it"
        if creator
        else edited or "no private endpoint wrote it"
    )
    return Refusal(
        at,
        RECORD_HELD if creator else "RecordNotOurs",
        f"the record {at.name} in {zone} points to {_listed(pointed_to(found))}, and {wrote}: the endpoint's "
        "zone group would write over it",
        f"delete the record {at.text}{change} and rerun the resource",
    )


def _listed(addresses: frozenset[str]) -> str:
    return ", ".join(sorted(addresses)) or "no address"
