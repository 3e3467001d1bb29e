"""Observed states of Azure from bodies: what was read, None for what does not exist."""

from collections.abc import Mapping, Sequence

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.readings.embedded import is_embedded, with_child
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Members, Present

type Objects = Mapping[ResourceId, Seen | None]
type Lists = Mapping[tuple[ResourceId, str], Sequence[Seen]]


def picture(objects: Objects | None = None, lists: Lists | None = None) -> Observed:
    """Objects by id, and members of collections; children of networks and groups go into their parents."""
    known = dict(objects or {})
    separate: dict[tuple[ResourceId, str], Sequence[Seen]] = {}
    for (parent, name), members in (lists or {}).items():
        if not is_embedded(f"{parent.type}/{name}"):
            separate[(parent, name)] = members
        elif (holder := known.setdefault(parent, bare(parent))) is not None:
            holder = Seen(parent, {**holder.body, "properties": {**holder.properties, name: []}})
            for member in members:
                holder = with_child(holder, member.id, member)
            known[parent] = holder
    view = Observed()
    for at, seen in sorted(known.items(), key=lambda entry: len(entry[0].names)):
        view = view.with_object(at, Present(seen) if seen else Absent())
    for (parent, name), members in separate.items():
        view = view.with_members(parent, name, Present(Members(tuple(members))))
    return view


def bare(at: ResourceId) -> Seen:
    """A parent with its id and no properties."""
    return Seen(at, {"id": at.text, "name": at.name, "properties": {}})
