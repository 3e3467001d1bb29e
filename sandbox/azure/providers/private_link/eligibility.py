"""Which resources take a private endpoint at all: by kind, SKU and mode, as each service documents it.

The endpoint's PUT is refused at once with 400 (source: docs/azure/targets.md, TGT-40). Code and sentence of
storage, Service Bus, App Service and API Management, and the sentence of registries, are those of public
error texts; of the other services both are assumed. Each row names the fact that it follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.azure.kernel.model import ArmError, Resource
from sandbox.azure.kernel.world import World

type Test = Callable[[Resource], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """A refusal: the resources that it is for, and the provider's code and sentence."""

    concerns: Test
    text: str
    code: str = "BadRequest"


def refuse(world: World, target: Resource, *, static: bool = False) -> None:
    """Raise ArmError where the provider of this resource refuses private endpoints to it.

    static: whether the endpoint asks for addresses of its own choice.
    """
    for row in ROWS.get(target.type.lower(), ()):
        if row.concerns(target):
            raise _refusal(target, row)
    environment = world.find(_at(target, "hostingEnvironmentProfile.id"))
    if environment is not None and not _opened(environment):
        raise _refusal(target, CLOSED_ENVIRONMENT)
    if static and target.id.is_type("Microsoft.RecoveryServices/vaults"):
        raise _refusal(target, NO_STATIC)


def _refusal(target: Resource, row: Row) -> ArmError:
    text = row.text.format(id=target.id.text, sku=_sku(target), plan=_at(target, "sku"))
    return ArmError(400, row.code, f"Call to {target.type} failed. Error message: {text}", details=[])


def _opened(environment: Resource) -> bool:
    """Whether an App Service Environment is of version 3 and lets its apps have private endpoints."""
    old = str(environment.body.get("kind", "")).upper() in OLD_ENVIRONMENTS
    return not old and _at(environment, ALLOWS_ENDPOINTS) is True


def _sku(target: Resource) -> str:
    found = target.body.get("sku")
    return str(found.get("name") or "") if isinstance(found, dict) else ""


def _at(target: Resource, path: str) -> Any:
    """The value at a path below properties; None where there is none."""
    found: Any = target.properties
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _sold_as(*names: str) -> Test:
    """The SKU has one of these names, or begins with one that ends in an underscore; in any case."""
    return lambda target: any(
        _sku(target).lower() == name or (name.endswith("_") and _sku(target).lower().startswith(name))
        for name in names
    )


def _set(path: str, *values: str) -> Test:
    """The property has one of these values; any value where none is named."""

    def concerns(target: Resource) -> bool:
        found = _at(target, path)
        return found in values if values else bool(found)

    return concerns


def _injected_gateway(target: Resource) -> bool:
    return _sold_as("developer", "premium")(target) and _set("virtualNetworkType", "External", "Internal")(
        target
    )


def _injected_cluster(target: Resource) -> bool:
    network = _at(target, "virtualNetworkConfiguration") or {}
    return bool(network.get("subnetId")) and network.get("state") != "Disabled"


