"""One check of the proof."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true: what, of which object, whether it is, and what was seen.

    `holds` is None where nothing that Causeway can read shows whether it is: not provable. It fails nothing,
    and the outcome says so. `remedy`: only a person can repair it, in this way, and `code` names the fault.
    Empty: a rerun may. `patient`: it may also pass by itself, so it is tried again all the same.
    """

    name: str
    subject: str
    holds: bool | None
    seen: str
    code: str = ""
    remedy: str = ""
    patient: bool = False


def not_provable(name: str, subject: str, why: str) -> Check:
    """A check that nothing can show to hold or to fail, and why."""
    return Check(name, subject, None, f"not provable: {why}")
