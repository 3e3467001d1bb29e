"""Every check between the parts of a policy."""

from __future__ import annotations

from collections.abc import Iterator

from shared.core.policy.checks.rules import rules
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found

_CHECKS = (rules,)


def between(draft: Draft) -> Iterator[Found]:
    """What the parts of a policy say against each other. Raises nothing for any policy that can be read."""
    for check in _CHECKS:
        yield from check(draft)
