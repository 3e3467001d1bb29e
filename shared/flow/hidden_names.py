"""Reading, before a network is linked to a zone, what the network could no longer resolve.

Only where the plan creates such a link. One reading serves every pass of a minute: a list for each type and
watched subscription, one of the zone's records, and the endpoints of those resources alone that have none.
What cannot be read is reported, and stops nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError, CausewayError, clean
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.zone_group import zone_list
from shared.core.names.hidden import (
    ConnectedResource,
    HiddenNames,
    finding,
    hidden_names,
    naming,
    new_links,
    open_questions,
)
from shared.core.names.outside import outside
from shared.core.plan.plan import Plan
from shared.core.policy.policy import Policy
from shared.core.readings.reading import Read
from shared.flow.cached_reads import CachedReads
from shared.flow.scopes import Scopes
from shared.flow.view import View
from shared.ports import ArmReader

MOST_ENDPOINTS = 50  # read at once; the rest is reported
# A subscription that is not registered for a provider has none of its resources (Microsoft Learn: "Azure
# resource providers and types"), and Azure refuses even to list them.
NOT_REGISTERED = ("MissingSubscriptionRegistration", "SubscriptionNotRegistered")


type _Part[T] = tuple[T, tuple[str, ...]]  # what was read, and what was not, in words


class HiddenNamesReader:
    """Reports what new links would hide. One per process; it only reads, and reports what it could not."""

    def __init__(
        self, policy: Policy, catalogue: Catalogue, arm: ArmReader, cached: CachedReads, scopes: Scopes
    ) -> None:
        self._policy = policy
        self._scopes = scopes
        self._catalogue = catalogue
        self._arm = arm
        self._cached = cached

    async def reported(self, view: View, steps: Plan) -> View:
        """The view with what these steps would do to names outside of the path: one finding for each zone."""
        links = new_links(view.desired, steps)
        hidden = await asyncio.gather(*(self._of(zone, view.fresh_from) for zone in links))
        found = [
            finding(zone, links[zone], one.beside(view.target.id))
            for zone, one in zip(links, hidden, strict=True)
        ]
        every = (*view.hidden, *filter(None, found), *outside(view.desired, steps, view.observed))
        return replace(view, hidden=tuple(dict.fromkeys(every)))

    async def _of(self, zone: ResourceId, not_older_than: float) -> HiddenNames:
        name = f"names hidden by {zone.key}"
        return await self._cached.computed(name, lambda: self._read(zone, not_older_than), not_older_than)

    async def _read(self, zone: ResourceId, not_older_than: float) -> HiddenNames:
        types = self._catalogue.types_in(zone.name, self._policy.cloud)
        pairs = [(kind, at) for kind in types for at in (await self._scopes.scope()).subscriptions]
        listed = await asyncio.gather(*(self._connected(kind, at, not_older_than) for kind, at in pairs))
        candidates = [one for connected, _ in listed for one in connected]
        unread = tuple(text for _, texts in listed for text in texts)
        if not candidates:
            return HiddenNames(unread=unread)
        records, dark = await self._records(zone, not_older_than)
        missing = [one for one in candidates if not one.records(zone.name) & records]
        named = naming(zone.name, self._policy.cloud, self._catalogue)
        asked = () if dark else open_questions(missing, named)  # without its records, nothing is certain
        endpoints, closed = await self._endpoints(asked, not_older_than)
        return replace(hidden_names(missing, named, endpoints), unread=(*unread, *dark, *closed))

    async def _connected(
        self, kind: str, subscription: str, not_older_than: float
    ) -> _Part[tuple[ConnectedResource, ...]]:
        """The resources of one type and subscription that have private endpoints."""
        path = f"/subscriptions/{subscription}/providers/{kind}"
        version = self._catalogue.api_version(kind)
        try:
            found = await self._cached.computed(path, lambda: self._candidates(path, version), not_older_than)
        except CausewayError as error:
            if isinstance(error, BlockedError) and error.code in NOT_REGISTERED:
                return (), ()
            return (), (f"{kind} in subscription {subscription} ({clean(str(error))})",)
        return found, ()

    async def _candidates(self, path: str, version: str) -> tuple[ConnectedResource, ...]:
        pages = self._arm.pages(path, api_version=version)
        bodies = [body async for page in pages for body in page]
        return tuple(one for body in bodies if (one := ConnectedResource.parse(body)))

    async def _records(self, zone: ResourceId, not_older_than: float) -> _Part[frozenset[str]]:
        """The names of the zone's address records, in lower case. A zone that does not exist yet has none."""
        try:
            body = (await self._cached.resource(Read(zone, shared=True), not_older_than)).value
            if body is None:
                return frozenset(), ()
            listed = await self._cached.members(zone_list(body), not_older_than)
        except CausewayError as error:
            return frozenset(), (f"the zone's records ({clean(str(error))})",)
        return frozenset(one.id.name.lower() for one in listed.value.items), ()

    async def _endpoints(
        self, asked: Sequence[ResourceId], not_older_than: float
    ) -> _Part[Mapping[ResourceId, Seen]]:
        """Those endpoints that exist and can be read."""
        read = asked[:MOST_ENDPOINTS]
        bodies = await asyncio.gather(*(self._endpoint(at, not_older_than) for at in read))
        found = {at: body for at, body in zip(read, bodies, strict=True) if body is not None}
        if len(found) == len(asked):
            return found, ()
        return found, (f"{len(asked) - len(found)} of {len(asked)} private endpoints",)

    async def _endpoint(self, at: ResourceId, not_older_than: float) -> Seen | None:
        """None: it is gone, or the app may not read it; what was not read is counted and reported."""
        try:
            return (await self._cached.resource(Read(at, shared=True), not_older_than)).value
        except CausewayError:
            return None
