"""Load balancers, and the parts of them that have paths of their own.

Source: docs/azure/services.md, SVC-10 and SVC-11.
"""

from __future__ import annotations

from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.model import Json, Resource, Response
from sandbox.azure.kernel.operations import Operation, OperationPlan
from sandbox.azure.kernel.provider import Call, Registry, ResourceType
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network.appliances import Appliance, Listed, referred

DYNAMIC: Json = {"privateIPAllocationMethod": "Dynamic"}
RULES = ("loadBalancingRules", "inboundNatRules", "outboundRules")
# Member of a rule that names a part, and the list that the part is in.
NAMED = {
    "frontendIPConfiguration": "frontendIPConfigurations",
    "frontendIPConfigurations": "frontendIPConfigurations",
    "backendAddressPool": "backendAddressPools",
    "probe": "probes",
}


def register(registry: Registry) -> None:
    """Add load balancers, their pools and their rules for single machines."""
    BALANCER.register(registry)
    for kind in ("backendAddressPools", "inboundNatRules"):
        name = f"{BALANCER.type}/{kind}"
        registry.add(ResourceType(name, put=put_part, get=get_part, delete=delete_part, list=list_parts))


def _balancer_head(world: World, balancer: Resource) -> Json:
    return {"sku": {"name": "Basic", "tier": "Regional"} | (balancer.body.get("sku") or {})}


def _balancer(world: World, balancer: Resource) -> Json:
    """Each part with the rules that name it, and each pool with its interfaces."""
    shown = BALANCER.lists
    inner = {
        member: [BALANCER._part(balancer, member, listed, one) for one in balancer.properties.get(member, [])]
        for member, listed in shown.items()
    }
    for kind in RULES:
        for rule in inner[kind]:
            _note(inner, kind, rule)
    for pool in inner["backendAddressPools"]:
        _fill_pool(world, balancer, pool)
    if _is_basic(balancer):
        inner = {name: one for name, one in inner.items() if name != "outboundRules"}
    return inner


def _is_basic(balancer: Resource) -> bool:
    """The tier without outbound rules, whose writes are done at once (SVC-11)."""
    return (balancer.body.get("sku") or {}).get("name", "Basic") == "Basic"


def _note(inner: dict[str, list[Json]], kind: str, rule: Json) -> None:
    """Write the rule's id into the parts that it names."""
    for member, where in NAMED.items():
        named = rule["properties"].get(member)
        for one in named if isinstance(named, list) else [named] if named else []:
            for part in inner[where]:
                if part["id"].lower() == str(one.get("id")).lower():
                    part["properties"].setdefault(kind, []).append({"id": rule["id"]})


def _fill_pool(world: World, balancer: Resource, pool: Json) -> None:
    """The configurations of interfaces that joined the pool; addresses only above the Basic tier."""
    joined = []
    for nic in world.store.of_type("Microsoft.Network/networkInterfaces", balancer.id.group_id):
        for config in nic.private.get("configs", []):
            pools = config.get("joined", {}).get("loadBalancerBackendAddressPools") or []
            if any(str(one.get("id")).lower() == pool["id"].lower() for one in pools):
                joined.append({"id": f"{nic.id.text}/ipConfigurations/{config['name']}"})
    if joined:
        pool["properties"]["backendIPConfigurations"] = joined
    if not _is_basic(balancer):
        pool["properties"].setdefault("loadBalancerBackendAddresses", [])


# Parts of a load balancer that have paths of their own


def get_part(call: Call) -> Response:
    """A pool or rule, as its balancer shows it."""
    return Response(200, _part_of(call))


def list_parts(call: Call) -> Response:
    """All pools, or rules, of a balancer."""
    kind = call.type.name.rsplit("/", 1)[1]
    return Response(200, {"value": call.world.show(call.stored)["properties"].get(kind, [])})


def put_part(call: Call) -> Response:
    """Add or change one in its balancer: 201 or 200."""
    balancer, kind = call.parent, call.type.name.rsplit("/", 1)[1]
    others = [one for one in balancer.properties.get(kind, []) if one.get("name") != call.id.name]
    known = len(others) < len(balancer.properties.get(kind, []))
    made: Json = {"name": call.id.name, "properties": referred(call.properties)}
    balancer.properties[kind] = [*others, made]
    call.world.save(call.id, {"properties": {}})
    return _rewritten(call, balancer).answer(200 if known else 201, _part_of(call))


def delete_part(call: Call) -> Response:
    """Remove one that was added by its own path: 202."""
    balancer, kind = call.parent, call.type.name.rsplit("/", 1)[1]

    def complete() -> None:
        kept = [one for one in balancer.properties.get(kind, []) if one.get("name") != call.id.name]
        balancer.properties[kind] = kept
        call.world.touch(balancer)
        call.world.remove(call.id)

    plan = OperationPlan(
        "DeleteLoadBalancerPartOperation",
        call.world.duration("networkSecurityGroups/delete", call.id),
        change="delete",
        complete=complete,
        region=balancer.location,
    )
    return call.start_operation(plan).answer(202)


def _rewritten(call: Call, balancer: Resource) -> Operation:
    balancer.state = "Succeeded" if _is_basic(balancer) else "Updating"
    call.world.touch(balancer)
    plan = OperationPlan(
        "PutLoadBalancerOperation",
        0.0 if _is_basic(balancer) else call.world.duration("networkSecurityGroups/write", balancer.id),
        complete=lambda: call.world.succeed(balancer.id),
        region=balancer.location,
    )
    return call.start_operation(plan)


def _part_of(call: Call) -> Json:
    """Raises the 404 of a missing child."""
    kind = call.type.name.rsplit("/", 1)[1]
    for one in call.world.show(call.parent)["properties"].get(kind, []):
        if str(one["name"]).lower() == call.id.name.lower():
            found: Json = one
            return found
    raise refusals.no_child(call.id)


FLOW: Json = {"enableFloatingIP": False, "idleTimeoutInMinutes": 4, "enableTcpReset": False}
BALANCER = Appliance(
    "Microsoft.Network/loadBalancers",
    lists={
        "frontendIPConfigurations": Listed(defaults=DYNAMIC, private=True),
        "backendAddressPools": Listed(),
        "loadBalancingRules": Listed(defaults=FLOW | {"loadDistribution": "Default"}),
        "probes": Listed(defaults={"intervalInSeconds": 15, "numberOfProbes": 2, "probeThreshold": 1}),
        "inboundNatRules": Listed(defaults=FLOW),
        "outboundRules": Listed(defaults={"idleTimeoutInMinutes": 4, "enableTcpReset": False}),
        "inboundNatPools": Listed(defaults=FLOW),
    },
    computed=_balancer,
    at_once=_is_basic,
    head=_balancer_head,
    wait=0.0,
)
