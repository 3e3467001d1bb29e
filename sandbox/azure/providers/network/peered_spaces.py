"""Which prefixes of a network take part in a peering: all, those of named subnets, or IPv6 only.

Source: docs/azure/peering.md, PEER-15 to PEER-17.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses
from sandbox.azure.providers.network.network_rules import overlap

MOST_SUBNETS = 200  # of both sides together (source: PEER-15)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a half peers. complete: both networks as a whole. local, remote: names of subnets; none is all."""

    complete: bool
    local: tuple[str, ...]
    remote: tuple[str, ...]
    only_ipv6: bool

    @classmethod
    def of(cls, properties: Json) -> Scope:
        """Read it from a body, or from a stored half."""
        return cls(
            properties.get("peerCompleteVnets") is not False,
            tuple(map(str, properties.get("localSubnetNames") or ())),
            tuple(map(str, properties.get("remoteSubnetNames") or ())),
            bool(properties.get("enableOnlyIPv6Peering")),
        )

    @property
    def shown(self) -> Json:
        """The members that say so in a body."""
        if self.complete:
            return {"peerCompleteVnets": True}
        names = {"localSubnetNames": list(self.local), "remoteSubnetNames": list(self.remote)}
        return {"peerCompleteVnets": False, "enableOnlyIPv6Peering": self.only_ipv6} | {
            name: value for name, value in names.items() if value
        }

    def of_local(self, world: World, network: Resource) -> list[str]:
        """The prefixes of the half's own network that take part."""
        return self._of(world, network, self.local)

    def of_remote(self, world: World, network: Resource) -> list[str]:
        """The prefixes of the remote network that take part."""
        return self._of(world, network, self.remote)

    def _of(self, world: World, network: Resource, names: tuple[str, ...]) -> list[str]:
        if self.complete:
            return space(network)
        found = space(network)
        if names:
            subnets = [world.find(network.id.child("subnets", one)) for one in names]
            found = [prefix for one in subnets if one is not None for prefix in addresses.prefixes(one)]
        return [one for one in found if ":" in one] if self.only_ipv6 else found


def space(network: Resource) -> list[str]:
    """The address prefixes of a network."""
    return list((network.properties.get("addressSpace") or {}).get("addressPrefixes") or [])


def overlapping(scope: Scope, world: World, local: Resource, remote: Resource) -> list[str]:
    """The prefixes that forbid a peering; empty if it can be.

    Of networks: both prefixes of each pair. Of subnets: those inside the other network's address space.
    """
    if scope.complete:
        return [one for pair in overlap(space(local), space(remote)) for one in pair]
    ours = overlap(scope.of_local(world, local), space(remote))
    theirs = overlap(scope.of_remote(world, remote), space(local))
    return list(dict.fromkeys(one for one, _ in (*ours, *theirs)))


def refuse_invalid(world: World, half: ArmId, scope: Scope, local: Resource, remote: Resource) -> None:
    """Raise 400 for a subnet that is missing, and for too many; the codes are assumed (PEER-15)."""
    if scope.complete:
        return
    for network, names in ((local, scope.local), (remote, scope.remote)):
        for name in names:
            if world.find(network.id.child("subnets", name)) is None:
                raise ArmError(
                    400,
                    "InvalidResourceReference",
                    f"Resource {network.id.text}/subnets/{name} referenced by resource {half.text} was "
                    "not found. Please make sure that the referenced resource exists, and that both "
                    "resources are in the same region.",
                    details=[],
                )
    if len(scope.local) + len(scope.remote) > MOST_SUBNETS:
        text = f"Peering {half.text} has more than {MOST_SUBNETS} subnets."
        raise ArmError(400, "SubnetPeeringLimitExceeded", text, details=[])


def refuse_other_type(half: Resource | None, scope: Scope) -> None:
    """Raise 400 for a change from a peering of networks to one of subnets or back; the code is assumed
    (PEER-15)."""
    if half is not None and Scope.of(half.properties).complete != scope.complete:
        raise ArmError(
            400,
            "PeeringTypeCannotBeChanged",
            f"peerCompleteVnets of peering {half.id.text} cannot be changed. Delete the peering and create "
            "it again.",
            details=[],
        )