# Properties of App Service Environments (TGT-76).
OLD_ENVIRONMENTS = ("ASEV1", "ASEV2")
ALLOWS_ENDPOINTS = "networkingConfiguration.properties.allowNewPrivateEndpointConnections"
CLOSED_ENVIRONMENT = Row(
    lambda target: True,
    "Private Link for App Service Environment Site is only allowed on ASEv3's that have "
    "allowedPrivateEndpointConnections specified to be true",
)
NO_STATIC = Row(lambda target: True, "Static addresses are not supported.")  # TGT-78
BASIC_SERVER = Row(
    _sold_as("b_"), "Private endpoints are not supported for servers in the Basic tier."
)  # TGT-52
OWN_NETWORK = Row(  # TGT-53
    _set("network.delegatedSubnetResourceId"),
    "Private endpoints are not supported for servers with virtual network integration.",
)
FREE_MESSAGING = Row(_sold_as("free_"), "Private endpoints are not supported in the Free tier.")  # TGT-46
NO_GATEWAY = (  # TGT-50
    "Setting up Private Endpoint Connection for API Management service {id} with Private Endpoint Connection "
    "groupId(s) Gateway is not supported. Please refer to https://aka.ms/apim-private-link on more details."
)
ROWS: dict[str, tuple[Row, ...]] = {
    "microsoft.storage/storageaccounts": (  # TGT-41
        Row(
            lambda target: target.body.get("kind") == "Storage",
            "The operation is not allowed on account kind Storage",
            "OperationNotAllowedOnKind",
        ),
    ),
    "microsoft.servicebus/namespaces": (  # TGT-42
        Row(
            _sold_as("basic", "standard"),
            "Private endpoint connections are only supported on Premium Service Bus namespaces.",
            "PrivateEndpointInvalidSku",
        ),
    ),
    "microsoft.eventhub/namespaces": (  # TGT-43
        Row(_sold_as("basic"), "Private endpoint connections are not supported on Basic namespaces."),
    ),
    "microsoft.containerregistry/registries": (  # TGT-44
        Row(
            _sold_as("basic", "standard", "classic"),
            "The current registry SKU does not support private endpoint connection. Please upgrade your "
            "registry to premium SKU",
        ),
    ),
    "microsoft.appconfiguration/configurationstores": (  # TGT-45
        Row(_sold_as("free"), "Private endpoints are not supported for stores in the Free tier."),
    ),
    "microsoft.signalrservice/signalr": (FREE_MESSAGING,),
    "microsoft.signalrservice/webpubsub": (FREE_MESSAGING,),
    "microsoft.search/searchservices": (  # TGT-47
        Row(_sold_as("free"), "Private endpoints are not supported for the Free tier."),
    ),
    "microsoft.web/staticsites": (  # TGT-48
        Row(_sold_as("free"), "SkuCode '{sku}' is invalid."),
    ),
    "microsoft.web/sites": (  # TGT-49
        Row(_set("sku", "Free", "Shared", "Dynamic"), "SkuCode '{plan}' is invalid."),
        Row(
            lambda target: "kubernetes" in str(target.body.get("kind", "")).lower(),
            "Private endpoints are not supported for apps on Kubernetes.",
        ),  # TGT-67
    ),
    "microsoft.apimanagement/service": (
        Row(_sold_as("consumption", "basicv2"), NO_GATEWAY, "NotSupported"),
        Row(_set("platformVersion", "stv1"), NO_GATEWAY, "NotSupported"),
        Row(_injected_gateway, NO_GATEWAY, "NotSupported"),
    ),
    "microsoft.app/managedenvironments": (  # TGT-51
        Row(
            _set("publicNetworkAccess", "Enabled"),
            "Private endpoints need an environment whose public network access is disabled.",
        ),
        Row(
            lambda target: not target.properties.get("workloadProfiles", True),
            "Private endpoints need an environment with workload profiles.",
        ),  # TGT-77
    ),
    "microsoft.dashboard/grafana": (  # TGT-74
        Row(_sold_as("essential"), "Private endpoints are not supported in the Essential plan."),
    ),
    "microsoft.documentdb/databaseaccounts": (  # TGT-75
        Row(
            _set("apiProperties.serverVersion", "3.2"),
            "Private endpoints are not supported for accounts on server version 3.2.",
        ),
    ),
    "microsoft.web/hostingenvironments": (
        Row(
            lambda target: str(target.body.get("kind", "")).upper() in OLD_ENVIRONMENTS,
            CLOSED_ENVIRONMENT.text,
        ),
        Row(lambda target: _at(target, ALLOWS_ENDPOINTS) is False, CLOSED_ENVIRONMENT.text),
    ),
    "microsoft.dbforpostgresql/servers": (BASIC_SERVER,),
    "microsoft.dbformysql/servers": (BASIC_SERVER,),
    "microsoft.dbformariadb/servers": (BASIC_SERVER,),
    "microsoft.dbforpostgresql/flexibleservers": (OWN_NETWORK,),
    "microsoft.dbformysql/flexibleservers": (OWN_NETWORK,),
    "microsoft.cache/redis": (  # TGT-54
        Row(_set("subnetId"), "Private endpoints are not supported for caches in a virtual network."),
        Row(_set("linkedServers"), "Private endpoints cannot be added to geo-replicated caches."),  # TGT-66
    ),
    "microsoft.kusto/clusters": (  # TGT-55
        Row(_injected_cluster, "Private endpoints are not supported for clusters in a virtual network."),
    ),
    "microsoft.cognitiveservices/accounts": (  # TGT-56
        Row(
            lambda target: not _at(target, "customSubDomainName"),
            "Private endpoints need an account with a custom subdomain name.",
        ),
    ),
    "microsoft.hdinsight/clusters": (  # TGT-57
        Row(
            _set("networkProperties.privateLink", "Disabled"), "Private Link is not enabled for this cluster."
        ),
        Row(
            _set("networkProperties.resourceProviderConnection", "Inbound"),
            "Private Link needs a cluster whose resource provider connection is Outbound.",
        ),
    ),
    "microsoft.network/applicationgateways": (  # TGT-58
        Row(_set("sku.tier", "Standard", "WAF"), "Private Link is not supported by the v1 SKUs."),
    ),
    "microsoft.databricks/workspaces": (  # TGT-59
        Row(_sold_as("standard"), "Private Link needs a workspace in the Premium plan."),
    ),
    "microsoft.logic/integrationaccounts": (  # TGT-60
        Row(
            _sold_as("free", "basic", "standard"),
            "Private endpoints need an integration account in the Premium tier.",
        ),
    ),
}
