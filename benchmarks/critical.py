"""The time of Azure's own operations between an event and a working path: the app cannot shorten it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

RULES = "/securityrules/"


def critical(operations: Sequence[Any], endpoint: str) -> float:
    """Simulated seconds: the endpoint's own operations, then its zone group and its rule beside each other.

    The rule needs the endpoint's address, so its write is the first one after the endpoint was created.
    """
    at = endpoint.lower()
    own = [one for one in operations if one["resource"].lower() == at]
    created = max(_end(one) for one in own)
    names = [one for one in operations if one["resource"].lower().startswith(f"{at}/")]
    rules = [one for one in operations if RULES in one["resource"].lower() and one["started"] >= created]
    return _span(own) + max(_span(names), _span(rules[:1]))


def _span(operations: Sequence[Any]) -> float:
    return sum(_end(one) - float(one["started"]) for one in operations)


def _end(operation: Any) -> float:
    return float(operation["ended"] or operation["due"])
