"""One reconcile pass: make the private path of one target true, and prove it. All of Causeway on one screen.

    target -> intent -> sites -> Desired -> Observed -> Plan -> apply -> Proof -> Ending

A pass decides from what Azure says now and keeps nothing for the next one. Creating, repairing, rerunning and
removing are this one path; a dry run is the same pass without `apply`.
"""

from __future__ import annotations

from dataclasses import replace

from shared.core.base.errors import CausewayError, TransientError
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.kinds.registry import kind_of
from shared.core.outcome.outcome import Done, Result
from shared.core.outcome.proof import prove
from shared.core.outcome.result import (
    Ending,
    broken_off,
    ending,
    kept_objects,
    left_alone,
    refused,
    removed,
    unasked,
)
from shared.core.plan.obsolete import Obsolete, Recorded
from shared.core.plan.plan import Plan
from shared.core.policy.intent import Connect, Declined, NotAsked
from shared.core.policy.policy import Policy
from shared.flow.absence import Absence
from shared.flow.apply import Applier
from shared.flow.hidden_names import HiddenNamesReader
from shared.flow.public_access import PublicAccess
from shared.flow.reconcile_pass import Pass
from shared.flow.removal import Remover
from shared.flow.view import View, Viewer
from shared.ports import Clock

CHANGED = "what is desired changed"
MEANWHILE = "what is desired changed while the path was made; the next pass follows it"
ROUNDS = 5  # a wait, a write, what the endpoint then reports about zones and rules, and one to see it settled


