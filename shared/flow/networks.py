"""What a profile's words mean for one resource: sets of networks and `own`, replaced by ids.

A profile that lists ids alone costs no request. Lists of networks are shared reads of whole subscriptions,
which serve the rest of the pass too. What cannot be read leaves a set incomplete: what is known of it is
connected, and nothing is removed (`Networks.may_lack_some`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from shared.core.base.bodies import Seen, mapping
from shared.core.base.errors import CausewayError, clean
from shared.core.base.ids import ResourceId
from shared.core.policy.intent import Connect
from shared.core.policy.networks import Networks
from shared.core.policy.policy import Policy
from shared.core.policy.profile import Profile
from shared.core.policy.selectors import Facts, NetworkSelector
from shared.core.readings.networks import NETWORK, connected_remotes
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.flow.cached_reads import CachedReads
from shared.flow.own_networks import managed_among
from shared.flow.reader import Reader

SHOWN = 3  # networks of which it is not known whether they are in a set; the rest is counted


class Watched(Protocol):
    """The watched subscriptions, and the management groups above them."""

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """All of them."""

    def above(self, subscription: str) -> tuple[str, ...] | None:
        """The names of all management groups above a subscription; None: not known."""

    def lacks(self, subscription: str, groups: Iterable[str]) -> bool:
        """The subscription is not watched, and known to be in none of these management groups."""

    @property
    def problems(self) -> Mapping[str, str]:
        """The management groups that could not be read, and why."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Networks of one set. `selected`: by a selector. `unread`: what was not read, in words."""

    ids: tuple[ResourceId, ...] = ()
    selected: bool = False
    unread: tuple[str, ...] = ()


class NetworksReader:
    """Resolves sets of networks. One per process; it only reads."""

    def __init__(
        self,
        policy: Policy,
        cached: CachedReads,
        reader: Reader,
        scope: Callable[[float], Awaitable[Watched]],
    ) -> None:
        self._policy = policy
        self._cached = cached
        self._reader = reader
        self._scope = scope

    async def resolved(self, target: ResourceId, connect: Connect, not_older_than: float) -> Connect:
        """The request with the networks that its profile means, by no reading from before that moment."""
        profile = connect.profile
        if not profile.words:
            return connect
        words = sorted(profile.words)
        scope = await self._scope(not_older_than)
        found = await asyncio.gather(
            *(self._of_word(word, target, profile, scope, not_older_than) for word in words)
        )
        known = dict(zip(words, found, strict=True))
        return replace(connect, networks=_together(profile, known))

    async def _of_word(
        self, word: str, target: ResourceId, profile: Profile, scope: Watched, not_older_than: float
    ) -> _Found:
        if word == "own":
            return await self._own(target, profile, not_older_than)
        found = self._policy.networks[word]
        if not isinstance(found, NetworkSelector):
            return _Found(found)
        chosen = await self._selected(found, scope, not_older_than)
        return replace(chosen, unread=tuple(f"set {word}: {why}" for why in chosen.unread))

    async def _own(self, target: ResourceId, profile: Profile, not_older_than: float) -> _Found:
        """The networks of the target's own subscription, or of its resource group where `find` says so.

        Those that a service manages for itself are not the team's.
        """
        listed, unread = await self._listed(target.subscription, not_older_than)
        ids = [one.id for one in listed if not profile.own_group or one.id.group == target.group]
        try:
            managed = await managed_among(self._cached, ids)
        except CausewayError as error:
            why = f"which networks of subscription {target.subscription} a service manages"
            return _Found((), True, (*unread, f"{why} could not be read: {clean(str(error))}"))
        return _Found(_sorted(at for at in ids if at not in managed), True, unread)

    async def _selected(self, asked: NetworkSelector, scope: Watched, not_older_than: float) -> _Found:
        if asked.peered_with:
            candidates, unread = await self._peers(asked, not_older_than)
        else:
            candidates, unread = await self._below(asked, scope, not_older_than)
        ids: list[ResourceId] = []
        doubts: list[str] = []
        for at, body in candidates.items():
            facts = _facts(at, body, scope, asked)
            fits = False if asked.excludes(at.name) else asked.fits(facts)
            if fits:
                ids.append(at)
            elif fits is None:
                doubts.append(
                    f"whether {at.text} is in it: {', '.join(asked.unknown(facts))} could not be read"
                )
        more = (f"{len(doubts) - SHOWN} more",) if len(doubts) > SHOWN else ()
        return _Found(_sorted(ids), True, (*unread, *doubts[:SHOWN], *more))

    async def _peers(
        self, asked: NetworkSelector, not_older_than: float
    ) -> tuple[Mapping[ResourceId, Seen | None], tuple[str, ...]]:
        """The networks with which a hub is peered, as the hub itself says: only its owner can write that."""
        hubs = self._policy.networks[str(asked.peered_with)]
        assert not isinstance(hubs, NetworkSelector), "the policy lets peered_with name lists of ids alone"  # noqa: S101
        seen, unread = await self._bodies(hubs, not_older_than)
        remotes = _sorted(at for hub in seen.values() for at in connected_remotes(hub))
        if not (asked.region or asked.tags):
            return dict.fromkeys(remotes), unread
        bodies, _ = await self._bodies(remotes, not_older_than)
        return {at: bodies.get(at) for at in remotes}, unread

    async def _bodies(
        self, ids: tuple[ResourceId, ...], not_older_than: float
    ) -> tuple[Mapping[ResourceId, Seen], tuple[str, ...]]:
        """The networks that could be read, and why others could not."""
        reads = [Read(at, shared=True, tolerate="failure") for at in ids]
        observed = await self._reader.complete(lambda _: reads, Observed(), not_older_than)
        found = {at: body for at in ids if (body := observed.present(at))}
        missing = [at for at in ids if at not in found]
        why = (
            f"{at.text} could not be read: {observed.refused(at) or 'it does not exist'}" for at in missing
        )
        return found, tuple(clean(one, 400) for one in why)

    async def _below(
        self, asked: NetworkSelector, scope: Watched, not_older_than: float
    ) -> tuple[Mapping[ResourceId, Seen | None], tuple[str, ...]]:
        """The networks of the watched subscriptions that the selector can mean."""
        facts = {one: _facts_of(one, scope) for one in scope.subscriptions}
        asked_for = [one for one, known in facts.items() if asked.fits(known) is not False]
        read = await asyncio.gather(*(self._listed(one, not_older_than) for one in asked_for))
        listed = {body.id: body for bodies, _ in read for body in bodies}
        unread = tuple(why for _, texts in read for why in texts)
        return listed, (*unread, *_outside(asked, scope))

    async def _listed(
        self, subscription: str, not_older_than: float
    ) -> tuple[tuple[Seen, ...], tuple[str, ...]]:
        try:
            found = await self._cached.of_type(NETWORK, subscription, not_older_than)
        except CausewayError as error:
            return (), (
                f"the networks of subscription {subscription} could not be read: {clean(str(error))}",
            )
        return found.value.items, ()


