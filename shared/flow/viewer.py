"""The reading half of a pass: what must exist for a target, and what Azure has of it. A dry run ends here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from shared.core.base.errors import BlockedError, PermanentError, TransientError
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal, lacking
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.link import Link
from shared.core.names import resolution
from shared.core.placement.clients import with_own_clients
from shared.core.plan.actions import Create, Replace
from shared.core.plan.desired import Desired, desired, of_placements, too_many_zones
from shared.core.plan.group_path import Request
from shared.core.plan.obsolete import Recorded
from shared.core.policy.intent import (
    Connect,
    Declined,
)
from shared.core.readings.networks import NETWORK
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.flow.apply import Applied
from shared.flow.asked import Asker
from shared.flow.dns_forwarding import ForwardingReader
from shared.flow.networks import NetworksReader
from shared.flow.other_zones import OtherZonesReader
from shared.flow.placing import Placer
from shared.flow.reader import Reader
from shared.flow.rights import RightsReader
from shared.flow.view import View
from shared.ports import ArmReader

type Found = View | Refusal | Declined

NOTHING = Recorded()


class Viewer:
    """Reads targets and what is around them; writes nothing. Raises what reading Azure raises."""

    def __init__(
        self,
        catalogue: Catalogue,
        arm: ArmReader,
        reader: Reader,
        asker: Asker,
        placer: Placer,
        networks: NetworksReader,
        forwarding: ForwardingReader,
        other_zones: OtherZonesReader,
        rights: RightsReader,
    ) -> None:
        self._catalogue = catalogue
        self._arm = arm
        self._reader = reader
        self._asker = asker
        self._placer = placer
        self._networks = networks
        self._forwarding = forwarding
        self._other_zones = other_zones
        self._rights = rights

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
        body = await self._asker.read(view.target.id)
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
