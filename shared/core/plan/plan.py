"""The difference between `Desired` and `Observed`, as one action for every object.

Nothing here reads, writes or waits, so a plan can be shown (dry run), tested and compared.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from shared.core.base.bodies import Json, Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.rights import Right
from shared.core.kinds.kind import Wanted
from shared.core.kinds.registry import kind_of
from shared.core.plan.actions import (
    Action,
    Block,
    Create,
    Delete,
    Keep,
    Replace,
    Unknown,
    Update,
    Wait,
    Withdraw,
    Write,
)
from shared.core.plan.decide import decide
from shared.core.plan.desired import Desired
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Present

NO_GUIDS: Mapping[ResourceId, frozenset[str]] = MappingProxyType({})
_Written = Create | Update | Replace


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in an order that respects needs."""

    actions: tuple[Action, ...]

    @property
    def writes(self) -> tuple[Write, ...]:
        return tuple(a for a in self.actions if isinstance(a, Create | Update | Replace | Delete | Withdraw))

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(a for a in self.actions if isinstance(a, Block))

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        return tuple(a for a in self.actions if isinstance(a, Unknown))

    @property
    def rights(self) -> tuple[Right, ...]:
        """What the app must be allowed to do for all that this plan writes."""
        return tuple(
            right for step in self.writes if isinstance(step, _Written) for right in step.want.rights
        )

    @property
    def rights_to_begin(self) -> tuple[Right, ...]:
        """What it must be allowed to do for objects that it creates, and those that complete them."""
        created = [
            step.want for step in self.actions if isinstance(step, Create) and step.want.useless_without
        ]
        ids = {at for want in created for at in (want.id, *want.useless_without)}
        steps = (step for step in self.writes if isinstance(step, _Written) and step.id in ids)
        return tuple(right for step in steps for right in step.want.rights)

    def begins_nothing(self, why: Refusal, among: frozenset[ResourceId]) -> Plan:
        """The plan with everything blocked that it would create among these, and nothing of what exists."""
        stopped = (isinstance(a, Create) and a.id in among for a in self.actions)
        pairs = zip(self.actions, stopped, strict=True)
        return Plan(tuple(Block.of(a.id, why) if stops else a for a, stops in pairs))

    def among(self, ids: frozenset[ResourceId]) -> Plan:
        """The part of the plan that is about these objects."""
        return Plan(tuple(action for action in self.actions if action.id in ids))

    @property
    def settled(self) -> bool:
        """Nothing to write and nothing to wait for."""
        return not self.writes and not any(isinstance(a, Wait) for a in self.actions)

    def resuming(self, known: Mapping[ResourceId, Json], observed: Observed) -> Plan:
        """The plan with what is known of objects that were deleted since: new ones begin from that."""
        return Plan(tuple(_resumed(step, known, observed) for step in self.actions))

    def without_tags(self, untagged: Container[str], observed: Observed) -> Plan:
        """The plan without writes of tags that Azure does not keep, by ids in lower case."""
        return Plan(tuple(_untagged(step, untagged, observed) for step in self.actions))

    def leaving(self, classes: frozenset[str]) -> Plan:
        """The plan without writes of these classes (`Kind.REPAIR`), and of what needs what stays missing."""
        held = {step.id for step in self.writes if kind_of(step.id).REPAIR in classes}
        if not held:
            return self
        while more := self._lacking(held):
            held |= more
        return Plan(tuple(step for step in self.actions if step.id not in held))

    def _lacking(self, held: set[ResourceId]) -> set[ResourceId]:
        """Further writes that cannot be made, or would be useless, without these."""
        made = {step.id for step in self.actions if isinstance(step, Create | Replace) and step.id in held}
        return {step.id for step in self.writes if step.id not in held and _lacks(step, made)}

    def without(self, waiting: frozenset[ResourceId]) -> Plan:
        """The plan without writes of these objects: it is too early for them."""
        held = {a.id for a in self.actions if isinstance(a, Create | Update)} & waiting
        return Plan(tuple(a for a in self.actions if a.id not in held)) if held else self


