"""Each remedy, followed as it says, cures: from a code in docs/runbooks.md to the promised state."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from causeway.runbooks import runbook_for, runbooks
from sandbox.azure.front import deny_assignments, policies
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Request
from tests.builders.codes import raised
from tests.builders.policies import a_policy
from tests.builders.role_commands import run
from tests.builders.security_rules import GROUP, a_filtered_world, deny
from tests.builders.user_actions import TAG, make_gateway, peer, peering, retag
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, SUB, ZONES, World

type State = dict[str, Any]
type Scenario = Callable[[], Awaitable[tuple[State, State]]]

REPOSITORY = Path(__file__).parents[2]
ACCOUNTS = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.RecoveryServices/vaults"
BLOB = f"{ZONES}/privatelink.blob.core.windows.net"
DNS = {"mode": "manage", "zones_resource_group": ZONES.split("/providers")[0]}
JOIN = "Microsoft.Network/privateDnsZones/join/action"
SMALL = f"{HUB}/subnets/small"
PENDING = {"AwaitingApproval", "AwaitingDns", "AwaitingZoneGroup"}
DECLINED = {
    "InvalidTag", "LeftAlone", "NoGroup", "NoSubnetForRegion", "NotEligible", "TooManyZones", "UnknownGroup",
    "UnknownProfile",
    "ProfileNotAllowed",
}  # fmt: skip

FOLLOWED: dict[str, Scenario] = {}


def follows(*codes: str) -> Callable[[Scenario], Scenario]:
    """The scenario shows this code at first, and the promised state after its remedy."""

    def noted(scenario: Scenario) -> Scenario:
        FOLLOWED.update(dict.fromkeys(codes, scenario))
        return scenario

    return noted


def a_world(**policy: Any) -> World:
    return World(a_policy(**policy))


def change(world: World, **policy: Any) -> None:
    """The operator's new policy, in a process that was started with it."""
    world.policy = a_policy(**policy)
    world.flow = world.worker()


async def rerun(world: World, at: str) -> State:
    return await world.reconcile(at, "manual")


async def decide(world: World, at: str, status: str, words: str = "") -> None:
    """The owner's decision about the only connection."""
    (connection,) = (await world.send("GET", f"{at}/privateEndpointConnections"))["value"]
    state = {"status": status, "description": words}
    body = {"properties": {"privateLinkServiceConnectionState": state}}
    await world.send("PUT", f"{at}/privateEndpointConnections/{connection['name']}", body)
    await world.sleep(60)


# Rights


@follows("AuthorizationFailed")
async def _() -> tuple[State, State]:
    world = a_world(peering="ensure")
    for action in (JOIN, "Microsoft.Network/virtualNetworks/subnets/join/action"):
        world.deny(action)
    at = await world.create_account()
    first = await world.reconcile(at)
    await run(world, first["remedy"])
    return first, await rerun(world, at)


@follows("LinkedAuthorizationFailed")
async def _() -> tuple[State, State]:
    world = a_world()
    world.deny(JOIN)
    answer = {"status": 403, "code": "AuthorizationFailed", "message": "The app may not."}
    match = {"method": "GET", "path": "Authorization/permissions$", "principal": "app"}
    world.azure.faults.add({"match": match, "answer": answer})
    at = await world.create_account()
    first = await world.reconcile(at)
    await run(world, first["remedy"])
    return first, await rerun(world, at)


@follows("RightNotEffective")
async def _() -> tuple[State, State]:
    world = a_world()
    world.deny(JOIN)
    at = await world.create_account()
    blocked = await world.reconcile(at)
    world.azure.access.delay = 150.0
    await run(world, blocked["remedy"])
    last = await rerun(world, at)  # with all tries of the queue
    first = next(entry for entry in last["history"] if entry["result"] == "Pending")
    return first, last


