"""Checks which networks reach a resource that is reported Connected, by the sandbox's own evaluator.

`World` checks after every pass, and the end-to-end test after every trigger, so that no test succeeds with a
path that does not work. The ports are a table of the tests, from the services' own documents: the app's
catalogue cannot prove itself right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from sandbox.azure.kernel.world import World as Azure
from sandbox.azure.providers.private_link import endpoint_view
from sandbox.azure.reachability import reach
from sandbox.azure.reachability import security_evaluation as security
from sandbox.azure.reachability.reach import Reach
from shared.core.base.ids import ResourceId
from shared.core.policy.policy import Policy
from shared.core.policy.profile import Profile
from shared.core.policy.selectors import NetworkSelector

type State = dict[str, Any]

NETWORK = "Microsoft.Network/virtualNetworks"
PEERING = f"{NETWORK}/virtualNetworkPeerings"
SUBNET = "Microsoft.Network/virtualNetworks/subnets"
MANAGED = "Managed by Causeway."  # begins the description of a managed rule
GATEWAY_TYPE = "Microsoft.Network/applicationGateways"
# Rows of the catalogue that connect without a name, and why there is none.
NAMELESS = {
    GATEWAY_TYPE: "the owner of the gateway chooses its frontends' names",
    "Microsoft.Network/privateLinkServices": "its provider chooses the name, if there is one",
    "Microsoft.Web/hostingEnvironments": "the document of zones has no row for it",
    "Microsoft.HealthcareApis/services": "the document of zones has no row for it",
    "Microsoft.DurableTask/schedulers": "the document of zones has no row for it",
    "Microsoft.Logic/integrationAccounts": "the document of zones has no row for it",
    "microsoft.aadiam/privateLinkForAzureAD": "the document of zones has no row for it",
}
HTTPS = (443,)
# By type, or by type and group where groups differ: what clients connect to if it is not HTTPS alone, ends of
# ranges included (Microsoft Learn, each service's page on its networking or ports).
PORTS = {
    "Microsoft.Cache/Redis": (6379, 6380, 13000, 15999),
    "Microsoft.Cache/redisEnterprise": (8500, 10000),
    "Microsoft.DBforMariaDB/servers": (3306,),
    "Microsoft.DBforMySQL/flexibleServers": (3306,),
    "Microsoft.DBforMySQL/servers": (3306,),
    "Microsoft.DBforPostgreSQL/flexibleServers": (5432, 6432),
    "Microsoft.DBforPostgreSQL/serverGroupsv2": (5432, 6432),
    "Microsoft.DBforPostgreSQL/servers": (5432,),
    "Microsoft.Devices/IotHubs": (443, 5671, 8883),
    "Microsoft.Devices/provisioningServices": (443, 5671, 8883),
    "Microsoft.DocumentDB/databaseAccounts/Cassandra": (10350,),
    "Microsoft.DocumentDB/databaseAccounts/MongoDB": (10255,),
    "Microsoft.DocumentDB/databaseAccounts/Sql": (443, 1, 65535),  # direct mode
    "Microsoft.DocumentDB/mongoClusters": (10260,),
    "Microsoft.ElasticSan/elasticSans": (3260,),
    "Microsoft.EventGrid/namespaces/topicSpace": (443, 8883),
    "Microsoft.EventHub/namespaces": (443, 5671, 9093),
    "Microsoft.FileShares/fileShares": (445, 2049),
    "Microsoft.HardwareSecurityModules/cloudHsmClusters": (443, 444, 2224, 2225),
    "Microsoft.Relay/namespaces": (443, 5671, 9350, 9354),
    "Microsoft.ServiceBus/namespaces": (443, 5671),
    "Microsoft.Sql/managedInstances": (1433,),
    "Microsoft.Sql/servers": (1433,),  # Redirect takes more: tests/flow/test_sql_ports.py
    "Microsoft.Storage/storageAccounts/file": (443, 445),
    "Microsoft.Storage/storageAccounts/file_secondary": (443, 445),
    "Microsoft.Synapse/workspaces/Sql": (1433,),
    "Microsoft.Synapse/workspaces/SqlOnDemand": (1433,),
}


_BY_KEY = {key.lower(): ports for key, ports in PORTS.items()}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection: from a machine in `subnet` to this name or address, on this port. `ip`: its address."""

    subnet: str
    name: str
    ip: str
    port: int

    def __str__(self) -> str:
        return f"{self.subnet.rpartition('/virtualNetworks/')[2]} -> {self.name}:{self.port} ({self.ip})"