def _untagged(step: Action, untagged: Container[str], observed: Observed) -> Action:
    if (
        isinstance(step, Update)
        and step.id.key in untagged
        and step.want.lacks_tags_alone(step.have, observed)
    ):
        return Keep(step.id, step.have.id, "it serves without the tags that are not kept")
    return step


def _lacks(step: Write, missing: set[ResourceId]) -> bool:
    if not isinstance(step, _Written):
        return False
    useless = step.want.useless_without if isinstance(step, Create | Replace) else ()
    parent = (step.id.parent,) if step.id.parent else ()
    return bool(missing.intersection((*step.want.needs, *useless, *parent)))


def plan(desired: Desired, observed: Observed) -> Plan:
    """One action per desired object. What cannot be finished is not begun."""
    wanted = desired.objects()
    actions = {want.id: decide(want, observed) for want in wanted}
    if any(isinstance(action, Create | Replace | Update) for action in actions.values()):
        for want in wanted:
            _with_its_completion(want, actions)
        for want in wanted:
            _with_its_parent(want, actions, observed)
            _with_its_counterpart(want, actions)
        for part in desired.each:
            _begin_nothing(wanted if part is desired else part.objects(), actions, observed)
    return Plan(tuple(actions.values()))


def _with_its_completion(want: Wanted, actions: dict[ResourceId, Action]) -> None:
    """An object that would be useless without another one is not created while that one is blocked."""
    if isinstance(actions[want.id], Create):
        parts = (actions.get(at) for at in want.useless_without)
        if block := next((part for part in parts if isinstance(part, Block)), None):
            actions[want.id] = replace(block, id=want.id)


def _with_its_parent(want: Wanted, actions: dict[ResourceId, Action], observed: Observed) -> None:
    """What is deleted with its parent is created with it again, from what it has."""
    parent = actions.get(want.id.parent) if want.id.parent else None
    if isinstance(parent, Replace) and not isinstance(actions[want.id], Block):
        found = want.found(observed)
        actions[want.id] = Create(want, before=found.value if isinstance(found, Present) else None)


def _with_its_counterpart(want: Wanted, actions: dict[ResourceId, Action]) -> None:
    """A new half waits for the other one's replacement, or is blocked with it."""
    other = actions.get(want.counterpart) if want.counterpart else None
    step = actions[want.id]
    if isinstance(step, Create):
        match other:
            case Replace():
                actions[want.id] = replace(step, after=(other.id,))
            case Block():
                actions[want.id] = replace(other, id=want.id)
            case _:
                return


def _begin_nothing(wanted: Iterable[Wanted], actions: dict[ResourceId, Action], observed: Observed) -> None:
    """Where one object can never be created, and the path needs it, nothing of the placement is created."""
    own = (actions[want.id] for want in wanted)
    stop = next((a for a in own if isinstance(a, Block) and a.stops_all), None)
    begun = (want for want in wanted if isinstance(actions[want.id], Keep | Update | Wait))
    completing = {at for want in begun for at in want.useless_without}  # what exists is not left half-made
    created = [w for w in wanted if isinstance(actions[w.id], Create) and w.id not in completing]
    for n, want in enumerate(created):
        if stop is None and (refusal := want.conflict(created[:n], observed)):
            stop = Block.of(want.id, refusal)
    if stop is not None:
        for want in (*created, *_moving(wanted, actions)):
            actions[want.id] = replace(stop, id=want.id)


def _moving(wanted: Iterable[Wanted], actions: Mapping[ResourceId, Action]) -> Iterator[Wanted]:
    """What would take names out of the zones that clients ask now."""
    for want in wanted:
        step = actions[want.id]
        if isinstance(step, Update) and want.moves_names(step.have):
            yield want