@follows("DenyAssignmentAuthorizationFailed")
async def _() -> tuple[State, State]:
    world = a_world()
    scope = SUB + "/resourceGroups/rg-app"
    actions = ["*/privateEndpointConnectionsApproval/action"]
    assignment = {"name": "managed", "scope": scope, "actions": actions}
    deny_assignments.configure(world.azure.world, [assignment])
    at = await world.create_account()
    first = await world.reconcile(at)
    assert scope in first["remedy"]
    excluded = {**assignment, "excludePrincipals": ["app"]}
    deny_assignments.configure(world.azure.world, [excluded])
    return first, await rerun(world, at)


@follows("RequestDisallowedByPolicy")
async def _() -> tuple[State, State]:
    world = a_world()
    rule = {"name": "no-endpoints", "type": "Microsoft.Network/privateEndpoints"}
    policies.configure(world.azure.world, {"deny": [rule]})
    at = await world.create_account()
    first = await world.reconcile(at)
    assert "no-endpoints" in first["remedy"]
    policies.configure(world.azure.world, {"deny": []})
    return first, await rerun(world, at)


@follows("ScopeLocked")
async def _() -> tuple[State, State]:
    world = a_world()
    lock = f"{NETWORKS.split('/providers')[0]}/providers/Microsoft.Authorization/locks/keep"
    await world.send("PUT", lock, {"properties": {"level": "ReadOnly"}}, "2020-05-01")
    at = await world.create_account()
    first = await world.reconcile(at)
    await world.send("DELETE", lock, version="2020-05-01")
    return first, await rerun(world, at)


@follows("MissingSubscriptionRegistration")
async def _() -> tuple[State, State]:
    world = a_world()
    world.azure.world.subscriptions[SUB.rsplit("/", 1)[1]]["unregistered"] = ["microsoft.network"]
    at = await world.create_account()
    first = await world.reconcile(at)
    await world.send("POST", f"{SUB}/providers/Microsoft.Network/register")
    await world.sleep(60)
    return first, await rerun(world, at)


# Names


@follows("VirtualNetworkLinkedElsewhere")
async def _() -> tuple[State, State]:
    world = a_world()
    other = BLOB.replace("rg-dns", "rg-app")
    await world.send("PUT", other, {"location": "global"})
    await world.sleep(200)
    link = f"{other}/virtualNetworkLinks/team"
    properties = {"registrationEnabled": False, "virtualNetwork": {"id": SPOKE}}
    await world.send("PUT", link, {"location": "global", "properties": properties})
    await world.sleep(200)
    at = await world.create_account()
    first = await world.reconcile(at)
    await world.send("DELETE", re.findall(r"delete the link (\S+),", first["remedy"])[0])
    await world.sleep(200)
    return first, await rerun(world, at)


@follows("RecordNotOurs")
async def _() -> tuple[State, State]:
    world = a_world()
    await world.send("PUT", BLOB, {"location": "global"})
    await world.sleep(200)
    record = {"properties": {"ttl": 300, "aRecords": [{"ipv4Address": "10.9.9.9"}]}}
    await world.send("PUT", f"{BLOB}/A/orders", record)
    at = await world.create_account()
    first = await world.reconcile(at)
    await world.send("DELETE", re.findall(r"delete the record (\S+)", first["remedy"])[0].rstrip(","))
    return first, await rerun(world, at)


@follows("RecordHeldByAnother")
async def _() -> tuple[State, State]:
    world = a_world()
    assert (await world.reconcile(await world.create_account("first")))["result"] == "Connected"
    at = await world.create_account()
    body = {"location": "westeurope"}
    subnet = f"{HUB}/subnets/others"
    await world.send("PUT", subnet, {"properties": {"addressPrefix": "10.0.2.0/24"}})
    await world.sleep(60)
    connection = {"name": "c", "properties": {"privateLinkServiceId": at, "groupIds": ["blob"]}}
    properties = {"subnet": {"id": subnet}, "privateLinkServiceConnections": [connection]}
    foreign = f"{NETWORKS}/privateEndpoints/by-hand"
    await world.send("PUT", foreign, {**body, "properties": properties})
    await world.sleep(600)
    config = {"name": "c", "properties": {"privateDnsZoneId": BLOB}}
    group = {"properties": {"privateDnsZoneConfigs": [config]}}
    await world.send("PUT", f"{foreign}/privateDnsZoneGroups/default", group)
    await world.sleep(60)
    first = await world.reconcile(at)
    change(world, adopt_in=[subnet])
    return first, await rerun(world, at)


