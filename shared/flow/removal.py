"""Taking away what was made for a target: the same walk with nothing wished for.

Place in the data's way: `leftover -> removal plan -> apply`. Only what the ledger notes as ours *and* bears
our mark today is deleted; what others put in its place stays. What goes is remembered before it does
(`flow/apply.py`).
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from shared.core.errors import CausewayError
from shared.core.ids import ResourceId
from shared.core.kinds import zone_group
from shared.core.kinds.endpoint import TYPE as ENDPOINT
from shared.core.kinds.endpoint import nic_of
from shared.core.kinds.kind import Seen
from shared.core.kinds.nic import addresses_in
from shared.core.leftover import Leftover
from shared.core.outcome import Done
from shared.core.plan import removal, withdrawal
from shared.flow.apply import Applier
from shared.flow.ports import Arm, Memory
from shared.flow.reads import seen_all


class Remover:
    """Deletes what is ours, rules' addresses included."""

    def __init__(self, arm: Arm, applier: Applier) -> None:
        self._arm = arm
        self._applier = applier

    async def take_away(
        self, at: ResourceId, left: Leftover, reason: str, memory: Memory, deadline: float
    ) -> tuple[tuple[Done, ...], tuple[CausewayError, ...]]:
        """Remove what is left of what we made for a target, after reading each object anew."""
        owned, kept = await asyncio.gather(self._standing(left.goes), self._standing(left.kept))
        endpoints = [have for have in owned if have.id.is_type(ENDPOINT)]
        gone, below = await asyncio.gather(self._addresses(endpoints), self._below(endpoints))
        freed = frozenset((*left.stale, *gone))
        lost = freed.difference(gone)  # their endpoints are gone already: others may have them by now
        elsewhere = await memory.elsewhere(lost) if lost else {}
        leaving = withdrawal(
            [
                *((have, _leaving(have, freed.union(left.addresses), elsewhere)) for have in owned),
                *((have, _leaving(have, freed.difference(left.addresses), elsewhere)) for have in kept),
            ],
            reason,
        )
        steps = removal(owned, at, reason, below, leaving)
        applied = await self._applier.apply(steps, memory, deadline)
        stays = {step.id for step in applied.done if step.ended != "done"}
        out = freed if stays.isdisjoint(step.id for step in leaving) else ()
        goes = (one for one in left.goes if one not in stays and one.parent not in stays)
        await memory.disown(goes, set(out).difference(left.addresses))
        return applied.done, tuple(applied.errors.values())

    async def _standing(self, ids: tuple[ResourceId, ...]) -> list[Seen]:
        bodies = await asyncio.gather(*(self._arm.get(at) for at in ids))
        return [Seen(at, body) for at, body in zip(ids, bodies, strict=True) if body is not None]

    async def _below(self, endpoints: Iterable[Seen]) -> tuple[Seen, ...]:
        """Zone groups of any name: Azure deletes them with their endpoint."""
        listed = (self._arm.list(have.id, zone_group.COLLECTION) for have in endpoints)
        return tuple(one for page in await asyncio.gather(*listed) for one in seen_all(page))

    async def _addresses(self, endpoints: Iterable[Seen]) -> tuple[str, ...]:
        nics = [nic for have in endpoints if (nic := nic_of(have))]
        bodies = await asyncio.gather(*(self._arm.get(nic) for nic in nics))
        seen = [Seen(nic, body) for nic, body in zip(nics, bodies, strict=True) if body]
        return tuple(address.ip for nic in seen for address in addresses_in(nic))


def _leaving(
    have: Seen, addresses: Iterable[str], elsewhere: Mapping[str, frozenset[ResourceId]]
) -> Iterator[str]:
    """Those of the addresses that no other target has in this rule by now."""
    return (one for one in addresses if have.id not in elsewhere.get(one, ()))
