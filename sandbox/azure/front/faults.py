"""Injected faults: rules that refuse, delay or drop chosen requests, let their operations fail, or answer
reads with an old state.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox.azure.kernel.model import ArmError, Json, Request, Response

MATCH_KEYS = {"method", "path", "principal", "nth", "probability"}
EFFECTS = ("answer", "delay", "drop", "lro_failure", "stale_seconds")
RULE_KEYS = {"match", "times", *EFFECTS}
READS = ("GET", "HEAD")


def is_read(request: Request) -> bool:
    """Whether a request only reads: GET, HEAD, and the one list that is asked for by POST (MG-07)."""
    return request.method in READS or request.path.lower().endswith("/microsoft.management/getentities")


@dataclass(slots=True)
class Rule:
    """One rule: which requests it applies to, how often, and what it does to them.

    match.method, match.path (regular expression, searched without case), match.principal ("app", "user"),
    match.nth (only the nth request that matches the rest, from 1), match.probability (0 to 1).
    times: how many requests it applies to; None for no limit.
    answer {status, code, message, headers, body}: refuse before any effect. delay: simulated seconds
    before any effect. drop "before" or "after": reset the connection before or after the request took
    effect. lro_failure {code, message}: accept, but let the long operation it starts fail.
    stale_seconds: a GET or HEAD (or getEntities) shows the resources and management groups as they were so
    many simulated seconds ago (docs/azure/resource-manager.md, ARM-50); the rule is for these alone.
    """

    method: str | None = None
    path: re.Pattern[str] | None = None
    principal: str | None = None
    nth: int | None = None
    probability: float = 1.0
    times: int | None = None
    answer: Json | None = None
    delay: float = 0.0
    drop: str | None = None
    lro_failure: Json | None = None
    stale_seconds: float = 0.0
    seen: int = field(default=0)
    taken: int = field(default=0)

    @classmethod
    def parse(cls, body: Json) -> Rule:
        """Read a rule. Raises ValueError naming what is wrong: a rule that never fires would hide a typing
        error.
        """
        match = body.get("match") or {}
        unknown = (set(match) - MATCH_KEYS) | (set(body) - RULE_KEYS)
        if unknown:
            raise ValueError(f"unknown in a fault rule: {', '.join(sorted(unknown))}")
        if body.get("drop") not in (None, "before", "after"):
            raise ValueError("drop is 'before' or 'after'")
        if not any(body.get(name) for name in EFFECTS):
            raise ValueError(f"a fault rule needs one of {', '.join(EFFECTS)}")
        if body.get("stale_seconds") and str(match.get("method") or "GET").upper() not in READS:
            raise ValueError("stale_seconds is for GET and HEAD")
        path = match.get("path")
        return cls(
            method=match.get("method"),
            path=re.compile(path, re.IGNORECASE) if path else None,
            principal=match.get("principal"),
            nth=match.get("nth"),
            probability=float(match.get("probability", 1.0)),
            times=body.get("times"),
            answer=body.get("answer"),
            delay=float(body.get("delay") or 0.0),
            drop=body.get("drop"),
            lro_failure=body.get("lro_failure"),
            stale_seconds=float(body.get("stale_seconds") or 0.0),
        )

    def takes(self, request: Request, principal: str, rng: Random) -> bool:
        """Whether the rule applies to this request; counts it."""
        if self.times is not None and self.taken >= self.times:
            return False
        if self.method is not None and self.method.upper() != request.method:
            return False
        if self.stale_seconds and not is_read(request):
            return False
        if self.path is not None and not self.path.search(request.path):
            return False
        if self.principal is not None and self.principal != principal:
            return False
        self.seen += 1
        if self.nth is not None and self.seen != self.nth:
            return False
        if self.probability < 1.0 and rng.random() >= self.probability:
            return False
        self.taken += 1
        return True

    def response(self) -> Response | None:
        """The injected answer, if the rule has one."""
        if self.answer is None:
            return None
        status = int(self.answer.get("status", 500))
        body: Any = self.answer.get("body")
        if body is None and "code" in self.answer:
            error = ArmError(
                status, str(self.answer["code"]), str(self.answer.get("message", "Injected fault."))
            )
            body = error.body
        headers = {str(name): str(value) for name, value in (self.answer.get("headers") or {}).items()}
        return Response(status, body, headers)

    def operation_error(self) -> ArmError | None:
        """The failure for the long operation, if the rule has one."""
        if self.lro_failure is None:
            return None
        code = str(self.lro_failure.get("code", "RetryableError"))
        return ArmError(409, code, str(self.lro_failure.get("message", "Injected failure.")), details=[])


class Faults:
    """The rules in force, in order. Only the first that matches a request applies.

    remember: is called with the seconds of the past that rules need, 0 for none.
    """

    def __init__(self, rng: Random, remember: Callable[[float], None] = lambda seconds: None) -> None:
        self._rng, self._remember = rng, remember
        self.rules: list[Rule] = []

    def add(self, body: Json | list[Json]) -> None:
        """Add one rule or a list of them. Raises ValueError."""
        self.rules += [Rule.parse(one) for one in (body if isinstance(body, list) else [body])]
        self._remember(max(rule.stale_seconds for rule in self.rules))

    def clear(self) -> None:
        """Remove all rules."""
        self.rules.clear()
        self._remember(0.0)

    def for_request(self, request: Request, principal: str) -> Rule | None:
        """The rule that applies to this request, or None."""
        return next((rule for rule in self.rules if rule.takes(request, principal, self._rng)), None)
