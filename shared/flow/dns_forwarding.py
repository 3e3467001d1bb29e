"""Reading private resolvers and forwarding rulesets, where a client's DNS path leads over them.

A subscription's are read once for all targets of a minute. What cannot be read is said, and proves nothing.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from shared.core.base.bodies import Seen, child_id, reference
from shared.core.base.errors import CausewayError, clean
from shared.core.base.ids import ResourceId
from shared.core.names.resolution import questions
from shared.core.plan.desired import Desired
from shared.core.readings.dns_forwarding import (
    INBOUND,
    LINKS,
    RESOLVER,
    RULES,
    RULESET,
    Forwarding,
    ForwardingRule,
    Inbound,
    inbound_of,
    linked_networks,
    outbound_of,
    rules_of,
)
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.flow.cached_reads import CachedReads
from shared.flow.reader import Reader, Wanted
from shared.ports import ArmReader

API = "2022-07-01"  # Microsoft.Network: REST reference "DNS Resolvers - List"


def _always(reads: Iterable[Read]) -> Wanted:
    return lambda _: reads


class ForwardingReader:
    """Reads what clients' DNS paths lead over. One per process."""

    def __init__(self, arm: ArmReader, cached: CachedReads, reader: Reader) -> None:
        self._arm = arm
        self._reader = reader
        self._cached = cached

    async def read(self, wanted: Desired, observed: Observed, not_older_than: float) -> Observed:
        """The picture with the resolvers and rulesets of every subscription that a path leads to.

        Terminates: each round reads what was not read before.
        """
        while asked := questions(wanted, observed):
            observed = await self._reader.complete(_always(asked.reads), observed, not_older_than)
            subscriptions = sorted(asked.subscriptions)
            found = await asyncio.gather(*(self._of(one, not_older_than) for one in subscriptions))
            forwarding = observed.forwarding
            for one in found:
                forwarding = forwarding.joined(one)
            observed = replace(observed, forwarding=forwarding)
        return observed

    async def _of(self, subscription: str, not_older_than: float) -> Forwarding:
        name = f"DNS forwarding of {subscription}"
        read, at = frozenset({subscription}), not_older_than
        try:
            found = await self._cached.computed(name, lambda: self._read(subscription), not_older_than)
        except CausewayError as error:
            why = clean(f"the private resolvers of subscription {subscription} ({error})", 300)
            return Forwarding(read=read, unread={subscription: why}, at=at)
        return replace(found, read=read, at=at)

    async def _read(self, subscription: str) -> Forwarding:
        resolvers, rulesets = await asyncio.gather(
            self._listed(f"/subscriptions/{subscription}/providers/{RESOLVER}"),
            self._listed(f"/subscriptions/{subscription}/providers/{RULESET}"),
        )
        inbound = await asyncio.gather(*(self._inbound(one) for one in resolvers))
        networks = {one.id: reference(one.properties.get("virtualNetwork")) for one in resolvers}
        rules = await asyncio.gather(*(self._rules(one, networks) for one in rulesets))
        by_network = {network: found for linked, found in rules for network in linked}
        return Forwarding(tuple(one for some in inbound for one in some), by_network)

    async def _inbound(self, resolver: Seen) -> tuple[Inbound, ...]:
        return inbound_of(resolver, await self._below(resolver.id, INBOUND))

    async def _rules(
        self, ruleset: Seen, networks: dict[ResourceId, ResourceId | None]
    ) -> tuple[tuple[ResourceId, ...], tuple[ForwardingRule, ...]]:
        links, rules = await asyncio.gather(self._below(ruleset.id, LINKS), self._below(ruleset.id, RULES))
        resolver = outbound_of(ruleset)
        network = networks.get(resolver) if resolver else None
        return linked_networks(links), rules_of(ruleset, rules, network)

    async def _listed(self, path: str) -> tuple[Seen, ...]:
        pages = self._arm.pages(path, api_version=API)
        listed = [one async for page in pages for one in page]
        return tuple(Seen(at, one) for one in listed if (at := reference(one)))

    async def _below(self, parent: ResourceId, collection: str) -> tuple[Seen, ...]:
        pages = self._arm.pages(f"{parent.text}/{collection}", api_version=API)
        listed = [one async for page in pages for one in page]
        named = ((child_id(parent, collection, one.get("name")), one) for one in listed)
        return tuple(Seen(at, one) for at, one in named if at)
