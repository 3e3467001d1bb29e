"""Network resources with parts in lists: load balancers, gateways, bastions. One row a type.

The parts of a list have ids of their own, share the etag of the whole and name other resources by their ids.
Source: docs/azure/services.md, SVC-10 and SVC-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import EtagStyle, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Handler, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
READ_ONLY = ("provisioningState", "resourceGuid")


def nothing_more(world: World, resource: Resource) -> Json:
    """No members."""
    return {}


@dataclass(frozen=True, slots=True)
class Listed:
    """How the parts of one list are shown.

    kind: in their ids and types, if it differs from the member's name. defaults: properties that a request
        may replace.
    settled: whether a part is Succeeded though the whole is still being written. private: whether a part
        shows the address that it has in its subnet.
    """

    kind: str = ""
    defaults: Json = field(default_factory=dict)
    settled: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True)
class Appliance:
    """How one type is written and shown.

    lists: members that are lists of parts. defaults: properties that a request may replace. computed: those
        that a GET adds. answered: those that only the answer to a write has. head: members beside properties.
    written: key of durations.py for a PUT; deleted: for a DELETE. wait: Retry-After of the accepting answer.
    tagged: provisioningState after a PATCH of tags. etag_header: whether a GET has the header.
    last: whether its addresses are the last of the subnet instead of the next. at_once: whether a write is
        done when it is answered. actions: POST actions. rank, tracked: as ResourceType says.
    style: how its operations report. etag: as ResourceType says.
    """

    type: str
    lists: Mapping[str, Listed] = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    computed: Callable[[World, Resource], Json] = nothing_more
    head: Callable[[World, Resource], Json] = nothing_more
    answered: Callable[[World, Resource], Json] = nothing_more
    written: str = "networkSecurityGroups/write"
    deleted: str = "networkSecurityGroups/delete"
    wait: float = 10.0
    guid: bool = True
    tagged: str = "Succeeded"
    etag_header: bool = True
    last: bool = False
    at_once: Callable[[Resource], bool] = lambda resource: False
    actions: Mapping[str, Handler] = field(default_factory=dict)
    rank: int = 40
    tracked: bool = True
    style: Style = Style.NETWORK
    etag: EtagStyle = "weak"

    def register(self, registry: Registry) -> None:
        """Add the type."""
        registry.add(
            ResourceType(
                self.type,
                put=self._put,
                patch=self._patch,
                delete=self._delete,
                get=None if self.etag_header and self.etag == "weak" else self._get,
                show=self._show,
                removed=release,
                tracked=self.tracked,
                actions=self.actions,
                etag=self.etag,
                group_delete_rank=self.rank,
            )
        )

    # Handlers

    def _put(self, call: Call) -> Response:
        """Create or replace: 201 or 200 with the state Updating, and an operation."""
        self._refuse_unready(call)
        resource = call.world.save(call.id, self._body(call))
        self._hold_addresses(call, resource)
        call.world.store.refer(resource.id, "public address", self._public(resource.properties))
        at_once = self.at_once(resource)
        resource.state = "Succeeded" if at_once else "Updating"
        operation = call.start_operation(
            OperationPlan(
                name=f"Put{self._kind}Operation",
                duration=0.0 if at_once else call.world.duration(self.written, call.id),
                first_wait=self.wait,
                style=self.style,
                locks=() if at_once else (call.id,),
            )
        )
        response = operation.answer(200 if call.existing else 201, self._answer(call, resource))
        response.retry_after = response.retry_after or None
        return response

    def _answer(self, call: Call, resource: Resource) -> Json:
        shown = call.world.show(resource)
        shown["properties"] |= self.answered(call.world, resource)
        return shown

    def _patch(self, call: Call) -> Response:
        """Change tags: 200. A gateway is Updating for some time after."""
        resource = call.stored
        if call.body.get("tags") is not None:
            resource.body["tags"] = deepcopy(call.body["tags"])
        call.world.touch(resource)
        if self.tagged != "Succeeded":
            resource.state = self.tagged
            seconds = call.world.duration(self.written, call.id)
            call.world.at(seconds, lambda: call.world.succeed(call.id))
        return Response(200, self._answer(call, resource))

    def _delete(self, call: Call) -> Response:
        operation = call.start_operation(
            OperationPlan(
                name=f"Delete{self._kind}Operation",
                change="delete",
                duration=call.world.duration(self.deleted, call.id),
                first_wait=self.wait,
                style=self.style,
                locks=(call.id,),
            )
        )
        return operation.answer(202)

    def _get(self, call: Call) -> Response:
        """Show it without an ETag header, or with one in quotes that the body does not have."""
        headers = {"ETag": f'"{call.stored.etag}"'} if self.etag_header else {}
        return Response(200, self._show(call.world, call.stored), headers)

    @property
    def _kind(self) -> str:
        kind = self.type.rsplit("/", 1)[1]
        return kind[:1].upper() + kind[1:].removesuffix("s")

    # Subnets

    def _refuse_unready(self, call: Call) -> None:
        """Raise 400 for a subnet that does not exist; one that is being written is 429 at times (VNET-11)."""
        for _, properties in self._parts(call.properties):
            wanted = (properties.get("subnet") or {}).get("id")
            if wanted is None:
                continue
            subnet = call.linked(JOIN, wanted)
            if subnet is None:
                raise call.refuse_reference(wanted)
            holder = call.world.running(subnet.id)
            if holder is not None and call.world.rng.choice(("retry", "pass")) == "retry":
                raise call.world.lock(subnet.id).not_provisioned(holder, call.id, 429)

    def _hold_addresses(self, call: Call, resource: Resource) -> None:
        """Let each part in a subnet hold an address there; a dynamic one keeps what it had."""
        before = resource.private.get("held", {})
        release(call.world, resource)
        held: dict[str, tuple[str, str]] = {}
        for name, properties in self._parts(resource.properties):
            subnet = call.world.find((properties.get("subnet") or {}).get("id"))
            if subnet is None:
                continue
            holder = f"{call.id.text}/{name}"
            fixed = properties.get("privateIPAllocationMethod") == "Static"
            known = before.get(holder)
            asked = properties.get("privateIPAddress") if fixed else known[1] if known else None
            address = asked or (_last(subnet) if self.last else None)
            held[holder] = (subnet.id.text, addresses.take(subnet, holder, address))
        resource.private["held"] = held

    def _public(self, properties: Json) -> list[str]:
        """Ids of the public addresses that it uses, its own and those of its parts."""
        named = [one.get("publicIPAddress") for _, one in self._parts(properties)]
        named += properties.get("publicIpAddresses") or []
        return [str(one["id"]) for one in named if one and one.get("id")]

    def _parts(self, properties: Json) -> Iterator[tuple[str, Json]]:
        """Every part of every list: the end of its id, and its properties."""
        for member, listed in self.lists.items():
            for one in properties.get(member) or []:
                yield f"{listed.kind or member}/{one.get('name')}", one.get("properties") or {}

    # Bodies

    def _body(self, call: Call) -> Json:
        world, known = call.world, call.existing
        given = {name: deepcopy(one) for name, one in call.properties.items() if name not in READ_ONLY}
        guid = known.properties.get("resourceGuid") if known else None
        own: Json = {"resourceGuid": guid or world.new_guid()} if self.guid else {}
        kept = ("location", "tags", "sku", "zones", "identity", "extendedLocation", "kind")
        body = {name: deepcopy(call.body[name]) for name in kept if call.body.get(name) is not None}
        properties = {name: referred(one) for name, one in given.items() if one is not None}
        return body | {"properties": own | deepcopy(self.defaults) | properties}

    def _show(self, world: World, resource: Resource) -> Json:
        shown = resource.shown()
        inner = shown.setdefault("properties", {})
        for member, listed in self.lists.items():
            if member in inner:
                inner[member] = [self._part(resource, member, listed, one) for one in inner[member]]
        shown["properties"] = inner | self.computed(world, resource)
        return shown | self.head(world, resource)

    def _part(self, resource: Resource, member: str, listed: Listed, one: Json) -> Json:
        kind = listed.kind or member
        given = {name: each for name, each in (one.get("properties") or {}).items() if name not in READ_ONLY}
        state = "Succeeded" if listed.settled else resource.state
        own: Json = {"provisioningState": state}
        held = resource.private.get("held", {}).get(f"{resource.id.text}/{kind}/{one.get('name')}")
        if listed.private and held is not None:
            own |= {"privateIPAddress": held[1], "privateIPAddressVersion": "IPv4"}
        return {
            "name": one.get("name"),
            "id": f"{resource.id.text}/{kind}/{one.get('name')}",
            "etag": resource.etag,
            "type": f"{self.type}/{kind}",
            "properties": own | deepcopy(listed.defaults) | given,
        } | ({"zones": one["zones"]} if one.get("zones") else {})


def release(world: World, resource: Resource) -> None:
    """Free the addresses that its parts hold."""
    for subnet, address in resource.private.get("held", {}).values():
        addresses.release(world.find(subnet), address)


def referred(value: Any) -> Any:
    """A value with every other resource in it named by its id alone; parts of the own body keep theirs."""
    if isinstance(value, list):
        return [referred(one) for one in value]
    if not isinstance(value, dict):
        return value
    if str(value.get("id", "")).startswith("/") and "name" not in value:
        return {"id": value["id"]}
    return {name: referred(one) for name, one in value.items() if one is not None}


def _last(subnet: Resource) -> str | None:
    """The last free address of the subnet."""
    return next(reversed(list(addresses.usable(subnet))), None)