@follows("ZoneNotFound")
async def _() -> tuple[State, State]:
    world = a_world(create_zones=False)
    at = await world.create_account()
    first = await world.reconcile(at)
    await world.send("PUT", re.findall(r"create (\S+),", first["remedy"])[0], {"location": "global"})
    await world.sleep(200)
    return first, await rerun(world, at)


@follows("SharedNames")
async def _() -> tuple[State, State]:
    kind = "Microsoft.Insights/privateLinkScopes"
    world = a_world(always=[kind], fallback_region="westeurope")
    at = f"{SUB}/resourceGroups/rg-app/providers/{kind}/scope1"
    await world.send("PUT", at, {"location": "global", "properties": {}})
    await world.sleep(120)
    first = await world.reconcile(at)
    change(world, always=[kind], fallback_region="westeurope", dns={**DNS, "shared_names": [kind]})
    return first, await rerun(world, at)


@follows("AwaitingDns")
async def _() -> tuple[State, State]:
    world = a_world(dns={"mode": "external"})
    at = await world.create_account()
    first = await world.reconcile(at)
    await make_their_zone(world)
    await make_their_zone_group(world, first)
    return first, await rerun(world, at)


@follows("AwaitingZoneGroup")
async def _() -> tuple[State, State]:
    world = a_world(dns={"mode": "external", "external": "zone_groups"})
    at = await world.create_account()
    first = await world.reconcile(at)
    await make_their_zone(world)
    await make_their_zone_group(world, first)
    return first, await rerun(world, at)


@follows("WrongZone")
async def _() -> tuple[State, State]:
    world = a_world(dns={"mode": "external", "external": "zone_groups"})
    at = await world.create_account()
    await make_their_zone(world)
    await make_their_zone(world, BLOB.replace("blob", "file"))
    state = await world.reconcile(at)
    await make_their_zone_group(world, state, BLOB.replace("blob", "file"))
    first = await world.reconcile(at)
    await world.send("DELETE", f"{first['paths'][0]['endpoint']}/privateDnsZoneGroups/theirs")
    await world.sleep(60)
    await make_their_zone_group(world, first)
    return first, await rerun(world, at)


async def make_their_zone(world: World, zone: str = BLOB) -> None:
    """A zone that someone else keeps, with a link of the client network."""
    await world.send("PUT", zone, {"location": "global"})
    await world.sleep(200)
    properties = {"registrationEnabled": False, "virtualNetwork": {"id": SPOKE}}
    link = {"location": "global", "properties": properties}
    await world.send("PUT", f"{zone}/virtualNetworkLinks/theirs", link)
    await world.sleep(200)


async def make_their_zone_group(world: World, state: State, zone: str = BLOB) -> None:
    """A zone group that someone else writes on our endpoint."""
    config = {"name": "c", "properties": {"privateDnsZoneId": zone}}
    group = {"properties": {"privateDnsZoneConfigs": [config]}}
    await world.send("PUT", f"{state['paths'][0]['endpoint']}/privateDnsZoneGroups/theirs", group)
    await world.sleep(60)


@follows("NoDnsPath")
async def _() -> tuple[State, State]:
    world = a_world(dns={**DNS, "link": [HUB]})
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world, dns={**DNS, "link": [HUB, "clients"]})
    return first, await rerun(world, at)


# Networks


@follows("NetworkNotFound")
async def _() -> tuple[State, State]:
    world = a_world(clients=[SPOKE, f"{NETWORKS}/virtualNetworks/gone"])
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world)
    return first, await rerun(world, at)


