"""Runbooks: what each code of an outcome means, what it does to users, how to find the cause, what cures it.

docs/runbooks.md is made from runbooks.yaml: python -m causeway runbook --all > docs/runbooks.md
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from shared.core.base.errors import clean
from shared.core.policy.faults import near

FILE = Path(__file__).with_name("runbooks.yaml")
PARTS = ("meaning", "impact", "diagnosis", "mitigation")
HEAD = """# Runbooks

One section for each code of an outcome. Alerts link here, and `python -m causeway runbook CODE` prints one.
An outcome's `reason` names the objects, and its `remedy` says what to do with them. A code that is not listed
is Azure's own and not known: the result is `Failed`, and the same request is sent again only after a rerun,
or once the resource or its profile changed.

Made from `causeway/runbooks.yaml` by `python -m causeway runbook --all`: change that file, not this one.
"""


@dataclass(frozen=True, slots=True)
class Runbook:
    """What to know of the outcomes with one of these codes. `result`: that of the outcome, in words."""

    codes: tuple[str, ...]
    result: str
    meaning: str
    impact: str
    diagnosis: str
    mitigation: str


@functools.cache
def runbooks() -> tuple[Runbook, ...]:
    """All of them, in the order of the file."""
    entries = yaml.safe_load(FILE.read_text("utf-8"))
    return tuple(Runbook(tuple(entry.pop("codes")), **entry) for entry in entries)


def runbook_for(code: str) -> Runbook | None:
    """The one for a code in any case; None for a code that has none."""
    wanted = code.lower()
    return next((one for one in runbooks() if wanted in {known.lower() for known in one.codes}), None)


def near_code(code: str) -> str:
    """What to say of a code that has no runbook."""
    known = [one for entry in runbooks() for one in entry.codes]
    return f"no runbook for {clean(code) or 'no code'}: {near(code, known, 'see docs/runbooks.md')}"


def text_of(found: Runbook) -> str:
    """A runbook for a terminal."""
    parts = (f"{part.capitalize()}: {getattr(found, part)}" for part in PARTS)
    return "\n".join((f"{', '.join(found.codes)} ({found.result})", *parts))


def markdown() -> str:
    """The page with all runbooks, one section for each code in alphabetical order."""
    sections = sorted((code, one) for one in runbooks() for code in one.codes)
    return "\n".join([HEAD, *(line for code, one in sections for line in _section(code, one))])


def _section(code: str, one: Runbook) -> Iterator[str]:
    yield f"## {code}\n"
    first = one.codes[0]
    if code != first:
        yield f"As [{first}](#{first.lower()}).\n"
        return
    yield f"Result: {one.result}.\n"
    yield from (f"**{part.capitalize()}.** {getattr(one, part)}\n" for part in PARTS)
