"""`policy explain`: what a policy does with one resource and why, offline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from causeway.estate import read_estate
from causeway.explanation import CONNECTED, LEFT_ALONE, REFUSED, UNDECIDED, Explanation, Passed, explained
from causeway.files import UnreadableError, text_of
from causeway.given import Given
from causeway.places import Name, Place
from causeway.show import complain, safe, say, say_json, styled
from shared.core.base.errors import InputError, PolicyError
from shared.core.base.ids import GroupId, ResourceId
from shared.core.policy.policy import Policy
from shared.core.policy.text import MAX_POLICY

UNREAD, BAD = 1, 2
EXITS = {CONNECTED: 0, LEFT_ALONE: 3, REFUSED: 3, UNDECIDED: 4}
MEANINGS = {CONNECTED: "good", LEFT_ALONE: "quiet", REFUSED: "bad", UNDECIDED: "doubt"}
SHOWN = 10  # entries that did not fit, without --all
NOT_CHECKED = (
    "from the policy alone: what is in Azure, which groups and endpoints its kind and SKU can have, and "
    "whether Causeway itself runs on it, is not checked; the setting CAUSEWAY_MODE can lower the mode"
)


ASSUMED = "no subscription is given, so one that is watched is assumed; "


def _not_checked(given: Given) -> str:
    return NOT_CHECKED if given.subscription else f"{ASSUMED}{NOT_CHECKED}"


def run(file: str, given: Given, output: str, *, everything: bool = False) -> int:
    """Explain and print. Returns the exit code."""
    try:
        policy = Policy.parse(text_of(file, 4 * MAX_POLICY))
    except UnreadableError as error:
        complain(str(error))
        return UNREAD
    except PolicyError as wrong:
        complain(safe_lines(wrong))
        return BAD
    found = explained(given, policy)
    if output == "json":
        say_json({"resource": given.shown, **as_json(found), "not_checked": _not_checked(given)})
    else:
        say(*as_text(given, found, everything=everything))
    return EXITS[found.verdict]


def safe_lines(error: Exception) -> str:
    """An error of several lines, each of them safe to print."""
    return "\n".join(safe(line) for line in str(error).splitlines())


def described(
    resource_id: str | None,
    parts: Mapping[str, str | None],
    known: Mapping[str, object],
    lists: Sequence[str] = (),
) -> Given:
    """The resource that the command line describes, by its id or by parts of it; the rest by lists.

    Raises InputError for an id that is not valid, and where an id and its parts are given; UnreadableError
    for a list that cannot be read.
    """
    named = {name: value for name, value in parts.items() if value is not None}
    if resource_id is not None and named:
        name = next(iter(named))
        raise InputError(name, str(named[name]), "the id says it already: leave one of the two out")
    at = _id_of(named) if resource_id is None else ResourceId.parse(resource_id)
    said = {name: value for name, value in known.items() if value is not None}
    if at is not None:
        return replace(read_estate(None, lists).given(at), **said)  # type: ignore[arg-type]
    shown = ", ".join(f"{name} {value}" for name, value in named.items())
    return Given(shown=shown, **named, **said)  # type: ignore[arg-type]


def _id_of(named: Mapping[str, str]) -> ResourceId | None:
    """The id, where all parts of it are known and its type has one name."""
    words = [named.get(part) for part in ("subscription", "resource_group", "type", "name")]
    subscription, group, kind, name = words
    if not (subscription and group and kind and name) or kind.count("/") != 1:
        return None
    return GroupId(subscription, group).resource(kind, name)


def as_json(found: Explanation) -> dict[str, Any]:
    """The explanation as one object."""
    return {
        "verdict": found.verdict,
        "reason": found.reason,
        "key": found.key,
        "rule": found.rule,
        "profile": found.profile,
        "mode": found.mode,
        "unknown": list(found.unknown),
        "placements": [_place_json(one) for one in found.places],
        "names": [_name_json(n) for n in found.names],
        "not_by": [
            {"key": p.key, "rule": p.name, "field": p.field, "wanted": list(p.wanted), "value": list(p.value)}
            for p in found.passed
        ],
        "without": as_json(found.without) if found.without else None,
    }


def as_text(given: Given, found: Explanation, *, everything: bool) -> list[str]:
    """The explanation for a person: the answer first, what did not fit last."""
    lines = [safe(given.shown), *headline(found)]
    if found.without:
        lines += ["", f"  without it: {headline(found.without)[0]}"]
    shown = found.without or found
    lines += [*_places_text(shown), *_passed_text(found.passed, everything=everything)]
    return [*lines, "", styled(_not_checked(given), "quiet")]


def headline(found: Explanation) -> list[str]:
    """The verdict, what decides it, and what would have to be known."""
    key = f" ({safe(found.key)})" if found.key and found.key not in found.reason else ""
    ways = f": profile {safe(found.profile)}, mode {found.mode}" if found.profile else ""
    first = f"{styled(found.verdict, MEANINGS[found.verdict])}  {safe(found.reason)}{key}{ways}"
    if not found.unknown:
        return [first]
    return [first, f"  not known: {safe(', '.join(found.unknown))}; give it to have it decided"]


def _places_text(found: Explanation) -> Iterable[str]:
    for place in found.places:
        yield ""
        yield f"  endpoints{f' of placement {place.name}' if place.name else ''}"
        if place.find:
            yield f"    {safe(place.find)}"
        for region, subnets in place.subnets.items():
            yield from (f"    {region}  {safe(at.text)}" for at in subnets)
        if place.note:
            yield f"    {safe(place.note)}"
    if found.names:
        yield ""
        yield "  names"
    for name in found.names:
        where = "/".join(name.subnet.names)
        of = f" of placement {name.placement}" if name.placement else ""
        with_nic = f", network interface {safe(name.interface)}" if name.interface else ""
        below = f"{with_nic}, zone group {safe(name.zone_group)}"
        yield f"    {safe(name.endpoint)}  for {safe(name.group)}, in {safe(where)}{of}{below}"


def _passed_text(passed: tuple[Passed, ...], *, everything: bool) -> Iterable[str]:
    shown = passed if everything else passed[-SHOWN:]
    if passed:
        yield ""
        yield "  not by"
    if len(shown) < len(passed):
        yield f"    {len(passed) - len(shown):,} more before these: --all shows them"
    for one in shown:
        name = f" '{safe(one.name)}'" if one.name else ""
        value = safe(", ".join(one.value)) or "no such tag"
        yield f"    {one.key}{name}  {safe(one.field)} is {value}, not {safe(' or '.join(one.wanted), 200)}"


def _name_json(name: Name) -> dict[str, Any]:
    return {
        "group": name.group,
        "placement": name.placement,
        "subnet": name.subnet.text,
        "endpoint": name.endpoint,
        "network_interface": name.interface,
        "zone_group": name.zone_group,
    }


def _place_json(place: Place) -> dict[str, Any]:
    subnets = {region: [at.text for at in several] for region, several in place.subnets.items()}
    return {"placement": place.name, "find": place.find, "subnets": subnets, "note": place.note}