@follows("AddressSpacesOverlap")
async def _() -> tuple[State, State]:
    world = a_world(clients=[SPOKE, f"{NETWORKS}/virtualNetworks/copy"], peering="ensure")
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    await world.send(
        "PUT", f"{NETWORKS}/virtualNetworks/copy", {"location": "westeurope", "properties": space}
    )
    await world.sleep(60)
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world, peering="ensure")
    return first, await rerun(world, at)


FLAGS = {"mode": "ensure", "hub": ["gateway_transit"], "spoke": ["remote_gateways"]}


@follows("NoRemoteGateway")
async def _() -> tuple[State, State]:
    world = a_world(peering=FLAGS)
    at = await world.create_account()
    first = await world.reconcile(at)
    await make_gateway(world)
    return first, await rerun(world, at)


@follows("GatewayTransitOff")
async def _() -> tuple[State, State]:
    world = a_world(peering=FLAGS)
    await make_gateway(world)
    await peer(world, HUB, SPOKE)
    at = await world.create_account()
    first = await world.reconcile(at)
    assert "--set allowGatewayTransit=true" in first["remedy"]
    await peer(world, HUB, SPOKE, allowGatewayTransit=True)
    return first, await rerun(world, at)


@follows("NotOurs")
async def _() -> tuple[State, State]:
    """A peering made by hand that is out of sync: it is synced, as the command says."""
    world = a_world(peering="ensure")
    await peer(world, HUB, SPOKE)
    await peer(world, SPOKE, HUB)
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Connected"
    network = await world.send("GET", HUB)
    network["properties"]["addressSpace"]["addressPrefixes"].append("10.200.0.0/16")
    await world.send("PUT", HUB, network)
    await world.sleep(60)
    first = await rerun(world, at)
    found = re.search(r"az network vnet peering sync -g (\S+) --vnet-name (\S+) -n (\S+?),", first["remedy"])
    assert found, first["remedy"]
    group, name, half = found.groups()
    local = f"{SUB}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"
    body = await world.send("GET", peering(local, half))
    await sync(world, peering(local, half), body)
    return first, await rerun(world, at)


async def sync(world: World, at: str, body: Any) -> None:
    """What `az network vnet peering sync` sends."""
    query = {"api-version": "2024-05-01", "syncremoteaddressspace": "true"}
    headers = {"authorization": "Bearer me"}
    answer = await world.azure.handle(Request("PUT", at, query, headers, body, "https://arm.test"))
    assert answer.status < 300, answer.body
    await world.sleep(60)


@follows("NotEnsured")
async def _() -> tuple[State, State]:
    world = a_world(peering="require")
    at = await world.create_account()
    first = await world.reconcile(at)
    await peer(world, HUB, SPOKE)
    await peer(world, SPOKE, HUB)
    return first, await rerun(world, at)


@follows("DeniedByRule")
async def _() -> tuple[State, State]:
    world = await a_filtered_world(rules={"lockdown": deny(200)})
    at = await world.create_account()
    first = await world.reconcile(at)
    await world.send("DELETE", f"{GROUP}/securityRules/lockdown")
    await world.sleep(60)
    await world.send("PUT", f"{GROUP}/securityRules/lockdown", {"properties": deny(2000)})
    await world.sleep(60)
    return first, await rerun(world, at)


@follows("NoFreePriority")
async def _() -> tuple[State, State]:
    narrow = {"mode": "ensure", "priorities": [1000, 1000]}
    other = deny(1000, sourceAddressPrefix="192.0.2.0/24")
    world = await a_filtered_world(narrow, rules={"theirs": other})
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world, nsg={"mode": "ensure", "priorities": [1000, 1009]}, peering="ensure")
    return first, await rerun(world, at)


# Subnets


