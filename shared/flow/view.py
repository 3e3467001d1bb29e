"""The reading half of a pass: who asks for what, what must exist, and what Azure has of it.

A dry run ends here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from shared.core.base.bodies import mapping
from shared.core.base.errors import BlockedError, InputError, PermanentError, TransientError, clean
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal, lacking, network_not_found
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.endpoint import connection_of
from shared.core.kinds.link import Link
from shared.core.kinds.registry import kind_of
from shared.core.names import resolution
from shared.core.outcome.drift import differences
from shared.core.outcome.network_checks import peering_findings
from shared.core.outcome.rule_checks import rule_findings
from shared.core.placement.clients import with_own_clients
from shared.core.plan.actions import Create, Replace
from shared.core.plan.desired import Desired, Request, desired, of_placements, too_many_zones, without_zone
from shared.core.plan.obsolete import Obsolete, Recorded, blocking_rules, lost_marks, obsolete
from shared.core.plan.plan import Plan, plan, restoration
from shared.core.policy.choice import leaves_managed_alone, selecting_tags
from shared.core.policy.foundations import Foundations
from shared.core.policy.intent import (
    NOT_DECIDED,
    Connect,
    Declined,
    Intent,
    NotAsked,
    asked_by_type,
    intent,
    not_watched,
    tag_value,
)
from shared.core.policy.policy import Policy
from shared.core.readings.networks import NETWORK
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.flow.apply import Applied
from shared.flow.cached_reads import CachedReads, ResourceGroup
from shared.flow.dns_forwarding import ForwardingReader
from shared.flow.networks import NetworksReader
from shared.flow.other_zones import OtherZonesReader
from shared.flow.placing import Around, Placer
from shared.flow.reader import Reader
from shared.flow.rights import RightsReader
from shared.flow.scopes import Scopes
from shared.ports import ArmReader, Body


@dataclass(frozen=True, slots=True)
class View:
    """A target with what must exist for it and what Azure has of it.

    `notes`: what the desired state had to do without. `hidden`: what links that are about to be created would
    hide from their networks (`core/names/hidden.py`). `around`: what has to be read beside the desired
    objects. `since` and `fresh_from`: seconds since 1970; readings from before `since`, the last write of the
    pass or its beginning, prove nothing, and from before `fresh_from` they say nothing about hidden names.
    `unfinished`: the placements of which nothing may be begun, and why; `permitted`: it is known that the app
    may do all that is needed for that. `requests`: one for each placement that has a place. `failed`: the
    placements of several in which something could not be written. `unrepaired`: as in `Pass`.
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
        steps = self.intended.leaving(self.unrepaired)
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
            *peering_findings(self.desired, self.observed),
            *without_zone(self.desired, self.connect),
            *(f"{network_not_found(one).reason}: the others' path is made" for one in self.desired.missing),
            *resolution.findings(self.desired, self.observed),
            *lost_marks(self.desired, self.observed),
            *self.hidden,
        )

    def reads(self, observed: Observed) -> Iterator[Read]:
        """All that has to be read, as far as that can be said by what was read already."""
        yield from self.around(self.target, observed)
        yield from self.desired.reads(observed)


type Found = View | Refusal | Declined
type Asked = tuple[Target, Connect] | Declined | NotAsked | None


NOTHING = Recorded()


def profile_of(asked: Asked) -> str:
    """The name of the profile that was chosen; empty where none was."""
    return asked[1].profile_name if isinstance(asked, tuple) else ""


def rule_of(asked: Asked) -> str:
    """The name of the rule that matched; empty where none did."""
    found = asked[1] if isinstance(asked, tuple) else asked
    return found.rule if found else ""


