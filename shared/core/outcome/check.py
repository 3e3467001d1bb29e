"""One check of the proof."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true: what, of which object, whether it is, and what was seen.

    `remedy`: only a person can repair it, in this way, and `code` names the fault. Empty: a rerun may.
    """

    name: str
    subject: str
    holds: bool
    seen: str
    code: str = ""
    remedy: str = ""
