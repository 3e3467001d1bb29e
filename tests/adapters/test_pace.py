"""What the pace costs, computed from the recorded durations that it was made for."""

import itertools
import math
import random
import statistics
from collections.abc import Iterator

import pytest

from shared.adapters.polling import SETTLING, Pace, pace, settling

ENDPOINT = "Microsoft.Network/privateEndpoints"
ZONE_GROUP = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
# p10, p50, p90, max: seconds from the request to the first poll that said Succeeded
# (docs/azure/private-endpoints.md, PE-07 and PE-09)
ENDPOINT_SECONDS = (11.0, 31.0, 64.0, 582.0)
ZONE_GROUP_SECONDS = (1.0, 3.0, 10.0, 10.0)
BLOCKED_SECONDS = (0.8, 5.0, 15.0, 19.6)  # how long the endpoint's PUT itself takes; part of the whole


def quantile(points: tuple[float, float, float, float], u: float) -> float:
    """Log-linear between the recorded quantiles; below the first, the first."""
    p10, p50, p90, top = points
    for low, high, start, end in ((0.1, 0.5, p10, p50), (0.5, 0.9, p50, p90), (0.9, 1.0, p90, top)):
        if u <= high:
            return start * (end / start) ** max(0.0, (u - low) / (high - low))
    return top


def seen(moments: Iterator[float], answered: float, ends: float) -> tuple[float, int]:
    """When the first read after `ends` is, and how many reads that took; none before the PUT's answer."""
    reads = 0
    for moment in moments:
        if moment >= answered:
            reads += 1
            if moment >= ends:
                return moment, reads
    raise AssertionError("the moments ended")


def passes(number: int = 4000) -> list[tuple[float, int]]:
    """Draw endpoints with their zone groups: waited time in proportion to the true one, and reads."""
    chance, found = random.Random(7), []  # noqa: S311
    for _ in range(number):
        endpoint = quantile(ENDPOINT_SECONDS, chance.random())
        blocked = min(endpoint, quantile(BLOCKED_SECONDS, chance.random()))
        group = quantile(ZONE_GROUP_SECONDS, chance.random())
        one, first = seen(pace(ENDPOINT, "create").moments(10.0), blocked, endpoint)
        two, second = seen(pace(ZONE_GROUP, "create").moments(10.0), 0.0, group)
        found.append(((one + two) / (endpoint + group), first + second))
    return found


def test_half_of_all_endpoints_are_read_as_ready_within_a_seventh_of_their_duration() -> None:
    assert statistics.median(ratio for ratio, _ in passes()) <= 1.14


def test_the_median_endpoint_and_its_zone_group_cost_at_most_six_reads() -> None:
    assert statistics.median(reads for _, reads in passes()) <= 6


def test_the_mean_overshoot_stays_below_a_sixth_with_the_long_tail_counted() -> None:
    assert statistics.mean(ratio for ratio, _ in passes()) <= 1.16


def test_a_server_with_a_faster_clock_is_read_faster_in_proportion() -> None:
    slow = list(itertools.islice(pace(ENDPOINT, "create").moments(10.0), 20))
    fast = list(itertools.islice(pace(ENDPOINT, "create").moments(0.05), 20))
    assert fast == pytest.approx([moment / 200 for moment in slow])


@pytest.mark.parametrize("hint", [None, 0.0])
def test_without_a_hint_the_types_own_unit_is_used(hint: float | None) -> None:
    assert next(pace(ENDPOINT, "create").moments(hint)) == 14.0


def test_after_the_last_mark_each_wait_overshoots_by_a_fifth_at_most() -> None:
    moments = list(itertools.islice(Pace(1.0, (1.0, 2.0)).moments(None), 30))
    assert all(later <= earlier * 1.2000001 for earlier, later in itertools.pairwise(moments[1:]))
    assert moments[-1] > 200


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (ENDPOINT, "create"),
        (ENDPOINT, "update"),
        (ENDPOINT, "delete"),
        (ZONE_GROUP, "update"),
        ("Microsoft.Network/virtualNetworks/subnets", "create"),
        ("Microsoft.Network/privateDnsZones/virtualNetworkLinks", "delete"),
        ("Microsoft.Future/things", "delete"),
    ],
)
def test_moments_only_move_forward(kind: str, change: str) -> None:
    moments = list(itertools.islice(pace(kind, change).moments(None), 25))  # type: ignore[arg-type]
    assert moments == sorted(set(moments))
    assert moments[0] > 0


def test_types_are_compared_without_case() -> None:
    assert pace(ENDPOINT.upper(), "create") == pace(ENDPOINT.lower(), "create")


def test_settling_begins_at_once_and_never_waits_longer_than_its_longest() -> None:
    moments = list(itertools.islice(settling(), 40))
    waits = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert moments[0] == 0.5
    assert max(waits) == SETTLING.longest
    assert math.isclose(waits[0], 0.7)
