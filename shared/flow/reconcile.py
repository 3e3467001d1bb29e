"""One walk: make the private path of one target true, and prove it. All of Causeway on one screen.

    target -> intent -> sites -> Desired -> Observed -> Plan -> apply -> Proof -> Ending

The walk decides from what Azure says now and keeps nothing between two walks. Creating, repairing,
rerunning and removing are this one path; a dry run is the same walk without `apply`.
"""

from __future__ import annotations

from dataclasses import replace

from shared.core.base.errors import CausewayError
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.outcome.outcome import Done, Result
from shared.core.outcome.proof import prove
from shared.core.outcome.result import (
    Ending,
    broken_off,
    ending,
    left_alone,
    left_standing,
    refused,
    removed,
    unasked,
)
from shared.core.plan.actions import Block
from shared.core.plan.obsolete import Leftover
from shared.core.plan.plan import Plan
from shared.core.policy.intent import Connect, Declined, NotAsked
from shared.core.policy.policy import Policy
from shared.flow.apply import Applier
from shared.flow.hidden_names import Shadows
from shared.flow.public_access import PublicDoor
from shared.flow.removal import Remover
from shared.flow.view import View, Viewer
from shared.ports import Memory

CHANGED = "what is wished for changed"
MEANWHILE = "what is wished for changed while the path was made; the next walk follows it"
ROUNDS = 5  # a wait, a write, what the endpoint then tells about zones and rules, and one to see it settled


