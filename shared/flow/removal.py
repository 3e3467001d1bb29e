"""Taking away what was made for a target: the same walk with nothing wished for.

Place in the data's way: `leftover -> withdrawal and removal plans -> apply`. Only what the ledger notes as
ours *and* bears our mark today is deleted; what others put in its place stays. Rules are left first: an
endpoint that is gone cannot tell which addresses it had, and Azure gives them to the next one.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from shared.core.errors import CausewayError
from shared.core.ids import ResourceId
from shared.core.kinds.endpoint import TYPE as ENDPOINT
from shared.core.kinds.endpoint import nic_of
from shared.core.kinds.kind import Seen
from shared.core.kinds.nic import addresses_in
from shared.core.leftover import Leftover
from shared.core.outcome import Done
from shared.core.plan import Plan, removal, withdrawal
from shared.flow.apply import Applier
from shared.flow.ports import Arm


class Memory(Protocol):
    """What the ledger knows of a target: the objects we made for it, and the profile that made them."""

    @property
    def owned(self) -> tuple[ResourceId, ...]:
        """Objects made for it, those of this walk included."""

    @property
    def profile(self) -> str:
        """The profile of the last outcome, empty if there was none."""

    async def own(self, made: ResourceId) -> None:
        """Note an object before it is made, so that a crash right after leaves nothing forgotten."""

    async def disown(self, gone: Iterable[ResourceId]) -> None:
        """These objects do not exist any more."""


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
        gone = await self._addresses(owned)
        free = withdrawal(kept, set(gone).difference(left.addresses), reason).actions
        leaving = Plan((*withdrawal(owned, {*gone, *left.addresses}, reason).actions, *free))
        freed = await self._applier.apply(leaving, memory.own, deadline)
        if freed.errors:
            return freed.done, tuple(freed.errors.values())
        applied = await self._applier.apply(removal(owned, at, reason), memory.own, deadline)
        stays = {step.id for step in applied.done if step.ended != "done"}
        await memory.disown(one for one in left.goes if one not in stays and one.parent not in stays)
        return (*freed.done, *applied.done), tuple(applied.errors.values())

    async def _standing(self, ids: tuple[ResourceId, ...]) -> list[Seen]:
        bodies = await asyncio.gather(*(self._arm.get(at) for at in ids))
        return [Seen(at, body) for at, body in zip(ids, bodies, strict=True) if body is not None]

    async def _addresses(self, owned: Iterable[Seen]) -> tuple[str, ...]:
        nics = [nic for have in owned if have.id.is_type(ENDPOINT) and (nic := nic_of(have))]
        bodies = await asyncio.gather(*(self._arm.get(nic) for nic in nics))
        seen = [Seen(nic, body) for nic, body in zip(nics, bodies, strict=True) if body]
        return tuple(address.ip for nic in seen for address in addresses_in(nic))
