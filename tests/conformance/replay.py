"""Replays one recording: the simulator's time and chance follow the recording, its answers are its own.

Recorded are the clock, how long each operation took and which of several recorded outcomes a race had; so
the simulator is given these three, and nothing else. What the recording names but does not create is put in
first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.azure.front import services
from sandbox.azure.front.routing import Route, route
from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import Request
from sandbox.azure.simulator import Simulator
from tests.conformance import masks, scenery
from tests.conformance.comparison import Actual, Kept, differences, name_of
from tests.conformance.neighbours import Neighbours
from tests.conformance.recorded import USUAL, RecordedChance, ReplayClock
from tests.conformance.recordings import Exchange
from tests.conformance.timeline import Timeline, operation_path

ORIGIN = "https://management.azure.com"

# Questions beside resources whose recorded answers cannot be compared, by the last fixed word of the path.
NOT_JUDGED = {
    "resources": "Azure Resource Graph, which the simulator refuses",
    "deployments": "deployments, whose names the recorder replaced",
    "operationstatuses": "deployments, whose names the recorder replaced",
}


@dataclass(slots=True)
class Verdict:
    """What came of one exchange: it agrees when `problems` is empty."""

    exchange: Exchange
    problems: list[str]


@dataclass(slots=True)
class Result:
    """A replayed file: verdicts on what is covered, and a count of what is not, by type."""

    file: str
    verdicts: list[Verdict] = field(default_factory=list)
    uncovered: Counter[str] = field(default_factory=Counter)


class Replay:
    """One file against one fresh simulator."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges
        self._timeline = Timeline(exchanges)
        self._kept = Kept.of(exchanges)
        self._neighbours = Neighbours(exchanges)
        self._clock = ReplayClock()
        self._simulator = Simulator(clock=self._clock)
        self._chance = RecordedChance(0)
        self._world = self._simulator.world
        self._world.rng = self._chance
        self._world.duration = self._duration  # type: ignore[method-assign]
        self._simulator.throttling.enabled = False
        self._now: Exchange = exchanges[0]
        self._renamed: dict[str, str] = {}
        self._polls: dict[str, str] = {}
        self._foreign: set[str] = set()

    async def run(self) -> Result:
        """Send every covered exchange and judge its answer."""
        result = Result(self._exchanges[0].file)
        scenery.build(self._simulator, self._exchanges)
        for exchange in self._exchanges:
            self._clock.moment = exchange.time
            self._now = exchange
            missing = self._uncovered(exchange)
            if missing:
                result.uncovered[missing] += 1
                self._put_scenery(exchange)
                continue
            actual = await self._send(exchange)
            known = self._neighbours.without_users(exchange, actual)
            seen = self._neighbours.without(known), self._neighbours.without_theirs(exchange, actual)
            result.verdicts.append(Verdict(exchange, differences(*seen, self._kept)))
            self._learn(*seen)
        self._simulator.events.close()
        return result

    def _duration(self, kind: str, id: ArmId) -> float:
        """Recorded duration of the operation that the exchange at hand begins; no hold before the answer."""
        if self._world.instant or kind == "privateEndpoints/blocked":
            return 0.0
        return self._timeline.seconds(self._now)

    # What is covered

    def _uncovered(self, exchange: Exchange) -> str:
        """The type that the simulator lacks, or empty."""
        path = operation_path(exchange.path)
        if path in self._polls:
            return ""
        if path in self._foreign:
            return "polls of operations on types not simulated"
        found = route(exchange.method, exchange.path)
        if found.kind == "poll":
            return "polls of operations begun outside the recording"
        missing = self._missing_type(found)
        if missing:
            self._foreign |= {operation_path(url) for url in _operation_urls(exchange)}
        return missing

    def _missing_type(self, found: Route) -> str:
        service = services.find(self._now.method, self._now.path)
        if service is not None:
            return NOT_JUDGED.get(service[0].word, "")
        if found.kind in ("resources", "subscriptions"):
            return ""
        if found.kind == "unknown":
            return "other paths"
        if found.type_name.lower() == GROUP_TYPE.lower() or not found.type_name:
            return ""
        known = self._world.types.get(found.type_name)
        return "" if known else found.type_name

    def _put_scenery(self, exchange: Exchange) -> None:
        """What a type not simulated would have left behind: others refer to it, and it holds addresses."""
        found = route(exchange.method, exchange.path)
        if found.id is None or not found.id.names or exchange.status not in (200, 201, 202):
            return
        id, seconds = found.id, self._timeline.seconds(exchange)
        if exchange.method == "PUT" and found.kind == "instance":
            scenery.place(self._world, id, exchange.body or exchange.request_body)
            scenery.hold_addresses(self._world, exchange.body or exchange.request_body)
        elif exchange.method == "DELETE":
            self._world.at(seconds, lambda: scenery.remove(self._world, id))

    # Sending

    async def _send(self, exchange: Exchange) -> Actual:
        self._chance.level = USUAL
        self._world.settle()
        about = route(exchange.method, exchange.path).id
        gone = about is not None and self._world.find(about.group_id) is None
        self._chance.follow(exchange, gone)
        query = {name: value for name, value in exchange.query.items() if name not in ("t", "c", "s", "h")}
        path = self._rename(exchange.path)
        poll = self._polls.get(operation_path(exchange.path))
        if poll is not None:
            path, _, text = poll.partition("?")
            query = dict(pair.split("=", 1) for pair in text.split("&"))
        if exchange.method == "DELETE" and about is not None and about.type == GROUP_TYPE:
            scenery.release(self._world, about)
        headers = {name: self._rename(value) for name, value in exchange.request_headers.items()}
        response = await self._simulator.handle(
            Request(
                exchange.method,
                path,
                query,
                {"authorization": "Bearer recorded"} | headers,
                self._rename_all(_request_body(exchange)),
                ORIGIN,
            )
        )
        lower = {name.lower(): value for name, value in response.headers.items()}
        return Actual(response.status, lower, response.body)

    def _rename(self, text: str) -> str:
        """A recorded text with recorded guids and etags replaced by the simulator's."""
        for old, new in self._renamed.items():
            if old in text:
                text = text.replace(old, new)
        return text

    def _rename_all(self, value: Any) -> Any:
        match value:
            case str():
                return self._rename(value)
            case dict():
                return {name: self._rename_all(inner) for name, inner in value.items()}
            case list():
                return [self._rename_all(inner) for inner in value]
        return value

    # Learning names

    def _learn(self, exchange: Exchange, actual: Actual) -> None:
        """Remember which of the simulator's guids stand for recorded ones, and where to poll."""
        self._match(exchange.body, actual.body)
        # Some services name one URL in both headers; its answers are those of the status.
        for name in ("location", "azure-asyncoperation"):
            if name in exchange.headers and "?" in actual.headers.get(name, ""):
                path = operation_path(exchange.headers[name])
                self._polls[path] = actual.headers[name].removeprefix(ORIGIN)

    def _match(self, recorded: Any, actual: Any) -> None:
        if isinstance(recorded, dict) and isinstance(actual, dict):
            for name in recorded.keys() & actual.keys():
                self._match(recorded[name], actual[name])
        elif isinstance(recorded, list) and isinstance(actual, list):
            if all(isinstance(one, dict) and "id" in one for one in [*recorded, *actual]):
                recorded, actual = sorted(recorded, key=name_of), sorted(actual, key=name_of)
            for left, right in zip(recorded, actual, strict=False):
                self._match(left, right)
        elif isinstance(recorded, str) and isinstance(actual, str):
            for left, right in zip(
                masks.MADE_UP_PART.findall(recorded), masks.MADE_UP_PART.findall(actual), strict=False
            ):
                if left.strip("0-"):
                    self._renamed[left] = right


def _request_body(exchange: Exchange) -> Any:
    """The recorded body. One recorder kept none: there the answer's own members stand for what was asked."""
    if exchange.request_body is None and exchange.method == "PUT" and isinstance(exchange.body, dict):
        return exchange.body if exchange.status < 300 else {}
    return exchange.request_body


def _operation_urls(exchange: Exchange) -> list[str]:
    return [
        exchange.headers[name] for name in ("azure-asyncoperation", "location") if name in exchange.headers
    ]