def _resumed(step: Action, known: Mapping[ResourceId, Json], observed: Observed) -> Action:
    if not isinstance(step, Create) or step.before or step.id not in known or not step.want.resumes(observed):
        return step
    return replace(step, before=Seen(step.id, known[step.id]))


def customised(desired: Desired, observed: Observed) -> dict[ResourceId, Json]:
    """What others set on objects that Causeway would make again if they were deleted."""
    found = ((want, want.found(observed)) for want in desired.objects() if want.write)
    bodies = (
        (want.id, want.custom(have.value, observed))
        for want, have in found
        if isinstance(have, Present) and want.is_managed(have.value)
    )
    return {at: body for at, body in bodies if body is not None}


def restoration(desired: Desired, observed: Observed) -> Plan:
    """Send each zone group of ours again, which writes its records again."""
    found = ((path.zone_group, path.zone_group.found(observed)) for path in desired.paths if path.zone_group)
    reason = ("another endpoint of the target took its record with it",)
    return Plan(
        tuple(
            Update(want, have.value, reason)
            for want, have in found
            if isinstance(have, Present) and want.is_managed(have.value)
        )
    )


def removal(
    owned: Iterable[Seen],
    target: ResourceId,
    reason: str,
    below: Iterable[Seen] = (),
    leaving: tuple[Withdraw, ...] = (),
    guids: Mapping[ResourceId, frozenset[str]] = NO_GUIDS,
) -> Plan:
    """The plan for a target that is gone or no longer opted in: what is ours is deleted, nothing else.

    `owned` have ids that the ledger says we made, `guids` what it knows about them; each must be that very
    object, and bear our mark today. What is deleted with its parent needs no delete of its own; `below` is
    what exists below them, foreign objects included. Shared objects are only left (`withdrawal`), before the
    endpoints are deleted: a deleted endpoint cannot say which addresses it had, and Azure gives them to the
    next one. Objects that lost our mark, and others in the place of ours, are kept and reported.
    """
    first = tuple(step.id for step in leaving)
    alone = [have for have in owned if not _is_shared(have, target)]
    kept = {have.id: why for have in alone if (why := _why_kept(have, target, guids))}
    ours = [have for have in alone if have.id not in kept and have.id.parent not in kept]
    ids = {have.id for have in ours}
    foreign = (Keep(at, at, why) for at, why in kept.items())
    children = {have.id: have for have in (*ours, *below) if have.id.parent in ids}.values()
    deletes = (
        Delete(have, reason, tuple(child for child in children if child.id.parent == have.id), first)
        for have in ours
        if have.id.parent not in ids
    )
    return Plan((*leaving, *deletes, *foreign))


def _why_kept(have: Seen, target: ResourceId, guids: Mapping[ResourceId, frozenset[str]]) -> str:
    """Why an object with the id of ours is not deleted; empty if it is."""
    kind = kind_of(have.id)
    if not kind.is_marked(have, target):
        return "it does not bear Causeway's mark for this resource any more"
    if not kind.is_recorded(have, target, guids.get(have.id, frozenset())):
        return "it has another resource guid than what Causeway made under this name"
    return ""


def withdrawal(
    shared: Iterable[tuple[Seen, Iterable[str]]], target: ResourceId, reason: str
) -> tuple[Withdraw, ...]:
    """What takes this target's additions out of shared objects: of those that are ours and hold any."""
    listed = [(have, tuple(sorted(set(adds)))) for have, adds in shared if _is_shared(have, target)]
    held = [(have, adds) for have, adds in listed if kind_of(have.id).holds(have, adds)]
    first = tuple(have.id for have, _ in held if kind_of(have.id).leaves_first(have))
    return tuple(
        Withdraw(have, have.id.parent.key, adds, reason, () if have.id in first else first)
        for have, adds in held
        if have.id.parent
    )


def _is_shared(have: Seen, target: ResourceId) -> bool:
    kind = kind_of(have.id)
    return kind.SHARED and kind.is_marked(have, target)
