"""The codes of outcomes, as the app's source has them."""

import re
from pathlib import Path

from shared.adapters.arm_codes import BLOCKED

CORE = Path(__file__).parents[2] / "shared" / "core"


def raised() -> set[str]:
    """The codes with a remedy in the app's own code, and those of Azure that it knows."""
    core = [path.read_text("utf-8") for path in CORE.rglob("*.py")]
    calls = r"(?:Refusal|BlockedError|Declined)\(\s*(?:[\w.\[\]]+,\s*)?\"([A-Z]\w+)\""
    own = {code for text in core for code in re.findall(calls, text)}
    return own | set(BLOCKED)
