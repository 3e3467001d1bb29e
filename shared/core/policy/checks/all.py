"""Every check between the parts of a policy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from shared.core.policy.checks.effect import effect
from shared.core.policy.checks.filters import filters
from shared.core.policy.checks.names import names
from shared.core.policy.checks.networks import networks
from shared.core.policy.checks.peering import peering
from shared.core.policy.checks.placement import placement
from shared.core.policy.checks.rules import rules
from shared.core.policy.checks.zones import zones
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found

MAX_FOUND = 5_000  # of one subject: a person corrects these first
_CHECKS = (rules, networks, placement, zones, peering, filters, names, effect)


def between(draft: Draft) -> Iterator[Found]:
    """What the parts of a policy say against each other. Raises nothing for any policy that can be read."""
    for check in _CHECKS:
        yield from islice(check(draft), MAX_FOUND)
