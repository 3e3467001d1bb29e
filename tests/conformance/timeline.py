"""How long each recorded operation took: from its accepting answer to the first sign that it was over."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from tests.conformance.recordings import TICK, Exchange

OVER = ("Succeeded", "Failed", "Canceled")
WORKING = (
    "Updating",
    "Creating",
    "Deleting",
    "Initializing",
    "Provisioning",
    "Accepted",
    "RegisteringDns",
    "ResolvingDns",
    "Created",
    "Approving",
    "Rejecting",
)
UNSEEN = 1.0


class Timeline:
    """Durations of the operations of one file, by the exchange that began them."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges
        self._ends = {one.key: self._end(index, one) for index, one in enumerate(exchanges)}

    def seconds(self, exchange: Exchange) -> float:
        """Seconds from this exchange to the end of what it began; a moment when nobody looked at it again."""
        end = self._ends[exchange.key]
        return max(TICK / 10, (end if end is not None else exchange.time + UNSEEN) - exchange.time)

    def _end(self, index: int, begun: Exchange) -> float | None:
        """Just before the first look that found it over."""
        if begun.method not in ("PUT", "PATCH", "DELETE", "POST"):
            return None
        polled = {operation_path(begun.headers[name]) for name in _HEADERS if name in begun.headers}
        polled.discard(begun.path.lower())
        seen_by_poll, seen_by_get = None, None
        for one in self._exchanges[index + 1 :]:
            if seen_by_poll is None and operation_path(one.path) in polled and _poll_over(one):
                seen_by_poll = one.time
            if seen_by_get is None and one.method == "GET" and one.path.lower() == begun.path.lower():
                seen_by_get = one.time if _get_over(begun, one) else None
        seen = [one for one in (seen_by_poll, seen_by_get) if one is not None]
        return min(seen) - TICK / 2 if seen else None


_HEADERS = ("azure-asyncoperation", "location")


def operation_path(url: str) -> str:
    """The path of a polling URL, for comparing: lower case, without host, port and query."""
    return unquote(urlsplit(url).path).lower()


def _poll_over(poll: Exchange) -> bool:
    if poll.status == 202:
        return False
    status = poll.body.get("status") if isinstance(poll.body, dict) else None
    return status in OVER if status is not None else True


def _get_over(begun: Exchange, look: Exchange) -> bool:
    """Whether a GET of the same resource shows the end of what was begun."""
    if begun.method == "DELETE":
        return look.status == 404
    properties = _object(look.body, "properties")
    wanted = _object(_object(begun.request_body, "properties"), "privateLinkServiceConnectionState")
    shown = _object(properties, "privateLinkServiceConnectionState")
    for name in ("status", "description"):
        if wanted.get(name) is not None and name in shown and wanted[name] != shown[name]:
            return False
    if wanted.get("description") is not None and "description" not in shown:
        return False
    return properties.get("provisioningState") not in WORKING


def _object(value: Any, name: str) -> dict[str, Any]:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}
