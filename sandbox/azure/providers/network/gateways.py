"""Gateways, bastions, NAT gateways, prefixes and load balancers: rows for appliances.py.

Source: docs/azure/services.md, SVC-10 to SVC-12.
"""

from __future__ import annotations

import ipaddress

from sandbox.azure.kernel.model import Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Registry
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import addresses
from sandbox.azure.providers.network.appliances import Appliance, Listed

NETWORK = "Microsoft.Network"
DYNAMIC: Json = {"privateIPAllocationMethod": "Dynamic"}
ASN = 65515


def register(registry: Registry) -> None:
    """Add the types."""
    for one in APPLIANCES:
        one.register(registry)


def _regional(world: World, resource: Resource) -> Json:
    """A SKU with its tier."""
    return {"sku": {"name": "Standard", "tier": "Regional"} | (resource.body.get("sku") or {})}


def _balancer_head(world: World, balancer: Resource) -> Json:
    return {"sku": {"name": "Basic", "tier": "Regional"} | (balancer.body.get("sku") or {})}


# Bastions


def _bastion(world: World, bastion: Resource) -> Json:
    """The host name, from the end of its creation on, and the public address by which it is found."""
    configs = bastion.properties.get("ipConfigurations") or []
    public = [(one.get("properties") or {}).get("publicIPAddress") or {} for one in configs]
    found: Json = {"publicUri": public[0].get("id")} if public and public[0].get("id") else {}
    if bastion.state == "Succeeded":
        guid = bastion.private.setdefault("guid", world.new_guid())
        found["dnsName"] = f"bst-{guid}.bastion.azure.com"
    return found


def _bastion_head(world: World, bastion: Resource) -> Json:
    return {"sku": bastion.body.get("sku") or {"name": "Basic"}}


# Virtual network gateways


def _gateway(world: World, gateway: Resource) -> Json:
    """The SKU with its capacity, and the settings of BGP, which are complete at the end."""
    sku = dict(gateway.properties.get("sku") or {"name": "Basic", "tier": "Basic"})
    sku.setdefault("capacity", 2)
    done = gateway.private.get("done") or gateway.state == "Succeeded"
    gateway.private["done"] = done
    return {"sku": sku, "bgpSettings": _bgp(world, gateway, done=done)}


def _clients(world: World, gateway: Resource) -> Json:
    """What clients may use, if none is configured: only the answer to a write shows it."""
    if gateway.properties.get("gatewayType") == "ExpressRoute":
        return {}
    sku = (gateway.properties.get("sku") or {}).get("name", "Basic")
    asked = gateway.properties.get("vpnClientConfiguration") or {}
    return {"vpnClientConfiguration": _no_clients(sku) | asked}


def _no_clients(sku: str) -> Json:
    return {
        "vpnClientProtocols": ["SSTP"] if sku == "Basic" else ["OpenVPN", "IkeV2"],
        "vpnAuthenticationTypes": [],
        "vpnClientRootCertificates": [],
        "vpnClientRevokedCertificates": [],
        "vngClientConnectionConfigurations": [],
        "radiusServers": [],
        "vpnClientIpsecPolicies": [],
    }


def _bgp(world: World, gateway: Resource, *, done: bool) -> Json:
    """The peer's address is the last of the gateway's subnet, unless a request set it."""
    asked = gateway.properties.get("bgpSettings") or {}
    peer = asked.get("bgpPeeringAddress") or (_last_address(world, gateway) if done else None)
    peerings = []
    for one in gateway.properties.get("ipConfigurations") or []:
        peering: Json = {
            "ipconfigurationId": f"{gateway.id.text}/ipConfigurations/{one.get('name')}",
            "defaultBgpIpAddresses": [peer] if peer and done else [],
            "customBgpIpAddresses": [],
        }
        if done:
            peering["tunnelIpAddresses"] = [_public(world, one)]
        peerings.append(peering)
    found: Json = {"asn": asked.get("asn") or (ASN if done else 0), "peerWeight": asked.get("peerWeight", 0)}
    return found | ({"bgpPeeringAddress": peer} if peer else {}) | {"bgpPeeringAddresses": peerings}


def _last_address(world: World, gateway: Resource) -> str | None:
    for one in gateway.properties.get("ipConfigurations") or []:
        subnet = world.find(((one.get("properties") or {}).get("subnet") or {}).get("id"))
        if subnet is not None:
            return str(ipaddress.ip_network(addresses.prefixes(subnet)[0])[-2])
    return None


