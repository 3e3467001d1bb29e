"""Which subnets a half of a peering carries."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.kinds.peering_coverage import covering, fixed_at_creation, uncovered
from tests.builders.bodies import HUB, SPOKE
from tests.builders.networks import half


def subnet(network: Any, name: str, *prefixes: str) -> Seen:
    return Seen(network.child("subnets", name), {"properties": {"addressPrefixes": list(prefixes)}})


HERE = subnet(HUB, "endpoints", "10.0.1.0/24")
CLIENTS = subnet(SPOKE, "clients", "10.1.1.0/24")
WEB = subnet(SPOKE, "web", "10.1.2.0/25", "10.1.3.0/24")


def some(local: list[str], remote: list[str], **more: Any) -> Seen:
    names = {"localSubnetNames": local, "remoteSubnetNames": remote}
    return half(peerCompleteVnets=False, **names, **more)


def space(*prefixes: str) -> dict[str, list[str]]:
    return {"addressPrefixes": list(prefixes)}


def test_a_peering_of_whole_networks_carries_every_subnet() -> None:
    assert uncovered(half(), [HERE], [CLIENTS, WEB]) == ()
    assert uncovered(half(peerCompleteVnets=True), [HERE], [CLIENTS, WEB]) == ()


@pytest.mark.parametrize(
    ("local", "remote", "missing"),
    [
        (["Endpoints"], ["clients", "WEB"], ()),
        (["endpoints"], ["clients"], ("remote web",)),
        (["others"], ["clients", "web"], ("local endpoints",)),
        (["others"], ["others"], ("local endpoints", "remote clients, web")),
    ],
)
def test_a_peering_of_subnets_carries_those_that_it_names(
    local: list[str], remote: list[str], missing: tuple[str, ...]
) -> None:
    found = uncovered(some(local, remote), [HERE], [CLIENTS, WEB])
    assert found == tuple(f"it peers some subnets alone, and not the {part}" for part in missing)


def test_a_side_without_names_is_judged_by_the_addresses_that_it_reports() -> None:
    assert uncovered(some([], ["clients"], localAddressSpace=space("10.0.0.0/16")), [HERE], [CLIENTS]) == ()
    (text,) = uncovered(some([], ["clients"], localAddressSpace=space("10.0.9.0/24")), [HERE], [CLIENTS])
    assert text == "its local address space lacks 10.0.1.0/24"
    assert uncovered(some([], ["clients"]), [HERE], [CLIENTS]) != ()


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        (["10.1.0.0/16"], None),
        (["10.1.1.0/25", "10.1.1.128/25", "10.1.2.0/23"], None),
        (["10.1.1.0/25"], "10.1.1.0/24, 10.1.2.0/25, 10.1.3.0/24"),
        (["10.1.1.0/24", "10.1.2.0/24"], "10.1.3.0/24"),
        ([], "10.1.1.0/24, 10.1.2.0/25, 10.1.3.0/24"),
        (["fd00::/8"], "10.1.1.0/24, 10.1.2.0/25, 10.1.3.0/24"),
    ],
)
def test_the_remote_address_space_covers_the_remote_subnets(known: list[str], missing: str | None) -> None:
    found = uncovered(half(remoteAddressSpace=space(*known)), [HERE], [CLIENTS, WEB])
    assert found == ((f"its remote address space lacks {missing}",) if missing else ())


def test_a_peering_of_ipv6_alone_carries_nothing_and_cannot_be_changed() -> None:
    only = half(enableOnlyIPv6Peering=True)
    assert uncovered(only, [HERE], [CLIENTS]) == ("it peers IPv6 addresses alone",)
    assert fixed_at_creation(only)
    assert fixed_at_creation(half()) is fixed_at_creation(some(["x"], ["y"])) is None


def test_a_limited_half_is_widened_by_what_it_lacks_and_keeps_the_rest() -> None:
    kept = some(["others"], ["CLIENTS"]).properties
    found = covering(kept, [HERE], [CLIENTS, WEB])
    assert found["localSubnetNames"] == ["others", "endpoints"]
    assert found["remoteSubnetNames"] == ["CLIENTS", "web"]
    assert covering(half().properties, [HERE], [CLIENTS]) == {}
