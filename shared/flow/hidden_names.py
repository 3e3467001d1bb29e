"""Looking, before a network is linked to a zone, for what it would no longer resolve.

Place in the data's way: between the plan and `apply`, and only where the plan makes such a link. One look
serves every walk of a minute: a list for each type and watched subscription, one of the zone's records, and
the endpoints of those resources alone that have none. What cannot be read is told, and stops nobody.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError, CausewayError, clean
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Catalogue
from shared.core.names.hidden import Candidate, Shadow, finding, naming, new_links, open_questions, shadow
from shared.core.plan.plan import Plan
from shared.core.policy.policy import Policy
from shared.flow.cached_reads import SharedReads
from shared.flow.view import View
from shared.ports import Arm

MOST_ENDPOINTS = 50  # read in one look; the rest is told
# A subscription that is not registered for a provider has none of its resources (Microsoft Learn: "Azure
# resource providers and types"), and Azure refuses even to list them.
NOT_REGISTERED = ("MissingSubscriptionRegistration", "SubscriptionNotRegistered")


type _Part[T] = tuple[T, tuple[str, ...]]  # what was read, and what was not, in words


class Shadows:
    """Tells what new links would hide. One per process; it only reads, and what goes wrong is told too."""

    def __init__(self, policy: Policy, catalogue: Catalogue, arm: Arm, shared: SharedReads) -> None:
        self._policy = policy
        self._catalogue = catalogue
        self._arm = arm
        self._shared = shared

    async def told(self, view: View, steps: Plan) -> View:
        """The view with a finding for each zone that these steps would link a network to."""
        links = new_links(steps)
        shadows = await asyncio.gather(*(self._of(zone) for zone in links))
        told = [
            finding(zone, links[zone], found.beside(view.target.id))
            for zone, found in zip(links, shadows, strict=True)
        ]
        return replace(view, shadowed=(*view.shadowed, *filter(None, told)))

    async def _of(self, zone: ResourceId) -> Shadow:
        return await self._shared.held(f"shadow of {zone.key}", lambda: self._look(zone))

    async def _look(self, zone: ResourceId) -> Shadow:
        types = self._catalogue.types_in(zone.name, self._policy.cloud)
        pairs = [(kind, at) for kind in types for at in self._policy.subscriptions]
        listed = await asyncio.gather(*(self._connected(kind, at) for kind, at in pairs))
        candidates = [one for connected, _ in listed for one in connected]
        unread = tuple(text for _, texts in listed for text in texts)
        if not candidates:
            return Shadow(unread=unread)
        records, dark = await self._records(zone)
        missing = [one for one in candidates if not one.records(zone.name) & records]
        named = naming(zone.name, self._policy.cloud, self._catalogue)
        asked = () if dark else open_questions(missing, named)  # without its records, nothing can be sure
        endpoints, closed = await self._endpoints(asked)
        return replace(shadow(missing, named, endpoints), unread=(*unread, *dark, *closed))

    async def _connected(self, kind: str, subscription: str) -> _Part[tuple[Candidate, ...]]:
        """The resources of one type and subscription that have private endpoints."""
        path = f"/subscriptions/{subscription}/providers/{kind}"
        version = self._catalogue.api_version(kind)
        try:
            return await self._shared.held(path, lambda: self._candidates(path, version)), ()
        except CausewayError as error:
            if isinstance(error, BlockedError) and error.code in NOT_REGISTERED:
                return (), ()
            return (), (f"{kind} in subscription {subscription} ({clean(str(error))})",)

    async def _candidates(self, path: str, version: str) -> tuple[Candidate, ...]:
        pages = self._arm.pages(path, api_version=version)
        return tuple([one async for page in pages for body in page if (one := Candidate.parse(body))])

    async def _records(self, zone: ResourceId) -> _Part[frozenset[str]]:
        """The names of the zone's address records, in lower case. A zone that is yet to be made has none."""
        try:
            return frozenset(await self._shared.records(zone)), ()
        except CausewayError as error:
            return frozenset(), (f"the zone's records ({clean(str(error))})",)

    async def _endpoints(self, asked: Sequence[ResourceId]) -> _Part[Mapping[ResourceId, Seen]]:
        """Those endpoints that exist and can be read."""
        read = asked[:MOST_ENDPOINTS]
        bodies = await asyncio.gather(*(self._endpoint(at) for at in read))
        found = {at: body for at, body in zip(read, bodies, strict=True) if body is not None}
        if len(found) == len(asked):
            return found, ()
        return found, (f"{len(asked) - len(found)} of {len(asked)} private endpoints",)

    async def _endpoint(self, at: ResourceId) -> Seen | None:
        """None: it is gone, or stands where the app may not look; what was not read is counted and told."""
        try:
            return await self._shared.get(at)
        except CausewayError:
            return None
