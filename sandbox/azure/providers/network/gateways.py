"""Gateways, bastions, NAT gateways and prefixes: rows for appliances.py.

Source: docs/azure/services.md, SVC-10 and SVC-12.
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


def _nat(world: World, nat: Resource) -> Json:
    """The subnets that use it."""
    subnets = world.store.of_type(f"{NETWORK}/virtualNetworks/subnets", nat.id.group_id)
    return _users("subnets", [one for one in subnets if _names(one, "natGateway", nat)])


def _protected(world: World, plan: Resource) -> Json:
    """The networks that a plan protects."""
    networks = world.store.of_type(f"{NETWORK}/virtualNetworks", plan.id.group_id)
    return _users("virtualNetworks", [one for one in networks if _names(one, "ddosProtectionPlan", plan)])


def _names(user: Resource, member: str, wanted: Resource) -> bool:
    return str((user.properties.get(member) or {}).get("id", "")).lower() == wanted.id.key


def _users(member: str, found: list[Resource]) -> Json:
    return {member: [{"id": one.id.text} for one in found]} if found else {}


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


APPLIANCES = (
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
    Appliance(
        f"{NETWORK}/natGateways",
        defaults={"idleTimeoutInMinutes": 4},
        computed=_nat,
        head=_regional,
        rank=60,
    ),
    Appliance(
        f"{NETWORK}/publicIPPrefixes",
        defaults={"prefixLength": 30, "publicIPAddressVersion": "IPv4", "ipTags": []},
        computed=lambda world, one: {"ipPrefix": "20.0.0.0/30"} if one.state == "Succeeded" else {},
        head=_regional,
        rank=80,
    ),
    Appliance(f"{NETWORK}/ddosProtectionPlans", guid=False, computed=_protected, rank=95),
)
