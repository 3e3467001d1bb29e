"""JSON as ARM reads it: with comments, names without quotes, and line breaks inside texts.

Source: docs/azure/deployments.md, DEP-07. `az deployment` sends templates that way.
"""

from __future__ import annotations

import json
import re
from typing import Any

PART = re.compile(
    r'"(?:[^"\\]|\\.)*"'  # a text, which may look like a comment
    r"|//[^\r\n]*|/\*.*?\*/"
    r"|[A-Za-z_$][\w$]*(?=\s*:)",  # a name without quotes
    re.DOTALL,
)


def read(text: str) -> Any:
    """The value of a text. Raises ValueError when even so it is no JSON."""
    return json.loads(PART.sub(_strict, text), strict=False)


def _strict(part: re.Match[str]) -> str:
    found = part[0]
    if found.startswith('"'):
        return found
    return " " if found.startswith("/") else f'"{found}"'
