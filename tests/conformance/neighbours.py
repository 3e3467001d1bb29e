"""Recorded answers also show what was made outside the recording.

A list of a whole subscription: only what the recording itself addresses, or has in groups that it addresses,
is compared there. Of a page of a longer list that is what both answers have: where a page ends depends on the
others. A public address, a subnet and a peering name what uses them: of that, what no exchange addresses.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from sandbox.azure.front.routing import route
from sandbox.azure.kernel.ids import GROUP_TYPE
from tests.conformance.comparison import Actual
from tests.conformance.recordings import Exchange

USERS = ("ipConfiguration", "ipConfigurations", "natGateway", "remoteGateways")
LISTS = ("collection", "resources", "locks")


class Neighbours:
    """Which items of a list are the recording's own."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._own: set[str] = set()
        self._addressed: set[str] = set()
        for exchange in exchanges:
            found = route(exchange.method, exchange.path)
            if found.kind in ("instance", "lock", "action") and found.id is not None:
                self._own.add(exchange.path.lower())
                self._addressed.add(_root(exchange.path))
                if found.id.group and found.id.type != GROUP_TYPE:
                    self._own.add(found.id.group_id.key)

    def without(self, exchange: Exchange) -> Exchange:
        """The exchange without other people's resources in a subscription's list."""
        if not _is_wide(exchange) or not _items(exchange.body):
            return exchange
        return replace(exchange, body=self._mine(exchange.body))

    def without_theirs(self, exchange: Exchange, actual: Actual) -> Actual:
        """The simulator's answer in the same way."""
        if not _is_wide(exchange) or not _items(actual.body):
            return actual
        body = self._mine(actual.body)
        if "nextLink" in (exchange.body or {}) or "$skiptoken" in exchange.query:
            there = {str(one.get("id")).lower() for one in _items(exchange.body)}
            body["value"] = [one for one in body["value"] if str(one["id"]).lower() in there]
        return replace(actual, body=body)

    def without_users(self, exchange: Exchange, actual: Actual) -> Exchange:
        """The exchange without users that no exchange addresses and the simulator does not show."""
        shown = json.dumps([exchange.request_body, actual.body]).lower()
        return replace(exchange, body=self._known(exchange.body, shown))

    def _known(self, recorded: Any, shown: str) -> Any:
        if isinstance(recorded, list):
            return [self._known(one, shown) for one in recorded]
        if not isinstance(recorded, dict):
            return recorded
        kept = {name: self._users(one, shown) if name in USERS else one for name, one in recorded.items()}
        return {name: self._known(one, shown) for name, one in kept.items() if one or not recorded[name]}

    def _users(self, named: Any, shown: str) -> Any:
        if isinstance(named, list):
            return [one for one in named if self._users(one, shown)]
        if not isinstance(named, dict) or set(named) != {"id"}:
            return named
        user = str(named["id"]).lower()
        outside = "/networkinterfaces/" not in user and _root(user) not in self._addressed
        return None if outside and user not in shown else named

    def _mine(self, body: Any) -> Any:
        return body | {"value": [one for one in body["value"] if self._is_own(str(one.get("id")).lower())]}

    def _is_own(self, id: str) -> bool:
        return any(id == own or id.startswith(f"{own}/") for own in self._own)


def _root(path: str) -> str:
    """The path of a resource without what is below it, in lower case."""
    before, _, after = path.lower().partition("/providers/")
    return "/".join([before, *after.split("/")[:3]])


def _is_wide(exchange: Exchange) -> bool:
    """Whether it lists a whole subscription."""
    found = route(exchange.method, exchange.path)
    return found.kind in LISTS and found.id is not None and not found.id.group and exchange.status == 200


def _items(body: Any) -> list[Any]:
    value = body.get("value") if isinstance(body, dict) else None
    return value if isinstance(value, list) else []
