"""Peerings: `Microsoft.Network/virtualNetworks/virtualNetworkPeerings`, one half at a time.

A network reaches another one when each has a half that names the other, so a wish for a pair is two of
these. Peerings are not transitive. A half has no tags: ours is told by its name. Any half to the remote
network answers the need, whatever its name: Azure refuses a second one.
Sources: Microsoft Learn, REST reference "Virtual Network Peerings" and "Virtual network peering" (states,
flags, 500 peerings); recorded ARM traffic (bodies, `peeringState`, `peeringSyncLevel`).
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from shared.core.base.bodies import Seen, mapping, reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import Ordinary

COLLECTION = "virtualNetworkPeerings"
PREFIX = "causeway-"
MAX_PEERINGS = 500  # of one network (Microsoft Learn: "Azure subscription and service limits")

type Network = IPv4Network | IPv6Network

# What Azure answers about a half. The address space is sent back by nobody: a sync takes it anew.
_REPORTED = frozenset(
    {
        "peeringState",
        "peeringSyncLevel",
        "provisioningState",
        "resourceGuid",
        "remoteAddressSpace",
        "remoteVirtualNetworkAddressSpace",
        "remoteBgpCommunities",
        "remoteVirtualNetworkEncryption",
        "routeServiceVips",
    }
)
_ACCESS = "allowVirtualNetworkAccess"
_FLAGS = {
    _ACCESS: True,
    "allowForwardedTraffic": False,
    "allowGatewayTransit": False,
    "useRemoteGateways": False,
}


def peering_id(local: ResourceId, remote: ResourceId) -> ResourceId:
    """Where our half stands: the remote's name and a hash, as names repeat over resource groups."""
    digest = hashlib.sha256(remote.key.encode()).hexdigest()[:8]
    return local.child(COLLECTION, f"{PREFIX}{remote.name[:50]}-{digest}")


def remote_of(half: Seen) -> ResourceId | None:
    """The network at the other end."""
    return reference(half.properties.get("remoteVirtualNetwork"))


def state_of(half: Seen) -> str:
    """`Initiated`, `Connected` or `Disconnected`; empty where the body has none."""
    return str(half.properties.get("peeringState") or "")


def synced(half: Seen) -> bool:
    """Both halves know the other network's address space as it is. Bodies from before 2021 do not tell."""
    return half.properties.get("peeringSyncLevel") in (None, "", "FullyInSync")


def connected(half: Seen) -> bool:
    """Traffic passes both ways: Azure says Connected only while the other half stands too."""
    return state_of(half) == "Connected" and synced(half) and half.properties.get(_ACCESS) is not False


def peerings_of(network: Seen) -> tuple[Seen, ...]:
    """The halves that a network's own body lists."""
    halves = (mapping(entry) for entry in sequence(network.properties.get(COLLECTION)))
    return tuple(Seen(at, half) for half in halves if (at := reference(half)))


def full(network: Seen) -> bool:
    """The network cannot have another peering."""
    return len(peerings_of(network)) >= MAX_PEERINGS


def address_space(network: Seen) -> tuple[Network, ...]:
    """A network's prefixes."""
    return _prefixes(network.properties.get("addressSpace"))


def virtual_network(network: Seen) -> tuple[str, ...]:
    """What the service tag VirtualNetwork surely stands for in a network: its own prefixes and its peers'.

    Peers count as they were synced, and not where their half denies access. Routes and gateways add more,
    which a network's body does not tell (Microsoft Learn: "Virtual network service tags", "Create, change,
    or delete a virtual network peering").
    """
    halves = (half for half in peerings_of(network) if state_of(half) == "Connected")
    open_halves = (half for half in halves if half.properties.get(_ACCESS) is not False)
    spaces = (half.properties.get("remoteAddressSpace") for half in open_halves)
    far = (prefix for space in spaces for prefix in _prefixes(space))
    return tuple(dict.fromkeys(str(prefix) for prefix in (*address_space(network), *far)))


