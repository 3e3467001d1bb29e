"""What the pure half of a pass costs: sites, desired state, plan and proof, from readings that are ready.

10,000 connected storage accounts in memory, two client networks, without and with security rules; and the
same
for one target while more and more endpoints are in its subnet. CPU time, not wall time: the figures are
comparable on a busy machine. `python -m benchmarks.pure`
"""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE, marks
from shared.core.kinds.record import COLLECTION as RECORDS
from shared.core.outcome.proof import prove
from shared.core.placement.candidates import candidates
from shared.core.placement.site import Candidates, Site
from shared.core.placement.sites import sites
from shared.core.plan.desired import desired
from shared.core.plan.group_path import Request
from shared.core.plan.plan import plan
from shared.core.policy.intent import Connect, Declined, intent
from shared.core.policy.policy import Policy
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Members, Present

TARGETS = 10_000
SUB = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups"
NETWORK = f"{SUB}/rg-network/providers/Microsoft.Network"
HUB, SPOKES = f"{NETWORK}/virtualNetworks/hub", [f"{NETWORK}/virtualNetworks/spoke-{n}" for n in "ab"]
SPACES = dict(zip((HUB, *SPOKES), ("10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16"), strict=True))
SUBNET, NSG = f"{HUB}/subnets/endpoints", f"{NETWORK}/networkSecurityGroups/nsg"
ZONE = f"{SUB}/rg-dns/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
DONE = {"provisioningState": "Succeeded"}


@dataclass(frozen=True, slots=True)
class Case:
    """One connected target with all that was read for it."""

    target: Target
    connect: Connect
    observed: Observed


def report() -> bool:
    """Print microseconds of CPU a target; the claim is that they do not grow with the subnet."""
    print(f"pure half of a pass, CPU microseconds a target, {TARGETS:,} targets:")
    for nsg in ("ignore", "ensure"):
        world = World(nsg, endpoints=200)
        print(
            f"  nsg.mode {nsg:7} {cpu(list(world.cases(TARGETS)), chosen=True):8.0f}  desired + plan + prove"
        )
    print("  and with the choice of a site, by endpoints in the subnet (nsg.mode ensure):")
    by_size = {size: cpu(list(World("ensure", size).cases(500))) for size in (10, 200, 1000)}
    for size, spent in by_size.items():
        print(f"    {size:5} endpoints {spent:8.0f}")
    holds = by_size[1000] < 2 * by_size[10]
    print("a subnet of 1,000 endpoints costs less than twice one of 10:", "yes" if holds else "NO")
    return holds


def cpu(cases: list[Case], *, chosen: bool = False) -> float:
    """Microseconds of CPU a case, after one warm-up. `chosen`: sites are chosen before the clock starts."""
    catalogue = load()
    ready = [Request(case.target, case.connect, placed(case)) for case in cases] if chosen else []
    run(cases[0])
    gc.collect()
    gc.disable()
    began = time.process_time()
    for n, case in enumerate(cases):
        request = ready[n] if chosen else Request(case.target, case.connect, placed(case))
        wanted = desired(request, case.observed, catalogue)
        steps, proof = plan(wanted, case.observed), prove(wanted, case.observed)
        assert steps.settled, steps.writes
        assert proof.holds, proof.failures
    spent = time.process_time() - began
    gc.enable()
    return spent / len(cases) * 1e6


def run(case: Case) -> None:
    wanted = desired(Request(case.target, case.connect, placed(case)), case.observed, load())
    plan(wanted, case.observed)
    prove(wanted, case.observed)


def placed(case: Case) -> dict[str, Site]:
    found = candidates(case.target, case.connect.profile)
    assert isinstance(found, Candidates)
    chosen = sites(case.target, case.connect, found, POLICY_LIMITS, case.observed)
    assert not isinstance(chosen, Declined | Refusal), chosen
    return dict(chosen)


