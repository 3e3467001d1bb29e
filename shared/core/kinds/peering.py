"""Peerings: `Microsoft.Network/virtualNetworks/virtualNetworkPeerings`, one half at a time.

A network reaches another one when each has a half that names the other, so a pair is two desired objects.
Peerings are not transitive. A half has no tags: ours is recognised by its name. Any half to the remote
network meets the need, whatever its name: Azure refuses a second one.
Sources: Microsoft Learn, REST reference "Virtual Network Peerings" and "Virtual network peering" (states,
flags, 500 peerings); docs/azure/peering.md, PEER-01 to PEER-09.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId, digest
from shared.core.base.refusal import Refusal, network_not_found
from shared.core.base.rights import Right, to_write
from shared.core.kinds.kind import Managed, Wanted
from shared.core.kinds.peering_coverage import (
    COMPLETE,
    ONLY_IPV6,
    SIDES,
    covering,
    fixed_at_creation,
    uncovered,
)
from shared.core.readings.embedded import peerings_of
from shared.core.readings.networks import (
    ALLOW_ACCESS,
    address_space,
    has_gateway,
    known_space,
    overlap,
    peering_to,
    remote_of,
    state_of,
    sync_level,
)
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Read, Reading, Unread
from shared.core.rules.path_ends import client_subnets

TYPE = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
COLLECTION = "virtualNetworkPeerings"
PREFIX = "causeway-"
MAX_PEERINGS = 500  # of one network (Microsoft Learn: "Azure subscription and service limits")

# What Azure reports about a half. The address space is not sent back: a sync takes the current one.
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
FORWARDED, TRANSIT, REMOTE = "allowForwardedTraffic", "allowGatewayTransit", "useRemoteGateways"
_FLAGS = {ALLOW_ACCESS: True, FORWARDED: False, TRANSIT: False, REMOTE: False}
ASKED = {"forwarded_traffic": FORWARDED, "gateway_transit": TRANSIT, "remote_gateways": REMOTE}
# What Azure reports of a half for which nothing else was asked (docs/azure/peering.md, PEER-01).
_DEFAULTS = {"doNotVerifyRemoteGateways": False, COMPLETE: True, ONLY_IPV6: False}


@functools.lru_cache(maxsize=4096)
def peering_id(local: ResourceId, remote: ResourceId) -> ResourceId:
    """The id of our half: the remote's name and a hash, as names repeat over resource groups."""
    return local.child(COLLECTION, f"{PREFIX}{remote.name[:50]}-{digest(remote.key)}")