def attempts(state: State, path: State, subnets: Iterable[str]) -> Iterator[Attempt]:
    """Every name and address of one path of a connection, on every port, from each of these subnets."""
    kind = "/".join(state["resource_id"].lower().rpartition("/providers/")[2].split("/")[:2])
    ports = _BY_KEY.get(f"{kind}/{path['group'].lower()}") or _BY_KEY.get(kind) or HTTPS
    for subnet in subnets:
        for address in path["addresses"]:
            for name in (*address["fqdns"], address["ip"]):
                yield from (Attempt(subnet, name, address["ip"], port) for port in ports)


def violation(attempt: Attempt, found: Reach, profile: Profile, findings: Iterable[str]) -> str | None:
    """Why a client's attempt fails; None if it succeeds, or if the policy leaves that hop to the operator."""
    if found.address not in ("", attempt.ip):
        return f"{attempt} leads to {found.address}"
    subnet = attempt.subnet.rpartition("/")[2]
    excluded = {
        "resolve": profile.dns.mode == "none" or _resolution_unknown(found, profile, findings),
        # The simulator has no appliance or gateway that forwards: what goes through a hub is not evaluated.
        "peering": profile.peering.mode == "ignore" or profile.peering.through is not None,
        "inbound": profile.nsg.mode == "ignore",
        "outbound": profile.nsg.mode == "ignore" or any(subnet in one for one in findings),
        "route": profile.nsg.mode == "ignore" or any(subnet in one for one in findings),
    }
    accepted = found.reachable or excluded.get(found.hop)
    return None if accepted else f"{attempt} ends at {found.hop}: {found.why}"


def _resolution_unknown(found: Reach, profile: Profile, findings: Iterable[str]) -> bool:
    """A finding says that the app cannot read how names resolve: DNS is external, or nothing is known of the
    network's DNS servers.
    """
    servers = any("ask the DNS servers" in one for one in findings)
    unread = any("could not be read" in one for one in findings)
    no_answer = found.why.startswith("no DNS server is known at")
    return servers and no_answer if profile.dns.mode != "external" else servers or unread


def clients_of(azure: Azure, policy: Policy, profile: Profile, target: str) -> set[str]:
    """The ids, in lower case, of networks and subnets that are clients now."""
    found: set[str] = set()
    for one in profile.clients:
        if one == "own":
            own = f"{target.split('/resource')[0]}/".lower()
            found |= {at.id.key for at in azure.store.of_type(NETWORK) if at.id.key.startswith(own)}
        elif isinstance(one, str):
            found |= _of_set(azure, policy, one)
        elif isinstance(one, ResourceId):
            found.add(one.key)
    return found


def _of_set(azure: Azure, policy: Policy, name: str) -> set[str]:
    asked = policy.networks[name]
    if not isinstance(asked, NetworkSelector):
        return {one.key for one in asked}
    watched = _watched(azure, policy)
    subscriptions = watched & {one.lower() for one in asked.subscription or watched}
    found = [at.id for at in azure.store.of_type(NETWORK) if at.id.key.split("/")[2] in subscriptions]
    if asked.peered_with:
        hubs = _of_set(azure, policy, asked.peered_with)
        halves = (
            half for half in azure.store.of_type(PEERING) if half.id.parent and half.id.parent.key in hubs
        )
        connected = (half.properties for half in halves if half.properties["peeringState"] == "Connected")
        remotes = {one["remoteVirtualNetwork"]["id"].lower() for one in connected}
        among = {one.lower() for one in asked.subscription or ()}
        known = [at.id for at in azure.store.of_type(NETWORK) if at.id.key in remotes]
        found = [at for at in known if not among or at.key.split("/")[2] in among]
    return {at.key for at in found if _fits(azure, azure.find(at.text), asked)}


def _watched(azure: Azure, policy: Policy) -> set[str]:
    """The subscriptions that the policy lists, and those below its management groups."""
    below = {one.lower() for one in policy.management_groups}
    listed = {one.lower() for one in policy.subscriptions}
    return listed | {one for one in azure.subscriptions if below & set(_groups_above(azure, one))}


def _groups_above(azure: Azure, subscription: str) -> list[str]:
    tree = azure.hierarchy.tree
    return [one.key for one in tree.line(tree.of(subscription))]


