"""Sets of addresses as a security rule names them: prefixes, service tags and application security groups.

A rule for a thousand endpoints has a thousand addresses, and each endpoint asks whether it is among them: the
prefixes are kept sorted, so that the question costs a binary search.
"""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from shared.core.rules.traffic import TrafficRange, traffic_range

ASG = "an application security group"  # in a rule's addresses: what the rule itself does not say


@functools.lru_cache(maxsize=8192)
def is_prefix(text: str) -> bool:
    """An address or prefix, and no `*` or service tag."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=8192)
def ip_version(prefix: str) -> int:
    """4 or 6. ValueError where it is no prefix."""
    return ip_network(prefix, strict=False).version


def collapse(addresses: Iterable[str]) -> tuple[str, ...]:
    """The fewest prefixes for exactly these addresses and prefixes, single ones without a length.

    ValueError where one is neither.
    """
    return _collapsed(tuple(addresses))


@functools.lru_cache(maxsize=1024)  # the clients' prefixes, for every rule of every target
def _collapsed(addresses: tuple[str, ...]) -> tuple[str, ...]:
    networks = [ip_network(text, strict=False) for text in addresses]
    v4 = collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    v6 = collapse_addresses(one for one in networks if isinstance(one, IPv6Network))
    return (*(str(one).removesuffix("/32") for one in v4), *(str(one).removesuffix("/128") for one in v6))


@functools.lru_cache(maxsize=1024)
def normalized(prefixes: tuple[str, ...]) -> frozenset[str]:
    """The same for two spellings of the same addresses."""
    words = (text.lower() for text in prefixes if not is_prefix(text))
    return frozenset((*words, *collapse(filter(is_prefix, prefixes))))


@dataclass(frozen=True, slots=True)
class AddressSet:
    """The addresses of one side of a rule: `texts` as ARM has them. `words`: those that are no prefixes."""

    texts: tuple[str, ...]
    words: tuple[str, ...] = field(init=False)
    _merged: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = field(init=False, repr=False, compare=False)
    _ranges: list[tuple[TrafficRange, ...]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", tuple(text for text in self.texts if not is_prefix(text)))
        object.__setattr__(self, "_merged", _merged(filter(is_prefix, self.texts)))

    def covers(self, address: str) -> bool:
        """Every address of this prefix is among the set's prefixes; its words do not count."""
        asked = traffic_range(address)
        return any(part.first <= asked.first and asked.last <= part.last for part in self._near(asked))

    def overlaps(self, address: str) -> bool:
        """Some address of this prefix is among the set's prefixes."""
        return bool(self.meeting(traffic_range(address)))

    def meeting(self, asked: TrafficRange) -> tuple[TrafficRange, ...]:
        """Those of the set's prefixes, merged, that overlap the range's addresses."""
        return tuple(part for part in self._near(asked) if part.first <= asked.last)

    def ranges(self) -> tuple[TrafficRange, ...]:
        """All of the set's prefixes, merged; computed when they are first asked for."""
        if not self._ranges:
            self._ranges.append(tuple(_ranges(self._merged)))
        return self._ranges[0]

    def _near(self, asked: TrafficRange) -> tuple[TrafficRange, ...]:
        firsts, lasts = self._merged.get(asked.version, ((), ()))
        begin = max(0, bisect_right(firsts, asked.first) - 1)
        end = bisect_right(firsts, asked.last)
        return tuple(
            TrafficRange(asked.version, firsts[n], lasts[n])
            for n in range(begin, end)
            if lasts[n] >= asked.first
        )


def _ranges(merged: dict[int, tuple[tuple[int, ...], tuple[int, ...]]]) -> Iterator[TrafficRange]:
    for version, (firsts, lasts) in merged.items():
        for first, last in zip(firsts, lasts, strict=True):
            yield TrafficRange(version, first, last)


def _merged(prefixes: Iterable[str]) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
    """First and last addresses of the merged prefixes, sorted, by IP version."""
    found: dict[int, list[list[int]]] = {}
    for part in sorted(map(traffic_range, prefixes), key=lambda one: (one.version, one.first, one.last)):
        runs = found.setdefault(part.version, [])
        if runs and part.first <= runs[-1][1] + 1:
            runs[-1][1] = max(runs[-1][1], part.last)
        else:
            runs.append([part.first, part.last])
    return {
        version: (tuple(run[0] for run in runs), tuple(run[1] for run in runs))
        for version, runs in found.items()
    }