class Reconciler:
    """Walks targets. Everything it talks to is passed in; one per process."""

    def __init__(
        self,
        policy: Policy,
        viewer: Viewer,
        shadows: Shadows,
        applier: Applier,
        remover: Remover,
        door: PublicDoor,
    ) -> None:
        self._policy = policy
        self._viewer = viewer
        self._shadows = shadows
        self._applier = applier
        self._remover = remover
        self._door = door

    async def reconcile(self, at: ResourceId, memory: Memory, deadline: float) -> Ending:
        """Walk one target until `deadline` (clock.monotonic). What reading Azure raises is an ending too."""
        try:
            reached = await self._walk(at, memory, deadline)
        except CausewayError as error:
            reached = broken_off(error, memory.profile)
        return await self._door.warned(at, reached, memory)

    async def _walk(self, at: ResourceId, memory: Memory, deadline: float) -> Ending:
        wish = await self._viewer.wish(at)
        if isinstance(wish, tuple):
            return await self._connect(*wish, memory, deadline)
        return await self._leave(at, wish, memory, deadline)

    async def preview(
        self, at: ResourceId, owned: tuple[ResourceId, ...], profile: str
    ) -> tuple[View | Block | Declined | NotAsked | None, Plan]:
        """The same walk as far as it goes without writing, and what it would take away in the end.

        `owned` and `profile` are what the ledger knows of the target. No view: it does not exist.
        """
        wish = await self._viewer.wish(at)
        view = await self._viewer.view(*wish, owned) if isinstance(wish, tuple) else wish
        match view:
            case View():
                left = view.left_over(owned)
                leaving = await self._remover.planned(at, left, CHANGED) if left.goes else Plan(())
                return await self._shadows.told(view, view.plan), leaving
            case Block() | Declined():
                return view, Plan(())
            case NotAsked() if not self._removes_on_opt_out(profile):
                return view, Plan(())
            case _:
                return view, await self._remover.planned(at, Leftover(owned), _unwanted(view))

    async def _connect(self, target: Target, connect: Connect, memory: Memory, deadline: float) -> Ending:
        view = await self._viewer.view(target, connect, memory.owned)
        if not isinstance(view, View):
            return refused(view)
        done: list[Done] = []
        for _ in range(ROUNDS):
            steps = view.plan.without(view.desired.waiting)
            view = await self._shadows.told(view, steps)
            for rule in view.desired.rules:  # also one that stands: what is in it for us leaves it one day
                if rule.write:
                    await memory.own(rule.id, rule.destinations)
            applied = await self._applier.apply(steps, memory, deadline)
            known = {step.id for step in done}
            done += [s for s in applied.done if s.verb not in ("Keep", "Adopt") or s.id not in known]
            view = await self._viewer.after(view, applied)
            if applied.errors or steps.settled:
                break
        if applied.errors and await self._viewer.read(target.id) is None:
            return await self._leave(target.id, None, memory, deadline)
        errors = tuple(applied.errors.values())
        if not errors:
            view, opened, errors = await self._opened(view, memory, deadline)
            done += opened
        proof = prove(view.desired, view.observed)
        told = (*view.findings, *proof.findings)
        reached = replace(ending(proof, tuple(done), errors, connect.profile_name), findings=told)
        reached = await self._retire(view, reached, memory, deadline)
        if self._door.closes(target, connect, reached):
            return await self._close(target.id, reached, memory, deadline)
        return await self._door.shut(target, connect, reached, memory, deadline)

    async def _opened(
        self, view: View, memory: Memory, deadline: float
    ) -> tuple[View, tuple[Done, ...], tuple[CausewayError, ...]]:
        """Without rules of an earlier wish that come before those of this one and shut its clients out.

        No path could be proven while they stand, so they cannot wait for the proof as the others do.
        """
        every: tuple[Done, ...] = ()
        tried: set[ResourceId] = set()
        while True:
            left = view.left_over(memory.owned, memory.addresses)
            shutting = tuple(at for at in view.shutting(left) if at not in tried)
            if not shutting:
                return view, every, ()
            tried |= set(shutting)
            first = replace(left, goes=shutting, kept=(), partial=True)
            done, errors = await self._remover.take_away(view.target.id, first, CHANGED, memory, deadline)
            every += done
            if errors:
                return view, every, errors
            view = await self._viewer.without(view, shutting)

    async def _close(self, at: ResourceId, reached: Ending, memory: Memory, deadline: float) -> Ending:
        """Shut the public door, if it is wished for and proven by readings from now on: nobody undoes it."""
        view = await self._viewer.fresh(at, memory.owned)
        if not isinstance(view, View):
            return replace(reached, result=Result.PENDING, code="WishChanged", reason=MEANWHILE, again=True)
        proof = prove(view.desired, view.observed)
        again = replace(ending(proof, reached.done, (), reached.profile), findings=reached.findings)
        judged = reached if proof.holds else again
        return await self._door.shut(view.target, view.connect, judged, memory, deadline)

    async def _retire(self, view: View, reached: Ending, memory: Memory, deadline: float) -> Ending:
        """What an earlier wish made and this one does not hold: it goes once the new path is proven."""
        if reached.result is not Result.CONNECTED:
            return reached
        left = view.left_over(memory.owned, memory.addresses)
        if left.rules:  # by networks that were held in memory they might only seem unwanted
            view = await self._viewer.anew(view)
            left = view.left_over(memory.owned, memory.addresses)
        if not left.goes and not left.stale:
            return reached
        done, errors = await self._remover.take_away(view.target.id, left, CHANGED, memory, deadline)
        # An endpoint that goes takes its record with it, also where the new endpoint keeps the same name.
        again = view.restoration if left.endpoints else Plan(())
        restored = await self._applier.apply(again, memory, deadline)
        every = (*reached.done, *done, *restored.done)
        if errors or restored.errors:
            failed = (*errors, *restored.errors.values())
            return replace(removed(every, failed, CHANGED, reached.profile), proof=reached.proof)
        return replace(reached, done=every, findings=(*reached.findings, *left_standing(done)))

    async def _leave(
        self, at: ResourceId, why: Declined | NotAsked | None, memory: Memory, deadline: float
    ) -> Ending:
        """Nothing is wanted here: the target is gone, or nobody asks, or what is asked cannot be."""
        if isinstance(why, Declined):
            return refused(why)
        if not memory.owned and not memory.profile:
            return unasked(why)
        if why is not None and not self._removes_on_opt_out(memory.profile):
            return left_alone(why, memory.profile)
        if why is None and memory.closed:
            await memory.closing(None)
        reason = _unwanted(why)
        left = Leftover(memory.owned, stale=memory.addresses)
        done, errors = await self._remover.take_away(at, left, reason, memory, deadline)
        return removed(done, errors, reason, memory.profile)

    def _removes_on_opt_out(self, name: str) -> bool:
        profile = self._policy.profiles.get(name)
        return profile is not None and profile.on_opt_out == "remove"


def _unwanted(why: NotAsked | None) -> str:
    return why.reason if why else "the resource is gone"
