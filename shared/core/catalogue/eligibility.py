"""What a service itself allows: kinds, SKUs and modes of a resource that take no private endpoint.

The rows are data (`refused` in `catalogue.json`); each names the fact that states it, with its public source
(docs/azure/targets.md, TGT-40 to TGT-60). A row lists the values that are refused, never those that are
allowed: a SKU that is new, and a property that a body leaves out, are unknown, and what is unknown is
eligible.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from shared.core.base.bodies import mapping
from shared.core.base.errors import clean
from shared.core.base.target import Target

NULL = "null"


@dataclass(frozen=True, slots=True)
class Condition:
    """Values of one part of a resource: `kind`, `sku` (its name), or a path such as `properties.sku.tier`.

    A list has the text `a list of 2`, by the number of its entries. `patterns` compare without case, `*` is
    any text; a value that is missing or empty matches none, and one that is null only the pattern `null`.
    """

    path: str
    patterns: tuple[str, ...]

    def holds(self, target: Target) -> bool:
        """The resource has one of the values there."""
        value = _value(target, self.path).lower()
        if value in ("", NULL):
            return bool(value) and value in self.patterns
        return any(fnmatchcase(value, pattern.lower()) for pattern in self.patterns)

    def seen(self, target: Target) -> str:
        """What the resource has there, for people: `sku is Standard`."""
        return f"{self.path.removeprefix('properties.')} is {clean(_value(target, self.path))}"


@dataclass(frozen=True, slots=True)
class Restriction:
    """One kind, SKU or mode without private endpoints: all of `when` and none of `unless` holds.

    `because` says what the service requires, `remedy` what cures it, `fact` where that is documented.
    """

    type: str
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...]
    because: str
    remedy: str
    fact: str

    def applies(self, target: Target) -> bool:
        """The restriction is one for this very resource."""
        held = all(condition.holds(target) for condition in self.when)
        return held and not any(condition.holds(target) for condition in self.unless)


@dataclass(frozen=True, slots=True)
class NotEligible:
    """The service takes no private endpoint to this resource: what the resource has, and what cures it."""

    reason: str
    remedy: str


def refused(target: Target, restrictions: Iterable[Restriction]) -> NotEligible | None:
    """The first restriction that applies; None where the service allows endpoints, or it is not known.

    A connection that the service approved is better evidence than a table: then none applies.
    """
    if any(one.status.lower() == "approved" for one in target.connections):
        return None
    found = next((one for one in restrictions if one.applies(target)), None)
    if found is None:
        return None
    seen = " and its ".join(condition.seen(target) for condition in found.when)
    return NotEligible(f"its {seen}: {found.because}", found.remedy)


def read_restriction(row: Mapping[str, Any]) -> Restriction:
    """A row of the data. KeyError where a part is missing."""
    when, unless = _conditions(row["when"]), _conditions(row.get("unless", {}))
    return Restriction(row["type"], when, unless, row["because"], row["remedy"], row["fact"])


def _conditions(rows: Mapping[str, Iterable[str]]) -> tuple[Condition, ...]:
    return tuple(Condition(path, tuple(patterns)) for path, patterns in rows.items())


def _value(target: Target, path: str) -> str:
    """The text, switch or length at a path; empty where there is none, or an object."""
    match path.split("."):
        case ["kind"]:
            return target.kind
        case ["sku"]:
            return target.sku
        case [_, *parts, last]:
            found: Mapping[str, Any] = target.properties
            for part in parts:
                found = mapping(found.get(part))
            return _text(found.get(last, ""))
        case _:
            return ""


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is None:
        return NULL
    return value if isinstance(value, str) else ""