@dataclass(frozen=True, slots=True)
class Peering(Managed):
    """The half of `local` towards `remote`, at `id`: ours, or the one that someone else made.

    `write` is what the policy says: True for `ensure`, False for `require`, which only reports. `subnets`
    are those of the endpoints, in either network, and of clients where not the whole network is one. `asked`:
    the flags of a new half, in the policy's words (`ASKED`); an existing half keeps its own. `other`: the id
    of the other half, where that is not made under its usual name. `unique`: only Causeway gives such a name.
    """

    TYPE = TYPE
    REPAIR = "peering"

    id: ResourceId
    local: ResourceId
    remote: ResourceId
    write: bool = True
    subnets: tuple[ResourceId, ...] = ()
    asked: tuple[str, ...] = ()
    other: ResourceId | None = None
    unique: bool = True

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        """Azure refuses to use a gateway that the other half does not let others use yet."""
        return (self.counterpart,) if "remote_gateways" in self.asked else ()

    @property
    def rights(self) -> tuple[Right, ...]:
        return to_write(self.id, self.remote)

    @property
    def counterpart(self) -> ResourceId:
        """Azure refuses a new half beside a Disconnected one (`RemotePeeringIsDisconnected`)."""
        return self.other or peering_id(self.remote, self.local)

    @property
    def locks(self) -> tuple[str, ...]:
        """Both networks, as a write to one half changes the other; in id order, so that no two deadlock."""
        return tuple(sorted((self.local.key, self.remote.key)))

    @property
    def query(self) -> dict[str, str]:
        """For the PUT: take the remote network's address space as it is now."""
        return {"syncRemoteAddressSpace": "true"}

    @property
    def invalidates(self) -> tuple[ResourceId, ...]:
        return (self.id, self.remote)

    def moved(self, before: Seen | None) -> tuple[ResourceId, ...]:
        """Both networks: the state of each half depends on the other."""
        return (self.local, self.remote)

    def reads(self, observed: Observed) -> Iterable[Read]:
        """One network that cannot be read is no reason to leave the others without their path."""
        return tuple(Read(at, shared=True, tolerate="refusal") for at in (self.local, self.remote))

    def found(self, observed: Observed) -> Reading[Seen]:
        network = observed.reading(self.local)
        if not isinstance(network, Present):
            return network
        half = peering_to(network.value, self.remote) or peerings_of(network.value).member(self.id)
        if half:
            return Present(half, network.at)
        remote = observed.reading(self.remote)  # what it overlaps is not known before it was read
        return remote if isinstance(remote, Unread) else Absent(network.at)

    def is_managed(self, have: Seen) -> bool:
        """A half has neither tags nor a guid: a name that people give too says nothing."""
        ours = have.id == self.id and self.unique
        return ours or have.id == peering_id(self.local, self.remote)

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        """An Initiated half waits for the other one and needs nothing itself.

        `RemoteNotInSync` is repaired from the other side: after a change of one network, its own half reports
        it, the other reports `LocalNotInSync`, and syncing that one repairs both (Azure/azure-powershell,
        network scenario tests).
        """
        return (*have.parsed(_drift), *self.uncovered(have, observed))

    def uncovered(self, half: Seen, observed: Observed) -> tuple[str, ...]:
        """What of the two networks' subnets the half leaves out, one phrase each."""
        local, remote = (self._subnets(at, observed) for at in (self.local, self.remote))
        return uncovered(half, local, remote)

    def _subnets(self, network: ResourceId, observed: Observed) -> tuple[Seen, ...]:
        """The subnets of one network that the path uses: the endpoints', or all that can hold clients."""
        body = observed.present(network)
        if body is None:
            return ()
        used = [subnet for at in self.subnets if at.parent == network if (subnet := observed.present(at))]
        return tuple(used) or client_subnets(body)

    def beyond_repair(self, have: Seen) -> str | None:
        """A half whose other end was deleted can block the new other end (`RemotePeeringIsDisconnected`)."""
        if remote_of(have) != self.remote:
            return "it leads to another network"
        if state_of(have) == "Disconnected":
            return "it is Disconnected: the other half was deleted"
        return fixed_at_creation(have)

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        if have is not None:
            return None
        for network in (self.local, self.remote):
            if observed.absent(network):
                return network_not_found(network, stops_all=True)
        local, remote = observed.present(self.local), observed.present(self.remote)
        if local is None or remote is None:
            return None
        if shared := _overlap(local, remote) or _overlap_with_peers(local, remote):
            return self._overlapping(shared)
        full = next((network for network in (local, remote) if _is_full(network)), None)
        return _too_many(full) if full else self._no_gateway(remote)

    def _no_gateway(self, remote: Seen) -> Refusal | None:
        """Azure refuses to use a gateway that is not there, or that the other half does not let others use.

        `RemoteVnetHasNoGateways` (hashicorp/terraform#30569), and hashicorp/terraform-provider-azurerm#2872.
        """
        if "remote_gateways" not in self.asked:
            return None
        if not has_gateway(remote):
            reason = f"{remote.id.name} has no virtual network gateway that {self.local.name} could use"
            remedy = "create the gateway, or leave remote_gateways out of peering.spoke"
            return Refusal(self.remote, "NoRemoteGateway", reason, remedy)
        other = peering_to(remote, self.local)
        if other is None or other.properties.get(TRANSIT) is True:
            return None
        reason = (
            f"the peering {other.id.name} of {remote.id.name} does not let {self.local.name} use its gateway"
        )
        named = f"-g {remote.id.resource_group} --vnet-name {remote.id.name} -n {other.id.name}"
        remedy = (
            f"let it: az network vnet peering update {named} --set {TRANSIT}=true; then rerun the resource"
        )
        return Refusal(other.id, "GatewayTransitOff", reason, remedy)

    def conflict(self, beside: Iterable[Wanted], observed: Observed) -> Refusal | None:
        """A network cannot be peered with two networks that overlap each other."""
        remote = observed.present(self.remote)
        for other in beside:
            if isinstance(other, Peering) and other.local == self.local and remote:
                third = observed.present(other.remote)
                if third and (shared := _overlap(third, remote)):
                    return self._overlapping(shared)
        return None

    def in_the_way(self, have: Seen, problem: str) -> Refusal:
        """Someone else's half does not pass traffic as it is: what its owner can do to it as it is."""
        refusal = Managed.in_the_way(self, have, problem)
        cure = _cure(have)
        return replace(refusal, remedy=f"{cure}, then rerun the resource") if cure else refusal

    def remade(self, before: Seen, observed: Observed) -> dict[str, Any]:
        """With the flags that it had. Of IPv6 addresses alone it would not carry the path."""
        return self.body(before, observed)

    def custom(self, have: Seen, observed: Observed) -> dict[str, Any] | None:
        again = self.remade(have, observed)
        plain = {**_DEFAULTS, **self.body(None, observed)["properties"]}
        differs = any(plain.get(name) != value for name, value in again["properties"].items())
        return again if differs else None

    def resumes(self, observed: Observed) -> bool:
        """The other half says that there was one. Where both were deleted, a person began again."""
        return self._other(observed) is not None

    def _other(self, observed: Observed) -> Seen | None:
        remote = observed.present(self.remote)
        return peering_to(remote, self.local) if remote else None

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        """A new half lets the other one use this network's gateway, where that one says that it does."""
        existing = have.properties if have else {}
        kept = {name: value for name, value in existing.items() if name not in _REPORTED}
        ours = {ALLOW_ACCESS: True, "remoteVirtualNetwork": {"id": self.remote.text}}
        local, remote = (self._subnets(at, observed) for at in (self.local, self.remote))
        other = None if have else self._other(observed)
        transit = {TRANSIT: True} if other and other.properties.get(REMOTE) is True else {}
        asked = {ASKED[flag]: True for flag in self.asked}
        return {"properties": {**_FLAGS, **asked, **transit, **kept, **ours, **covering(kept, local, remote)}}

    def other_flags(self, have: Seen) -> tuple[str, ...]:
        """Flags that the policy asks for and that the half does not have."""
        return tuple(flag for flag in self.asked if have.properties.get(ASKED[flag]) is not True)

    def _overlapping(self, shared: str) -> Refusal:
        remedy = "change an address space, or take the network out of the profile's clients"
        return Refusal(self.remote, "AddressSpacesOverlap", shared, remedy, stops_all=True)


