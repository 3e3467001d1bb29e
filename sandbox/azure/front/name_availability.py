"""`checkNameAvailability`: whether a name is free and valid, before a resource is created.

Sources: docs/azure/clients.md, CLI-06. A name is taken by a resource of the type anywhere in the simulated
Azure; with a location in the path, by one in that region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sandbox.azure.front.asked import Asked
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.regions import normal
from sandbox.azure.providers.services import soft_delete

HOST_LABEL = r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a provider judges names of one type.

    pattern, least, most: of a valid name. invalid, taken: the reason of each refusal. said: the member that
    says whether the name is free. free: what the answer has besides for a free name. says: texts of both
    refusals, with {name}.
    """

    type: str
    pattern: str = HOST_LABEL
    least: int = 3
    most: int = 63
    invalid: str = "Invalid"
    taken: str = "AlreadyExists"
    said: str = "nameAvailable"
    free: Json = field(default_factory=dict)
    says: tuple[str, str] = ("The name '{name}' is invalid.", "The name '{name}' is already in use.")

    def admits(self, name: str) -> bool:
        """Whether the name is valid."""
        return self.least <= len(name) <= self.most and re.fullmatch(self.pattern, name) is not None


STORAGE_TEXTS = (
    "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
    "length and use numbers and lower-case letters only.",
    "The storage account named {name} is already taken.",
)
VAULT_TEXTS = (
    "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The "
    "name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens.",
    "The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the "
    "name is already taken.",
)
RULES = (
    Rule("Microsoft.Storage/storageAccounts", "[a-z0-9]+", 3, 24, "AccountNameInvalid", says=STORAGE_TEXTS),
    Rule("Microsoft.KeyVault/vaults", HOST_LABEL, 3, 24, "AccountNameInvalid", says=VAULT_TEXTS),
    Rule("Microsoft.Sql/servers", "[a-z0-9]+(-[a-z0-9]+)*", 1, 63, said="available"),
    Rule("Microsoft.Synapse/workspaces", "[a-z0-9]+(-[a-z0-9]+)*", 1, 50, said="available"),
    Rule("Microsoft.Web/sites", "[A-Za-z0-9]+(-+[A-Za-z0-9]+)*", 2, 60),
    Rule("Microsoft.ContainerRegistry/registries", "[A-Za-z0-9]+", 5, 50),
    Rule("Microsoft.AppConfiguration/configurationStores", "[A-Za-z0-9]+(-[A-Za-z0-9]+)*", 5, 50),
    Rule("Microsoft.Search/searchServices", "[a-z0-9]+(-[a-z0-9]+)*", 2, 60),
    Rule("Microsoft.EventHub/namespaces", HOST_LABEL, 6, 50, "InvalidName", "NameInUse"),
    Rule("Microsoft.ServiceBus/namespaces", HOST_LABEL, 6, 50, "InvalidName", "NameInUse"),
    Rule("Microsoft.Relay/namespaces", HOST_LABEL, 6, 50, "InvalidName", "NameInUse"),
    Rule("Microsoft.DBforMySQL/servers", "[a-z0-9]+(-[a-z0-9]+)*", free={"message": ""}),
    Rule("Microsoft.DBforPostgreSQL/servers", "[a-z0-9]+(-[a-z0-9]+)*", free={"message": ""}),
    Rule("Microsoft.DBforMariaDB/servers", "[a-z0-9]+(-[a-z0-9]+)*", free={"message": ""}),
    Rule("Microsoft.DBforMySQL/flexibleServers", "[a-z0-9]+(-[a-z0-9]+)*"),
    Rule("Microsoft.DBforPostgreSQL/flexibleServers", "[a-z0-9]+(-[a-z0-9]+)*"),
    Rule("Microsoft.ApiManagement/service", HOST_LABEL, 1, 50),
    Rule("Microsoft.Devices/IotHubs", "[A-Za-z0-9]+(-[A-Za-z0-9]+)*", 3, 50),
    Rule("Microsoft.Batch/batchAccounts", "[a-z0-9]+", 3, 24),
    Rule("Microsoft.Kusto/clusters", "[a-z][a-z0-9]+", 4, 22),
    Rule("Microsoft.SignalRService/SignalR"),
    Rule("Microsoft.SignalRService/webPubSub"),
    Rule("Microsoft.DigitalTwins/digitalTwinsInstances", "[A-Za-z0-9]+(-[A-Za-z0-9]+)*"),
)  # fmt: skip


def check(asked: Asked) -> Response:
    """`POST .../providers/{namespace}[/locations/{location}]/checkNameAvailability` with `name` and `type`.

    Raises ArmError 404 for a namespace without the action, 400 without a name or for another type.
    """
    namespace = asked.names["namespace"]
    asked.authorize(f"{namespace}/checkNameAvailability/read")
    rule, name = _rule(asked, namespace), asked.body.get("name", asked.body.get("Name"))
    if not isinstance(name, str) or not name:
        raise ArmError(400, "InvalidRequestContent", "The name to check is missing.")
    return Response(200, _answer(asked, rule, name))


def head(asked: Asked) -> Response:
    """`HEAD /providers/Microsoft.DocumentDB/databaseAccountNames/{name}`: 200 for a taken name, or 404."""
    asked.authorize("Microsoft.DocumentDB/databaseAccountNames/read", "/")
    holders = asked.world.store.named("Microsoft.DocumentDB/databaseAccounts", asked.names["name"])
    return Response(200 if holders else 404)


def _rule(asked: Asked, namespace: str) -> Rule:
    """The rule for the type that the body names, or the namespace's first: some bodies have no type."""
    rules = [one for one in RULES if one.type.lower().startswith(f"{namespace.lower()}/")]
    if not rules:
        version = asked.request.query.get("api-version", "")
        raise refusals.no_type(f"{namespace}/checkNameAvailability", version)
    wanted = str(asked.body.get("type") or rules[0].type).lower()
    wanted = {"site": "microsoft.web/sites"}.get(wanted, wanted)
    found = [one for one in rules if wanted in (one.type.lower(), one.type.split("/")[1].lower())]
    if not found:
        raise ArmError(400, "InvalidResourceType", f"The type '{asked.body['type']}' has no such names.")
    return found[0]


def _answer(asked: Asked, rule: Rule, name: str) -> Json:
    if not rule.admits(name):
        said: Json = {"reason": rule.invalid, "message": rule.says[0].format(name=name)}
    elif _taken(asked, rule, name):
        said = {"reason": rule.taken, "message": rule.says[1].format(name=name)}
    else:
        said = {}
    named = {"name": name} if rule.said == "available" else {}
    return named | {rule.said: not said} | (said or rule.free)


def _taken(asked: Asked, rule: Rule, name: str) -> bool:
    """Whether a resource has the name, or one that its service keeps after its deletion (TGT-71)."""
    if soft_delete.keeps_name(asked.world, rule.type, name):
        return True
    region = normal(asked.names.get("location") or "")
    holders = asked.world.store.named(rule.type, name)
    return any(not region or normal(one.location) == region for one in holders)
