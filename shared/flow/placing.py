"""Finding the place of each endpoint of a target, for each placement of its profile.

A cached list of networks may only confirm what exists: before an endpoint is made, moved or refused by it, it
is read again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.kinds.endpoint import endpoints_among, subnet_of
from shared.core.placement.candidates import candidates_of, own_ids
from shared.core.placement.find import OwnNetworks
from shared.core.placement.site import Candidates, Site
from shared.core.placement.surroundings import surroundings
from shared.core.policy.intent import Connect, Declined
from shared.core.readings.embedded import subnets_of
from shared.core.readings.networks import endpoints_in
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.flow.capacity import CapacityReader
from shared.flow.own_networks import OwnNetworksReader
from shared.flow.reader import Reader

type Around = Callable[[Target, Observed], Iterable[Read]]
type Found = Candidates | Declined | Refusal


@dataclass(frozen=True, slots=True)
class Survey:
    """What serves a target by placement, and what was read around it. `listed`: when a list of its networks
    was read, in seconds since 1970; None: no list counts.
    """

    target: Target
    found: Mapping[str, Found]
    recorded: frozenset[ResourceId]
    around: Around
    observed: Observed
    listed: float | None


@dataclass(frozen=True, slots=True)
class Placed:
    """The sites of each placement that has a place, by group id, and why others have none."""

    sites: tuple[tuple[Connect, Mapping[str, Site]], ...]
    unplaced: Mapping[str, Declined | Refusal]
    observed: Observed

    @property
    def begins(self) -> bool:
        """Something is made that does not exist yet, or has no place."""
        every = (site for _, chosen in self.sites for site in chosen.values())
        return bool(self.unplaced) or any(site.new for site in every)

    @property
    def refused(self) -> Declined | Refusal:
        """Why no placement has a place."""
        first = next(iter(self.unplaced.values()))
        if len(self.unplaced) == 1:
            return first
        reason = "; ".join(f"placement {name}: {why.reason}" for name, why in self.unplaced.items())
        remedy = "; ".join(dict.fromkeys(why.remedy for why in self.unplaced.values()))
        return replace(first, reason=reason, remedy=remedy)


@dataclass(frozen=True, slots=True)
class Placer:
    """Reads what is around targets and chooses the sites. One per process."""

    own: OwnNetworksReader
    reader: Reader
    capacity: CapacityReader

    async def survey(
        self,
        target: Target,
        connect: Connect,
        recorded: Iterable[ResourceId],
        began: float,
        many: int,
        *,
        lists_from: float = 0.0,
    ) -> Survey:
        """What serves the target, by readings since the pass began and by lists since `lists_from`."""
        made = frozenset(endpoints_among(recorded))
        parts = connect.each
        own: Mapping[str, OwnNetworks | None]
        own = {part.placement: await self._own(target, part, lists_from) for part in parts}
        found = {part.placement: candidates_of(target, part, own[part.placement], made) for part in parts}
        if unknown := _not_found(target, parts, found, made, own):
            own = await self._with_networks_of(unknown, own, began)
            found = {part.placement: candidates_of(target, part, own[part.placement], made) for part in parts}

        def around(seen: Target, observed: Observed) -> Iterator[Read]:
            ours = {at for part in parts for at in _made(seen, part, found[part.placement])}
            for part in parts:
                yield from surroundings(seen, part, found[part.placement], made, ours, observed)

        def wanted(observed: Observed) -> Iterator[Read]:
            return around(target, observed)

        observed = await self.reader.complete(wanted, Observed(many=many), began)
        listed = min((one.at for one in own.values() if one), default=None)
        return Survey(target, found, made, around, observed, listed)

    async def place(self, survey: Survey, connect: Connect) -> Placed:
        """The sites, certain enough to write."""
        observed = survey.observed
        sites: list[tuple[Connect, Mapping[str, Site]]] = []
        unplaced: dict[str, Declined | Refusal] = {}
        for part in connect.each:
            found = survey.found[part.placement]
            chosen, observed = await self.capacity.sites(
                survey.target, part, found, observed, survey.recorded
            )
            if isinstance(chosen, Declined | Refusal):
                unplaced[part.placement] = chosen
            else:
                sites.append((part, chosen))
        return Placed(tuple(sites), unplaced, observed)

    async def _with_networks_of(
        self, endpoints: Iterable[ResourceId], own: Mapping[str, OwnNetworks | None], began: float
    ) -> Mapping[str, OwnNetworks | None]:
        """The target's own networks, with those that hold endpoints of ours and that the list lacks.

        A list is no evidence that a network is gone: an endpoint does not move for that.
        """
        reads = [Read(at, tolerate="failure") for at in endpoints]
        observed = await self.reader.complete(lambda _: reads, Observed(), began)
        subnets = (subnet_of(one) for read in reads if (one := observed.present(read.at)))
        networks = {subnet.parent for subnet in subnets if subnet and subnet.parent}
        homes = [Read(at, shared=True, tolerate="failure") for at in sorted(networks, key=str)]
        observed = await self.reader.complete(lambda _: homes, observed, began)
        bodies = [body for read in homes if (body := observed.present(read.at))]
        return {name: one.beside(bodies) if one else None for name, one in own.items()}

    async def _own(self, target: Target, part: Connect, lists_from: float) -> OwnNetworks | None:
        find = part.profile.find
        return await self.own.read(target.id, find.own, lists_from) if find else None


def _not_found(
    target: Target,
    parts: Iterable[Connect],
    found: Mapping[str, Found],
    made: Iterable[ResourceId],
    own: Mapping[str, OwnNetworks | None],
) -> tuple[ResourceId, ...]:
    """The endpoints of ours of which no subnet that was found or listed says that it holds them."""
    networks = [network for one in own.values() if one for network in one.networks]
    if not any(own.values()):
        return ()
    here = {at.name.lower() for part in parts for at in _made(target, part, found[part.placement])}
    held = {at for one in networks for subnet in subnets_of(one).items for at in endpoints_in(subnet)}
    return tuple(at for at in made if at not in held and at.name.lower() not in here)


def _made(target: Target, part: Connect, found: Found) -> Iterator[ResourceId]:
    return own_ids(target, part, found) if isinstance(found, Candidates) else iter(())