async def subnet_in_the_way(**properties: Any) -> tuple[State, State]:
    world = a_world(subnets={"westeurope": [SMALL]})
    await world.send("PUT", SMALL, {"properties": {"addressPrefix": "10.0.9.0/29", **properties}})
    await world.sleep(60)
    for number in range(3 if not properties else 0):
        target = await world.create_account(f"other{number}", tags={TAG: "disabled"})
        connection = {"name": "c", "properties": {"privateLinkServiceId": target, "groupIds": ["blob"]}}
        body = {"subnet": {"id": SMALL}, "privateLinkServiceConnections": [connection]}
        path = f"{NETWORKS}/privateEndpoints/other{number}"
        await world.send("PUT", path, {"location": "westeurope", "properties": body})
        await world.sleep(120)
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world, subnets={"westeurope": [SMALL, ENDPOINTS]})
    return first, await rerun(world, at)


@follows("SubnetFull")
async def _() -> tuple[State, State]:
    return await subnet_in_the_way()


@follows("SubnetIsDelegated")
async def _() -> tuple[State, State]:
    delegation = {"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
    return await subnet_in_the_way(delegations=[delegation])


@follows("SubnetNotFound")
async def _() -> tuple[State, State]:
    world = a_world(subnets={"westeurope": [SMALL]})
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world)
    return first, await rerun(world, at)


@follows("SubnetInOtherRegion")
async def _() -> tuple[State, State]:
    world = a_world(subnets={"westeurope": [f"{NETWORKS}/virtualNetworks/hub-ne/subnets/endpoints"]})
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world)
    return first, await rerun(world, at)


@follows("SubnetAtLimit")
async def _() -> tuple[State, State]:
    world = a_world(limits={"max_endpoints_per_subnet": 1})
    await world.reconcile(await world.create_account("first"))
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world, limits={"max_endpoints_per_subnet": 2})
    return first, await rerun(world, at)


@follows("ResourceGroupNotFound")
async def _() -> tuple[State, State]:
    group = f"{SUB}/resourceGroups/nowhere"
    world = a_world(endpoints_resource_group=group)
    at = await world.create_account()
    first = await world.reconcile(at)
    await world.send("PUT", group, {"location": "westeurope"})
    return first, await rerun(world, at)


# What was asked for


async def tagged(first_tags: dict[str, str], then: dict[str, str], **body: Any) -> tuple[State, State]:
    world = a_world()
    at = await world.create_account(tags=first_tags, **body)
    first = await world.reconcile(at)
    await retag(world, at, then)
    return first, await rerun(world, at)


@follows("UnknownGroup")
async def _() -> tuple[State, State]:
    return await tagged({f"{TAG}-groups": "blobs"}, {f"{TAG}-groups": "blob"})


@follows("UnknownProfile")
async def _() -> tuple[State, State]:
    return await tagged({TAG: "defualt"}, {TAG: "enabled"})


@follows("ProfileNotAllowed")
async def _() -> tuple[State, State]:
    world = a_world(beside={"other": {}}, tag_may_choose=[])
    at = await world.create_account(tags={TAG: "other"})
    first = await world.reconcile(at)
    await world.send("PATCH", at, {"tags": {TAG: "enabled"}})
    return first, await rerun(world, at)


@follows("NotEligible")
async def _() -> tuple[State, State]:
    world = a_world()
    at = await world.create_account(kind="Storage")
    first = await world.reconcile(at)
    assert "StorageV2" in first["remedy"]
    await world.send("PATCH", at, {"kind": "StorageV2"})
    await world.sleep(60)
    return first, await rerun(world, at)


@follows("NoSubnetForRegion")
async def _() -> tuple[State, State]:
    world = a_world()
    at = await world.create_account(location="northeurope")
    first = await world.reconcile(at)
    change(world, fallback_region="westeurope")
    return first, await rerun(world, at)


@follows("NoOwnNetwork")
async def _() -> tuple[State, State]:
    world = a_world(subnets={}, find={"subnet": "snet-pe"})
    at = await world.create_account()
    first = await world.reconcile(at)
    await world.send("PUT", f"{HUB}/subnets/snet-pe", {"properties": {"addressPrefix": "10.0.9.0/24"}})
    await world.sleep(61)
    return first, await rerun(world, at)