def _cure(half: Seen) -> str | None:
    """The command for what is wrong with a half that exists; None where none is known.

    Removing a half that is not in sync would cut what still works
    (hashicorp/terraform-provider-azurerm#18444).
    """
    network = half.id.parent
    if network is None:
        return None
    named = f"-g {network.resource_group} --vnet-name {network.name} -n {half.id.name}"
    peering = "az network vnet peering"
    if state_of(half) == "Disconnected":
        return f"delete it, as its other half is gone: {peering} delete {named}"
    if half.properties.get(ALLOW_ACCESS) is not True:
        return f"let traffic pass: {peering} update {named} --set {ALLOW_ACCESS}=true"
    if sync_level(half).startswith("Local"):
        return f"sync it: {peering} sync {named}"
    if fixed_at_creation(half):
        return (
            f"make both halves again without {ONLY_IPV6}, which cannot be changed: {peering} delete {named}"
        )
    if half.properties.get(COMPLETE) is False:
        sides = " and ".join(SIDES.values())
        return f"add the subnets that are named to {sides} of {half.id.text}, and of its other half"
    return None


def _drift(half: Seen) -> tuple[str, ...]:
    level = sync_level(half)
    found = (
        (half.state == "failed", "provisioning failed"),
        (half.properties.get(ALLOW_ACCESS) is not True, "network access is off"),
        (state_of(half) == "Connected" and level.startswith("Local"), f"its address space is {level}"),
    )
    return tuple(text for differs, text in found if differs)


def _is_full(network: Seen) -> bool:
    return len(peerings_of(network).items) >= MAX_PEERINGS


def _too_many(network: Seen) -> Refusal:
    reason = f"{network.id.name} has {MAX_PEERINGS} peerings already, the most that Azure allows"
    remedy = "delete a peering that is not needed"
    return Refusal(network.id, "TooManyPeerings", reason, remedy, stops_all=True)


def _overlap(one: Seen, other: Seen) -> str | None:
    """What two networks have in common, for which Azure refuses to peer them; None where nothing."""
    shared = overlap(address_space(one), address_space(other))
    return f"{shared[0]} of {one.id.name} and {shared[1]} of {other.id.name} overlap" if shared else None


def _overlap_with_peers(local: Seen, remote: Seen) -> str | None:
    """A third network, peered with one of the two, that overlaps the other: Azure refuses that as well."""
    for side, other in ((local, remote), (remote, local)):
        for half in peerings_of(side).items:
            third = remote_of(half)
            if third is None or third == other.id or state_of(half) == "Disconnected":
                continue
            if shared := overlap(address_space(other), known_space(half)):
                return (
                    f"{shared[0]} of {other.id.name} overlaps {shared[1]} of {third.text}, "
                    f"which is peered with {side.id.name}"
                )
    return None