def _fits(azure: Azure, network: Any, asked: NetworkSelector) -> bool:
    above = _groups_above(azure, network.id.subscription)
    wanted = asked.management_group or ("*",)
    if not any(fnmatch(group, one.lower()) for group in above for one in wanted):
        return False
    name, tags = network.id.name.lower(), network.body.get("tags") or {}
    fields = [
        (name, asked.name),
        (network.id.key.split("/")[4], asked.resource_group),
        (str(network.body["location"]).lower(), asked.region),
        *((tags.get(tag, ""), values) for tag, values in asked.tags.items()),
    ]
    left_out = any(fnmatch(name, one.lower()) for one in asked.but_not or ())
    return not left_out and all(
        any(fnmatch(value, one) for one in patterns) for value, patterns in fields if patterns
    )


def violations(azure: Azure, policy: Policy, state: State) -> list[str]:
    """What contradicts a state that says Connected; nothing for other states, or during a pass."""
    if state.get("result") != "Connected" or state["working"]:
        return []
    profile = policy.profiles[state["profile"]]
    clients = clients_of(azure, policy, profile, state["resource_id"])
    known = {subnet.id.text: subnet.id.parent for subnet in azure.store.of_type(SUBNET)}
    every = [
        at for at, network in known.items() if at.lower() in clients or (network and network.key in clients)
    ]
    denies = profile.nsg.default_deny and profile.nsg.mode != "ignore"
    found: list[str] = []
    for path in state["paths"]:
        inside = [at for at in every if not _asks_another(azure, state, path, at)]
        outside = [at for at in known if at not in inside]
        found += _misnamed(azure, path)
        own = _subnet_of(azure, path).lower()
        for attempt in attempts(state, path, [at for at in inside if at.lower() != own]):
            found += filter(None, [violation(attempt, ask(azure, attempt), profile, state["findings"])])
        if denies and _filtered(azure, path):
            tries = attempts(state, path, outside)
            found += [
                f"{attempt} gets in" for attempt in tries if _gets_in(azure, attempt, _beside(state, path))
            ]
    return found


def _subnet_of(azure: Azure, path: State) -> str:
    """The subnet of the endpoint: no client machines are in it."""
    endpoint = azure.find(path["endpoint"])
    return str(endpoint.properties["subnet"]["id"]) if endpoint else ""


def ask(azure: Azure, attempt: Attempt) -> Reach:
    return reach.reach(azure, attempt.subnet, attempt.name, attempt.port)


def _misnamed(azure: Azure, path: State) -> Iterator[str]:
    """The names in the state differ from those that the endpoint answers to."""
    endpoint = azure.find(path["endpoint"])
    answers = endpoint_view.answers(endpoint) if endpoint else []
    actual = {(one.address, one.name.fqdn.lower()) for one in answers}
    expected = {(address["ip"], name) for address in path["addresses"] for name in address["fqdns"]}
    if actual != expected:
        yield f"{path['endpoint']} answers to {actual}, not to {expected}"


def _filtered(azure: Azure, path: State) -> bool:
    """Security rules are in force on the endpoint's subnet."""
    endpoint = azure.find(path["endpoint"])
    subnet = azure.find(endpoint.properties["subnet"]["id"]) if endpoint else None
    return bool(subnet and security.filters_endpoints(subnet) and security.group_of(azure, subnet))


def _asks_another(azure: Azure, state: State, path: State, subnet: str) -> bool:
    """The names lead a client to the endpoint of another placement, whose path it is on."""
    beside = _beside(state, path)
    named = (attempt for attempt in attempts(state, path, [subnet]) if attempt.name != attempt.ip)
    return bool(beside) and any(ask(azure, attempt).address in beside for attempt in named)


def _beside(state: State, path: State) -> set[str]:
    """The addresses of the paths of other placements, which have clients of their own."""
    others = (one for one in state["paths"] if one.get("placement", "") != path.get("placement", ""))
    return {address["ip"] for one in others for address in one["addresses"]}


def _gets_in(azure: Azure, attempt: Attempt, beside: set[str]) -> bool:
    """A network that is no client gets in, and not by a rule that a user created for it.

    One whose name leads to an address `beside` this path is not on it.
    """
    found = ask(azure, attempt)
    if found.address in beside:
        return False
    rule = azure.find(found.rule) if found.rule.startswith("/") else None
    by_hand = rule is not None and not str(rule.properties.get("description", "")).startswith(MANAGED)
    return found.reachable and not by_hand
