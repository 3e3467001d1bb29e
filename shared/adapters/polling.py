"""When to read a resource again while a long operation runs on it.

After a write is accepted, the resource itself is read until its `provisioningState` settles. The last read is
the result, and a pass that finds the operation running after a crash waits in the same way. The `Retry-After`
of the first response is a constant per type (docs/azure/long-running-operations.md, LRO-08: network 3, subnet
3, security group and rule 1, peering, endpoint and zone group 10, private DNS 30) and says little about the
duration. So it is used as a unit of time: the marks below, in that unit and counted from the request, are
where the end is likely. A server whose clock runs faster sends a smaller unit, and the marks shrink with it.

Where the marks come from: for each type, seconds from the request to the first poll that said Succeeded,
as p10, p50, p90 (docs/azure/long-running-operations.md, LRO-12: endpoint creation 11, 31, 64 over 140; zone
group 1, 3, 10 over 7; zone 21, 30, 31 over 192; link 30, 61, 62 over 82; peering 3, 11, 21 over 25). Between
the quantiles the time is taken as log-linear. For an endpoint and its zone group the marks minimise the
expected overshoot plus a price for each read (dynamic programming; 0.7 s a read for the endpoint). The zone
group's first mark is just after its median instead, because a read costs more than a second there. At the
median that makes four reads of the endpoint and one of the zone group; `tests/adapters/test_pace.py`
recomputes the cost. Recorded times
of private DNS are upper bounds, because those clients polled every 30 s: marks are just before and just after
each recorded poll.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shared.core.base.backoff import Backoff

type Change = Literal["create", "update", "delete"]

GROWTH = (
    1.2  # after the last mark: each wait ends at 1.2 times the one before, so the overshoot is at most 20 %
)
SETTLING = Backoff(first=0.5, growth=1.4, longest=30.0)


@dataclass(frozen=True, slots=True)
class Pace:
    """`hint`: seconds in one unit where the server names none; `marks`: in units since the request."""

    hint: float
    marks: tuple[float, ...]

    def moments(self, hint: float | None) -> Iterator[float]:
        """Seconds after the request at which to read, without end. `hint`: the server's unit in seconds."""
        unit = hint if hint else self.hint
        for mark in self.marks:
            yield mark * unit
        mark = self.marks[-1]
        while True:
            mark *= GROWTH
            yield mark * unit


def settling() -> Iterator[float]:
    """Seconds after the first read of an operation whose start and unit are unknown.

    They grow from half a second, so that the overshoot stays in proportion whatever the server's clock.
    """
    return itertools.accumulate(map(SETTLING.delay, itertools.count()))


_PACES: dict[str, dict[Change, Pace]] = {
    "microsoft.network/privateendpoints": {
        "create": Pace(10.0, (1.4, 2.0, 2.7, 3.4, 4.0, 4.55, 5.1, 5.6, 6.0, 6.4)),
        "update": Pace(10.0, (2.1, 3.3)),
        "delete": Pace(10.0, (1.1, 1.4, 1.7, 2.1, 2.6, 3.0)),
    },
    "microsoft.network/privateendpoints/privatednszonegroups": {
        "create": Pace(10.0, (0.31, 0.6, 1.01)),
        "delete": Pace(10.0, (0.5, 1.0)),
    },
    "microsoft.network/virtualnetworks/subnets": {
        "create": Pace(3.0, (0.4, 0.7, 1.0, 1.5, 2.1, 2.8, 3.4)),
    },
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": {
        "create": Pace(10.0, (0.43, 0.7, 1.0, 1.3, 1.6, 1.85, 2.1, 2.5, 2.9, 3.2)),
        "delete": Pace(10.0, (1.1, 1.2, 1.5, 2.0)),
    },
    "microsoft.network/networksecuritygroups/securityrules": {
        "create": Pace(1.0, (3.05, 10.05, 12.1)),
        "delete": Pace(1.0, (3.05, 10.05, 12.1)),
    },
    "microsoft.network/privatednszones": {
        "create": Pace(30.0, (0.7, 0.85, 1.03, 1.35)),
    },
    "microsoft.network/privatednszones/virtualnetworklinks": {
        "create": Pace(30.0, (0.6, 1.03, 1.3, 1.65, 1.9, 2.07)),
        "delete": Pace(30.0, (0.35, 0.7, 1.05, 1.1)),
    },
}
_ANY = Pace(10.0, (0.2, 0.35, 0.6, 1.0, 1.5, 2.0))


def pace(kind: str, change: Change) -> Pace:
    """The pace of one change to a resource of this type, in any case.

    An update has the pace of a creation where the recordings do not distinguish them.
    """
    known = _PACES.get(kind.lower(), {})
    return known.get(change) or known.get("create" if change == "update" else change) or _ANY
