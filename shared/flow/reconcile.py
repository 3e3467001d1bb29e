"""One reconcile pass: make the private path of one target true, and prove it. All of Causeway on one screen.

    target -> intent -> sites -> Desired -> Observed -> Plan -> apply -> Proof -> Ending

A pass decides from what Azure says now and keeps nothing for the next one. Creating, repairing, rerunning and
removing are this one path; a dry run is the same pass without `apply`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from shared.core.base.errors import CausewayError, TransientError
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.kinds.registry import kind_of
from shared.core.outcome.drift import differences, drifted
from shared.core.outcome.outcome import Done, Result
from shared.core.outcome.proof import Proof, prove
from shared.core.outcome.result import (
    UNPROVEN,
    Ending,
    broken_off,
    ending,
    kept_objects,
    left_alone,
    refused,
    removed,
    unasked,
)
from shared.core.plan.not_kept import TAGS_NOT_KEPT
from shared.core.plan.obsolete import Obsolete, Recorded
from shared.core.plan.plan import Plan, customised
from shared.core.plan.refusals import state_of
from shared.core.policy.intent import Connect, Declined, NotAsked
from shared.core.policy.policy import Policy
from shared.flow.absence import Absence, same, waited
from shared.flow.after_failure import AfterFailure
from shared.flow.apply import Applier
from shared.flow.asked import Asked, Asker, profile_of, rule_of
from shared.flow.hidden_names import HiddenNamesReader
from shared.flow.limits import CreationLimit
from shared.flow.previews import CHANGED, Previewed, Previews, unwanted
from shared.flow.public_access import PublicAccess
from shared.flow.reconcile_pass import Pass
from shared.flow.rehearsal import Rehearsal
from shared.flow.removal import Remover
from shared.flow.view import View
from shared.flow.viewer import Found, Viewer
from shared.ports import Clock

MEANWHILE = "what is desired changed while the path was made; the next pass follows it"
MANY = 50  # passes of a sweep that share a list, at least: a tenth of the DNS reads of five minutes (LIM-03)
LAG = 5.0  # seconds between a proof that fails right after a write, and the second one
ROUNDS = 7  # a wait, a write, what the endpoint then reports about zones and rules, one to see it settled,
# and two for what others changed meanwhile


class Reconciler:
    """Reconciles targets. Everything it talks to is passed in; one per process."""

    def __init__(
        self,
        policy: Policy,
        asker: Asker,
        viewer: Viewer,
        hidden: HiddenNamesReader,
        previews: Previews,
        rehearsal: Rehearsal,
        applier: Applier,
        remover: Remover,
        access: PublicAccess,
        absence: Absence,
        creations: CreationLimit,
        clock: Clock,
    ) -> None:
        self._policy = policy
        self._asker = asker
        self._viewer = viewer
        self._hidden = hidden
        self._previews = previews
        self._rehearsal = rehearsal
        self._applier = applier
        self._remover = remover
        self._access = access
        self._absence = absence
        self._creations = creations
        self._clock = clock
        self._after_failure = AfterFailure(viewer, remover, clock)

    async def reconcile(self, current: Pass) -> Ending:
        """Reconcile one target. What reading Azure raises is an ending too."""
        self._applier.shared.begins()
        try:
            reached = await self._reconciled(current)
        except CausewayError as error:
            reached = replace(broken_off(error, current.memory.profile), done=current.journal.changes)
        finally:
            self._applier.shared.ended(current.target)
        journal = current.journal
        named = replace(reached, rule=journal.rule, policy_key=journal.policy_key, mode=journal.mode)
        return await self._access.warned(named, current)

    async def _reconciled(self, current: Pass) -> Ending:
        asked = await self._asked(current)
        if asked is None and not await self._absence.confirmed(current):
            asked = await self._asked(current)
            if asked is None:
                raise TransientError(
                    "Azure answers in turn that the resource exists and that not", code="Unconfirmed"
                )
        if (restraint := self._rehearsal.restraint(asked, current)) is not None:
            found = await self._rehearsal.reached(asked, restraint, current)
            return found or await self._disconnect(asked if not isinstance(asked, tuple) else None, current)
        if current.reason == "drift" and current.memory.connected:
            current = replace(current, unrepaired=self._policy.drift.repair.left)
        if current.unrepaired and (reported := await self._reported(asked, current)):
            return reported
        if isinstance(asked, NotAsked) and self._removes(asked, current):
            asked = await self._absence.still(asked, current)
        if isinstance(asked, tuple):
            reached, left = await self._connect(*asked, current), current.journal.left
            if reached.result is Result.CONNECTED or reached.code == UNPROVEN:
                return drifted(reached, left, current.unrepaired)
            return replace(reached, findings=(*reached.findings, *left))
        return await self._disconnect(asked, current)

    async def _reported(self, asked: Asked, current: Pass) -> Ending | None:
        """What a sweep says of a connected resource where it may not repair: what a pass would write.

        None: some classes of objects are repaired, and the pass goes on with these.
        """
        partly = self._policy.drift.repair.any
        if partly and isinstance(asked, tuple):
            return None
        at, profile = current.target, current.memory.profile
        view, leaving = await self._previews.of(at, asked, current.recorded, profile, current.began)
        if isinstance(view, Refusal | Declined):
            return refused(view, profile_of(asked))
        if not isinstance(view, View):
            reached = removed((), (), unwanted(view), profile)
            held = [step for step in leaving.writes if kind_of(step.id).REPAIR in current.unrepaired]
            found = drifted(reached, differences(leaving.writes if held else ()), self._left)
            if found is not reached:
                return found
            return None if partly else await self._disconnect(view, current)
        unwritten = Plan(tuple(step for step in view.plan.actions if step not in view.plan.writes))
        applied = await self._applier.apply(unwritten, current)  # what blocks it, and what is under way
        proof = prove(view.desired, view.observed)
        judged = ending(proof, (), tuple(applied.errors.values()), view.connect.profile_name)
        if applied.errors:
            return judged
        opened = self._access.will_disable(view.target, view.connect, judged, view.served)
        further = ("public network access is enabled",) if opened else ()
        reached = replace(judged, findings=(*view.findings, *proof.findings))
        return drifted(reached, (*differences((*view.plan.writes, *leaving.writes)), *further))

    @property
    def _left(self) -> frozenset[str]:
        """The classes to name where some are repaired."""
        repair = self._policy.drift.repair
        return repair.left if repair.any else frozenset()

    async def preview(
        self, at: ResourceId, recorded: Recorded, profile: str, now: float
    ) -> tuple[Asked, Previewed]:
        """The same pass as far as it goes without writing: as `Previews.preview`."""
        return await self._previews.preview(at, recorded, profile, now)

    async def _asked(self, current: Pass) -> Asked:
        asked = await self._asker.asked(current.target, current.fresh_from, current.began)
        found = asked[1] if isinstance(asked, tuple) else asked
        current.journal.rule = rule_of(asked)
        current.journal.policy_key = found.key if isinstance(found, Declined | NotAsked) else ""
        current.journal.mode = found.mode if isinstance(found, Connect) else ""
        return asked

    async def _viewed(self, target: Target, connect: Connect, current: Pass) -> Found:
        many = MANY if current.sweep else self._applier.shared.passes
        return await self._viewer.view(
            target, connect, current.recorded, current.began, current.fresh_from, many=many
        )

    async def _connect(self, target: Target, connect: Connect, current: Pass) -> Ending:
        current = replace(current, state=state_of(target, connect))
        found = await self._viewed(target, connect, current)
        if not isinstance(found, View):
            return refused(found, connect.profile_name)
        found = replace(found, unrepaired=current.unrepaired, untagged=_untagged(current))
        if found.plan.writes and not await self._asker.still_asked(target, connect, current.began):
            return await self._reconciled(replace(current, fresh_from=current.began))
        if found.permitted:
            await current.memory.refuse(current.memory.refusals.without_forbidden())
        view, done, failed = await self._applied(found, current)
        errors = await self._after_failure.with_every_right(view, tuple(failed.values()))
        if errors:
            try:
                read = await self._asker.read(target.id)
                gone = read is None and await self._absence.confirmed(current)
            except CausewayError as unknown:  # what was done, and what failed first, is recorded all the same
                gone, errors = False, (*errors, unknown)
            if gone:
                return await self._disconnect(None, current)
        if errors:
            view, taken_back = await self._after_failure.without_half_made(view, done, failed, current)
            done += taken_back
        else:
            view, removed_rules, errors = await self._without_blocking_rules(view, current)
            done += removed_rules
        reached = await self._remove_obsolete(*await self._judged(view, done, errors, current), current)
        if self._access.will_disable(target, connect, reached, view.served):
            return await self._disable_public_access(reached, current)
        return await self._access.disable(target, connect, reached, current, view.served)

    async def _judged(
        self, view: View, done: tuple[Done, ...], errors: tuple[CausewayError, ...], current: Pass
    ) -> tuple[View, Ending]:
        """The ending by a proof whose readings are newer than the last write, and the view that it rests on.

        Where something failed, there is nothing to prove: what is known by then describes the state.
        """
        current.journal.left = view.left
        if errors:
            proof = prove(view.desired, view.observed)
        else:
            view, proof = await self._proven(view, current)
        reached = ending(proof, done, errors, view.connect.profile_name)
        among = f"placement {', '.join(view.failed)}: " if errors and view.failed else ""
        findings = (*view.findings, *proof.findings)
        reached = replace(reached, reason=f"{among}{reached.reason}", findings=findings)
        if reached.result is Result.CONNECTED and view.unsettled:
            return view, _overtaken(reached)
        if reached.result is Result.CONNECTED:
            await current.memory.customise(customised(view.desired, view.observed))
        return view, reached

    async def _proven(self, view: View, current: Pass) -> tuple[View, Proof]:
        """The proof. One that fails right after a write is made once more: Azure's replicas lag behind it.

        Not where it waits for a person, or for another program.
        """
        view = await self._viewer.evidence(view)
        proof = prove(view.desired, view.observed)
        awaited = ending(proof, (), (), view.connect.profile_name).result is Result.PENDING
        late = self._clock.monotonic() + LAG > current.deadline
        if proof.holds or awaited or late or view.since <= current.began:
            return view, proof
        await self._clock.sleep(LAG)
        view = await self._viewer.evidence(
            replace(view, since=self._clock.now().timestamp(), made=frozenset())
        )
        return view, prove(view.desired, view.observed)

    async def _applied(
        self, view: View, current: Pass
    ) -> tuple[View, tuple[Done, ...], Mapping[ResourceId, CausewayError]]:
        """Write and re-read, round by round, until nothing is left to write or something failed.

        The last reading is newer than the last write: what others changed meanwhile is one more round. What
        failed in one placement does not keep the paths of the others from being finished.
        """
        done: tuple[Done, ...] = ()
        failed: dict[ResourceId, CausewayError] = {}
        for _ in range(ROUNDS):
            steps = view.plan.without(view.desired.waiting)
            steps = steps.resuming(current.memory.custom, view.observed)
            steps = steps.among(view.desired.beside(failed)) if failed else steps
            try:
                await self._creations.reserve(steps, view.connect.profile_name, current)
            except CausewayError as error:  # what cannot be finished now is not begun
                return view, done, {**failed, view.target.id: error}
            if steps.writes:
                await current.memory.begin(view.connect.profile_name, view.connect.rule)
            view = await self._hidden.reported(view, steps)
            await self._record_identities(view, current)
            await self._record_additions(view, current)
            applied = await self._applier.apply(steps, current)
            known = {step.id for step in done}
            done += tuple(s for s in applied.done if s.verb not in ("Keep", "Adopt") or s.id not in known)
            view = await self._viewer.after(view, applied)
            notes = tuple(dict.fromkeys((*view.notes, *applied.notes)))
            view = replace(view, notes=notes, untagged=_untagged(current))
            if applied.outdated:
                view = await self._viewer.evidence(replace(view, since=applied.at, made=frozenset()))
                continue
            failed |= applied.errors
            if failed and not view.desired.beside(failed):
                break
            if steps.settled:
                if view.since > current.began:
                    await self._applier.shared.met(current.target, current.deadline)
                view = await self._viewer.evidence(view)
                if view.quiet or failed:
                    break
        return replace(view, failed=view.failed_by(failed)), done, {**failed, **applied.errors}

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
        if "rules" in view.unrepaired:
            return view, (), ()
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
            view = replace(view, since=self._clock.now().timestamp())
            if errors:
                return view, every, errors
            view = await self._viewer.with_fresh_parents(view, blocking)

    async def _disable_public_access(self, reached: Ending, current: Pass) -> Ending:
        """Disable it if that is asked for and proven by readings from now on: it is not undone."""
        now = self._clock.now().timestamp()
        fresh = replace(current, began=now, fresh_from=now)
        asked = await self._asked(fresh)
        view = await self._viewed(*asked, fresh) if isinstance(asked, tuple) else asked
        if not isinstance(view, View):
            return _overtaken(reached)
        proof = prove(view.desired, view.observed)
        again = replace(ending(proof, reached.done, (), reached.profile), findings=reached.findings)
        judged = replace(reached, proof=proof) if proof.holds else again
        return await self._access.disable(view.target, view.connect, judged, fresh, view.served)

    async def _remove_obsolete(self, view: View, reached: Ending, current: Pass) -> Ending:
        """What is not desired any more is removed once the new path is proven."""
        if reached.result is not Result.CONNECTED:
            return reached
        view, reached = await self._narrowed(view, reached, current)
        if reached.result is not Result.CONNECTED:
            return reached
        found = view.obsolete(current.recorded)
        if found.shared:  # by cached networks it might only seem unwanted
            view = await self._viewer.with_fresh_networks(view)
            found = view.obsolete(current.recorded)
        if not found.removed and not found.stale:
            return reached
        if view.keeps(found):
            current.journal.left += tuple(f"Delete {at.text} ({CHANGED})" for at in found.removed)
            return reached
        try:
            asked = view.target, view.connect
            if found.removed and not same(asked, await self._absence.still(asked, current)):
                return _overtaken(reached)
            done, errors = await self._remover.remove(found, CHANGED, current)
        except CausewayError as unknown:
            done, errors = (), (unknown,)
        # A deleted endpoint takes its record with it, also where the new endpoint keeps the same name.
        again = view.restoration if found.has_records else Plan(())
        restored = await self._applier.apply(again, current)
        every = (*reached.done, *done, *restored.done)
        if errors or restored.errors:
            failed = (*errors, *restored.errors.values())
            return replace(removed(every, failed, CHANGED, reached.profile), proof=reached.proof)
        # Each removal is a write: the path is proven once more, by what Azure has after it.
        after = replace(view, since=self._clock.now().timestamp())
        _, proven = await self._judged(after, every, (), current)
        return replace(proven, findings=(*proven.findings, *kept_objects(done)))

    async def _narrowed(self, view: View, reached: Ending, current: Pass) -> tuple[View, Ending]:
        """Rules without what belongs to networks that are in no set any more, once a second reading shows it.

        One reading may lack a network that is still meant, such as one whose peering is made again.
        """
        reach, recorded = view.connect.reach, current.recorded
        if not reach.selected or reach.unread:
            return view, reached
        certain = self._viewer.with_certain_networks(view)
        if not certain.plan.writes and certain.obsolete(recorded) == view.obsolete(recorded):
            return view, reached
        if not await waited(self._clock, current.deadline):
            return view, reached
        if not await self._viewer.means_the_same(view, self._clock.now().timestamp()):
            return view, reached
        applied = await self._applier.apply(certain.plan, current)
        certain = await self._viewer.after(certain, applied)
        done = tuple(step for step in applied.done if step.verb not in ("Keep", "Adopt"))
        return await self._judged(certain, (*reached.done, *done), tuple(applied.errors.values()), current)

    async def _disconnect(self, why: Declined | NotAsked | None, current: Pass) -> Ending:
        """Nothing is desired: the target is gone, or is not opted in, or what is asked for cannot be."""
        memory = current.memory
        if isinstance(why, Declined):
            return refused(why)
        if not memory.owned and not memory.profile:
            return unasked(why)
        if why is not None and not self._removes(why, current):
            return left_alone(why, memory.profile)
        if why is None and memory.closed:
            await memory.closing(None)
        reason = unwanted(why)
        current = replace(current, state=f"removal by {memory.profile}")  # what is removed has no other state
        found = Obsolete(memory.owned, stale=memory.addresses)
        done, errors = await self._remover.remove(found, reason, current)
        if not errors:
            await memory.customise({})  # what is connected later starts from nothing
        return removed(done, errors, reason, memory.profile)

    def _removes(self, why: NotAsked, current: Pass) -> bool:
        """What was made for the target before is removed, as nothing asks for it any more."""
        memory = current.memory
        known = bool(memory.owned or memory.profile)
        return known and not why.keep and self._previews.removes_on_opt_out(memory.profile)


def _untagged(current: Pass) -> Mapping[str, str]:
    return current.memory.refusals.of_code(TAGS_NOT_KEPT, current.state)


def _overtaken(reached: Ending) -> Ending:
    return replace(reached, result=Result.PENDING, code="DesiredStateChanged", reason=MEANWHILE, again=True)
