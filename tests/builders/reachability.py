"""Who reaches a connection that is reported Connected, and who does not, by the sandbox's own evaluator.

`World` asks after every reconcile pass, and the end-to-end test after every trigger, so that no test can pass
with a path that only the app reports. The ports are a table of the tests, from the services' own
documents: the app's catalogue must not decide whether the app's catalogue is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.azure.kernel.world import World as Azure
from sandbox.azure.providers.private_link import endpoint_view
from sandbox.azure.reachability import reach
from sandbox.azure.reachability import security_evaluation as security
from sandbox.azure.reachability.reach import Reach
from shared.core.policy.policy import Policy, Profile

type State = dict[str, Any]

SUBNET = "Microsoft.Network/virtualNetworks/subnets"
OURS = "Managed by Causeway."  # how the description of a rule begins that no person made
GATEWAY_TYPE = "Microsoft.Network/applicationGateways"
# Rows of the catalogue that connect without a name, and why there is none.
NAMELESS = {
    GATEWAY_TYPE: "its frontends are named by the gateway's owner",
    "Microsoft.Network/privateLinkServices": "its provider names what is behind it, if it has a name",
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
class Way:
    """A question: does a machine in `subnet` reach this name or address on this port? `ip`: its address."""

    subnet: str
    name: str
    ip: str
    port: int

    def __str__(self) -> str:
        return f"{self.subnet.rpartition('/virtualNetworks/')[2]} -> {self.name}:{self.port} ({self.ip})"


def ways(state: State, path: State, subnets: Iterable[str]) -> Iterator[Way]:
    """Every name and address of one path of a connection, on every port, from each of these subnets."""
    kind = "/".join(state["resource_id"].lower().rpartition("/providers/")[2].split("/")[:2])
    ports = _BY_KEY.get(f"{kind}/{path['group'].lower()}") or _BY_KEY.get(kind) or HTTPS
    for subnet in subnets:
        for address in path["addresses"]:
            for name in (*address["fqdns"], address["ip"]):
                yield from (Way(subnet, name, address["ip"], port) for port in ports)


def complaint(way: Way, found: Reach, profile: Profile, findings: Iterable[str]) -> str | None:
    """What is wrong with a client's way; None where it is open, or the operator took the hop on himself."""
    if found.address not in ("", way.ip):
        return f"{way} leads to {found.address}"
    subnet = way.subnet.rpartition("/")[2]
    his = {
        "resolve": profile.dns.mode == "none" or _unseen(profile, findings),
        "peering": profile.peering == "ignore",
        "inbound": profile.nsg.mode == "ignore",
        "outbound": profile.nsg.mode == "ignore" or any(subnet in one for one in findings),
        "route": profile.nsg.mode == "ignore" or any(subnet in one for one in findings),
    }
    return None if found.reachable or his.get(found.hop) else f"{way} ends at {found.hop}: {found.why}"


def _unseen(profile: Profile, findings: Iterable[str]) -> bool:
    """Another team manages the names, and the app reports that it cannot see how they resolve."""
    unseen = ("ask the DNS servers", "could not be read")
    return profile.dns.mode == "external" and any(part in one for one in findings for part in unseen)


def complaints(azure: Azure, policy: Policy, state: State) -> list[str]:
    """All that is not as it must be if the state says Connected; nothing if it does not, or not yet."""
    if state.get("result") != "Connected" or state["working"]:
        return []
    profile = policy.profiles[state["profile"]]
    clients = {client.key for client in profile.clients}
    known = {subnet.id.text: subnet.id.parent for subnet in azure.store.of_type(SUBNET)}
    inside = [at for at, network in known.items() if network and network.key in clients]
    outside = [at for at in known if at not in inside]
    denies = profile.nsg.default_deny and profile.nsg.mode != "ignore"
    found: list[str] = []
    for path in state["paths"]:
        found += _misnamed(azure, path)
        home = _subnet_of(azure, path).lower()
        for way in ways(state, path, [at for at in inside if at.lower() != home]):
            found += filter(None, [complaint(way, ask(azure, way), profile, state["findings"])])
        if denies and _guarded(azure, path):
            found += [f"{way} is let in" for way in ways(state, path, outside) if _slips_in(azure, way)]
    return found


def _subnet_of(azure: Azure, path: State) -> str:
    """The endpoint's own subnet: no client has machines there."""
    endpoint = azure.find(path["endpoint"])
    return str(endpoint.properties["subnet"]["id"]) if endpoint else ""


def ask(azure: Azure, way: Way) -> Reach:
    return reach.reach(azure, way.subnet, way.name, way.port)


def _misnamed(azure: Azure, path: State) -> Iterator[str]:
    """The names that the app knows are not those that the endpoint answers to."""
    endpoint = azure.find(path["endpoint"])
    answers = endpoint_view.answers(endpoint) if endpoint else []
    there = {(one.address, one.name.fqdn.lower()) for one in answers}
    said = {(address["ip"], name) for address in path["addresses"] for name in address["fqdns"]}
    if there != said:
        yield f"{path['endpoint']} answers to {there}, not to {said}"


def _guarded(azure: Azure, path: State) -> bool:
    """Security rules are in force on the endpoint's subnet."""
    endpoint = azure.find(path["endpoint"])
    subnet = azure.find(endpoint.properties["subnet"]["id"]) if endpoint else None
    return bool(subnet and security.filters_endpoints(subnet) and security.group_of(azure, subnet))


def _slips_in(azure: Azure, way: Way) -> bool:
    """A machine that is no client gets in, and no foreign rule lets it in."""
    found = ask(azure, way)
    rule = azure.find(found.rule) if found.rule.startswith("/") else None
    by_hand = rule is not None and not str(rule.properties.get("description", "")).startswith(OURS)
    return found.reachable and not by_hand