def overlap(a: Seen, b: Seen) -> str | None:
    """What two networks have in common, for which Azure refuses to peer them; None where nothing."""
    shared = _shared(address_space(a), address_space(b))
    return f"{shared[0]} of {a.id.name} and {shared[1]} of {b.id.name} overlap" if shared else None


def overlap_with_peers(local: Seen, remote: Seen) -> str | None:
    """A third network, peered with one of the two, that overlaps the other: Azure refuses that as well.

    Its space is what its half says: as synced and as it is now.
    """
    for side, other in ((local, remote), (remote, local)):
        for half in peerings_of(side):
            third = remote_of(half)
            if third is None or third == other.id or state_of(half) == "Disconnected":
                continue
            if shared := _shared(address_space(other), tuple(_far_space(half))):
                return (
                    f"{shared[0]} of {other.id.name} overlaps {shared[1]} of {third.text}, "
                    f"which is peered with {side.id.name}"
                )
    return None


def _far_space(half: Seen) -> Iterator[Network]:
    for name in ("remoteAddressSpace", "remoteVirtualNetworkAddressSpace"):
        yield from _prefixes(half.properties.get(name))


def _prefixes(space: object) -> tuple[Network, ...]:
    return tuple(ip_network(text, strict=False) for text in sequence(mapping(space).get("addressPrefixes")))


def _shared(ours: Iterable[Network], theirs: tuple[Network, ...]) -> tuple[Network, Network] | None:
    pairs = ((one, two) for one in ours for two in theirs)
    return next(((one, two) for one, two in pairs if one.version == two.version and one.overlaps(two)), None)


@dataclass(frozen=True, slots=True)
class Peering(Ordinary):
    """The half of `local` towards `remote`, at `id`: ours, or the one that someone else made.

    `write` is the policy's word: True for `ensure`, False for `require`, which only reports.
    """

    id: ResourceId
    local: ResourceId
    remote: ResourceId
    write: bool = True

    @property
    def locks(self) -> tuple[str, ...]:
        """Both networks: a write to one half moves the other. In id order, so that nobody waits crosswise."""
        return tuple(sorted((self.local.key, self.remote.key)))

    @property
    def query(self) -> dict[str, str]:
        """For the PUT: take the remote network's address space as it is now."""
        return {"syncRemoteAddressSpace": "true"}

    def at(self, peerings: Iterable[Seen]) -> Seen | None:
        """The half, of any name, that already leads to the remote network."""
        return next((half for half in peerings if remote_of(half) == self.remote), None)

    def is_ours(self, have: Seen) -> bool:
        return have.id == peering_id(self.local, self.remote)

    def drift(self, have: Seen) -> tuple[str, ...]:
        """An Initiated half waits for the other one and needs nothing itself.

        `RemoteNotInSync` is mended from the other side: after a change of one network, its own half says
        so, the other says `LocalNotInSync`, and syncing that one mends both (Azure/azure-powershell,
        network scenario tests).
        """
        level = str(have.properties.get("peeringSyncLevel") or "")
        found = (
            (have.state == "failed", "provisioning failed"),
            (have.properties.get(_ACCESS) is not True, "network access is off"),
            (state_of(have) == "Connected" and level.startswith("Local"), f"its address space is {level}"),
        )
        return tuple(text for differs, text in found if differs)

    def beyond_repair(self, have: Seen) -> str | None:
        """A half whose other end went can block the remake of that end (`RemotePeeringIsDisconnected`)."""
        if remote_of(have) != self.remote:
            return "it leads to another network"
        if state_of(have) == "Disconnected":
            return "it is Disconnected: the other half was deleted"
        return None

    def body(self, have: Seen | None) -> dict[str, Any]:
        standing = have.properties if have else {}
        kept = {name: value for name, value in standing.items() if name not in _REPORTED}
        ours = {_ACCESS: True, "remoteVirtualNetwork": {"id": self.remote.text}}
        return {"properties": {**_FLAGS, **kept, **ours}}
