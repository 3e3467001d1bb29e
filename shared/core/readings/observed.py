"""What Azure has, of just the objects that one target is about: the second half of every comparison.

Place in the data's way: made by the flow from reads, consumed by the planner and the proof. It is a
value: after a write the flow makes a new one that holds what the write answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.placement.candidate import Room


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a target before anything is wished for.

    `networks` has each candidate's virtual network (None: it does not exist). `rivals` are the endpoints
    that others connected to the same target, and `rival_zone_groups` what names they keep. `groups` are the
    security groups of the clients' subnets. `hidden` says of some rivals and groups why they could not be
    read. `room` is what was asked about room for new endpoints.
    """

    networks: Mapping[ResourceId, Seen | None] = field(default_factory=dict)
    rivals: tuple[Seen, ...] = ()
    rival_zone_groups: Mapping[ResourceId, tuple[Seen, ...]] = field(default_factory=dict)
    groups: Mapping[ResourceId, Seen | None] = field(default_factory=dict)
    hidden: Mapping[ResourceId, str] = field(default_factory=dict)
    room: Room = field(default_factory=Room)


@dataclass(frozen=True, slots=True)
class Observed:
    """Objects by id (None: looked at and not there) and collections by (parent, name).

    `unreadable`: zones and networks that are only looked at, never written, and why that was refused.
    `unlisted`: zones whose records could not be listed, and why.
    """

    objects: Mapping[ResourceId, Seen | None] = field(default_factory=dict)
    collections: Mapping[tuple[ResourceId, str], tuple[Seen, ...]] = field(default_factory=dict)
    around: Surroundings = field(default_factory=Surroundings)
    unreadable: Mapping[ResourceId, str] = field(default_factory=dict)
    unlisted: Mapping[ResourceId, str] = field(default_factory=dict)

    def see(self, wanted: ResourceId) -> Seen | None:
        """What stands at this id; None where nothing does. KeyError if nobody looked."""
        return self.objects[wanted]

    def looked_at(self, wanted: ResourceId) -> bool:
        """Somebody read this id in this walk."""
        return wanted in self.objects

    def absent(self, wanted: ResourceId) -> bool:
        """Somebody read this id in this walk and found nothing there."""
        read = self.objects if wanted in self.objects else self.around.networks
        return wanted in read and read[wanted] is None

    def member(self, wanted: ResourceId) -> Seen | None:
        """What stands at this id, read alone or in the collection that holds it."""
        if wanted in self.objects:
            return self.objects[wanted]
        members = (one for listed in self.collections.values() for one in listed)
        return next((one for one in members if one.id == wanted), None)

    def listed(self, parent: ResourceId, collection: str) -> tuple[Seen, ...]:
        """The members of a collection below a parent, none where the parent does not exist."""
        return self.collections.get((parent, collection), ())

    def having(self, objects: Mapping[ResourceId, Seen | None]) -> Observed:
        """The same view with newer readings of some objects, in the collections they belong to as well."""
        collections = dict(self.collections)
        for at, seen in objects.items():
            key = (at.parent, at.type.rpartition("/")[2])
            if key[0] is not None and (members := collections.get((key[0], key[1]))) is not None:
                answered = {at, seen.id} if seen else {at}  # what answers a wish may have another name
                others = tuple(member for member in members if member.id not in answered)
                collections[(key[0], key[1])] = (*others, seen) if seen else others
        return replace(self, objects={**self.objects, **objects}, collections=collections)

    def forgetting(self, old: ResourceId) -> Observed:
        """The same view as if nobody had read this id."""
        return replace(self, objects={at: seen for at, seen in self.objects.items() if at != old})

    def refusing(self, unread: ResourceId, why: str) -> Observed:
        """The same view with a reading that was refused."""
        return replace(self, unreadable={**self.unreadable, unread: why})

    def believing(self, zone: ResourceId, why: str) -> Observed:
        """The same view with a zone whose records nobody could list."""
        return replace(self, unlisted={**self.unlisted, zone: why})

    def listing(self, parent: ResourceId, collection: str, members: tuple[Seen, ...]) -> Observed:
        """The same view with a newer reading of one collection."""
        return replace(self, collections={**self.collections, (parent, collection): members})
