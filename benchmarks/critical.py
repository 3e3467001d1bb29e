"""The time that Azure's own operations take between an event and a working path: what nobody can shorten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

RULES = "/securityrules/"


def critical(operations: Sequence[Any], endpoint: str) -> float:
    """Simulated seconds: the endpoint's own operations, then its zone group and its rule beside each other.

    The rule needs the endpoint's address, so its write is the first one that began once the endpoint stood.
    """
    at = endpoint.lower()
    own = [one for one in operations if one["resource"].lower() == at]
    stood = max(_end(one) for one in own)
    names = [one for one in operations if one["resource"].lower().startswith(f"{at}/")]
    rules = [one for one in operations if RULES in one["resource"].lower() and one["started"] >= stood]
    return _span(own) + max(_span(names), _span(rules[:1]))


def _span(operations: Sequence[Any]) -> float:
    return sum(_end(one) - float(one["started"]) for one in operations)


def _end(operation: Any) -> float:
    return float(operation["ended"] or operation["due"])