@follows("SeveralOwnNetworks")
async def _() -> tuple[State, State]:
    found = {"subnet": ["clients", "endpoints"]}
    world = a_world(subnets={}, find=found)
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world, subnets={}, find={**found, "network": "hub-*"})
    return first, await rerun(world, at)


@follows("EndpointInOtherSubscription")
async def _() -> tuple[State, State]:
    other = f"{SUB.replace('0001', '0002')}/resourceGroups/rg-spoke/providers/Microsoft.Network"
    subnets = {"northeurope": [f"{other}/virtualNetworks/spoke-b/subnets/clients"]}
    world = a_world(subnets=subnets, endpoints_resource_group="target")
    at = await world.create_account(location="northeurope")
    first = await world.reconcile(at)
    change(world, subnets=subnets, endpoints_resource_group="subnet")
    return first, await rerun(world, at)


@follows("AddressRangeFull")
async def _() -> tuple[State, State]:
    world = a_world(addresses={"westeurope": "10.0.1.64/32"})
    at = await world.create_account(tags={f"{TAG}-groups": "blob,queue"})
    first = await world.reconcile(at)
    change(world, addresses={"westeurope": "10.0.1.64/28"})
    return first, await rerun(world, at)


@follows("RangeOutsideSubnet")
async def _() -> tuple[State, State]:
    world = a_world(addresses={"westeurope": "10.0.2.0/28"})
    at = await world.create_account()
    first = await world.reconcile(at)
    change(world, addresses={"westeurope": "10.0.1.64/28"})
    return first, await rerun(world, at)


@follows("MembersNotKnown")
async def _() -> tuple[State, State]:
    world = a_world(addresses={"westeurope": "10.0.1.64/28"})
    right = "Microsoft.Storage/storageAccounts/privateLinkResources/read"
    world.deny(right)
    at = await world.create_account()
    first = await world.reconcile(at)
    world.allow_all()
    return first, await rerun(world, at)


@follows("NoStaticAddresses")
async def _() -> tuple[State, State]:
    given, at = {"westeurope": "10.0.1.64/28"}, f"{SUB}/resourceGroups/rg-app/providers/{VAULT}/backup"
    world = a_world(addresses=given, always=[])
    body = {"location": "westeurope", "tags": {TAG: "enabled"}, "sku": {"name": "Standard"}, "properties": {}}
    await world.send("PUT", at, body, "2024-04-01")
    await world.sleep(200)
    first = await world.reconcile(at)
    change(world, always=[])
    return first, await rerun(world, at)


@follows("LeftAlone")
async def _() -> tuple[State, State]:
    world = a_world()
    world.settings = {"AzureWebJobsStorage__accountName": "orders"}
    world.flow = world.worker()
    at = await world.create_account()
    first = await rerun(world, at)
    await retag(world, at, {TAG: "enabled"})
    return first, await rerun(world, at)


# Approval


@follows("AwaitingApproval")
async def _() -> tuple[State, State]:
    world = a_world(approval="request")
    at = await world.create_account()
    first = await world.reconcile(at)
    await decide(world, at, "Approved")
    return first, await rerun(world, at)


@follows("ConnectionRejected")
async def _() -> tuple[State, State]:
    world = a_world(approval="request")
    at = await world.create_account()
    await world.reconcile(at)
    await decide(world, at, "Rejected", "ask the data office first")
    first = await rerun(world, at)
    assert "ask the data office first" in first["reason"]
    await world.send("DELETE", re.findall(r"delete (\S+) and", first["remedy"])[0])
    await world.sleep(60)
    assert (await rerun(world, at))["code"] == "AwaitingApproval"
    await decide(world, at, "Approved")
    return first, await rerun(world, at)


# Public access


def closing(**more: Any) -> World:
    world = a_world(public_access="disable", **more)
    world.grant(f"{ACCOUNTS}/write")
    return world


