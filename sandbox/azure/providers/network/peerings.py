"""Peerings: two halves, each a child of its own network, whose states depend on each other.

What takes part of each network: peered_spaces.py. Sources: docs/azure/peering.md, PEER-01 to PEER-17;
docs/azure/errors-and-locks.md, ERR-06 and ERR-13.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network.members import delete_network_member, finish_member
from sandbox.azure.providers.network.network_rules import overlap
from sandbox.azure.providers.network.peered_spaces import (
    Scope,
    overlapping,
    refuse_invalid,
    refuse_other_type,
)

TYPE = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
KIND = "virtualNetworkPeerings"
FLAGS = {
    "allowVirtualNetworkAccess": True,
    "allowForwardedTraffic": False,
    "allowGatewayTransit": False,
    "useRemoteGateways": False,
    "doNotVerifyRemoteGateways": False,
}


def register(registry: Registry) -> None:
    """Add peerings."""
    registry.add(ResourceType(TYPE, put=put, delete=delete, show=show, removed=removed))


def put(call: Call) -> Response:
    """Create or update one half.

    The first half is Initiated; the second is Connected in its own 201 and sets the first to Connected too
    (source: docs/azure/peering.md, PEER-02 and PEER-03). A half copies the remote address space at creation,
    and later only with `?syncRemoteAddressSpace=true`.
    """
    local, remote = call.parent, _remote(call)
    scope = Scope.of(call.properties)
    refuse_other_type(call.existing, scope)
    refuse_invalid(call.world, call.id, scope, local, remote)
    _check(call, local, remote, scope)
    call.world.lock(local.id).refuse()
    _refuse_busy(call, remote)
    synchronise = call.request.query.get("syncremoteaddressspace", "").lower() == "true"
    changed = call.existing is None or Scope.of(call.existing.properties) != scope
    peering = _store(call, local, remote, scope, synchronise=synchronise or changed)
    operation = call.start_operation(
        OperationPlan(
            name="PutVirtualNetworkPeeringOperation",
            duration=call.world.duration("virtualNetworkPeerings/write", peering.id),
            locks=(local.id,),
            complete=lambda: finish_member(call.world, peering.id),
        )
    )
    return operation.answer(200 if call.existing else 201, call.world.show(peering))


def delete(call: Call) -> Response:
    """Delete one half; the other becomes Disconnected (source: docs/azure/peering.md, PEER-06)."""
    return delete_network_member(call, "DeleteVirtualNetworkPeeringOperation")


def show(world: World, peering: Resource) -> Json:
    """The half with the remote network's present address space, and whether both are in sync (source:
    docs/azure/peering.md, PEER-04 and PEER-05)."""
    body = peering.shown()
    properties = body["properties"]
    scope = Scope.of(peering.properties)
    local, remote = world.find(peering.id.parent), world.find(remote_of(peering))
    if local is not None and not scope.complete:
        properties["localVirtualNetworkAddressSpace"] = {"addressPrefixes": scope.of_local(world, local)}
    if remote is not None:
        properties["remoteVirtualNetworkAddressSpace"] = {"addressPrefixes": scope.of_remote(world, remote)}
        if remote.properties.get("encryption"):
            properties["remoteVirtualNetworkEncryption"] = dict(remote.properties["encryption"])
    properties["peeringSyncLevel"] = _sync_level(world, peering, remote)
    properties["routeServiceVips"] = {}
    return body


def removed(world: World, peering: Resource) -> None:
    """Set the other half to Disconnected, after this half's own delete or its network's."""
    other = other_half(world, peering)
    if other is not None:
        other.properties["peeringState"] = "Disconnected"
        world.touch(other)


def remote_of(peering: Resource) -> str:
    """Id of the remote network."""
    return str(peering.properties["remoteVirtualNetwork"]["id"])


def other_half(world: World, peering: Resource) -> Resource | None:
    """The remote network's peering back to this one's network, of any name."""
    remote = world.find(remote_of(peering))
    return _between(world, remote.id, str(peering.id.parent)) if remote is not None else None


def _between(world: World, network: ArmId, remote: str) -> Resource | None:
    for one in world.store.children(network, KIND):
        if remote_of(one).lower() == remote.lower():
            return one
    return None


def _remote(call: Call) -> Resource:
    reference = (call.properties.get("remoteVirtualNetwork") or {}).get("id")
    if not reference:
        raise ArmError(
            400, "InvalidRequestFormat", f"Peering {call.id.text} has no remoteVirtualNetwork.", details=[]
        )
    remote = call.linked("Microsoft.Network/virtualNetworks/peer/action", reference)
    if remote is None or not remote.id.is_type("Microsoft.Network/virtualNetworks"):
        raise call.refuse_reference(reference)
    return remote


def _check(call: Call, local: Resource, remote: Resource, scope: Scope) -> None:
    """Refuse a pair of networks that cannot be peered (source: docs/azure/peering.md, PEER-07 to PEER-09, and
    PEER-16 for subnets).
    """
    world, intro = call.world, f"Cannot create or update peering {call.id.text}."
    there = _between(world, local.id, remote.id.text)
    if there is not None and there.id != call.id:
        raise _refusal(
            "AnotherPeeringAlreadyReferencesRemoteVnet",
            f"{intro} Virtual network {local.id.text} already has peering {there.id.text} referencing remote "
            f"virtual network {remote.id.text}.",
        )
    pair = f"Virtual networks {local.id.text} and {remote.id.text} cannot be peered because"
    shared = overlapping(scope, world, local, remote)
    if shared:
        prefixes = ", ".join(shared)
        raise _refusal(
            "VnetAddressSpacesOverlap",
            f"{intro} {pair} their address spaces overlap. Overlapping address prefixes: {prefixes}. For "
            "more information please refer to https://aka.ms/VnetPeeringInfo",
        )
    _check_third(
        world, intro, pair, (local, scope.of_local(world, local)), (remote, scope.of_remote(world, remote))
    )
    back = _between(world, remote.id, local.id.text)
    if call.existing is None and back is not None and back.properties["peeringState"] == "Disconnected":
        raise _refusal(
            "RemotePeeringIsDisconnected",
            f"Cannot create or update peering {call.id.text} because remote peering {back.id.text} "
            f"referencing parent virtual network {local.id.text} is in Disconnected state. Update or "
            "re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when "
            "remote vnet or remote peering is deleted and re-created.",
        )


def _check_third(
    world: World, intro: str, pair: str, local: tuple[Resource, list[str]], remote: tuple[Resource, list[str]]
) -> None:
    """Refuse when a network that one side is peered with overlaps the other side."""
    for side, other, order in ((local, remote, ("first", "second")), (remote, local, ("second", "first"))):
        for peering in world.store.children(other[0].id, KIND):
            third = world.find(remote_of(peering))
            if third is None or third.id == side[0].id:
                continue
            taken = Scope.of(peering.properties).of_remote(world, third)
            shared = overlap(side[1], taken)
            if shared:
                raise _refusal(
                    "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
                    f"{intro} {pair} address space of the {order[0]} virtual network overlaps with address "
                    f"space of virtual network {third.id.text} already peered with the {order[1]} virtual "
                    f"network. Overlapping address prefixes: {shared[0][0]}. For more information please "
                    "refer to https://aka.ms/VnetPeeringInfo",
                )


def _refuse_busy(call: Call, remote: Resource) -> None:
    """Refuse while the remote network is being written: 400 ReferencedResourceNotProvisioned, mostly (source:
    docs/azure/errors-and-locks.md, ERR-06).
    """
    lock = call.world.lock(remote.id)
    if lock.holder is not None and call.world.rng.random() < 2 / 3:
        raise lock.not_provisioned(lock.holder, call.id)


def _store(call: Call, local: Resource, remote: Resource, scope: Scope, *, synchronise: bool) -> Resource:
    world = call.world
    back = _between(world, remote.id, local.id.text)
    old = call.existing.properties if call.existing else {}
    prefixes = scope.of_remote(world, remote) if synchronise else old["remoteAddressSpace"]["addressPrefixes"]
    pair = "|".join(sorted((local.id.key, remote.id.key)))
    alive = back is not None and back.properties["peeringState"] != "Disconnected"
    properties: Json = {
        "provisioningState": "Updating",
        "resourceGuid": str(uuid5(NAMESPACE_URL, pair)),
        "peeringState": "Connected" if alive else "Initiated",
        "remoteVirtualNetwork": {"id": remote.id.text},
        "remoteAddressSpace": {"addressPrefixes": prefixes},
    }
    properties |= {name: call.properties.get(name, default) for name, default in FLAGS.items()} | scope.shown
    if not scope.complete:
        own = scope.of_local(world, local) if synchronise else old["localAddressSpace"]["addressPrefixes"]
        properties["localAddressSpace"] = {"addressPrefixes": own}
    peering = world.save(call.id, {"properties": properties})
    if back is not None and alive:
        back.properties["peeringState"] = "Connected"
        world.touch(back)
    return peering


def _sync_level(world: World, peering: Resource, remote: Resource | None) -> str:
    """FullyInSync when each half has the other network's present address space.

    RemoteNotInSync: the remote half lacks the local one's, or does not exist (an Initiated half)
    (source: docs/azure/peering.md, PEER-02 and PEER-05).
    """
    local, other = world.find(peering.id.parent), other_half(world, peering)
    knows, known = _knows(world, peering, remote), other is not None and _knows(world, other, local)
    match knows, known:
        case True, True:
            return "FullyInSync"
        case True, False:
            return "RemoteNotInSync"
        case False, True:
            return "LocalNotInSync"
        case _:
            return "LocalAndRemoteNotInSync"


def _knows(world: World, half: Resource, remote: Resource | None) -> bool:
    """Whether a half has the present prefixes of the other side."""
    taken = half.properties["remoteAddressSpace"]["addressPrefixes"]
    return remote is not None and sorted(Scope.of(half.properties).of_remote(world, remote)) == sorted(taken)


def _refusal(code: str, message: str) -> ArmError:
    return ArmError(400, code, message, details=[])
