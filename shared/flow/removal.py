"""Taking away what was made for a target: the same walk with nothing wished for.

Place in the data's way: `owned -> removal plan -> apply`. Only what the ledger notes as ours *and* bears our
mark today is deleted; what others put in its place stays.
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
from shared.core.outcome import Done
from shared.core.plan import removal
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
        self, at: ResourceId, ids: tuple[ResourceId, ...], reason: str, memory: Memory, deadline: float
    ) -> tuple[tuple[Done, ...], tuple[CausewayError, ...]]:
        """Remove these objects that we made for a target, after reading each anew."""
        bodies = await asyncio.gather(*(self._arm.get(owned) for owned in ids))
        owned = [Seen(own, body) for own, body in zip(ids, bodies, strict=True) if body is not None]
        steps = removal(owned, at, await self._addresses(owned), reason)
        applied = await self._applier.apply(steps, memory.own, deadline)
        kept = {step.id for step in applied.done if step.ended != "done"}
        await memory.disown(gone for gone in ids if gone not in kept and gone.parent not in kept)
        return applied.done, tuple(applied.errors.values())

    async def _addresses(self, owned: Iterable[Seen]) -> tuple[str, ...]:
        nics = [nic for have in owned if have.id.is_type(ENDPOINT) and (nic := nic_of(have))]
        bodies = await asyncio.gather(*(self._arm.get(nic) for nic in nics))
        seen = [Seen(nic, body) for nic, body in zip(nics, bodies, strict=True) if body]
        return tuple(address.ip for nic in seen for address in addresses_in(nic))
