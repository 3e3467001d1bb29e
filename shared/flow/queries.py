"""What a person can ask over HTTP: rerun, plan, and look.

Place in the data's way: a rerun is a work item like any other; a plan is the walk without `apply`.
"""

import uuid
from dataclasses import dataclass

from shared.core.base.errors import CausewayError, InputError, InvalidId
from shared.core.base.ids import ResourceId, target_key
from shared.core.base.request_count import counting
from shared.core.events.work_item import WorkItem
from shared.core.outcome.connection_query import ConnectionQuery
from shared.core.outcome.outcome import Result
from shared.core.outcome.result import broken_off
from shared.core.plan.actions import Block, verb
from shared.core.plan.plan import Plan
from shared.core.policy.intent import Declined, NotAsked
from shared.flow.cached_reads import no_older_than
from shared.flow.reconcile import Reconciler
from shared.flow.view import View, Viewer
from shared.ports import Body, Clock, Ledger, WorkQueue


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers people. Raises InputError for what they got wrong."""

    viewer: Viewer
    reconciler: Reconciler
    ledger: Ledger
    queue: WorkQueue
    clock: Clock

    async def request(self, resource_id: str) -> Body:
        """Enqueue one resource: the key of its state, and the correlation of the walk to come."""
        at = self._target(resource_id)
        await self.ledger.expect(at, "asked for by hand; the work is queued")
        now = self.clock.now().timestamp()
        item = WorkItem(at.text, "manual", f"manual-{uuid.uuid4()}", fresh_from=now)
        await self.queue.send(item.text())
        return {"resource_id": at.text, "key": target_key(at), "correlation": item.correlation}

    async def plan(self, resource_id: str) -> Body:
        """What a walk would do now, with its reasons, removals last; nothing is written."""
        at = self._target(resource_id)
        with counting() as tally, no_older_than(self.clock.now().timestamp()):
            try:
                known = await self.ledger.get(target_key(at)) or {}
                owned = tuple(ResourceId.parse(text) for text in known.get("owned", []))
                profile = str(known.get("profile") or "")
                found = _shown(*await self.reconciler.preview(at, owned, profile))
            except CausewayError as error:
                stopped = broken_off(error, "")
                found = {"result": stopped.result.value, "code": stopped.code, "reason": stopped.reason}
                found["remedy"] = stopped.remedy
        return {"resource_id": at.text, **found, "requests": tally.requests, "writes": tally.writes}

    async def connections(self, query: ConnectionQuery) -> list[Body]:
        """Present states that the query asks for."""
        return await self.ledger.connections(result=query.result, subscription=query.subscription)

    def _target(self, text: str) -> ResourceId:
        try:
            at = ResourceId.parse(text)
        except InvalidId as wrong:
            raise InputError("resource_id", text, f"{wrong.why}; copy the id from Azure") from wrong
        self.viewer.refuse_foreign(at)
        return at

    async def connection(self, key: str) -> Body | None:
        """One target's present state and its history, newest first."""
        found = await self.ledger.get(key.lower())
        return None if found is None else {**found, "history": await self.ledger.history(key.lower())}


def _shown(found: View | Block | Declined | NotAsked | None, leaving: Plan) -> Body:
    match found:
        case View():
            told = {"profile": found.connect.profile_name, "findings": list(found.findings)}
            return {"result": "Plan", **told, "actions": [*_steps(found.plan), *_steps(leaving)]}
        case Block() | Declined():
            result = Result.BLOCKED if isinstance(found, Block) else Result.DECLINED
            why = {"code": found.code, "reason": found.reason, "remedy": found.remedy}
            return {"result": result.value, **why, "actions": []}
        case NotAsked():
            return {"result": "NotAsked", "reason": found.reason, "actions": _steps(leaving)}
        case None:
            return {
                "result": "NotFound",
                "reason": "the resource does not exist",
                "actions": _steps(leaving),
            }


def _steps(plan: Plan) -> list[Body]:
    return [
        {"action": verb(step), "id": step.id.text, "reason": step.reason}
        | ({"remedy": step.remedy, "code": step.code} if isinstance(step, Block) else {})
        for step in plan.actions
    ]
