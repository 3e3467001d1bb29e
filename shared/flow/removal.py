"""Taking away what was made for a target: the same walk with nothing wished for.

Place in the data's way: `leftover -> removal plan -> apply`. Only what the ledger notes as ours *and* bears
our mark today is deleted; what others put in its place stays. What goes is remembered before it does
(`flow/apply.py`).
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Seen
from shared.core.base.errors import CausewayError
from shared.core.base.ids import ResourceId
from shared.core.kinds import zone_group
from shared.core.kinds.endpoint import TYPE as ENDPOINT
from shared.core.kinds.endpoint import nic_of
from shared.core.kinds.nic import addresses_in
from shared.core.outcome.outcome import Done
from shared.core.plan.actions import Withdraw
from shared.core.plan.obsolete import Leftover
from shared.core.plan.plan import Plan, removal, withdrawal
from shared.flow.apply import Applier
from shared.flow.cached_reads import seen_all
from shared.ports import Arm, Memory


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands of it today. `gone` are the addresses of the endpoints that go."""

    owned: tuple[Seen, ...]
    kept: tuple[Seen, ...]
    below: tuple[Seen, ...]
    gone: tuple[str, ...]


class Remover:
    """Deletes what is ours, rules' addresses included."""

    def __init__(self, arm: Arm, applier: Applier) -> None:
        self._arm = arm
        self._applier = applier

    async def take_away(
        self, at: ResourceId, left: Leftover, reason: str, memory: Memory, deadline: float
    ) -> tuple[tuple[Done, ...], tuple[CausewayError, ...]]:
        """Remove what is left of what we made for a target, after reading each object anew."""
        found = await self._look(left)
        freed = frozenset((*left.stale, *found.gone))
        lost = freed.difference(found.gone)  # their endpoints are gone already: others may have them by now
        elsewhere = await memory.elsewhere(lost) if lost else {}
        steps = _steps(at, left, reason, found, elsewhere)
        applied = await self._applier.apply(steps, memory, deadline)
        stays = {step.id for step in applied.done if step.ended != "done"}
        failed = any(isinstance(step, Withdraw) and step.id in stays for step in steps.actions)
        goes = (one for one in left.goes if one not in stays and one.parent not in stays)
        await memory.disown(goes, () if failed or left.partial else freed.difference(left.addresses))
        return applied.done, tuple(applied.errors.values())

    async def planned(self, at: ResourceId, left: Leftover, reason: str) -> Plan:
        """The steps that it would take, without addresses of endpoints that are gone already."""
        return _steps(at, left, reason, await self._look(left), {})

    async def _look(self, left: Leftover) -> _Found:
        owned, kept = await asyncio.gather(self._standing(left.goes), self._standing(left.kept))
        endpoints = [have for have in owned if have.id.is_type(ENDPOINT)]
        gone, below = await asyncio.gather(self._addresses(endpoints), self._below(endpoints))
        return _Found(tuple(owned), tuple(kept), below, gone)

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


def _steps(
    at: ResourceId,
    left: Leftover,
    reason: str,
    found: _Found,
    elsewhere: Mapping[str, frozenset[ResourceId]],
) -> Plan:
    freed = frozenset((*left.stale, *found.gone))
    rules = (
        *((have, freed.union(left.addresses)) for have in found.owned),
        *((have, freed.difference(left.addresses)) for have in found.kept),
    )
    # What another target has in a rule by now stays in it.
    leaving = [
        (have, [one for one in addresses if have.id not in elsewhere.get(one, ())])
        for have, addresses in rules
    ]
    return removal(found.owned, at, reason, found.below, withdrawal(leaving, reason))
