"""What a check found, as a SARIF log that code scanners show beside the lines of the policy.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0; what GitHub reads of it:
"SARIF support for code scanning" in GitHub's documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from causeway.show import safe
from shared.core.base.errors import Fault

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"fault": "error", "warning": "warning"}
RULES = {
    "fault": "The policy cannot be used",
    "warning": "The policy can be used, and may not mean what it says",
}


def report(file: str, found: Sequence[Fault]) -> dict[str, Any]:
    """A log of one run: a result for each finding."""
    rules = [{"id": f"policy-{level}", "shortDescription": {"text": text}} for level, text in RULES.items()]
    run = {
        "tool": {"driver": {"name": "causeway policy check", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(file, one) for one in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(file: str, one: Fault) -> dict[str, Any]:
    value = f" '{safe(one.value)}'" if one.value else ""
    region = {"startLine": max(1, one.line), "startColumn": max(1, one.column)}
    place = {"artifactLocation": {"uri": uri_of(file)}, "region": region}
    return {
        "ruleId": f"policy-{one.level}",
        "level": LEVELS[one.level],
        "message": {"text": f"{safe(one.path)}{value}: {safe(one.problem)}; {safe(one.remedy)}"},
        "locations": [{"physicalLocation": place}],
    }


def uri_of(file: str) -> str:
    """The file's URI, relative to the folder that the command runs in where the file is below it."""
    at = Path(file)
    if at.is_absolute() and not at.is_relative_to(Path.cwd()):
        return at.as_uri()
    relative = at.relative_to(Path.cwd()) if at.is_absolute() else at
    return quote(relative.as_posix())
