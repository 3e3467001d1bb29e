"""What a pass knows of a target: what must exist for it, what Azure has of it, and the plan for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal, network_not_found
from shared.core.base.target import Target
from shared.core.kinds.endpoint import connection_of
from shared.core.kinds.registry import kind_of
from shared.core.names import resolution
from shared.core.outcome.drift import differences
from shared.core.outcome.network_checks import peering_findings
from shared.core.outcome.rule_checks import rule_findings
from shared.core.outcome.wider_rules import wider_rules
from shared.core.plan.desired import Desired, without_zone
from shared.core.plan.group_path import Request
from shared.core.plan.obsolete import Obsolete, Recorded, blocking_rules, lost_marks, obsolete
from shared.core.plan.plan import Plan, plan, restoration
from shared.core.policy.intent import (
    Connect,
)
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.flow.placing import Around


@dataclass(frozen=True, slots=True)
class View:
    """A target with what must exist for it and what Azure has of it.

    `notes`: what the desired state had to do without. `hidden`: what links that are about to be created would
    hide from their networks (`core/names/hidden.py`). `around`: what has to be read beside the desired
    objects. `since` and `fresh_from`: seconds since 1970; readings from before `since`, the last write of the
    pass or its beginning, prove nothing, and from before `fresh_from` they say nothing about hidden names.
    `unfinished`: the placements of which nothing may be begun, and why; `permitted`: it is known that the app
    may do all that is needed for that. `requests`: one for each placement that has a place. `failed`: the
    placements of several in which something could not be written. `unrepaired`: as in `Pass`. `untagged`:
    objects, by id in lower case, of which Azure does not keep the tags, and why.
    """

    requests: tuple[Request, ...]
    connect: Connect
    desired: Desired
    observed: Observed
    around: Around
    since: float = 0.0
    fresh_from: float = 0.0
    notes: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    made: frozenset[ResourceId] = frozenset()
    began: float = 0.0
    unfinished: Mapping[str, Refusal] = field(default_factory=dict)
    unrepaired: frozenset[str] = frozenset()
    untagged: Mapping[str, str] = field(default_factory=dict)
    permitted: bool = False
    failed: tuple[str, ...] = ()

    def failed_by(self, errors: Iterable[ResourceId]) -> tuple[str, ...]:
        """The placements to which these objects belong, where there are several."""
        gone = frozenset(errors)
        parts = zip(self.requests, self.desired.each, strict=True)
        return tuple(
            one.connect.placement for one, part in parts if self.desired.placements and gone & part.ids
        )

    @property
    def target(self) -> Target:
        return self.requests[0].target

    @property
    def left(self) -> tuple[str, ...]:
        """What would be written, and is only reported in this pass."""
        every = self.intended
        done = {step.id for step in every.leaving(self.unrepaired).writes}
        return differences(step for step in every.writes if step.id not in done)

    def keeps(self, found: Obsolete) -> bool:
        """Obsolete objects stay, as they are of a class that is only reported in this pass."""
        classes = {kind_of(at).REPAIR for at in found.removed}
        classes |= {"names"} if found.has_records else set()
        classes |= {"rules"} if found.stale else set()
        return bool(classes & self.unrepaired)

    @property
    def intended(self) -> Plan:
        """The plan, though the rights to finish it may lack."""
        return plan(self.desired, self.observed)

    @property
    def plan(self) -> Plan:
        steps = self.intended.leaving(self.unrepaired).without_tags(self.untagged, self.observed)
        for request, part in zip(self.requests, self.desired.each, strict=True):
            if why := self.unfinished.get(request.connect.placement):
                steps = steps.begins_nothing(why, part.ids)
        return steps

    @property
    def restoration(self) -> Plan:
        """Write every zone group of ours again, so that its records exist though another one took them."""
        return restoration(self.desired, self.observed)

    @property
    def unsettled(self) -> bool:
        """Something is left to write, or is in the way, by the newest readings."""
        steps = self.plan.without(self.desired.waiting)
        return bool(steps.writes or steps.blocks or steps.unknowns)

    @property
    def quiet(self) -> bool:
        """Nothing to write or to wait for, and nothing in the way, by the newest readings."""
        return not self.unsettled and self.plan.without(self.desired.waiting).settled

    def obsolete(self, recorded: Recorded) -> Obsolete:
        """What was made for the target and is not desired any more."""
        return obsolete(self.desired, self.observed, recorded, self.connect.profile)

    def blocking_rules(self, found: Obsolete) -> tuple[ResourceId, ...]:
        """Outdated rules of ours that shut the clients of the desired ones out."""
        return blocking_rules(self.desired, found, self.observed)

    @property
    def served(self) -> frozenset[str]:
        """The groups of the target that an approved endpoint serves, of someone else too."""
        found = (connection_of(one) for one in self.observed.of_type(self.desired.paths[0].endpoint.TYPE))
        return frozenset(
            one.group
            for one in found
            if one and one.target == self.target.id and one.status.lower() == "approved"
        )

    @property
    def findings(self) -> tuple[str, ...]:
        """What is no failure and should be known all the same."""
        endpoints = [path.endpoint for path in self.desired.paths]
        return (
            *self.notes,
            *(
                f"no network is in {word} now, so no network is connected by it"
                for word in self.connect.reach.empty
            ),
            *rule_findings(self.connect, endpoints, self.observed),
            *wider_rules(self.desired, self.observed),
            *peering_findings(self.desired, self.observed),
            *without_zone(self.desired, self.connect),
            *(f"{network_not_found(one).reason}: the others' path is made" for one in self.desired.missing),
            *resolution.findings(self.desired, self.observed),
            *lost_marks(self.desired, self.observed),
            *(why for path in self.desired.paths if (why := self.untagged.get(path.endpoint.id.key))),
            *self.hidden,
        )

    def reads(self, observed: Observed) -> Iterator[Read]:
        """All that has to be read, as far as that can be said by what was read already."""
        yield from self.around(self.target, observed)
        yield from self.desired.reads(observed)