class World:
    """The shared readings: networks, zone, links, group; and targets on top of them."""

    def __init__(self, nsg: str, endpoints: int) -> None:
        self.policy = policy(nsg)
        self.nsg, self.endpoints = nsg, endpoints
        self.shared: Observed | None = None

    def cases(self, count: int) -> Iterator[Case]:
        shared = self._shared()
        for n in range(count):
            yield self._case(n, shared)

    def _case(self, n: int, shared: Observed) -> Case:
        target = account(n)
        connect = intent(target, {}, self.policy, load())
        assert isinstance(connect, Connect)
        at, ip = (
            endpoint_at(target, connect),
            f"10.0.{n % self.endpoints // 250}.{n % self.endpoints % 250 + 4}",
        )
        nic = at.group.resource("Microsoft.Network/networkInterfaces", f"{at.name}.nic")
        group = at.child("privateDnsZoneGroups", "causeway")
        zone = ResourceId.parse(ZONE)
        view = shared.alone(at, Present(endpoint(at, nic, target)))
        view = view.alone(nic, Present(interface(nic, ip, target.id.name)))
        members = Present(Members((zone_group(group, ip, target.id.name),)))
        view = view.with_members(at, "privateDnsZoneGroups", members)
        record = zone.child(RECORDS, target.id.name)
        return Case(listed(target, at), connect, view.alone(record, Present(a_record(record, ip))))

    def _shared(self) -> Observed:
        view = Observed()
        for at, body in self._bodies().items():
            view = view.alone(ResourceId.parse(at), Present(Seen(ResourceId.parse(at), body)))
        links = (link(spoke) for spoke in SPOKES)
        return view.with_members(
            ResourceId.parse(ZONE), "virtualNetworkLinks", Present(Members(tuple(links)))
        )

    def _bodies(self) -> dict[str, dict[str, Any]]:
        listed = [{"id": f"{NETWORK}/privateEndpoints/pe-{n}"} for n in range(self.endpoints)]
        ips = [f"10.0.{n // 250}.{n % 250 + 4}" for n in range(self.endpoints)]
        subnet = {
            "addressPrefix": "10.0.0.0/20",
            "privateEndpointNetworkPolicies": "NetworkSecurityGroupEnabled",
            "networkSecurityGroup": {"id": NSG},
            "privateEndpoints": listed,
            "ipConfigurations": [{"id": f"{entry['id']}/ipc"} for entry in listed],
        }
        clients = {"addressPrefix": "10.1.1.0/24", "networkSecurityGroup": {"id": f"{NSG}-clients"}}
        bodies = {
            HUB: network("10.0.0.0/16", SPOKES, {"name": "endpoints", "id": SUBNET, "properties": subnet}),
            ZONE: {"id": ZONE, "tags": {MARK_TAG: MARK_VALUE}, "properties": DONE},
            NSG: {"id": NSG, "properties": {**DONE, "securityRules": self._rules(ips)}},
            f"{NSG}-clients": {"id": f"{NSG}-clients", "properties": {**DONE, "securityRules": []}},
        }
        for n, spoke in enumerate(SPOKES, 1):
            own = {**clients, "addressPrefix": f"10.{n}.1.0/24"}
            one = {"name": "clients", "id": f"{spoke}/subnets/clients", "properties": own}
            bodies[spoke] = network(f"10.{n}.0.0/16", [HUB], one)
        return bodies

    def _rules(self, ips: list[str]) -> list[dict[str, Any]]:
        """The rules as a first pass would write them, found by asking for the desired state once."""
        if self.nsg == "ignore":
            return []
        target = account(0)
        connect = intent(target, {}, self.policy, load())
        assert isinstance(connect, Connect)
        spokes = [network(f"10.{n}.0.0/16", [HUB], {}) for n, _ in enumerate(SPOKES, 1)]
        hub = network(
            "10.0.0.0/16",
            SPOKES,
            {
                "name": "endpoints",
                "id": SUBNET,
                "properties": {"addressPrefix": "10.0.0.0/20", "networkSecurityGroup": {"id": NSG}},
            },
        )
        view = Observed()
        for text, body in zip((HUB, *SPOKES), (hub, *spokes), strict=True):
            view = view.alone(ResourceId.parse(text), Present(Seen(ResourceId.parse(text), body)))
        at = endpoint_at(target, connect)
        nic = at.group.resource("Microsoft.Network/networkInterfaces", f"{at.name}.nic")
        view = view.alone(at, Present(endpoint(at, nic, target)))
        view = view.alone(nic, Present(interface(nic, "10.0.0.4", target.id.name)))
        site = Site(at, ResourceId.parse(SUBNET), "westeurope")
        wanted = desired(Request(target, connect, {"blob": site}), view, load())
        made = [(rule, rule.body(None, Observed())["properties"]) for rule in wanted.rules]
        return [
            {
                "id": rule.id.text,
                "name": rule.id.name,
                "properties": {**DONE, **body, "priority": 1000 + n, "destinationAddressPrefixes": ips},
            }
            for n, (rule, body) in enumerate(made)
        ]


