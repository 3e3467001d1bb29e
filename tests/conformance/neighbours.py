"""Lists of a whole subscription also show what other people had in the recorder's subscription.

Only what the recording itself addresses, or has in groups that it addresses, is compared there. Of a page of
a longer list that is what both answers have: where a page ends depends on the others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.azure.front.routing import route
from sandbox.azure.kernel.ids import GROUP_TYPE
from tests.conformance.comparison import Actual
from tests.conformance.recordings import Exchange

LISTS = ("collection", "resources", "locks")


class Neighbours:
    """Which items of a list are the recording's own."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._own: set[str] = set()
        for exchange in exchanges:
            found = route(exchange.method, exchange.path)
            if found.kind in ("instance", "lock", "action") and found.id is not None:
                self._own.add(exchange.path.lower())
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

    def _mine(self, body: Any) -> Any:
        return body | {"value": [one for one in body["value"] if self._is_own(str(one.get("id")).lower())]}

    def _is_own(self, id: str) -> bool:
        return any(id == own or id.startswith(f"{own}/") for own in self._own)


def _is_wide(exchange: Exchange) -> bool:
    """Whether it lists a whole subscription."""
    found = route(exchange.method, exchange.path)
    return found.kind in LISTS and found.id is not None and not found.id.group and exchange.status == 200


def _items(body: Any) -> list[Any]:
    value = body.get("value") if isinstance(body, dict) else None
    return value if isinstance(value, list) else []
