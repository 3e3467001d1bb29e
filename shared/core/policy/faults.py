"""What is wrong with a policy, in words that a person can follow.

Faults of one field come from pydantic and are translated here; those between fields and parts are found by
`checks`.
"""

import difflib
import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from shared.core.base.errors import Fault, clean

# Users of a public endpoint other than sub-resources, as `may_lose_access` names them.
FIREWALL, SERVICE_ENDPOINTS = "firewall rules", "service endpoints"
PENDING, TRUSTED = "pending endpoints", "trusted services"
PUBLIC_USERS = (FIREWALL, SERVICE_ENDPOINTS, PENDING, TRUSTED)

# What pydantic adds to a path for a mapping's key, and for the form of a set of networks.
_NOT_WRITTEN = ("[key]", "[ids]", "[selector]")

type KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A fault, or a warning, by the keys that lead to it: its line is looked up once it is known."""

    at: KeyPath
    value: str
    problem: str
    remedy: str
    level: Literal["fault", "warning"] = "fault"

    def at_position(self, line: int, column: int) -> Fault:
        """The fault as it is shown."""
        path = written(self.at)
        return Fault(path, self.value, self.problem, self.remedy, line, column, self.level)


MAX_COMPARED = 200  # words with which a misspelled one is compared
_COMPASS = re.compile(r"north|south|east|west|central|\d")
_NEAR = 0.88  # a typing error of one or two letters in a region's name


def suspect_region(region: str, known: Iterable[str]) -> str | None:
    """The region that was probably meant, if this looks like a typing error; None if it is known, or may be
    new.

    Azure opens regions faster than a catalogue learns of them: a new number, or another point of the
    compass in a known country, is taken for what it says.
    """
    return _suspect(region, frozenset(known))


@functools.lru_cache(maxsize=1024)
def _suspect(region: str, names: frozenset[str]) -> str | None:
    stems = {_COMPASS.sub("", name) for name in names}
    if region in names or _COMPASS.sub("", region) in stems:
        return None
    return next(iter(difflib.get_close_matches(region, sorted(names), n=1, cutoff=_NEAR)), None)


def near(word: str, words: Iterable[str], otherwise: str) -> str:
    """A remedy: the known word that was probably meant, of the first ones."""
    spelled = {name.lower(): name for name in islice(words, MAX_COMPARED)}
    found = difflib.get_close_matches(word.lower(), sorted(spelled), n=1, cutoff=0.6)
    return f"did you mean {spelled[found[0]]}?" if found else otherwise


def translated(details: Iterable[Any], keys: Callable[[KeyPath], Iterable[str]]) -> list[Found]:
    """pydantic's errors as faults. `keys` gives the keys that a mapping at some path may have."""
    # pydantic counts only the sound entries: a list whose entries are all faulty is not "too short" as well
    counted = (detail for detail in details if detail["type"] != "too_short" or not detail["input"])
    return [_translate(detail, keys) for detail in counted]


def _translate(detail: Mapping[str, Any], keys: Callable[[KeyPath], Iterable[str]]) -> Found:
    place: KeyPath = tuple(part for part in detail["loc"] if part not in _NOT_WRITTEN)
    ctx = detail.get("ctx", {})
    problem, remedy = detail["msg"], "correct the value"
    match detail["type"]:
        case "policy":
            problem, remedy = ctx["problem"], ctx["remedy"]
        case "missing":
            return Found(place, "", "it is missing", "add it")
        case "extra_forbidden":
            names = tuple(keys(place[:-1]))
            problem, remedy = (
                "unknown key",
                near(str(place[-1]), names, f"known: {', '.join(names)}"),
            )
        case "invalid_key":
            problem, remedy = "a key must be text", "write it in quotes"
        case "literal_error":
            problem, remedy = "it is not one of the choices", f"write {ctx['expected']}"
        case "model_type" | "dict_type":
            problem, remedy = "it must be a mapping", "write `key: value` lines below it"
        case "tuple_type":
            problem, remedy = "it must be a list", "write it as [a, b], or one `- entry` a line"
        case "bool_type":
            problem, remedy = "it must be true or false", "write true or false"
        case "int_type":
            problem, remedy = "it must be a whole number", "write it in digits, without quotes"
        case "string_type":
            problem, remedy = "it must be text", "write it as a string, in quotes if need be"
        case "too_short":
            problem, remedy = "it needs at least one entry", "add one"
        case "greater_than_equal" | "less_than_equal":
            bound = f"at least {ctx['ge']}" if "ge" in ctx else f"at most {ctx['le']}"
            problem, remedy = f"it must be {bound}", f"write a number that is {bound}"
    return Found(place, shown(detail["input"]), problem, remedy)


def written(path: KeyPath) -> str:
    """A path as a person reads it: `profiles.default.subnets.westeurope[0]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{clean(part, 80)}" for part in path)
    return text.lstrip(".")


def shown(value: object) -> str:
    """A value as a fault repeats it; of a list or a mapping only that it is one."""
    match value:
        case str():
            return clean(value, 80)
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case bool() | int() | float() | None:
            return json.dumps(value)
        case _:
            return clean(str(value), 80)
