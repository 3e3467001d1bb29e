"""The reading half of a pass: who asks for what, what must exist, and what Azure has of it.

A dry run ends here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from shared.core.base.errors import BlockedError, InputError, PermanentError
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.names import resolution
from shared.core.outcome.rule_checks import rule_findings
from shared.core.placement.sites import candidates, surroundings
from shared.core.plan.desired import Desired, Request, desired, too_many_zones, without_zone
from shared.core.plan.obsolete import Obsolete, Recorded, blocking_rules, lost_marks, obsolete
from shared.core.plan.plan import Plan, plan, restoration
from shared.core.policy.intent import Connect, Declined, NotAsked, intent, tag_value, watched
from shared.core.policy.policy import Policy
from shared.core.readings.networks import NETWORK
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.flow.apply import Applied
from shared.flow.cached_reads import CachedReads
from shared.flow.capacity import CapacityReader
from shared.flow.reader import Reader
from shared.ports import ArmReader, Body


@dataclass(frozen=True, slots=True)
class View:
    """A target with what must exist for it and what Azure has of it.

    `notes`: what the desired state had to do without. `hidden`: what links that are about to be created would
    hide from their networks (`core/names/hidden.py`). `not_older_than`: as in the pass.
    """

    request: Request
    desired: Desired
    observed: Observed
    not_older_than: float = 0.0
    notes: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @property
    def target(self) -> Target:
        return self.request.target

    @property
    def connect(self) -> Connect:
        return self.request.connect

    @property
    def plan(self) -> Plan:
        return plan(self.desired, self.observed)

    @property
    def restoration(self) -> Plan:
        """Write every zone group of ours again, so that its records exist though another one took them."""
        return restoration(self.desired, self.observed)

    def obsolete(self, recorded: Recorded) -> Obsolete:
        """What was made for the target and is not desired any more."""
        return obsolete(self.desired, self.observed, recorded, self.connect.profile)

    def blocking_rules(self, found: Obsolete) -> tuple[ResourceId, ...]:
        """Outdated rules of ours that shut the clients of the desired ones out."""
        return blocking_rules(self.desired, found, self.observed)

    @property
    def findings(self) -> tuple[str, ...]:
        """What is no failure and should be known all the same."""
        endpoints = [path.endpoint for path in self.desired.paths]
        return (
            *self.notes,
            *rule_findings(self.connect, endpoints, self.observed),
            *without_zone(self.desired, self.connect),
            *resolution.findings(self.desired, self.observed),
            *lost_marks(self.desired, self.observed),
            *self.hidden,
        )


type Found = View | Refusal | Declined

NOTHING = Recorded()


class Viewer:
    """Reads targets and what is around them; writes nothing. Raises what reading Azure raises."""

    def __init__(
        self,
        policy: Policy,
        catalogue: Catalogue,
        arm: ArmReader,
        cached: CachedReads,
        reader: Reader,
    ) -> None:
        self._policy = policy
        self._catalogue = catalogue
        self._arm = arm
        self._cached = cached
        self._reader = reader
        self._capacity = CapacityReader(policy, catalogue, arm, cached, reader)

    def refuse_foreign(self, at: ResourceId) -> None:
        """Raise InputError for a resource that Causeway would never touch, so that a person learns why."""
        if not watched(at.subscription, self._policy):
            known = ", ".join(self._policy.subscriptions)
            raise InputError("resource_id", at.text, f"name a resource in a watched subscription: {known}")
        if not self._catalogue.knows(at.type):
            raise InputError("resource_id", at.text, "name a resource of a type that has private endpoints")

    async def read(self, at: ResourceId) -> Body | None:
        """The target's own body; None if it does not exist."""
        return await self._arm.get(at, api_version=self._catalogue.api_version(at.type))

    async def asked(
        self, at: ResourceId, not_older_than: float = 0.0, began: float = math.inf
    ) -> tuple[Target, Connect] | Declined | NotAsked | None:
        """Who asks for what. None: the target does not exist.

        `began`: tags of a group that were read after this moment (seconds since 1970) are not read again.
        """
        if not watched(at.subscription, self._policy):
            return NotAsked("its subscription is not watched")
        if not self._catalogue.knows(at.type):
            return NotAsked("its type has no private endpoint in the catalogue")
        body = await self.read(at)
        if body is None:
            return None
        target = Target.parse(body)
        inherits = self._policy.opt_in.inherit == "resource_group"
        tags = await self._cached.group_tags(at, not_older_than) if inherits else {}
        found = intent(target, tags, self._policy, self._catalogue)
        if (
            inherits
            and isinstance(found, NotAsked)
            and tag_value(target.tags, self._policy.opt_in.tag) is None
        ):
            # A cached reading of the group's tags is no reason to leave a resource alone.
            tags = await self._cached.group_tags(at, began)
            found = intent(target, tags, self._policy, self._catalogue)
        return (target, found) if isinstance(found, Connect) else found

    async def still_asked(self, target: Target, connect: Connect, since: float) -> bool:
        """The same is asked for by tags of the group that were read after this moment.

        A cached reading of the group's tags is no reason to create anything.
        """
        opt = self._policy.opt_in
        if opt.inherit != "resource_group" or tag_value(target.tags, opt.tag) is not None:
            return True
        tags = await self._cached.group_tags(target.id, since)
        return intent(target, tags, self._policy, self._catalogue) == connect

    async def view(
        self,
        target: Target,
        connect: Connect,
        recorded: Recorded = NOTHING,
        not_older_than: float = 0.0,
    ) -> Found:
        """What must exist for the target, and what Azure has of it.

        `recorded`: endpoints that were made for the target before are not foreign, wherever they are.
        """
        found = candidates(target, connect.profile)
        if isinstance(found, Declined):
            return found
        around = partial(surroundings, target, connect, found, recorded.objects)
        observed, (connect, notes) = await asyncio.gather(
            self._reader.complete(around, Observed(), not_older_than), self._narrowed(target, connect)
        )
        chosen, observed = await self._capacity.sites(target, connect, found, observed)
        if isinstance(chosen, Refusal):
            return chosen
        request = Request(target, connect, chosen, frozenset(recorded.objects), recorded.guids)
        wanted = desired(request, observed, self._catalogue)
        if declined := too_many_zones(wanted):
            return declined
        return await self._completed(View(request, wanted, observed, not_older_than, notes))

    async def after(self, view: View, applied: Applied) -> View:
        """The view with what the writes answered, and what they changed elsewhere re-read."""
        moved = {at for step in applied.written for at in step.want.moved(view.observed.present(step.id))}
        observed = view.observed.with_written(applied.objects, applied.at)
        return await self._completed(self._desired(replace(view, observed=observed.without(moved))))

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

    async def _completed(self, view: View) -> View:
        """The view with all that it needs read.

        Some types report their zone only by the names of a finished endpoint, and rules need addresses: what
        must exist is built again until a further reading changes nothing of it.
        """
        while True:
            wanted = view.desired
            observed = await self._reader.complete(wanted.reads, view.observed, view.not_older_than)
            view = self._desired(replace(view, observed=observed))
            if view.desired == wanted:
                return view

    def _desired(self, view: View) -> View:
        return replace(view, desired=desired(view.request, view.observed, self._catalogue))
