"""The rights of the app's identity as one table: which request needs which action, and which role has it.

Kinds, refusals, the roles of `infra/roles.json` and those that `causeway roles` prints are made from it.
Azure refuses a whole role for one action that it does not know (`InvalidActionOrNotAction`,
MicrosoftDocs/azure-docs#102571), so every action has a public source. Check one yourself with
`az provider operation show --namespace Microsoft.Network`.

Sources: Microsoft Learn, "Understand Azure role definitions" (`write` is PUT and PATCH; an action is a type
and a verb), "Azure permissions for Networking" and its pages for the other services, "Manage Azure Private
Endpoint" and "Azure RBAC permissions for Azure Private Link" (what a private endpoint needs).
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

NETWORK = "Microsoft.Network"
ENDPOINT = f"{NETWORK}/privateEndpoints"
ZONE_GROUP = f"{ENDPOINT}/privateDnsZoneGroups"
VNET = f"{NETWORK}/virtualNetworks"
SUBNET = f"{VNET}/subnets"
PEERING = f"{VNET}/virtualNetworkPeerings"
NSG = f"{NETWORK}/networkSecurityGroups"
RULE = f"{NSG}/securityRules"
ASG = f"{NETWORK}/applicationSecurityGroups"
ZONE = f"{NETWORK}/privateDnsZones"
LINK = f"{ZONE}/virtualNetworkLinks"
ROUTE_TABLE = f"{NETWORK}/routeTables"
NAT_GATEWAY = f"{NETWORK}/natGateways"
POLICY = f"{NETWORK}/serviceEndpointPolicies"
TARGET = "<target>"  # in place of the type of any resource that is connected
APPROVAL = "PrivateEndpointConnectionsApproval/action"


@dataclass(frozen=True, slots=True)
class Role:
    """One role. `built_in`: the name and id of Azure's own role that is the same; then none is defined."""

    key: str
    title: str
    purpose: str
    built_in: tuple[str, str] | None = None

    @property
    def called(self) -> str:
        """The name of Azure's own role; its own title where it is none of these."""
        return self.built_in[0] if self.built_in else self.title


