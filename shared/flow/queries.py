"""What a caller can ask: a rerun, a plan, and what the ledger knows.

A rerun is a work item like any other. A plan is the reconcile pass without its writes.
"""

import uuid
from dataclasses import dataclass, replace

from shared.core.base.errors import CausewayError, InputError, InvalidId
from shared.core.base.ids import ResourceId, target_key
from shared.core.base.page import Page
from shared.core.base.refusal import Refusal
from shared.core.base.request_count import counting
from shared.core.base.turn import FIRST, taking_turn
from shared.core.events.asked import Asked
from shared.core.events.work_item import WorkItem
from shared.core.outcome.connection import ConnectionHistory, ConnectionState
from shared.core.outcome.connection_query import ConnectionQuery
from shared.core.outcome.outcome import Result
from shared.core.outcome.preview import PLAN, Preview
from shared.core.outcome.result import broken_off
from shared.core.plan.obsolete import Recorded
from shared.core.plan.plan import Plan
from shared.core.policy.intent import Declined, NotAsked
from shared.flow.asked import Asker, profile_of, rule_of
from shared.flow.limits import HELD
from shared.flow.reconcile import Reconciler
from shared.flow.view import View
from shared.ports import Body, Clock, Ledger, WorkQueue


@dataclass(frozen=True, slots=True)
class Accepted:
    """A rerun is queued. It is done when the connection's `correlations` have this `correlation`."""

    target: ResourceId
    correlation: str

    @property
    def key(self) -> str:
        """The key of the target's connection."""
        return target_key(self.target)

    def record(self) -> Body:
        """The answer as JSON."""
        return {"resource_id": self.target.text, "key": self.key, "correlation": self.correlation}


@dataclass(frozen=True, slots=True)
class Queries:
    """Answers callers. Raises InputError for a value that is wrong."""

    asker: Asker
    reconciler: Reconciler
    ledger: Ledger
    queue: WorkQueue
    clock: Clock

    async def request(self, resource_id: str) -> Accepted:
        """Queue a rerun of one resource."""
        return await self._rerun(await self._target(resource_id))

    async def confirm_deletes(self, count: int) -> list[Accepted]:
        """Queue a rerun of every resource whose deletes wait for a person, if they are as many as sent."""
        held = await self.ledger.with_code(HELD)
        if len(held) != count:
            at = f"/api/connections?outcome_code={HELD}"
            remedy = f"{len(held)} are held now: read them under {at}, then send that number"
            raise InputError("count", str(count), remedy)
        return [await self._rerun(at) for at in held]

    async def _rerun(self, at: ResourceId) -> Accepted:
        now = self.clock.now().timestamp()
        item = WorkItem(at.text, "manual", f"manual-{uuid.uuid4()}", fresh_from=now)
        await self.ledger.expect(at, "a rerun was requested; the work is queued", Asked.by(item))
        await self.queue.send(item.text())
        return Accepted(at, item.correlation)

    async def plan(self, resource_id: str) -> Preview:
        """What a reconcile pass would do now, removals last. Nothing is written."""
        at = await self._target(resource_id)
        with counting() as spent, taking_turn(FIRST):
            try:
                found = await self._preview(at)
            except CausewayError as error:
                stopped = broken_off(error, "")
                found = Preview(
                    at, stopped.result, code=stopped.code, reason=stopped.reason, remedy=stopped.remedy
                )
        return replace(found, requests=spent.requests, writes=spent.writes)

    async def connections(self, query: ConnectionQuery) -> Page[ConnectionState]:
        """One page of the present states that the query asks for."""
        return await self.ledger.connections(query)

    async def connection(self, key: str) -> ConnectionHistory | None:
        """One target's present state and its history; None if the key is unknown."""
        state = await self.ledger.get(key.lower())
        if state is None:
            return None
        return ConnectionHistory(state, tuple(await self.ledger.history(key.lower())))

    async def _target(self, text: str) -> ResourceId:
        """The id. One that the ledger knows may be asked for though the policy watches it no longer."""
        try:
            at = ResourceId.parse(text)
        except InvalidId as wrong:
            raise InputError("resource_id", text, f"{wrong.why}; copy the id from Azure") from wrong
        if await self.ledger.get(target_key(at)) is None:
            await self.asker.refuse_foreign(at)
        return at

    async def _preview(self, at: ResourceId) -> Preview:
        known = await self.ledger.get(target_key(at))
        recorded = Recorded(known.owned, guids=known.guids) if known else Recorded()
        now = self.clock.now().timestamp()
        profile = known.profile if known else ""
        asked, (view, removals) = await self.reconciler.preview(at, recorded, profile, now)
        connect = asked[1] if isinstance(asked, tuple) else None
        mode, found = connect.mode if connect else "", _as_preview(at, view, removals)
        return replace(found, profile=profile_of(asked), rule=rule_of(asked), mode=mode)


def _as_preview(
    at: ResourceId, found: View | Refusal | Declined | NotAsked | None, removals: Plan
) -> Preview:
    match found:
        case View(findings=findings, plan=plan):
            actions = (*plan.actions, *removals.actions)
            return Preview(at, PLAN, findings=tuple(findings), actions=actions)
        case Refusal(code=code, reason=reason, remedy=remedy):
            return Preview(at, Result.BLOCKED, code=code, reason=reason, remedy=remedy)
        case Declined(code=code, reason=reason, remedy=remedy, key=key):
            return Preview(at, Result.DECLINED, policy_key=key, code=code, reason=reason, remedy=remedy)
        case NotAsked(reason=reason, key=key):
            return Preview(at, "NotAsked", policy_key=key, reason=reason, actions=removals.actions)
        case None:
            return Preview(at, "NotFound", reason="the resource does not exist", actions=removals.actions)
