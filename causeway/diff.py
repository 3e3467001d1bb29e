"""`policy diff`: what a new policy would change for every resource of an estate, before it counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from causeway.comparison import CLEARED, KINDS, LEFT, NEW, UNKNOWN, Change, Comparison, compared
from causeway.estate import read_estate
from causeway.explain import safe_lines
from causeway.explanation import Explanation
from causeway.files import UnreadableError, text_of
from causeway.show import complain, counted, safe, say, say_json, styled
from shared.core.base.errors import PolicyError
from shared.core.policy.policy import Policy
from shared.core.policy.text import MAX_POLICY

SAME, UNREAD, BAD, UNDECIDED, CHANGED = 0, 1, 2, 4, 10
SHOWN = 20  # resources of one kind of change, without --all


def run(
    old: str, new: str, ledger: str | None, lists: Iterable[str], output: str, *, everything: bool = False
) -> int:
    """Compare and print. Returns the exit code."""
    try:
        policies = [_policy(file) for file in (old, new)]
        found = compared(policies[0], policies[1], read_estate(ledger, lists))
    except UnreadableError as error:
        complain(str(error))
        return UNREAD
    except PolicyError as wrong:
        complain(safe_lines(wrong))
        return BAD
    if output == "json":
        say_json(as_json(found))
    else:
        say(*as_text(found, everything=everything))
    return CHANGED if found.certain else UNDECIDED if found.changes else SAME


def _policy(file: str) -> Policy:
    """A policy of a file. Raises PolicyError, which names the file."""
    try:
        return Policy.parse(text_of(file, 4 * MAX_POLICY))
    except PolicyError as wrong:
        complain(f"{safe(file)}:")
        raise wrong from None


def as_json(found: Comparison) -> dict[str, Any]:
    """The comparison as one object."""
    return {
        "compared": found.compared,
        "counts": found.counts,
        "removed_objects": found.removed,
        "for_all": list(found.for_all),
        "changes": [
            {
                "resource_id": one.id.text,
                "kinds": list(one.kinds),
                "before": _side(one.before),
                "after": _side(one.after),
                "details": list(one.details),
                "removed_objects": one.removed,
            }
            for one in found.changes
        ],
        "notes": list(found.notes),
    }


def _side(found: Explanation) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "reason": found.reason,
        "rule": found.rule,
        "profile": found.profile,
        "mode": found.mode,
        "unknown": list(found.unknown),
    }


def as_text(found: Comparison, *, everything: bool) -> list[str]:
    """One paragraph for each kind of change, what is unchanged left out, and the sum."""
    lines = [line for kind in KINDS for line in _paragraph(kind, found, everything=everything)]
    if found.for_all:
        lines += [f"for all resources: {', '.join(found.for_all)} differ", ""]
    lines += [*(styled(f"note: {safe(note)}", "quiet") for note in found.notes)]
    return [*lines, _sum(found)]


def _paragraph(kind: str, found: Comparison, *, everything: bool) -> Iterator[str]:
    changes = [one for one in found.changes if kind in one.kinds]
    if not changes:
        return
    meaning = "doubt" if kind == UNKNOWN else "good" if kind == NEW else "bad"
    yield f"{styled(kind, meaning)}: {counted(len(changes), 'resource')}"
    shown = changes if everything else changes[:SHOWN]
    yield from (f"  {safe(one.id.text)}{_detail(kind, one)}" for one in shown)
    if len(shown) < len(changes):
        yield f"  {len(changes) - len(shown):,} more: --all shows them"
    yield ""


def _detail(kind: str, one: Change) -> str:
    if kind == NEW:
        return f"  by profile {safe(one.after.profile)}, {safe(one.after.reason)}"
    at = one.kinds.index(kind)
    if kind == UNKNOWN:
        return f"  not known: {safe(', '.join(one.details[at:]))}"
    why = f"  {safe(one.after.reason)};" if kind in (LEFT, CLEARED) else ""
    return f"{why}  {safe(one.details[at])}"


def _sum(found: Comparison) -> str:
    parts = [f"{number:,} {kind}" for kind, number in found.counts.items()]
    removed = f"; {counted(found.removed, 'object')} of Causeway removed" if found.removed else ""
    compared_with = f"{counted(found.compared, 'resource')} compared: "
    return compared_with + (", ".join(parts) or "no change for any of them") + removed