ROLES = (
    Role("read", "Read", "Read everything", ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7")),
    Role("approve", "Approve", "Approve private endpoint connections on watched resources"),
    Role("endpoints", "Endpoints", "Write private endpoints and their zone groups"),
    Role("subnets", "Subnets", "Put endpoints into the subnets of the policy"),
    Role("dns", "DNS", "Write private DNS zones and link networks to them"),
    Role("peering", "Peering", "Peer client networks with the networks of endpoints"),
    Role("rules", "Rules", "Write security rules, and the groups that they need"),
    Role("public", "Public access", "Disable public network access of watched resources"),
    Role("remove", "Remove", "Delete what Causeway made"),
)
# Data, not an action of Resource Manager: only where the policy is a blob.
POLICY_READER = Role(
    "policy",
    "Policy",
    "Read the policy from a blob",
    ("Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"),
)
_VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Row:
    """A request needs an action on its own object or, with `joins`, on each object of that type that its
    body refers to; `verb` is then the action's last part. `role`: the key of the role that has it.
    """

    method: str
    type: str
    role: str
    joins: str = ""
    verb: str = ""

    @property
    def action(self) -> str:
        return f"{self.joins or self.type}/{self.verb or _VERBS[self.method]}"

    def on(self, kind: str) -> str:
        """The action with a type in place of `<target>`."""
        return self.action.replace(TARGET, kind)


# Reading covers the permissions of the identity itself, the members of management groups
# (`Microsoft.Management/managementGroups/descendants/read`), limits and long operations at a subscription.
# `getEntities`, a POST, asks for no action: it answers with what the caller may see
# (docs/azure/management-groups.md, MG-07).
ROWS = (
    Row("GET", "*", "read"),
    Row("PUT", ENDPOINT, "endpoints"),
    Row("PUT", ENDPOINT, "subnets", SUBNET, "join/action"),
    Row("PUT", ENDPOINT, "endpoints", ASG, "joinIpConfiguration/action"),
    Row("PUT", ENDPOINT, "approve", TARGET, APPROVAL),
    Row("PUT", ZONE_GROUP, "endpoints"),
    Row("PUT", ZONE_GROUP, "dns", ZONE, "join/action"),
    Row("PUT", ZONE, "dns"),
    Row("PUT", LINK, "dns"),
    Row("PUT", LINK, "dns", VNET, "join/action"),
    Row("PUT", PEERING, "peering"),
    Row("PUT", PEERING, "peering", VNET, "peer/action"),
    Row("PUT", RULE, "rules"),
    Row("PUT", RULE, "rules", ASG, "joinNetworkSecurityRule/action"),
    Row("PUT", NSG, "rules"),
    # A PUT replaces a subnet with all that it refers to, and Azure checks each of these again.
    Row("PUT", SUBNET, "rules"),
    Row("PUT", SUBNET, "rules", NSG, "join/action"),
    Row("PUT", SUBNET, "rules", ROUTE_TABLE, "join/action"),
    Row("PUT", SUBNET, "rules", NAT_GATEWAY, "join/action"),
    Row("PUT", SUBNET, "rules", POLICY, "join/action"),
    Row("PATCH", TARGET, "public"),
    Row("DELETE", ENDPOINT, "remove"),
    Row("DELETE", ZONE_GROUP, "remove"),
    Row("DELETE", PEERING, "remove"),
    Row("DELETE", RULE, "remove"),
    Row("DELETE", LINK, "remove"),
)

# Where the approval of a type was seen as an action: "Azure permissions for ..." on Microsoft Learn, the
# built-in role "Azure AI Enterprise Network Connection Approver" (its page is "Azure built-in roles for AI +
# machine learning"), a role that a project publishes, or Azure's own refusal, which names the action.
_APPROVER = "Azure AI Enterprise Network Connection Approver"
_PUBLISHED = "custom roles and tools of public projects"
_REFUSAL = "Azure's own refusal"
APPROVED_TYPES = {
    "Microsoft.App/managedEnvironments": _PUBLISHED,
    "Microsoft.AppConfiguration/configurationStores": "Azure permissions for Integration",
    "Microsoft.Cache/Redis": _APPROVER,
    "Microsoft.Cache/redisEnterprise": _APPROVER,
    "Microsoft.CognitiveServices/accounts": _PUBLISHED,
    "Microsoft.Compute/diskAccesses": "Azure permissions for Compute",
    "Microsoft.ContainerRegistry/registries": _APPROVER,
    "Microsoft.ContainerService/managedClusters": "Azure permissions for Containers",
    "Microsoft.DBforMySQL/flexibleServers": "Azure permissions for Databases",
    "Microsoft.DBforMySQL/servers": "Azure permissions for Databases",
    "Microsoft.DBforPostgreSQL/flexibleServers": _PUBLISHED,
    "Microsoft.DBforPostgreSQL/serverGroupsv2": _PUBLISHED,
    "Microsoft.DBforPostgreSQL/servers": _PUBLISHED,
    "Microsoft.Dashboard/grafana": "Azure permissions for Monitor",
    "Microsoft.DataFactory/factories": "Azure permissions for Analytics",
    "Microsoft.Databricks/workspaces": "Azure permissions for Analytics",
    "Microsoft.Devices/IotHubs": "Azure permissions for Internet of Things",
    "Microsoft.DocumentDB/databaseAccounts": _APPROVER,
    "Microsoft.ElasticSan/elasticSans": "Azure permissions for Storage",
    "Microsoft.EventGrid/domains": "Azure permissions for Integration",
    "Microsoft.EventGrid/namespaces": "Azure permissions for Integration",
    "Microsoft.EventHub/namespaces": "Azure permissions for Analytics",
    "Microsoft.Insights/privateLinkScopes": "Azure permissions for Monitor",
    "Microsoft.KeyVault/managedHSMs": "Azure permissions for Security",
    "Microsoft.KeyVault/vaults": _APPROVER,
    "Microsoft.MachineLearningServices/workspaces": _APPROVER,
    "Microsoft.Network/applicationGateways": _REFUSAL,
    "Microsoft.Network/privateLinkServices": _REFUSAL,
    "Microsoft.Purview/accounts": "Azure permissions for Analytics",
    "Microsoft.RecoveryServices/vaults": _PUBLISHED,
    "Microsoft.Search/searchServices": "Azure permissions for Web and Mobile",
    "Microsoft.ServiceBus/namespaces": _PUBLISHED,
    "Microsoft.SignalRService/SignalR": "Azure permissions for Web and Mobile",
    "Microsoft.SignalRService/webPubSub": "Azure permissions for Web and Mobile",
    "Microsoft.Sql/servers": _APPROVER,
    "Microsoft.Storage/storageAccounts": "Set up Azure Private Link (Dynamics 365 Customer Insights)",
    "Microsoft.Synapse/workspaces": "Azure permissions for Analytics",
    "Microsoft.Web/sites": "Azure permissions for Web and Mobile",
}


@functools.lru_cache(maxsize=1024)
def row_of(method: str, kind: str, joined: str = "") -> Row:
    """The row of a request of this type, on itself or on an object of the type `joined`; in any case.

    Raises LookupError for what is not in the table: the app sends no such request.
    """
    asked = [row for row in ROWS if row.method == method and row.type.lower() == kind.lower()]
    exact = [row for row in asked if row.joins.lower() == joined.lower()]
    targets = [row for row in asked if joined and row.joins == TARGET]
    for row in (*exact, *targets):
        return row
    raise LookupError(f"the table of roles has no {method} of {kind} {joined}".rstrip())


def actions_of(role: str, kinds: Iterable[str] = ()) -> tuple[str, ...]:
    """The actions of a role, each once. `kinds`: the types in place of `<target>`."""
    known = tuple(kinds)
    found = (row.on(kind) for row in ROWS if row.role == role for kind in _kinds(row, known))
    return tuple(dict.fromkeys(found))


def _kinds(row: Row, known: tuple[str, ...]) -> tuple[str, ...]:
    return known if TARGET in row.action else ("",)
