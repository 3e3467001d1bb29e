"""Requests that Azure refused and that nothing cured since: they are not sent again.

The answer to the same request would be the same. It is sent again once the target or its profile changed, or
a person reruns the resource. A target's row in the ledger keeps it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shared.core.base.errors import BlockedError, CausewayError, RefusedError
from shared.core.base.ids import ResourceId, digest
from shared.core.base.refusal import FORBIDDEN_CODES
from shared.core.base.target import Target
from shared.core.policy.intent import Connect

# What a service reports about itself and a pass changes: no reason to send a request again.
_REPORTED = frozenset({"privateendpointconnections", "provisioningstate"})


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """The write of one object (`at` is its id in lower case), and what it was answered.

    `blocked`: a person has to act, in a known way; otherwise the code is not known.
    """

    at: str
    code: str
    reason: str
    remedy: str
    blocked: bool = False
    commands: str = ""

    @classmethod
    def of(cls, at: ResourceId, error: BlockedError | RefusedError) -> RefusedRequest:
        """What is kept of an error."""
        blocked = isinstance(error, BlockedError)
        commands = error.commands if isinstance(error, BlockedError) else ""
        return cls(at.key, error.code, str(error), error.remedy, blocked, commands)

    def error(self) -> CausewayError:
        """The error again."""
        if self.blocked:
            return BlockedError(self.code, self.reason, self.remedy, self.commands)
        return RefusedError(self.code, self.reason, self.remedy)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refused requests, and the state of target and profile in which they were sent."""

    state: str = ""
    requests: tuple[RefusedRequest, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Refusals:
        """What `text` wrote; of an empty text, none."""
        found: dict[str, Any] = json.loads(text or "{}")
        listed = tuple(RefusedRequest(**one) for one in found.get("requests", ()))
        return cls(str(found.get("state", "")), listed)

    def text(self) -> str:
        """As JSON, empty where there are none."""
        return json.dumps(asdict(self)) if self.requests else ""

    def without_forbidden(self) -> Refusals:
        """Without requests that the app was not allowed to send: it is known that it is by now."""
        return Refusals(self.state, tuple(o for o in self.requests if o.code.lower() not in FORBIDDEN_CODES))

    def in_force(self, state: str) -> Mapping[str, RefusedRequest]:
        """By the object's id in lower case: those of this very state."""
        return {one.at: one for one in self.requests} if state and state == self.state else {}

    def of_code(self, code: str, state: str) -> Mapping[str, str]:
        """Why, and the remedy, by the object's id in lower case: those in force with this code."""
        found = self.in_force(state)
        return {at: f"{one.reason}; {one.remedy}" for at, one in found.items() if one.code == code}

    def joined(self, state: str, more: Iterable[RefusedRequest]) -> Refusals:
        """With more of this state; those of an earlier one are over."""
        every = {**self.in_force(state), **{one.at: one for one in more}}
        return Refusals(state, tuple(every.values()))


def state_of(target: Target, connect: Connect) -> str:
    """A digest of all of a target, of its profile and of the policy's templates that a request's answer may
    depend on."""
    properties = {name: value for name, value in target.properties.items() if name.lower() not in _REPORTED}
    groups = [group.group_id for group in connect.groups]
    parts = (target.location, target.kind, target.sku, dict(target.tags), properties, groups)
    naming, style = connect.style.naming, connect.style
    templates = json.dumps((naming.model_dump(), dict(style.templates), dict(style.tags)), sort_keys=True)
    return digest(f"{json.dumps(parts, sort_keys=True, default=str)}{connect.profile!r}{templates}", 16)
