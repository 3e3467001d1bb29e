"""Random worlds in the sandbox: whatever users built before, passes end as they should and leave it alone.

A case is drawn, built with a user's own requests, reconciled, and judged by three questions: does the result
say what an operator needs, does one more pass write nothing, and are all foreign objects unchanged. After
every pass `World` asks the sandbox's own evaluator which networks reach the resource: clients do, and another
network that is peered with the hub does not where the rules deny it. Where the policy covers the whole path,
the evaluator must agree about every client's subnet: it reaches the resource, or a finding names it, and a
client network is reported as denied exactly where none of its subnets gets out.

Excluded: a user's address record written over the one of a foreign endpoint. Two foreign endpoints
at once are not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from sandbox.azure.reachability import reach
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, SUB, ZONES, World, play

HUB_NE = f"{NETWORKS}/virtualNetworks/hub-ne"
GROUP = f"{NETWORKS}/networkSecurityGroups/nsg-endpoints"
CLIENT_GROUP = f"{NETWORKS}/networkSecurityGroups/nsg-clients"
OTHERS = f"{HUB}/subnets/others"
FOREIGN_ENDPOINT = f"{NETWORKS}/privateEndpoints/by-hand"
ZONE = f"{ZONES}/privatelink.blob.core.windows.net"
OTHER_NETWORK = f"{SUB[:-1]}2/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/spoke-b"
NAME = "orders.blob.core.windows.net"
CLIENT_SUBNETS = {
    SPOKE: (f"{SPOKE}/subnets/clients", f"{SPOKE}/subnets/web"),
    HUB_NE: (f"{HUB_NE}/subnets/endpoints",),
    HUB: (OTHERS,),
}
PREFIXES = {"others": "10.0.2.0/24", "endpoints": "10.0.1.0/24"}
SPOKE_PREFIXES = {"clients": "10.1.1.0/24", "web": "10.1.2.0/24"}

# What Azure itself changes on an object when something beside it is written.
DERIVED = {
    "half": ("peeringState", "peeringSyncLevel", "remoteAddressSpace", "remoteVirtualNetworkAddressSpace"),
    "network": ("subnets", "virtualNetworkPeerings"),
    "subnet": ("privateEndpoints", "ipConfigurations", "purpose"),
    "group": ("securityRules", "subnets"),
    "endpoint": ("customDnsConfigs",),
    "zone": ("numberOfRecordSets", "numberOfVirtualNetworkLinks"),
}


@dataclass(frozen=True)
class Rule:
    """A user's rule in the security group of the endpoints or of the clients."""

    direction: str
    priority: int
    access: str
    source: str
    destination: str
    port: str

    def body(self) -> dict[str, Any]:
        return {
            "properties": {
                "priority": self.priority,
                "direction": self.direction,
                "access": self.access,
                "protocol": "*",
                "sourceAddressPrefix": self.source,
                "sourcePortRange": "*",
                "destinationAddressPrefix": self.destination,
                "destinationPortRange": self.port,
            }
        }


@dataclass(frozen=True)
class Half:
    """A user's half of a peering."""

    access: bool
    forwarded: bool


@dataclass(frozen=True)
class ForeignEndpoint:
    """A user's endpoint to the same target. `names`: the zone that its zone group writes to, if any."""

    subnet: str
    names: str | None


@dataclass(frozen=True)
class Case:
    peering: str
    nsg: str
    enforce: bool
    deny: bool
    public_access: str
    approval: str
    approves: bool
    clients: tuple[str, ...]
    hub_half: Half | None
    spoke_half: Half | None
    cut: str | None
    other_network: bool
    filtered: bool
    policies: str
    rules: tuple[Rule, ...]
    client_rules: tuple[Rule, ...]
    client_filtered: tuple[str, ...]
    web: bool
    zone: bool
    links: tuple[str, ...]
    record: bool
    foreign_endpoint: ForeignEndpoint | None
    incomplete: str | None

    @property
    def named_elsewhere(self) -> bool:
        """A user's record has the resource's name and points elsewhere."""
        return self.record and not (self.foreign_endpoint and self.foreign_endpoint.names == "same")

    def policy(self) -> Any:
        return a_policy(
            clients=list(self.clients),
            peering=self.peering,
            nsg={
                "mode": self.nsg,
                "default_deny": self.deny and self.nsg != "ignore",
                "enforce_on_endpoints": self.enforce,
                "priorities": [1000, 1003],
            },
            public_access=self.public_access,
            approval=self.approval,
        )