class Viewer:
    """Reads targets and what is around them; writes nothing. Raises what reading Azure raises."""

    def __init__(
        self,
        policy: Policy,
        catalogue: Catalogue,
        arm: ArmReader,
        cached: CachedReads,
        reader: Reader,
        foundations: Foundations,
        placer: Placer,
        scopes: Scopes,
        networks: NetworksReader,
        forwarding: ForwardingReader,
    ) -> None:
        self._policy = policy
        self._scopes = scopes
        self._catalogue = catalogue
        self._arm = arm
        self._cached = cached
        self._reader = reader
        self._foundations = foundations
        self._networks = networks
        self._forwarding = forwarding
        self._rights = RightsReader(arm, cached)
        self._other_zones = OtherZonesReader(scopes, arm, cached)
        self._placer = placer

    async def refuse_foreign(self, at: ResourceId) -> None:
        """Raise InputError for a resource that Causeway would never touch, so that a person learns why.

        Raises what reading the management groups raised, where that decides it.
        """
        scope = await self._scopes.including(at.subscription)
        watched = scope.watches(at.subscription)
        if watched is None:
            raise scope.failure()
        if not watched:
            raise InputError("resource_id", at.text, f"name a resource in a watched subscription: {scope}")
        if not self._catalogue.knows(at.type):
            raise InputError("resource_id", at.text, "name a resource of a type that has private endpoints")

    async def read(self, at: ResourceId) -> Body | None:
        """The target's own body; None if it does not exist."""
        return await self._arm.get(at, api_version=self._catalogue.api_version(at.type))

    async def asked(self, at: ResourceId, fresh_from: float = 0.0, began: float = 0.0) -> Asked:
        """Who asks for what. None: the target does not exist. Both times are those of the pass.

        Raises TransientError while it is being deleted: no path to it is made any more, or proven. Raises
        what reading the management groups raised, where it depends on them.
        """
        scope = await self._scopes.including(at.subscription)
        watched = scope.watches(at.subscription)
        if watched is None:
            raise scope.failure()
        if not watched:
            return not_watched(self._policy)
        if not self._catalogue.knows(at.type):
            return NotAsked("its type has no private endpoint in the catalogue")
        body = await self.read(at)
        if body is None:
            return None
        target = Target.parse(body)
        if target.leaving:
            raise TransientError("the resource is being deleted", code="BeingDeleted")
        found = await self._intent(target, fresh_from)
        if self._inherits(target) and isinstance(found, NotAsked):
            # An older reading of the group's tags is no reason to leave a resource alone.
            found = await self._intent(target, began)
        return (target, found) if isinstance(found, Connect) else found

    async def still_asked(self, target: Target, connect: Connect, since: float) -> bool:
        """The same is asked for by tags of the group that were read after this moment.

        An older reading of the group's tags is no reason to create anything.
        """
        if not self._inherits(target):
            return True
        return await self._intent(target, since) == connect

    def words(self, tags: Mapping[str, str]) -> tuple[str | None, ...]:
        """The values of the tags that say what is asked for."""
        tag = self._policy.opt_in.tag
        return tuple(tag_value(tags, name) for name in (tag, f"{tag}-groups", *selecting_tags(self._policy)))

    def _inherits(self, target: Target) -> bool:
        """Tags of its group may say what is asked for."""
        opt = self._policy.opt_in
        own = tag_value(target.tags, opt.tag) is not None and not selecting_tags(self._policy)
        return opt.inherit == "resource_group" and not own

    async def lists_group_as_it_is(self, at: ResourceId, not_older_than: float) -> bool:
        """The list of groups has the target's own, with the tags that the group itself shows.

        Where no tags are inherited, nothing is read.
        """
        if self._policy.opt_in.inherit != "resource_group":
            return True
        listed, body = await self._cached.group(at, not_older_than), await self._arm.group(at.group)
        return listed.listed and self.words(mapping((body or {}).get("tags"))) == self.words(listed.tags)

    async def _intent(self, target: Target, fresh_from: float) -> Intent:
        inherits = self._policy.opt_in.inherit == "resource_group"
        by_type, strict = asked_by_type(target, self._policy), leaves_managed_alone(self._policy)
        group = ResourceGroup()
        if inherits or by_type or strict:
            group = await self._group(target.id, fresh_from)
        alone = self._left_alone(target, group) if by_type else ""
        scope = await self._scopes.including(target.id.subscription)
        tags = group.tags if inherits else {}
        by = group.managed_by if strict else ""
        found = intent(target, tags, self._policy, self._catalogue, alone, scope, by)
        undecided = isinstance(found, Declined) and found.code == NOT_DECIDED
        if undecided and scope.above(target.id.subscription) is None:
            raise scope.failure()  # it is read again, while what else is not known is not
        return found

    async def _group(self, at: ResourceId, fresh_from: float) -> ResourceGroup:
        """Its group. Where the policy leaves resources out, one that the list lacks is read itself.

        Raises TransientError for one that Azure does not show at all.
        """
        found, policy = await self._cached.group(at, fresh_from), self._policy
        if found.listed or not (policy.exclude or policy.rules or leaves_managed_alone(policy)):
            return found
        body = await self._arm.group(at.group)
        if body is None:
            raise TransientError("Azure shows the resource and not its resource group", code="Unconfirmed")
        return ResourceGroup.of(body)

    def _left_alone(self, target: Target, group: ResourceGroup) -> str:
        """Why the type's `always` does not count for this resource; empty where it does."""
        setting = self._foundations.setting(target)
        if setting and target.id not in self._policy.opt_in.own_resources:
            return (
                f"Causeway itself runs on it (setting {setting}): tag it, or list its id under "
                "opt_in.own_resources"
            )
        if group.managed_by and self._policy.exclude_managed is None:
            return f"its resource group is managed by {clean(group.managed_by, 300)}: tag it to connect it"
        return ""

    async def view(
        self,
        target: Target,
        connect: Connect,
        recorded: Recorded = NOTHING,
        began: float = 0.0,
        fresh_from: float = 0.0,
        *,
        many: int = 1,
    ) -> Found:
        """What must exist for the target, and what Azure has of it, by no reading from before the pass.

        `recorded`: endpoints that were made for the target before are not foreign, wherever they are. `many`:
        as in `Observed`.
        """
        connect = await self._networks.resolved(target.id, connect, began)
        ask = partial(self._placer.survey, target, connect, recorded.objects, began, many)
        survey, (connect, notes) = await asyncio.gather(ask(), self._narrowed(target, connect))
        placed = await self._placer.place(survey, connect)
        if survey.listed is not None and survey.listed < began and placed.begins:
            survey = await ask(lists_from=began)
            placed = await self._placer.place(survey, connect)
        if not placed.sites:
            return placed.refused
        made = frozenset(recorded.objects)
        requests = tuple(Request(target, part, chosen, made, recorded.guids) for part, chosen in placed.sites)
        wanted = self._wanted(requests, placed.unplaced, placed.observed)
        if declined := too_many_zones(wanted):
            return declined
        view = View(requests, connect, wanted, placed.observed, survey.around, began, fresh_from, notes)
        return await self._completed(replace(view, began=began))

    async def lacking(self, view: View, not_older_than: float) -> Refusal | None:
        """All rights that the app does not have of those that the plan needs; None: none, or not known."""
        missing = await self._rights.missing(view.plan.rights, not_older_than)
        return lacking(missing, await self._rights.principal()) if missing else None

    async def after(self, view: View, applied: Applied) -> View:
        """The view with what the writes answered, and what they changed elsewhere re-read."""
        moved = {at for step in applied.written for at in step.want.moved(view.observed.present(step.id))}
        observed = view.observed.with_written(applied.objects, applied.at)
        since = applied.at if applied.written else view.since
        alone = (step.id for step in applied.written if isinstance(step, Create) and not step.want.locks)
        made = view.made.union(alone)
        newer = replace(view, observed=observed.without(moved), since=since, made=made)
        # The next plan may rest on what the pass read before: what a write changed was forgotten, and a write
        # of a shared object re-reads it.
        return await self._completed(self._desired(newer), newer.began)

    async def evidence(self, view: View) -> View:
        """The view by readings that began after the last write of the pass: what a proof may rest on.

        The target is read again as well, if it was read before, as it has its own list of connections. Raises
        TransientError if it does not exist any more.
        """
        observed = view.observed.since(view.since, view.made)
        if observed is view.observed:
            return view
        body = await self.read(view.target.id)
        if body is None:
            raise TransientError("the resource was deleted while its path was made", code="Vanished")
        target = Target.parse(body)
        requests = tuple(replace(one, target=target) for one in view.requests)
        return await self._completed(self._desired(replace(view, requests=requests, observed=observed)))

    def with_certain_networks(self, view: View) -> View:
        """The view as it is once it is certain that no further network is meant."""
        connect = view.connect
        return self._desired(
            replace(
                view,
                connect=_certain(connect),
                requests=tuple(replace(one, connect=_certain(one.connect)) for one in view.requests),
            )
        )

    async def means_the_same(self, view: View, now: float) -> bool:
        """A reading from now on (seconds since 1970) shows the same networks."""
        asked = replace(view.connect, networks=None)
        again = await self._networks.resolved(view.target.id, asked, now)
        return replace(again.reach, confirmed=view.connect.reach.confirmed) == view.connect.reach

    async def with_fresh_networks(self, view: View) -> View:
        """The view with what must exist by what the networks say now, and not by cached reads."""
        networks = [Read(at) for at in view.observed.objects if at.is_type(NETWORK)]
        observed = await self._reader.fresh(networks, view.observed)
        return await self._completed(self._desired(replace(view, observed=observed)))

    async def with_fresh_parents(self, view: View, changed: Iterable[ResourceId]) -> View:
        """The view with the parents of these objects re-read: the groups of rules, for example."""
        parents = [Read(at.parent) for at in changed if at.parent]
        observed = await self._reader.fresh(parents, view.observed)
        return await self._completed(replace(view, observed=observed))

    async def _narrowed(self, target: Target, connect: Connect) -> tuple[Connect, tuple[str, ...]]:
        """The request with just the ports that a setting of the target calls for, where rules need them."""
        at = self._catalogue.port_setting(target.id)
        if at is None or connect.profile.nsg.mode == "ignore":
            return connect, ()
        try:
            body = await self._arm.get(at, api_version=self._catalogue.api_version(target.id.type))
        except (BlockedError, PermanentError) as error:
            return connect, (f"rules are for every port that the service may use: {error}",)
        groups = tuple(self._catalogue.with_ports(group, body or {}) for group in connect.groups)
        return replace(connect, groups=groups), ()

    async def _completed(self, view: View, not_older_than: float | None = None) -> View:
        """The view with all that it needs read, by readings that began since then.

        Without a moment: since the last write of the pass, as a proof needs them.

        Some types report their zone only by the names of a finished endpoint, and rules need addresses: what
        must exist is built again until a further reading changes nothing of it.
        """
        since = view.since if not_older_than is None else not_older_than
        while True:
            wanted = view.desired
            observed = await self._reader.complete(view.reads, view.observed, since)
            view = self._desired(replace(view, observed=observed))
            if view.desired == wanted:
                observed = await self._forwarding.read(view.desired, view.observed, since)
                return await self._with_other_zones(replace(view, observed=observed))

    async def _with_other_zones(self, view: View) -> View:
        """The view with who asks foreign zones of the same names, where an endpoint or a link is created."""
        created = {step.id for step in view.plan.actions if isinstance(step, Create | Replace)}
        paths = view.desired.paths
        if not created.intersection(at for path in paths for at in (path.endpoint.id, *_ids(path.links))):
            return view
        observed = await self._other_zones.read(view.desired, view.observed, view.since)
        view = replace(view, observed=observed)
        for request, part in zip(view.requests, view.desired.each, strict=True):
            if hidden := resolution.hidden_from(part, observed):
                unfinished = {**view.unfinished, request.connect.placement: hidden}
                view = replace(view, unfinished=unfinished)
        return await self._with_rights(view)

    async def _with_rights(self, view: View) -> View:
        """The view with the rights that lack to finish what would be begun, placement by placement."""
        steps, unfinished, known = view.plan, dict(view.unfinished), True
        for request, part in zip(view.requests, view.desired.each, strict=True):
            own = steps.among(part.ids)
            if not own.rights_to_begin or request.connect.placement in unfinished:
                continue
            missing = await self._rights.missing(own.rights_to_begin, view.fresh_from)
            known = known and missing is not None
            if missing:
                every = await self._rights.missing(own.rights, view.fresh_from) or missing
                why = lacking(every, await self._rights.principal())
                unfinished[request.connect.placement] = why
        if unfinished:
            return replace(view, unfinished=unfinished)
        return replace(view, permitted=known) if steps.rights_to_begin else view

    def _desired(self, view: View) -> View:
        return replace(view, desired=self._wanted(view.requests, view.desired.unplaced, view.observed))

    def _wanted(
        self, requests: tuple[Request, ...], unplaced: Mapping[str, Declined | Refusal], observed: Observed
    ) -> Desired:
        own = (replace(one, connect=with_own_clients(one.connect, observed)) for one in requests)
        parts = tuple(desired(request, observed, self._catalogue) for request in own)
        return of_placements(parts, unplaced)


def _certain(connect: Connect) -> Connect:
    return replace(connect, networks=replace(connect.reach, confirmed=True))


def _ids(links: Iterable[Link]) -> tuple[ResourceId, ...]:
    return tuple(link.id for link in links)
