"""Traffic as ranges: a run of source addresses by a run of ports, with intersection and difference.

With numbers in place of prefixes, "what is left after this rule" is exact, however rules split the networks.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class TrafficRange:
    """Addresses `first` to `last` of one IP version by ports `low` to `high`, ends included."""

    version: int
    first: int
    last: int
    low: int = 0
    high: int = LAST_PORT

    def __str__(self) -> str:
        kind = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        prefix = next(iter(ipaddress.summarize_address_range(kind(self.first), kind(self.last))))
        ports = str(self.low) if self.low == self.high else f"{self.low}-{self.high}"
        return str(prefix) if (self.low, self.high) == (0, LAST_PORT) else f"{prefix} port {ports}"


type Ranges = tuple[TrafficRange, ...]


def port_range(text: str) -> tuple[int, int]:
    """`443`, `1433-65535` or `*`. ValueError for anything else."""
    if text == "*":
        return 0, LAST_PORT
    low, _, high = text.partition("-")
    return int(low), int(high or low)


@functools.lru_cache(maxsize=1024)
def is_port_range(text: str) -> bool:
    """`port_range` reads it."""
    return re.fullmatch(r"\*|[0-9]{1,5}(-[0-9]{1,5})?", text) is not None


@functools.lru_cache(maxsize=8192)  # a group's prefixes are asked for again with each subnet and address
def traffic_range(prefix: str, ports: tuple[int, int] = (0, LAST_PORT)) -> TrafficRange:
    """An address or a prefix, by some ports. ValueError for anything else."""
    network = ipaddress.ip_network(prefix, strict=False)
    return TrafficRange(network.version, int(network.network_address), int(network.broadcast_address), *ports)


@functools.lru_cache(maxsize=1024)
def ranges(prefixes: tuple[str, ...], ports: tuple[int, int] = (0, LAST_PORT)) -> Ranges:
    """Several prefixes by the same ports."""
    return tuple(traffic_range(prefix, ports) for prefix in prefixes)


EVERYTHING = ranges(("0.0.0.0/0", "::/0"))
# Never reached over the internet (RFC 1918, RFC 6598, RFC 4193).
PRIVATE = ranges(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))


def meet(one: TrafficRange, other: TrafficRange) -> TrafficRange | None:
    """What two ranges have in common."""
    if one.version != other.version:
        return None
    first, last = max(one.first, other.first), min(one.last, other.last)
    low, high = max(one.low, other.low), min(one.high, other.high)
    if first > last or low > high:
        return None
    return TrafficRange(one.version, first, last, low, high)


def common(some: Iterable[TrafficRange], others: Iterable[TrafficRange]) -> Ranges:
    """What any of some ranges has in common with any of the others; parts may overlap."""
    listed = tuple(others)
    return tuple(
        part
        for one in some
        for other in listed
        # most of many pairs are apart: what costs no call is asked first
        if one.first <= other.last and other.first <= one.last and (part := meet(one, other))
    )


def minus(some: Iterable[TrafficRange], cuts: Iterable[TrafficRange]) -> Ranges:
    """What is left of some ranges without the others."""
    rest = tuple(some)
    for cut in cuts:
        rest = tuple(
            part
            for one in rest
            for part in (_without(one, cut) if one.first <= cut.last and cut.first <= one.last else (one,))
        )
    return rest


def _without(one: TrafficRange, cut: TrafficRange) -> Iterator[TrafficRange]:
    shared = meet(one, cut)
    if shared is None:
        yield one
        return
    if one.first < shared.first:
        yield replace(one, last=shared.first - 1)
    if shared.last < one.last:
        yield replace(one, first=shared.last + 1)
    if one.low < shared.low:
        yield replace(shared, low=one.low, high=shared.low - 1)
    if shared.high < one.high:
        yield replace(shared, low=shared.high + 1, high=one.high)
