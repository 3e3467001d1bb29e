"""Which addresses a half of a peering carries: those of whole networks, or of some subnets.

Whether a peering is of whole networks, of subnets, or of IPv6 addresses alone is fixed when it is created: a
later PUT is answered with 200 and changes nothing (hashicorp/terraform-provider-azurerm#31992 and #33416).
The lists of subnets can be changed. Sources: docs/azure/peering.md, PEER-15 to PEER-17.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from shared.core.base.bodies import Json, Seen, sequence
from shared.core.readings.networks import prefixes_in, spaces_in
from shared.core.rules.traffic import Ranges, minus, ranges, traffic_range

COMPLETE = "peerCompleteVnets"
ONLY_IPV6 = "enableOnlyIPv6Peering"
SIDES = {"local": "localSubnetNames", "remote": "remoteSubnetNames"}
REMOTE_SPACE = "remoteAddressSpace"
SPACES = {"local": "localAddressSpace", "remote": REMOTE_SPACE}


def uncovered(half: Seen, local: Iterable[Seen], remote: Iterable[Seen]) -> tuple[str, ...]:
    """What of these subnets the half leaves out, one phrase each; empty where it carries all of them."""
    here, there = tuple(local), tuple(remote)
    return (*_ipv6_alone(half), *_unnamed(half, here, there), *_outside(half, here, there))


def fixed_at_creation(half: Seen) -> str | None:
    """Why only a new half can carry the path; None where this one can."""
    return next(_ipv6_alone(half), None)


def covering(kept: Json, local: Iterable[Seen], remote: Iterable[Seen]) -> dict[str, Any]:
    """The members of a PUT that add these subnets to a half that is limited to some."""
    if kept.get(COMPLETE) is not False:
        return {ONLY_IPV6: False} if kept.get(ONLY_IPV6) is True else {}
    added = {"local": local, "remote": remote}
    return {name: _with_names(sequence(kept.get(name)), added[side]) for side, name in SIDES.items()} | {
        ONLY_IPV6: False
    }


def _with_names(listed: list[Any], subnets: Iterable[Seen]) -> list[Any]:
    known = {str(name).lower() for name in listed}
    return [*listed, *(one.id.name for one in subnets if one.id.name.lower() not in known)]


def _ipv6_alone(half: Seen) -> Iterator[str]:
    if half.properties.get(ONLY_IPV6) is True:
        yield "it peers IPv6 addresses alone"


def _unnamed(half: Seen, local: tuple[Seen, ...], remote: tuple[Seen, ...]) -> Iterator[str]:
    """Subnets that a peering of subnets does not name. A side without names is judged by its addresses."""
    if half.properties.get(COMPLETE) is not False:
        return
    for side, subnets in (("local", local), ("remote", remote)):
        named = {str(name).lower() for name in sequence(half.properties.get(SIDES[side]))}
        missing = [one.id.name for one in subnets if one.id.name.lower() not in named]
        if missing and (named or SPACES[side] not in half.properties):
            yield f"it peers some subnets alone, and not the {side} {', '.join(missing)}"


def _outside(half: Seen, local: tuple[Seen, ...], remote: tuple[Seen, ...]) -> Iterator[str]:
    """Prefixes of the subnets that are not in the address spaces which the half carries."""
    for side, subnets in (("local", local), ("remote", remote)):
        known = half.parsed(_carried).get(side)
        if known is not None:
            missing = [text for one in subnets for text in one.parsed(_prefixes) if _lacks(known, text)]
            if missing:
                yield f"its {side} address space lacks {', '.join(missing)}"


def _prefixes(subnet: Seen) -> tuple[str, ...]:
    return prefixes_in(subnet.properties)


def _carried(half: Seen) -> dict[str, Ranges]:
    """The addresses on each side, where the half reports them."""
    return {
        side: ranges(tuple(map(str, spaces_in(half.properties[name]))))
        for side, name in SPACES.items()
        if name in half.properties
    }


def _lacks(known: Ranges, prefix: str) -> bool:
    """Some address of the prefix is not among these, also where several of them only cover it together."""
    return bool(minus((traffic_range(prefix),), known))