@follows("PublicAccessInUse")
async def _() -> tuple[State, State]:
    world = closing()
    at = await world.create_account()
    first = await world.reconcile(at)
    names = first["remedy"].rpartition(": ")[2].split(", ")
    change(world, public_access="disable", may_lose_access={ACCOUNTS: names})
    return first, await rerun(world, at)


@follows("OwnResource")
async def _() -> tuple[State, State]:
    world = closing(may_lose_access={ACCOUNTS: ["dfs", "file", "queue", "table", "web"]})
    world.settings = {"AzureWebJobsStorage__accountName": "orders"}
    world.flow = world.worker()
    at = await world.create_account(tags={TAG: "enabled"})
    first = await world.reconcile(at)
    change(world, public_access="leave")
    return first, await rerun(world, at)


# The proof


@follows("ConnectionNotListed")
async def _() -> tuple[State, State]:
    world = a_world()
    at = await world.create_account()
    endpoint = (await rerun(world, at))["paths"][0]["endpoint"]
    seen = world.azure.world.find(endpoint)
    assert seen
    world.azure.world.remove(ArmId.parse(seen.private.pop("connection")))  # the target was made again
    first = await rerun(world, at)
    assert endpoint in first["remedy"]
    await world.send("DELETE", endpoint)
    await world.sleep(120)
    return first, await rerun(world, at)


@follows("ValueNotKept")
async def _() -> tuple[State, State]:
    world = await a_filtered_world()
    field = "properties.privateEndpointNetworkPolicies"
    change = {"operation": "addOrReplace", "field": field, "value": "Disabled"}
    kind = "Microsoft.Network/virtualNetworks/subnets"
    policies.configure(world.azure.world, {"modify": [{"name": "off", "type": kind, "operations": [change]}]})
    at = await world.create_account()
    first = await rerun(world, at)
    policies.configure(world.azure.world, {"modify": []})
    return first, await rerun(world, at)


@follows("DenialNotInForce")
async def _() -> tuple[State, State]:
    nsg = {"mode": "ensure", "priorities": [1000, 1009], "default_deny": True}
    world = await a_filtered_world({**nsg, "enforce_on_endpoints": False})
    at = await world.create_account()
    first = await rerun(world, at)
    assert "nsg.enforce_on_endpoints" in first["remedy"]
    change(world, nsg={**nsg, "enforce_on_endpoints": True}, peering="ensure")
    return first, await rerun(world, at)


# The table