def policy(nsg: str) -> Policy:
    return Policy.parse(f"""
version: 1
subscriptions: [00000000-0000-0000-0000-000000000001]
opt_in: {{always: [Microsoft.Storage/storageAccounts]}}
limits: {{max_endpoints_per_subnet: 5000}}
profiles:
  default:
    subnets: {{westeurope: [{SUBNET}]}}
    clients: [{", ".join(SPOKES)}]
    peering: ensure
    nsg: {{mode: {nsg}}}
    dns: {{zones_resource_group: {SUB}/rg-dns}}
""")


POLICY_LIMITS = policy("ignore").limits


def account(n: int) -> Target:
    at = f"{SUB}/rg-app-{n % 100}/providers/Microsoft.Storage/storageAccounts/account{n}"
    return Target.parse({"id": at, "location": "westeurope", "kind": "StorageV2", "properties": {}})


def listed(target: Target, endpoint_id: ResourceId) -> Target:
    """The target once its endpoint is connected."""
    state = {"privateLinkServiceConnectionState": {"status": "Approved"}}
    entry = {"name": "c", "properties": {**state, "privateEndpoint": {"id": endpoint_id.text}}}
    body = {"id": target.id.text, "location": target.location, "kind": target.kind}
    return Target.parse({**body, "properties": {"privateEndpointConnections": [entry]}})


def endpoint_at(target: Target, connect: Connect) -> ResourceId:
    from shared.core.kinds.endpoint import endpoint_id

    subnet = ResourceId.parse(SUBNET)
    return endpoint_id(subnet.group, target.id, connect.groups[0].group_id, subnet)


def endpoint(at: ResourceId, nic: ResourceId, target: Target) -> Seen:
    connection = {
        "privateLinkServiceId": target.id.text,
        "groupIds": ["blob"],
        "privateLinkServiceConnectionState": {"status": "Approved"},
    }
    properties = {
        **DONE,
        "subnet": {"id": SUBNET},
        "networkInterfaces": [{"id": nic.text}],
        "privateLinkServiceConnections": [{"name": at.name, "properties": connection}],
    }
    return Seen(at, {"id": at.text, "tags": marks(target.id), "properties": properties})


def interface(nic: ResourceId, ip: str, name: str) -> Seen:
    link = {"requiredMemberName": "blob", "fqdns": [f"{name}.blob.core.windows.net"]}
    config = {"properties": {"privateIPAddress": ip, "privateLinkConnectionProperties": link}}
    return Seen(nic, {"id": nic.text, "properties": {**DONE, "ipConfigurations": [config]}})


def zone_group(at: ResourceId, ip: str, name: str) -> Seen:
    record = {"fqdn": f"{name}.privatelink.blob.core.windows.net", "ipAddresses": [ip]}
    config = {"name": "c", "properties": {"privateDnsZoneId": ZONE, "recordSets": [record]}}
    return Seen(at, {"id": at.text, "properties": {**DONE, "privateDnsZoneConfigs": [config]}})


def a_record(at: ResourceId, ip: str) -> Seen:
    return Seen(at, {"id": at.text, "properties": {"aRecords": [{"ipv4Address": ip}]}})


def link(spoke: str) -> Seen:
    at = ResourceId.parse(f"{ZONE}/virtualNetworkLinks/{spoke.rpartition('/')[2]}")
    properties = {**DONE, "virtualNetworkLinkState": "Completed", "virtualNetwork": {"id": spoke}}
    return Seen(at, {"id": at.text, "tags": {MARK_TAG: MARK_VALUE}, "properties": properties})


def network(prefix: str, remotes: list[str], subnet: dict[str, Any]) -> dict[str, Any]:
    halves = [
        {
            "id": f"{HUB}/virtualNetworkPeerings/to-{remote.rpartition('/')[2]}",
            "name": f"to-{remote.rpartition('/')[2]}",
            "properties": {
                **DONE,
                "remoteVirtualNetwork": {"id": remote},
                "peeringState": "Connected",
                "peeringSyncLevel": "FullyInSync",
                "allowVirtualNetworkAccess": True,
                "remoteAddressSpace": {"addressPrefixes": [SPACES[remote]]},
            },
        }
        for remote in remotes
    ]
    properties = {
        **DONE,
        "addressSpace": {"addressPrefixes": [prefix]},
        "subnets": [subnet] if subnet else [],
        "virtualNetworkPeerings": halves,
    }
    return {"location": "westeurope", "properties": properties}


if __name__ == "__main__":
    raise SystemExit(0 if report() else 1)