class Reconciler:
    """Reconciles targets. Everything it talks to is passed in; one per process."""

    def __init__(
        self,
        policy: Policy,
        viewer: Viewer,
        hidden: HiddenNamesReader,
        applier: Applier,
        remover: Remover,
        access: PublicAccess,
        absence: Absence,
        clock: Clock,
    ) -> None:
        self._policy = policy
        self._viewer = viewer
        self._hidden = hidden
        self._applier = applier
        self._remover = remover
        self._access = access
        self._absence = absence
        self._clock = clock

    async def reconcile(self, current: Pass) -> Ending:
        """Reconcile one target. What reading Azure raises is an ending too."""
        try:
            reached = await self._reconciled(current)
        except CausewayError as error:
            reached = replace(broken_off(error, current.memory.profile), done=current.journal.changes)
        return await self._access.warned(reached, current)

    async def _reconciled(self, current: Pass) -> Ending:
        asked = await self._viewer.asked(current.target, current.not_older_than, current.began)
        if asked is None and not await self._absence.confirmed(current):
            asked = await self._viewer.asked(current.target, current.not_older_than, current.began)
            if asked is None:
                raise TransientError(
                    "Azure answers in turn that the resource exists and that not", code="Unconfirmed"
                )
        if isinstance(asked, tuple):
            return await self._connect(*asked, current)
        return await self._disconnect(asked, current)

    async def preview(
        self, at: ResourceId, recorded: Recorded, profile: str, not_older_than: float
    ) -> tuple[View | Refusal | Declined | NotAsked | None, Plan]:
        """The same pass as far as it goes without writing, and what it would remove in the end.

        `recorded` and `profile` are what the ledger knows of the target. No view: it does not exist.
        """
        asked = await self._viewer.asked(at, not_older_than)
        view = (
            await self._viewer.view(*asked, recorded, not_older_than) if isinstance(asked, tuple) else asked
        )
        match view:
            case View():
                found = view.obsolete(replace(recorded, addresses=()))
                leaving = Plan(())
                if found.removed:
                    leaving = await self._remover.planned(at, found, CHANGED, recorded)
                return await self._hidden.reported(view, view.plan), leaving
            case Refusal() | Declined():
                return view, Plan(())
            case NotAsked() if not self._removes_on_opt_out(profile):
                return view, Plan(())
            case _:
                gone = Obsolete(recorded.objects)
                return view, await self._remover.planned(at, gone, _unwanted(view), recorded)

    async def _connect(self, target: Target, connect: Connect, current: Pass) -> Ending:
        found = await self._viewer.view(target, connect, current.recorded, current.not_older_than)
        if not isinstance(found, View):
            return refused(found)
        if found.plan.writes and not await self._viewer.still_asked(target, connect, current.began):
            return await self._reconciled(replace(current, not_older_than=current.began))
        view, done, errors = await self._applied(found, current)
        if errors:
            try:
                read = await self._viewer.read(target.id)
                gone = read is None and await self._absence.confirmed(current)
            except CausewayError as unknown:  # what was done, and what failed first, is recorded all the same
                gone, errors = False, (*errors, unknown)
            if gone:
                return await self._disconnect(None, current)
        if not errors:
            view, removed_rules, errors = await self._without_blocking_rules(view, current)
            done += removed_rules
        proof = prove(view.desired, view.observed)
        judged = ending(proof, done, errors, connect.profile_name)
        reached = replace(judged, findings=(*view.findings, *proof.findings))
        reached = await self._remove_obsolete(view, reached, current)
        if self._access.will_disable(target, connect, reached):
            return await self._disable_public_access(reached, current)
        return await self._access.disable(target, connect, reached, current)

    async def _applied(
        self, view: View, current: Pass
    ) -> tuple[View, tuple[Done, ...], tuple[CausewayError, ...]]:
        """Write and re-read, round by round, until nothing is left to write or something failed."""
        done: tuple[Done, ...] = ()
        for _ in range(ROUNDS):
            steps = view.plan.without(view.desired.waiting)
            if steps.writes:
                await current.memory.begin(view.connect.profile_name)
            view = await self._hidden.reported(view, steps)
            await self._record_identities(view, current)
            await self._record_additions(view, current)
            applied = await self._applier.apply(steps, current)
            known = {step.id for step in done}
            done += tuple(s for s in applied.done if s.verb not in ("Keep", "Adopt") or s.id not in known)
            view = await self._viewer.after(view, applied)
            if applied.errors or steps.settled:
                break
        return view, done, tuple(applied.errors.values())

    async def _record_identities(self, view: View, current: Pass) -> None:
        """Record what exists already: made by an older version, or by a worker that died meanwhile."""
        for want in view.desired.objects():
            have = view.observed.present(want.id) if want.recorded else None
            guid = kind_of(want.id).guid(have) if have and want.is_managed(have) else ""
            if guid and guid not in current.memory.guids.get(want.id, ()):
                await current.memory.own(want.id, guid=guid)

    async def _record_additions(self, view: View, current: Pass) -> None:
        """Record what the target has in shared objects, existing ones too: it leaves them one day."""
        for want in view.desired.objects():
            if want.adds and want.write:
                await current.memory.own(want.id, want.adds)

    async def _without_blocking_rules(
        self, view: View, current: Pass
    ) -> tuple[View, tuple[Done, ...], tuple[CausewayError, ...]]:
        """Remove our own outdated deny rules that would block the new path.

        No path could be proven while they exist, so they cannot wait for the proof as the others do.
        """
        every: tuple[Done, ...] = ()
        tried: set[ResourceId] = set()
        while True:
            found = view.obsolete(current.recorded)
            blocking = tuple(at for at in view.blocking_rules(found) if at not in tried)
            if not blocking:
                return view, every, ()
            tried |= set(blocking)
            first = replace(found, removed=blocking, kept=(), partial=True)
            done, errors = await self._remover.remove(first, CHANGED, current)
            every += done
            if errors:
                return view, every, errors
            view = await self._viewer.with_fresh_parents(view, blocking)

    async def _disable_public_access(self, reached: Ending, current: Pass) -> Ending:
        """Disable it if that is asked for and proven by readings from now on: it is not undone."""
        fresh = replace(current, not_older_than=self._clock.now().timestamp())
        asked = await self._viewer.asked(fresh.target, fresh.not_older_than)
        view = (
            await self._viewer.view(*asked, fresh.recorded, fresh.not_older_than)
            if isinstance(asked, tuple)
            else asked
        )
        if not isinstance(view, View):
            return replace(
                reached, result=Result.PENDING, code="DesiredStateChanged", reason=MEANWHILE, again=True
            )
        proof = prove(view.desired, view.observed)
        again = replace(ending(proof, reached.done, (), reached.profile), findings=reached.findings)
        judged = reached if proof.holds else again
        return await self._access.disable(view.target, view.connect, judged, fresh)

    async def _remove_obsolete(self, view: View, reached: Ending, current: Pass) -> Ending:
        """What is not desired any more is removed once the new path is proven."""
        if reached.result is not Result.CONNECTED:
            return reached
        found = view.obsolete(current.recorded)
        if found.shared:  # by cached networks it might only seem unwanted
            view = await self._viewer.with_fresh_networks(view)
            found = view.obsolete(current.recorded)
        if not found.removed and not found.stale:
            return reached
        done, errors = await self._remover.remove(found, CHANGED, current)
        # A deleted endpoint takes its record with it, also where the new endpoint keeps the same name.
        again = view.restoration if found.has_records else Plan(())
        restored = await self._applier.apply(again, current)
        every = (*reached.done, *done, *restored.done)
        if errors or restored.errors:
            failed = (*errors, *restored.errors.values())
            return replace(removed(every, failed, CHANGED, reached.profile), proof=reached.proof)
        return replace(reached, done=every, findings=(*reached.findings, *kept_objects(done)))

    async def _disconnect(self, why: Declined | NotAsked | None, current: Pass) -> Ending:
        """Nothing is desired: the target is gone, or is not opted in, or what is asked for cannot be."""
        memory = current.memory
        if isinstance(why, Declined):
            return refused(why)
        if not memory.owned and not memory.profile:
            return unasked(why)
        if why is not None and not self._removes_on_opt_out(memory.profile):
            return left_alone(why, memory.profile)
        if why is None and memory.closed:
            await memory.closing(None)
        reason = _unwanted(why)
        found = Obsolete(memory.owned, stale=memory.addresses)
        done, errors = await self._remover.remove(found, reason, current)
        return removed(done, errors, reason, memory.profile)

    def _removes_on_opt_out(self, name: str) -> bool:
        profile = self._policy.profiles.get(name)
        return profile is not None and profile.on_opt_out == "remove"


def _unwanted(why: NotAsked | None) -> str:
    return why.reason if why else "the resource is gone"
