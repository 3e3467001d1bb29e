"""Removing what was made for a target and is not desired any more.

Only what the ledger records as ours *and* bears our mark today is deleted; what others put in its place is
kept. What is deleted is recorded before (`flow/apply.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Seen
from shared.core.base.errors import CausewayError, ConfirmationNeeded, TransientError
from shared.core.base.ids import ResourceId
from shared.core.kinds.registry import kind_of
from shared.core.outcome.outcome import Done
from shared.core.plan.actions import Withdraw
from shared.core.plan.obsolete import Obsolete, Recorded
from shared.core.plan.plan import Plan, removal, withdrawal
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Present, Read
from shared.flow.absence import waited
from shared.flow.apply import Applier
from shared.flow.limits import DeleteLimit
from shared.flow.reader import Reader
from shared.flow.reconcile_pass import Pass
from shared.ports import Clock

UNPROVEN = "an object to remove was missing at first: whether it exists is read again"
NONE: Mapping[str, frozenset[ResourceId]] = {}
NOTHING = Recorded()


@dataclass(frozen=True, slots=True)
class _Found:
    """What exists of it today, by a fresh read."""

    removed: tuple[Seen, ...]
    kept: tuple[Seen, ...]
    observed: Observed

    @property
    def freed(self) -> tuple[str, ...]:
        """The addresses of the endpoints that are deleted."""
        return tuple(ip for have in self.removed for ip in kind_of(have.id).freed(have, self.observed))

    @property
    def below(self) -> tuple[Seen, ...]:
        """What Azure deletes with its parent."""
        lists = self.observed.collections.values()  # read below removed objects alone
        return tuple(one for found in lists if isinstance(found, Present) for one in found.value.items)


class Remover:
    """Deletes what is ours, and takes its addresses out of shared rules."""

    def __init__(self, reader: Reader, applier: Applier, limit: DeleteLimit, clock: Clock) -> None:
        self._reader = reader
        self._applier = applier
        self._limit = limit
        self._clock = clock

    async def remove(
        self, found: Obsolete, reason: str, current: Pass
    ) -> tuple[tuple[Done, ...], tuple[CausewayError, ...]]:
        """Remove it after reading each object again, unless a person has to confirm it first."""
        today = await self._today(found)
        freed = frozenset((*found.stale, *today.freed))
        lost = freed.difference(today.freed)  # their endpoints are gone already: others may have them by now
        elsewhere = await current.memory.elsewhere(lost) if lost else NONE
        steps = _steps(current.target, found, reason, today, elsewhere, current.recorded)
        try:
            await self._limit.check(steps, current)
        except ConfirmationNeeded as held:
            return (), (held,)
        applied = await self._applier.apply(steps, current)
        stays = {step.id for step in applied.done if step.ended != "done"}
        failed = any(isinstance(step, Withdraw) and step.id in stays for step in steps.actions)
        gone = (one for one in found.removed if one not in stays and one.parent not in stays)
        out = () if failed or found.partial else freed.difference(found.addresses)
        unproven = await self._unproven(found, today, current)
        await current.memory.disown([one for one in gone if one not in unproven], out)
        doubts = (TransientError(UNPROVEN, code="Unconfirmed"),) if unproven else ()
        return applied.done, (*applied.errors.values(), *doubts)

    async def _unproven(self, found: Obsolete, today: _Found, current: Pass) -> frozenset[ResourceId]:
        """What was not found at first and exists, or may exist: it stays recorded, for the next pass."""
        present = {have.id for have in (*today.removed, *today.below)}
        missing = [at for at in found.removed if at not in present and at.parent not in present]
        if not missing:
            return frozenset()
        if not await waited(self._clock, current.deadline):
            return frozenset(missing)
        again = await self._reader.fresh((Read(at) for at in missing), Observed())
        return frozenset(at for at in missing if again.present(at) is not None)

    async def planned(
        self, target: ResourceId, found: Obsolete, reason: str, recorded: Recorded = NOTHING
    ) -> Plan:
        """The steps that it would take, without addresses of endpoints that are gone already."""
        return _steps(target, found, reason, await self._today(found), NONE, recorded)

    async def _today(self, found: Obsolete) -> _Found:
        def reads(observed: Observed) -> Iterator[Read]:
            for at in (*found.removed, *found.kept):
                yield Read(at)
            for at in found.removed:
                if have := observed.present(at):
                    yield from kind_of(at).removal_reads(have)

        observed = await self._reader.complete(reads, Observed())
        removed = tuple(have for at in found.removed if (have := observed.present(at)))
        kept = tuple(have for at in found.kept if (have := observed.present(at)))
        return _Found(removed, kept, observed)


def _steps(
    target: ResourceId,
    found: Obsolete,
    reason: str,
    today: _Found,
    elsewhere: Mapping[str, frozenset[ResourceId]],
    recorded: Recorded,
) -> Plan:
    freed = frozenset((*found.stale, *today.freed))
    shared = (
        *((have, freed.union(found.addresses)) for have in today.removed),
        *((have, freed.difference(found.addresses)) for have in today.kept),
    )
    # What another target has in a shared object by now stays in it.
    leaving = [
        (have, [one for one in addresses if have.id not in elsewhere.get(one, ())])
        for have, addresses in shared
    ]
    withdrawn = withdrawal(leaving, target, reason)
    return removal(today.removed, target, reason, today.below, withdrawn, recorded.guids)
