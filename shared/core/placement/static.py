"""Static addresses for new endpoints, from a range that the policy gives.

Azure takes them in `ipConfigurations`, one for each member that the group requires, and what is named has to
be complete (docs/azure/private-endpoints.md, PE-26 and PE-27). An existing endpoint keeps what it has.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import islice

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId, digest
from shared.core.base.refusal import Refusal
from shared.core.kinds.nic import StaticAddress
from shared.core.readings.capacity import Capacity
from shared.core.readings.networks import prefixes_in

MEMBERS, OUTSIDE, FULL = "MembersNotKnown", "RangeOutsideSubnet", "AddressRangeFull"
FIRST = 4  # Azure keeps the first four addresses and the last of every subnet (Microsoft Learn: VNet FAQ)
# Types whose endpoints take no static addresses with names of members (docs/azure/targets.md, TGT-78, and
# docs/azure/private-endpoints.md, PE-27).
DYNAMIC = frozenset({"microsoft.recoveryservices/vaults", "microsoft.network/applicationgateways"})

type Range = IPv4Network | IPv6Network
type Chosen = Mapping[str, tuple[StaticAddress, ...]]


@dataclass(frozen=True, slots=True)
class StaticRange:
    """The range for new endpoints to a type in one subnet. `capacity`: what is known of members and taken
    addresses.
    """

    kind: str
    within: Range
    subnet: ResourceId
    body: Seen
    capacity: Capacity = field(default_factory=Capacity)

    @property
    def known(self) -> bool:
        """What the groups require and what is taken was read."""
        return self.capacity.addresses is not None and self.subnet in self.capacity.taken

    def chosen(self, made: Mapping[str, ResourceId]) -> Chosen | Refusal:
        """Free addresses for these new endpoints, by group; none while not all is known.

        Targets that choose at the same time begin at different addresses: two that meet choose again.
        """
        if self.kind.lower() in DYNAMIC:
            return self._dynamic()
        if not any(
            self.within.version == one.version and _inside(self.within, one) for one in self._prefixes()
        ):
            return self._outside()
        if not self.known:
            return {}
        members = {group: self.capacity.members.get(group.lower(), ()) for group in made}
        if unnamed := [group for group, names in members.items() if not names]:
            return self._unnamed(unnamed)
        needed = sum(map(len, members.values()))
        free = list(self._free(needed, f"{sorted(at.key for at in made.values())}"))
        if len(free) < needed:
            return self._full(len(free), needed)
        left = iter(free)
        return {
            group: tuple(StaticAddress(name, next(left)) for name in names)
            for group, names in members.items()
        }

    def _free(self, needed: int, seed: str) -> Iterator[str]:
        """So many free addresses, from a place that differs by target and by reading."""
        taken = self.capacity.taken[self.subnet]
        kept = {str(ip) for prefix in self._prefixes() for ip in _reserved(prefix)}
        size = self.within.num_addresses
        start = int(digest(f"{seed}|{taken.at}", 16), 16) % size
        every = (str(self.within[(start + n) % size]) for n in range(size))
        yield from islice((ip for ip in every if ip not in kept and ip not in taken.addresses), needed)

    def _prefixes(self) -> Iterator[Range]:
        yield from (ip_network(text, strict=False) for text in prefixes_in(self.body.properties))

    def _dynamic(self) -> Refusal:
        return Refusal(
            self.subnet,
            "NoStaticAddresses",
            f"endpoints to {self.kind} take no static addresses",
            f"give {self.kind} a profile without addresses, by a rule with type",
        )

    def _outside(self) -> Refusal:
        prefixes = ", ".join(map(str, self._prefixes()))
        return Refusal(
            self.subnet,
            OUTSIDE,
            f"the range {self.within} for static addresses is not inside of the subnet {self.subnet.text} "
            f"({prefixes})",
            "name a range inside of the subnet under addresses in the profile, or a subnet that holds it",
        )

    def _unnamed(self, groups: Iterable[str]) -> Refusal:
        return Refusal(
            self.subnet,
            MEMBERS,
            f"the resource does not list which members of {', '.join(groups)} need an address, and static "
            "addresses have to name each one",
            "let the app read the resource's privateLinkResources, or leave addresses out of the profile",
        )

    def _full(self, free: int, needed: int) -> Refusal:
        return Refusal(
            self.subnet,
            FULL,
            f"the range {self.within} for static addresses in {self.subnet.text} has {free} free addresses, "
            f"{needed} are needed",
            "widen the range under addresses in the profile, or free addresses in it",
        )


def _inside(part: Range, whole: Range) -> bool:
    return whole[0] <= part[0] and part[-1] <= whole[-1]  # type: ignore[operator]


def _reserved(prefix: Range) -> Collection[object]:
    first = [prefix[n] for n in range(min(FIRST, prefix.num_addresses))]
    return {*first, prefix[-1]}
