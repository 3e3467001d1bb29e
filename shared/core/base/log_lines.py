"""Log lines: what happened, then the facts as JSON on the same line.

The Functions worker forwards a record's message and drops its `extra` fields, so everything that a person may
search for has to be in the message. What looks like a secret is hidden in it.
"""

import json

from shared.core.base.secrets import hide


def line(what: str, **facts: object) -> str:
    """`outcome {"result": "Connected", ...}`: one line, found by its words and read by machines."""
    return hide(f"{what} {json.dumps(facts, ensure_ascii=True, default=str)}")
