"""Effective routes and security rules of a network interface, as people read them to find what stops traffic.

Sources: docs/azure/routes.md, RT-15; docs/azure/network-security.md, NSG-20.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from copy import deepcopy

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import security_groups, security_rules
from sandbox.azure.providers.network.peered_spaces import space
from sandbox.azure.providers.network.peerings import KIND, remote_of
from sandbox.azure.providers.private_link import endpoint_view

WITHOUT_OTHERS = ("0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


def route_table(call: Call) -> Response:
    """`POST {interface}/effectiveRouteTable`: 202, then the routes."""
    return _answer(call, "GetEffectiveRouteTableOperation", lambda subnet: _routes(call.world, subnet))


def security_rules_of(call: Call) -> Response:
    """`POST {interface}/effectiveNetworkSecurityGroups`: 202, then the groups with all their rules."""
    return _answer(call, "GetEffectiveNsgOperation", lambda subnet: _groups(call.world, call.stored, subnet))


def _answer(call: Call, name: str, made: Callable[[Resource], list[Json]]) -> Response:
    configs = call.stored.private.get("configs") or [{}]
    subnet = call.world.find(configs[0].get("subnet"))
    if call.stored.private.get("endpoint") or subnet is None:
        raise ArmError(
            400,
            "NicMustBeAttachedToRunningVmForGetEffectiveRouteTable",
            f"Network interface {call.id.text} must be attached to a running VM.",
            details=[],
        )
    value = {"value": made(subnet)}
    operation = call.start_operation(
        OperationPlan(
            name=name,
            change="action",
            style=Style.NETWORK,
            duration=call.world.duration("securityRules/write", call.id),
            action=call.action,
            result=lambda: value,
        )
    )
    response = operation.answer(202)
    response.headers |= operation.headers(deleting=True)
    return response


def _routes(world: World, subnet: Resource) -> list[Json]:
    network = world.find(subnet.id.parent)
    if network is None:
        return []
    own = _user_routes(world, subnet)
    taken = {one["addressPrefix"][0] for one in own}
    system = [_system(one, "VnetLocal") for one in space(network)]
    reachable = [network]
    for half in world.store.children(network.id, KIND):
        remote = world.find(remote_of(half))
        if half.properties["peeringState"] == "Connected" and remote is not None:
            reachable.append(remote)
            prefixes = half.properties["remoteAddressSpace"]["addressPrefixes"]
            kind = "VNetPeering" if remote.location == network.location else "VNetGlobalPeering"
            system += [_system(one, kind) for one in prefixes]
    system += [_system(f"{one}/32", "InterfaceEndpoint") for one in _endpoints(world, reachable)]
    system += [_system(one, "Internet" if one == WITHOUT_OTHERS[0] else "None") for one in WITHOUT_OTHERS]
    for route in system:
        route["state"] = "Invalid" if route["addressPrefix"][0] in taken else "Active"
    return system + own


def _system(prefix: str, hop: str) -> Json:
    return {
        "source": "Default",
        "state": "Active",
        "addressPrefix": [prefix],
        "nextHopType": hop,
        "nextHopIpAddress": [],
    }


def _user_routes(world: World, subnet: Resource) -> list[Json]:
    table = world.find((subnet.properties.get("routeTable") or {}).get("id"))
    return [
        {
            "name": one.name,
            "source": "User",
            "state": "Active",
            "addressPrefix": [one.properties["addressPrefix"]],
            "nextHopType": one.properties["nextHopType"],
            "nextHopIpAddress": [
                address for address in [one.properties.get("nextHopIpAddress")] if address is not None
            ],
        }
        for one in (world.store.children(table.id, "routes") if table is not None else [])
    ]


def _endpoints(world: World, networks: list[Resource]) -> list[str]:
    """The addresses of the private endpoints in these networks."""
    found = [
        one["address"]
        for network in networks
        for subnet in world.store.children(network.id, "subnets")
        for id in subnet.private.get("endpoints", {})
        if (endpoint := world.find(id)) is not None
        for one in endpoint_view.members(endpoint)
    ]
    return sorted(found, key=ipaddress.ip_address)


def _groups(world: World, interface: Resource, subnet: Resource) -> list[Json]:
    found = []
    for owner, association in ((subnet, "subnet"), (interface, "networkInterface")):
        group = world.find((owner.properties.get("networkSecurityGroup") or {}).get("id"))
        if group is not None:
            found.append(
                {
                    "networkSecurityGroup": {"id": group.id.text},
                    "association": {association: {"id": owner.id.text}},
                    "effectiveSecurityRules": _rules(world, group),
                }
            )
    return found


def _rules(world: World, group: Resource) -> list[Json]:
    own = world.store.children(group.id, security_groups.RULES)
    stored = [(f"securityRules/{one.name}", one.properties) for one in own]
    default = [(f"defaultSecurityRules/{name}", body) for name, body in security_rules.DEFAULTS.items()]
    return [{"name": name} | _effective(body) for name, body in (*stored, *default)]


def _effective(rule: Json) -> Json:
    """The members of a rule as effective rules write them: ports as ranges, `All` for every protocol."""
    hidden = ("provisioningState", "description")
    body = {name: deepcopy(value) for name, value in rule.items() if name not in hidden}
    body["protocol"] = "All" if body["protocol"] == "*" else body["protocol"]
    for side in ("sourcePortRange", "destinationPortRange"):
        if side in body:
            body[side] = _range(body[side])
        body[f"{side}s"] = [_range(one) for one in body[f"{side}s"] or [body.get(side, "*")]]
    return body


def _range(ports: str) -> str:
    if ports == "*":
        return "0-65535"
    return ports if "-" in ports else f"{ports}-{ports}"
