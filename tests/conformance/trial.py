"""Plays one row of the table against a fresh simulator and reports every difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.azure.events.event_grid import Subscription
from sandbox.azure.front.access import Role
from sandbox.azure.kernel.model import Json, Response
from tests.conformance.expectation import find
from tests.conformance.table import Row, Step
from tests.sandbox.cloud import APP, USER, Cloud

TRIES = 60  # seeds of a race: an answer that a third of them get is missed once in 10 ** 10
POLLED = ("Azure-AsyncOperation", "Location")
RUNNING = ("InProgress", "Enqueued", "Dequeued", "Updating", "Creating", "Running")
PATIENCE = 2_000  # seconds; the longest operation that was recorded took ten minutes
DELIVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Played:
    """What one run came to: its differences, and the status of the step that is a race."""

    problems: tuple[str, ...]
    status: int


class SetUpError(RuntimeError):
    """The state that a row begins with could not be made."""


async def judge(row: Row) -> list[str]:
    """Every difference between the row and the simulator; a race is run once per seed."""
    if not row.is_race:
        return list((await _play(row, 0)).problems)
    runs = [await _play(row, seed) for seed in range(TRIES)]
    race = next(step for step in row.steps if len(step.expected.statuses) > 1)
    never = set(race.expected.statuses) - {run.status for run in runs}
    found = [f"status {status} never occurred in {TRIES} runs" for status in sorted(never)]
    return found + sorted({problem for run in runs for problem in run.problems})


async def _play(row: Row, seed: int) -> Played:
    trial = Trial(row, seed)
    try:
        return await trial.run()
    finally:
        trial.close()


class Trial:
    """One row against one simulator."""

    def __init__(self, row: Row, seed: int) -> None:
        self._row = row
        role = Role.load()
        role.remove(row.lacks)
        self._cloud = Cloud(seed)
        self._cloud.simulator.access.roles["app"] = role
        self._caller = APP if row.principal == "app" else USER if row.principal == "user" else ""
        self._delivered: list[Json] = []
        self._begun: Response | None = None
        self._kept: dict[str, str] = {}

    def close(self) -> None:
        """Stop deliveries."""
        self._cloud.simulator.events.close()

    async def run(self) -> Played:
        """Make the state, send the requests, compare the answers."""
        await self._cloud.begin()
        for step in self._row.exists:
            await self._make(step)
        if self._row.events:
            self._subscribe()
        for step in self._row.busy:
            self._accepted(await self._send(step, USER))
        problems, race_status = [], 0
        for number, unfilled in enumerate(self._row.steps):
            step = unfilled.filled(self._kept)
            response = await self._answer(step)
            problems += [f"step {number}: {problem}" for problem in step.expected.problems(response)]
            self._kept |= {name: str(find(response.body, path)) for name, path in step.keep.items()}
            if len(step.expected.statuses) > 1:
                race_status = response.status
        problems += await self._event_problems()
        return Played(tuple(problems), race_status)

    async def _make(self, step: Step) -> None:
        response = self._accepted(await self._send(step, USER))
        if any(name in response.headers for name in POLLED):
            await self._settle(response)
        await self._cloud.wait(step.wait)

    def _accepted(self, response: Response) -> Response:
        if response.status >= 400:
            raise SetUpError(f"{self._row.id}: {response.status} {response.body}")
        return response

    async def _answer(self, step: Step) -> Response:
        await self._cloud.wait(step.wait)
        match step.request.split():
            case ["poll"]:
                return await self._poll("Azure-AsyncOperation")
            case ["poll", header]:
                return await self._poll(header)
            case ["settle"]:
                return await self._settle(self._last_begun())
        for _ in range(step.repeat - 1):
            await self._send(step, self._caller)
        response = await self._send(step, self._caller)
        if response.status < 400 and any(name in response.headers for name in POLLED):
            self._begun = response
        return response

    async def _settle(self, begun: Response) -> Response:
        """Poll until the operation is over; the last poll's answer."""
        header = next(name for name in POLLED if name in begun.headers)
        for _ in range(PATIENCE):
            last = await self._cloud.poll(begun, header)
            if not _runs(last):
                return last
            await self._cloud.wait(1)
        raise SetUpError(f"{self._row.id}: still running after {PATIENCE} seconds")

    async def _poll(self, header: str) -> Response:
        begun = self._last_begun()
        if header not in begun.headers:
            raise SetUpError(f"{self._row.id}: nothing to poll, the answer has no {header}")
        return await self._cloud.poll(begun, header)

    def _last_begun(self) -> Response:
        if self._begun is None:
            raise SetUpError(f"{self._row.id}: no long operation was begun")
        return self._begun

    async def _send(self, step: Step, caller: str) -> Response:
        method, path = step.request.split(maxsplit=1)
        version = None if "api-version=" in path else "2025-03-01"
        if path.endswith("?"):
            path, version = path.removesuffix("?"), None
        headers = {name.lower(): value for name, value in step.headers_sent.items()}
        return await self._cloud.send(method, path, step.body, headers=headers, as_=caller, version=version)

    # Events

    def _subscribe(self) -> None:
        async def deliver(payload: Json) -> int:
            self._delivered.append(payload)
            return 200

        self._cloud.simulator.events.subscribe(Subscription("row", deliver))

    async def _event_problems(self) -> list[str]:
        """Expected events that were not delivered, and others that were."""
        if not self._row.events:
            return []
        await self._cloud.wait(DELIVERY_SECONDS)
        expected, delivered = list(self._row.events), {one["id"]: one for one in self._delivered}
        found = [
            f"no event like {one}" for one in expected if not any(_like(e, one) for e in delivered.values())
        ]
        extra = [one for one in delivered.values() if not any(_like(one, e) for e in expected)]
        return found + [f"unexpected event {one['data']['operationName']}" for one in extra]


def _runs(poll: Response) -> bool:
    """Whether a poll says that the operation goes on: by its status, its own word or the resource's state."""
    body = poll.body if isinstance(poll.body, dict) else {}
    state = find(body, "properties.provisioningState")
    return poll.status == 202 or body.get("status") in RUNNING or state in RUNNING


def _like(event: Json, expected: Mapping[str, Any]) -> bool:
    """Every member that the row names agrees; ids are compared without case, as Azure varies it."""
    return all(_same(find(event, path), value) for path, value in expected.items())


def _same(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, str) and str(wanted).startswith("/subscriptions/"):
        return actual.lower() == str(wanted).lower()
    return bool(actual == wanted)