MODES = ("ensure", "ensure", "require", "ignore")
RULES = st.builds(
    Rule,
    direction=st.sampled_from(["Inbound", "Inbound", "Outbound"]),
    priority=st.sampled_from([150, 1000, 1001, 1002, 1003, 4000]),
    access=st.sampled_from(["Allow", "Deny"]),
    source=st.sampled_from(
        ["*", "VirtualNetwork", "10.1.0.0/16", "10.1.128.0/17", "10.9.0.0/16", "Internet"]
    ),
    destination=st.sampled_from(["*", "10.0.1.0/24", "10.0.2.0/24", "VirtualNetwork"]),
    port=st.sampled_from(["*", "443", "22", "400-500"]),
)
DENY_ALL_OUT = Rule("Outbound", 4000, "Deny", "*", "*", "*")
CLIENT_RULES = st.builds(
    Rule,
    direction=st.sampled_from(["Outbound", "Outbound", "Outbound", "Inbound"]),
    priority=st.sampled_from([100, 200, 300]),
    access=st.sampled_from(["Allow", "Deny"]),
    source=st.sampled_from(["*", "*", "*", "VirtualNetwork", "10.1.0.0/16", "10.1.1.0/24", "10.9.0.0/16"]),
    destination=st.sampled_from(
        ["*", "*", "10.0.1.0/24", "10.0.0.0/16", "10.0.2.0/24", "VirtualNetwork", "Internet"]
    ),
    port=st.sampled_from(["*", "*", "443", "22", "400-500"]),
)
HALVES = st.one_of(
    st.none(), st.builds(Half, access=st.sampled_from([True, True, False]), forwarded=st.booleans())
)
CASES = st.builds(
    Case,
    peering=st.sampled_from(MODES),
    nsg=st.sampled_from(MODES),
    enforce=st.sampled_from([True, True, False]),
    deny=st.booleans(),
    public_access=st.sampled_from(["leave", "leave", "disable"]),
    approval=st.sampled_from(["auto", "auto", "auto", 'request ("please")']),
    approves=st.booleans(),
    clients=st.sampled_from([(SPOKE,), (SPOKE, HUB_NE), (HUB_NE,), (HUB, SPOKE)]),
    hub_half=HALVES,
    spoke_half=HALVES,
    cut=st.sampled_from([None, None, None, "hub", "spoke"]),
    other_network=st.booleans(),
    filtered=st.sampled_from([True, True, False]),
    policies=st.sampled_from(["Disabled", "Enabled", "RouteTableEnabled", "NetworkSecurityGroupEnabled"]),
    rules=st.lists(RULES, max_size=3, unique_by=lambda rule: rule.priority).map(tuple),
    client_rules=st.builds(
        lambda rules, locked: (*rules, *([DENY_ALL_OUT] if locked else [])),
        st.lists(CLIENT_RULES, max_size=3, unique_by=lambda rule: rule.priority),
        st.booleans(),
    ),
    client_filtered=st.sampled_from([("clients",), ("clients", "web"), ("clients",), ()]),
    web=st.sampled_from([True, True, False]),
    zone=st.booleans(),
    links=st.lists(st.sampled_from([SPOKE, HUB_NE, HUB]), max_size=2, unique=True).map(tuple),
    record=st.sampled_from([False, False, False, False, True]),
    foreign_endpoint=st.one_of(
        st.none(),
        st.builds(
            ForeignEndpoint,
            subnet=st.sampled_from([ENDPOINTS, OTHERS]),
            names=st.sampled_from([None, "same", "other"]),
        ),
    ),
    incomplete=st.sampled_from([None, None, "no zone group", "failed endpoint", "no link", "lost peering"]),
)