NOT_FOLLOWED = {
    "AnotherPeeringAlreadyReferencesRemoteVnet": "any peering of the pair is adopted, so it is never sent",
    "CannotCreateMoreThanOnePrivateDnsZoneGroup": "a zone group that exists is read first: never sent",
    "DeletesHeld": "followed in tests/flow/test_policy_limits.py",
    "Drifted": "followed in tests/flow/test_policy_limits.py",
    "DroppedByRoute": "followed in tests/flow/test_routes.py",
    "EndpointGone": "only while a pass runs; the rerun is an ordinary pass",
    "Excluded": "tests/flow/test_chosen.py: an opt-out that the policy says",
    "ForeignTenant": "no role helps: tests/adapters/test_arm_errors.py",
    "InvalidAuthenticationTokenTenant": "no role helps: tests/adapters/test_arm_errors.py",
    "InvalidResourceReference": "ids of the policy are read before they are written",
    "InvalidTag": "Azure accepts no tag value of such a length",
    "LinkedAccessCheckFailed": "the simulator answers with LinkedAuthorizationFailed",
    "NetworkCrowded": "counted in tests/core/test_capacity.py: it takes a thousand endpoints",
    "NoGroup": "declined for kinds that have no group at all: nothing cures it but another resource",
    "NoIdentity": "of the host: tests/adapters/test_arm.py",
    "NoZoneGroup": "followed in tests/flow/test_foreign_endpoints.py",
    "NotKnown": "followed in tests/flow/test_second_readings.py and tests/flow/test_records.py",
    "ParentResourceIsInFailedState": "the simulator has no failed networks",
    "PathNotCertain": "the route's owner changes it: tests/flow/test_whole_resource.py",
    "PrivateIPAddressInUse": "the next pass chooses another: tests/flow/test_addresses.py",
    "PrivateIPAddressIsAllocated": "as PrivateIPAddressInUse",
    "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled": "withdrawn by Azure in 2022",
    "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated": "read before: SubnetIsDelegated",
    "QuotaExceeded": "read before: SubscriptionFull",
    "ReadOnlyDisabledSubscription": "the simulator has no disabled subscriptions",
    "RemotePeeringIsDisconnected": "a half that is left over is named before: NotOurs",
    "RowUnreadable": "the row is restored by hand: tests/fuzz/test_rows.py",
    "RulesWouldReachOthers": "followed in tests/flow/test_harm.py",
    "SecurityRuleConflict": "priorities are read before: NoFreePriority",
    "StaleVirtualNetworkLink": "tests/flow/test_dns.py",
    "SubnetIsFull": "the next pass chooses again: tests/flow/test_capacity.py",
    "SubscriptionFull": "tests/flow/test_capacity.py",
    "SubscriptionNotFound": "tests/flow/test_sweep.py: only an owner of the subscription can grant it",
    "SubscriptionNotRegistered": "an older name of MissingSubscriptionRegistration",
    "ModePlan": "followed in tests/flow/test_modes.py",
    "ModeObserve": "as ModePlan: tests/flow/test_modes.py",
    "ManagementGroupUnread": "followed in tests/flow/test_scope.py",
    "CannotDeleteResource": "a lock under an older code: ScopeLocked",
    "NotAsked": "no request: the tag asks, as in every other scenario",
    "NotFound": "a reading that is missing in a rerun: tests/flow/test_second_readings.py",
    "NotListed": "a list that cannot be read: tests/flow/test_second_readings.py",
    "NotWatched": "followed in tests/flow/test_scope.py",
    "ResourceGroupBeingDeleted": "as ResourceGroupNotFound, once it is gone",
    "Unreadable": "an answer without a body: tests/flow/test_refused_requests.py",
    "NotDecided": "a reading that fails while the policy asks for management groups",
    "TooManyAddresses": "it takes 4,000 prefixes: tests/core/test_rule.py",
    "TooManyPeerings": "it takes 500 peerings: tests/core/test_peering.py",
    "TooManyRules": "it takes 1,000 rules: tests/core/test_rule.py",
    "TooManyZones": "Azure Government alone: tests/flow/test_every_type.py",
    "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet": "read before: AddressSpacesOverlap",
    "VnetAddressSpacesOverlap": "read before: AddressSpacesOverlap",
    "ZoneGroupOfSomeoneElse": "followed in tests/flow/test_foreign_endpoints.py",
}


def listed() -> set[str]:
    """The codes whose runbook asks a person to do something; Failed ones have no remedy of their own."""
    asking = (one for one in runbooks() if not one.mitigation.startswith("None"))
    waiting = (one for one in asking if one.result != "Failed" and not one.result.startswith("none"))
    return {code for one in waiting for code in one.codes}


def test_every_code_with_a_remedy_is_listed() -> None:
    known = {code.lower() for one in runbooks() for code in one.codes}
    assert {code for code in raised() if code.lower() not in known} == set()


def test_every_listed_code_is_followed_or_says_why_not() -> None:
    assert listed() == FOLLOWED.keys() | NOT_FOLLOWED.keys()
    assert not FOLLOWED.keys() & NOT_FOLLOWED.keys()


@pytest.mark.parametrize("code", sorted(FOLLOWED))
async def test_following_the_remedy_cures(code: str) -> None:
    first, last = await FOLLOWED[code]()
    waits = code in PENDING or code == "RightNotEffective"
    result = "Pending" if waits else "Declined" if code in DECLINED else "Blocked"
    assert (first["result"], first["code"]) == (result, code), first["reason"]
    found = runbook_for(code)
    assert found
    assert result in found.result
    assert first["remedy"]
    assert last["result"] == "Connected", (last["code"], last["reason"])