def _public(world: World, config: Json) -> str:
    public = world.find(((config.get("properties") or {}).get("publicIPAddress") or {}).get("id"))
    return str(public.properties.get("ipAddress", "")) if public is not None else ""


def reset(call: Call) -> Response:
    """Restart the gateway: 202 with both URLs."""
    plan = OperationPlan(
        "ResetVirtualNetworkGatewayOperation",
        call.world.duration("virtualNetworkGateways/delete", call.id),
        change="action",
        result=dict,
    )
    operation = call.start_operation(plan)
    response = operation.answer(202)
    response.headers |= operation.headers(deleting=True)
    return response


# Load balancers

RULES = ("loadBalancingRules", "inboundNatRules", "outboundRules")
# Member of a rule that names a part, and the list that the part is in.
NAMED = {
    "frontendIPConfiguration": "frontendIPConfigurations",
    "frontendIPConfigurations": "frontendIPConfigurations",
    "backendAddressPool": "backendAddressPools",
    "probe": "probes",
}


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


FLOW: Json = {"enableFloatingIP": False, "idleTimeoutInMinutes": 4, "enableTcpReset": False}
BALANCER = Appliance(
    f"{NETWORK}/loadBalancers",
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

APPLIANCES = (
    BALANCER,
    Appliance(
        f"{NETWORK}/bastionHosts",
        lists={
            "ipConfigurations": Listed("bastionHostIpConfigurations", defaults=DYNAMIC, settled=True),
        },
        defaults={"scaleUnits": 2},
        computed=_bastion,
        head=_bastion_head,
        guid=False,
        written="bastionHosts/write",
        deleted="bastionHosts/write",
        rank=20,
    ),
    Appliance(
        f"{NETWORK}/virtualNetworkGateways",
        lists={
            "ipConfigurations": Listed(defaults=DYNAMIC),
            "natRules": Listed(defaults={"type": "Static", "mode": "EgressSnat"}),
            "virtualNetworkGatewayPolicyGroups": Listed(),
        },
        defaults={
            "packetCaptureDiagnosticState": "None",
            "enablePrivateIpAddress": False,
            "isMigrateToCSES": False,
            "ipConfigurations": [],
            "natRules": [],
            "virtualNetworkGatewayPolicyGroups": [],
            "enableBgpRouteTranslationForNat": False,
            "disableIPSecReplayProtection": False,
            "enableBgp": False,
            "activeActive": False,
            "vpnGatewayGeneration": "Generation1",
        },
        computed=_gateway,
        answered=_clients,
        written="virtualNetworkGateways/write",
        deleted="virtualNetworkGateways/delete",
        tagged="Updating",
        etag_header=False,
        actions={"reset": reset},
        last=True,
        rank=20,
    ),
    Appliance(f"{NETWORK}/localNetworkGateways"),
    Appliance(
        f"{NETWORK}/connections",
        defaults={
            "packetCaptureDiagnosticState": "None",
            "connectionProtocol": "IKEv2",
            "routingWeight": 0,
            "enableBgp": False,
            "useLocalAzureIpAddress": False,
            "usePolicyBasedTrafficSelectors": False,
            "ipsecPolicies": [],
            "trafficSelectorPolicies": [],
            "ingressBytesTransferred": 0,
            "egressBytesTransferred": 0,
            "expressRouteGatewayBypass": False,
            "dpdTimeoutSeconds": 0,
            "connectionMode": "Default",
        },
        computed=lambda world, one: {"connectionStatus": "Unknown"} if one.state == "Succeeded" else {},
        etag_header=False,
        rank=15,
    ),
    Appliance(f"{NETWORK}/natGateways", defaults={"idleTimeoutInMinutes": 4}, head=_regional, rank=60),
    Appliance(
        f"{NETWORK}/publicIPPrefixes",
        defaults={"prefixLength": 30, "publicIPAddressVersion": "IPv4", "ipTags": []},
        computed=lambda world, one: {"ipPrefix": "20.0.0.0/30"} if one.state == "Succeeded" else {},
        head=_regional,
        rank=80,
    ),
    Appliance(f"{NETWORK}/ddosProtectionPlans", guid=False),
)