def _facts_of(subscription: str, scope: Watched) -> Facts:
    """What is known of any network in a subscription."""
    return Facts(subscription=subscription, tags=None, management_groups=scope.above(subscription))


def _facts(at: ResourceId, body: Seen | None, scope: Watched, asked: NetworkSelector) -> Facts:
    groups = scope.above(at.subscription)
    if groups is None and scope.lacks(at.subscription, asked.management_group or ()):
        groups = ()
    known = {} if body is None else {"region": body.body.get("location")}
    tags = None if body is None else mapping(body.body.get("tags"))
    return Facts.of(at, tags=tags, management_groups=groups, **known)


def _outside(asked: NetworkSelector, scope: Watched) -> Iterator[str]:
    """What the selector may mean and is not known to be watched."""
    watched = {one.lower() for one in scope.subscriptions}
    for one in asked.subscription or ():
        if one.lower() not in watched:
            yield f"the policy does not watch subscription {one}"
    if asked.management_group:
        yield from (clean(f"management group {name}: {why}", 400) for name, why in scope.problems.items())


def _together(profile: Profile, found: Mapping[str, _Found]) -> Networks:
    clients = {word for word in profile.clients if isinstance(word, str)}
    selected = any(found[word].selected for word in clients)
    unread = tuple(why for one in found.values() for why in one.unread)
    own = found["own"].ids if "own" in found else ()
    meant = profile.meant({word: one.ids for word, one in found.items()}, own)
    empty = tuple(word for word, one in found.items() if not one.ids and not one.unread)
    return replace(meant, selected=selected, unread=unread, empty=empty)


def _sorted(ids: Iterable[ResourceId]) -> tuple[ResourceId, ...]:
    return tuple(sorted(set(ids), key=lambda at: at.key))