class BuiltCase:
    """A case as a world: foreign objects are created by a user, and their first state is remembered."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.world = World(case.policy())
        self.before: dict[str, Any] = {}
        self.foreign: dict[str, str] = {}
        self.at = ""

    async def put(self, path: str, body: dict[str, Any], kind: str = "", wait: float = 61) -> None:
        await self.world.send("PUT", path, body)
        await self.world.sleep(wait)
        if kind:
            self.foreign[path] = kind

    async def build(self) -> None:
        self.world.grant("Microsoft.Storage/storageAccounts/write")
        self.at = await self.world.create_account()
        self.foreign |= dict.fromkeys((HUB, SPOKE, HUB_NE), "network")
        await self._filters()
        await self._client_filters()
        await self._peerings()
        await self._names()
        await self._foreign_endpoint()
        self.before = await self.read_foreign()
        await self._make_incomplete()

    async def _group(self, at: str, rules: tuple[Rule, ...]) -> dict[str, Any]:
        """A user's security group with these rules; the property that attaches it to a subnet."""
        await self.put(at, {"location": "westeurope", "properties": {}}, "group", 30)
        for number, one in enumerate(rules):
            await self.put(f"{at}/securityRules/foreign-{number}", one.body(), "rule", 30)
        return {"networkSecurityGroup": {"id": at}}

    async def _client_filters(self) -> None:
        case = self.case
        filtered = await self._group(CLIENT_GROUP, case.client_rules) if case.client_filtered else {}
        for name in ("clients", "web") if case.web else ("clients",):
            group = filtered if name in case.client_filtered else {}
            body = {"properties": {"addressPrefix": SPOKE_PREFIXES[name], **group}}
            await self.put(f"{SPOKE}/subnets/{name}", body, "subnet")

    async def _filters(self) -> None:
        case = self.case
        subnet: dict[str, Any] = {"privateEndpointNetworkPolicies": case.policies}
        if case.filtered:
            subnet |= await self._group(GROUP, case.rules)
        for name, prefix in PREFIXES.items():
            body = {"properties": {**subnet, "addressPrefix": prefix}}
            await self.put(f"{HUB}/subnets/{name}", body, "subnet")

    async def _peerings(self) -> None:
        ends = {"hub": (HUB, SPOKE, self.case.hub_half), "spoke": (SPOKE, HUB, self.case.spoke_half)}
        for local, remote, half in ends.values():
            if half is not None:
                body = {
                    "remoteVirtualNetwork": {"id": remote},
                    "allowVirtualNetworkAccess": half.access,
                    "allowForwardedTraffic": half.forwarded,
                }
                await self.put(f"{local}/virtualNetworkPeerings/foreign", {"properties": body}, "half")
        if self.case.cut and ends[self.case.cut][2] is not None:
            gone = f"{ends[self.case.cut][0]}/virtualNetworkPeerings/foreign"
            await self.world.send("DELETE", gone)
            await self.world.sleep(61)
            del self.foreign[gone]
        for local, remote in ((HUB, OTHER_NETWORK), (OTHER_NETWORK, HUB)) if self.case.other_network else ():
            body = {"properties": {"remoteVirtualNetwork": {"id": remote}}}
            await self.put(f"{local}/virtualNetworkPeerings/other-network", body, "half")

    async def _names(self) -> None:
        if not self.case.zone and not self.case.links and not self.case.named_elsewhere:
            return
        await self.put(ZONE, {"location": "global"}, "zone", 200)
        for number, network in enumerate(self.case.links):
            body = {"registrationEnabled": False, "virtualNetwork": {"id": network}}
            link = f"{ZONE}/virtualNetworkLinks/foreign-{number}"
            await self.put(link, {"location": "global", "properties": body}, "link", 200)
        if self.case.named_elsewhere:
            body = {"ttl": 300, "aRecords": [{"ipv4Address": "10.9.9.9"}]}
            await self.put(f"{ZONE}/A/orders", {"properties": body}, "record")

    async def _foreign_endpoint(self) -> None:
        foreign_endpoint = self.case.foreign_endpoint
        if foreign_endpoint is None:
            return
        connection = {"name": "c", "properties": {"privateLinkServiceId": self.at, "groupIds": ["blob"]}}
        body = {"subnet": {"id": foreign_endpoint.subnet}, "privateLinkServiceConnections": [connection]}
        await self.put(FOREIGN_ENDPOINT, {"location": "westeurope", "properties": body}, "endpoint", 600)
        if foreign_endpoint.names is None:
            return
        elsewhere = f"{SUB}/resourceGroups/rg-data{ZONE.split('rg-dns')[1]}"
        zone = ZONE if foreign_endpoint.names == "same" else elsewhere
        if zone not in self.foreign:
            await self.put(zone, {"location": "global"}, "zone", 200)
        config = {"name": "blob", "properties": {"privateDnsZoneId": zone}}
        body = {"properties": {"privateDnsZoneConfigs": [config]}}
        await self.put(f"{FOREIGN_ENDPOINT}/privateDnsZoneGroups/default", body, "zone group", 120)

    async def _make_incomplete(self) -> None:
        """What an earlier pass left incomplete, or was deleted since."""
        match self.case.incomplete:
            case "failed endpoint":
                fault = {"code": "InternalServerError", "message": "An error occurred."}
                taken = {"method": "PUT", "path": "privateEndpoints/pe-[^/]*$", "principal": "app"}
                self.world.azure.faults.add({"match": taken, "times": 1, "lro_failure": fault})
            case "no zone group":
                await self._delete_managed("/privateDnsZoneGroups/causeway")
            case "no link":
                await self._delete_managed("/virtualNetworkLinks/causeway-")
            case "lost peering":
                await self._delete_managed("/virtualNetworkPeerings/causeway-")

    async def _delete_managed(self, part: str) -> None:
        await self.world.reconcile(self.at)
        managed = [one.id.text for one in self.world.azure.world.store if part in one.id.text]
        for path in managed[:1]:
            await self.world.send("DELETE", path)
            await self.world.sleep(120)

    async def read_foreign(self) -> dict[str, Any]:
        return {path: masked(await self.world.send("GET", path), kind) for path, kind in self.foreign.items()}


