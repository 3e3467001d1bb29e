"""What Azure reports about capacity for new endpoints: what each takes, and what a region has used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.core.base.bodies import Json, mapping
from shared.core.base.ids import ResourceId

COUNTED = "privateendpoints"  # the name of the count among a region's usages, in lower case


@dataclass(frozen=True, slots=True)
class Usage:
    """How many private endpoints there are, and how many Azure allows."""

    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class Taken:
    """The addresses of a subnet that network interfaces have, and when they were listed (since 1970)."""

    addresses: frozenset[str]
    at: float


@dataclass(frozen=True, slots=True)
class Capacity:
    """`addresses`: how many an endpoint takes, by lower-case group id; None while that was not read.

    `members`: their names, for groups that the target lists. `taken`: addresses by the subnet. `used`:
    private endpoints by subscription and region, both as keys; None where that could not be read.
    """

    addresses: Mapping[str, int] | None = None
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    taken: Mapping[ResourceId, Taken] = field(default_factory=dict)
    used: Mapping[tuple[str, str], Usage | None] = field(default_factory=dict)


def endpoints_used(usages: Iterable[Json]) -> Usage | None:
    """The private endpoints among a subscription's usages in a region; None where they are not counted.

    Source: Microsoft Learn, REST reference "Usages - List" of Microsoft.Network.
    """
    for entry in map(mapping, usages):
        count, limit = entry.get("currentValue"), entry.get("limit")
        named = str(mapping(entry.get("name")).get("value") or "").lower() == COUNTED
        if named and isinstance(count, int) and isinstance(limit, int):
            return Usage(count, limit)
    return None
