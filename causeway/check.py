"""`policy check`: all that is wrong with a policy, for a person, a program, or a code scanner."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from causeway.files import UnreadableError, text_of
from causeway.findings import FAULT, Finding, findings
from causeway.show import complain, counted, safe, say, say_json, styled
from shared.core.policy.policy import json_schema
from shared.core.policy.text import MAX_POLICY

GOOD, UNREAD, BAD = 0, 1, 2
MAX_BYTES = 4 * MAX_POLICY  # a character of UTF-8 has up to four


def run(file: str, output: str) -> int:
    """Check a file and print what was found. Returns the exit code."""
    try:
        found = findings(text_of(file, MAX_BYTES))
    except UnreadableError as error:
        complain(str(error))
        return UNREAD
    if output == "json":
        say_json(as_json(file, found))
    elif output == "sarif":
        from causeway.sarif import report

        say_json(report(file, found))
    else:
        say(*as_text(file, found))
    return BAD if any(one.level == FAULT for one in found) else GOOD


def as_json(file: str, found: list[Finding]) -> dict[str, Any]:
    """What was found, as one object."""
    return {
        "file": file,
        "faults": [_plain(one) for one in found if one.level == FAULT],
        "warnings": [_plain(one) for one in found if one.level != FAULT],
    }


def as_text(file: str, found: list[Finding]) -> list[str]:
    """One block for each finding, and the sum."""
    lines = [line for one in found for line in _block(file, one)]
    faults = sum(one.level == FAULT for one in found)
    total = f"{counted(faults, 'fault')}, {counted(len(found) - faults, 'warning')}"
    return [*lines, f"{safe(file)}: {total}" if found else styled(f"{safe(file)}: no faults", "good")]


def schema_text() -> str:
    """The JSON Schema of policies, as the repository has it in `connectivity.schema.json`."""
    return json.dumps(json_schema(), indent=2)


def _block(file: str, one: Finding) -> list[str]:
    where = f"{safe(file)}:{one.line}:{one.column}" if one.line else safe(file)
    level = styled(one.level, "bad" if one.level == FAULT else "doubt")
    value = [f"    {safe(one.value)}"] if one.value else []
    said = f"    {safe(one.problem)}; {safe(one.remedy)}"
    return [f"{where}  {level}  {safe(one.path)}", *value, said, ""]


def _plain(one: Finding) -> dict[str, Any]:
    fields = asdict(one)
    del fields["level"]
    return fields