def masked(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """A body without what Azure changes by itself."""
    properties = {
        name: value for name, value in body["properties"].items() if name not in DERIVED.get(kind, ())
    }
    return dict(without_versions({**body, "properties": properties}))


def without_versions(value: Any) -> Any:
    """A value without ETags and provisioning states, at any depth."""
    if isinstance(value, list):
        return [without_versions(one) for one in value]
    if isinstance(value, dict):
        hidden = ("etag", "provisioningState")
        return {name: without_versions(one) for name, one in value.items() if name not in hidden}
    return value


async def settled(built: BuiltCase) -> dict[str, Any]:
    """The state after a few passes, with the owner's approval between them where the case has it."""
    state = await built.world.reconcile(built.at)
    if state["code"] == "AwaitingApproval" and built.case.approves:
        await approve(built)
    for _ in range(2):
        state = await built.world.reconcile(built.at, "drift")
    return state


async def approve(built: BuiltCase) -> None:
    target = await built.world.send("GET", built.at)
    status = {"privateLinkServiceConnectionState": {"status": "Approved", "description": "by its owner"}}
    for connection in target["properties"]["privateEndpointConnections"]:
        if connection["properties"]["privateLinkServiceConnectionState"]["status"] == "Pending":
            at = f"{built.at}/privateEndpointConnections/{connection['name']}"
            await built.world.send("PUT", at, {"properties": status})
            await built.world.sleep(61)


async def check_case(case: Case) -> str:
    """The result's name; raises AssertionError for a property that does not hold."""
    built = BuiltCase(case)
    await built.build()
    state = await settled(built)
    text = f"{state['result']} {state['code']}: {state['reason']}"
    assert state["result"] in ("Connected", "Blocked", "Declined", "Pending"), text
    assert state["result"] == "Connected" or (state["code"] and state["reason"] and state["remedy"]), text
    failed = [check for check in state["checks"] if check["holds"] is False]
    assert not failed or state["result"] != "Connected", text
    assert state["result"] == "Blocked" or not case.named_elsewhere, text
    built.world.sent()
    again = await built.world.reconcile(built.at, "drift")
    writes = built.world.writes()
    assert writes == [], f"{writes}; {text}"
    assert (again["result"], again["code"]) == (state["result"], state["code"]), text
    after = await built.read_foreign()
    for path, body in built.before.items():
        if path.startswith(HUB) and built.foreign[path] == "subnet" and case.nsg == "ensure" and case.enforce:
            body["properties"]["privateEndpointNetworkPolicies"] = "any"
            after[path]["properties"]["privateEndpointNetworkPolicies"] = "any"
        assert after[path] == body, f"{path} changed: {differing(body, after[path])}; {text}"
    if "ignore" not in (case.peering, case.nsg):
        if state["result"] == "Connected":
            reached(built, state["findings"])
        denied_networks_are_reported(built, state["checks"])
    return str(state["result"])


def differing(before: dict[str, Any], after: dict[str, Any]) -> str:
    old, new = before["properties"], after["properties"]
    named = {name: (old.get(name), new.get(name)) for name in {*old, *new} if old.get(name) != new.get(name)}
    return str(named or {name for name in before if before[name] != after.get(name)})


def reach_from(built: BuiltCase, client: str) -> dict[str, reach.Reach]:
    """What the evaluator finds for each subnet of a client network."""
    world = built.world.azure.world
    subnets = (subnet for subnet in CLIENT_SUBNETS[client] if world.find(subnet))
    return {subnet: reach.reach(world, subnet, NAME, 443) for subnet in subnets}


def reached(built: BuiltCase, findings: list[str]) -> None:
    """Of every client network a subnet reaches the resource, and findings name exactly those that do not."""
    for client in built.case.clients:
        found = reach_from(built, client)
        assert any(outcome.reachable for outcome in found.values()), found
        for subnet, outcome in found.items():
            expected = f"subnet {subnet.rpartition('/')[2]} of {client.rpartition('/')[2]} cannot reach"
            named = any(one.startswith(expected) for one in findings)
            assert named is not outcome.reachable, f"{subnet}: {outcome}; {findings}"


def denied_networks_are_reported(built: BuiltCase, checks: list[dict[str, Any]]) -> None:
    """Where all else holds, a network's check fails exactly if every subnet is stopped by its own rules."""
    name = "rules let clients out"
    if any(not check["holds"] for check in checks if check["check"] != name):
        return
    for check in checks:
        if check["check"] == name:
            (client,) = (one for one in built.case.clients if one.endswith(f"/{check['subject']}"))
            hops = {outcome.hop for outcome in reach_from(built, client).values()}
            assert (hops == {"outbound"}) is not check["holds"], f"{check}: {hops}"


def run_case(case: Case) -> str:
    """Check one case; its result."""
    results: list[str] = []

    async def story() -> None:
        results.append(await check_case(case))

    play(story)
    return results[0]


@pytest.mark.parametrize("part", range(4))
def test_every_world_ends_connected_or_with_a_reason_and_nothing_foreign_changes(part: int) -> None:
    @seed(part)
    @settings(
        max_examples=16,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # shrinking would outlast the suite's limit; debug with `run_case`
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES)
    def each(case: Case) -> None:
        run_case(case)

    each()
