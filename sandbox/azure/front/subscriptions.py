"""What ARM answers about subscriptions, their registered providers, and the cloud itself."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox.azure.front.asked import Asked
from sandbox.azure.front.locations import DISPLAY_NAMES
from sandbox.azure.front.routing import Route
from sandbox.azure.kernel import tenants
from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.ids import MANAGEMENT_GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Response
from sandbox.azure.kernel.world import StoredType, World
from sandbox.azure.providers import groups

# Some versions of each namespace, or of a type that has its own; every well-formed version is served.
API_VERSIONS: dict[str, list[str]] = json.loads(Path(__file__).with_name("api_versions.json").read_text())
GLOBAL_TYPES = ("microsoft.network/privatednszones",)
OF_TENANT = MANAGEMENT_GROUP_TYPE.split("/")[0]  # its types are in no subscription


def answer(world: World, found: Route, request: Request, principal: str) -> Response:
    """The list of subscriptions, a subscription's providers, one of them, or its registration."""
    if found.kind == "subscriptions":
        world.authorize(principal, "Microsoft.Resources/subscriptions/read", "/")
        visible = [one for one in world.subscriptions if _is_listed(world, one, request, principal)]
        known = [groups.show_subscription(world, one) for one in visible]
        return Response(200, {"value": known, "count": {"type": "Total", "value": len(known)}})
    subscription = found.about
    if found.kind == "register":
        world.authorize(principal, f"{found.action}/register/action", subscription.text)
        return Response(200, register(world, subscription, found.action))
    world.authorize(principal, "Microsoft.Resources/subscriptions/providers/read", subscription.text)
    names = sorted({one.name.split("/", 1)[0] for one in world.types} | {OF_TENANT})
    if found.kind == "providers":
        return Response(200, {"value": [provider(world, subscription, name) for name in names]})
    for name in names:
        if name.lower() == found.action.lower():
            return Response(200, provider(world, subscription, name))
    raise ArmError(
        404,
        "InvalidResourceNamespace",
        f"The resource namespace '{found.action}' is invalid.",
        cause="gateway",
    )


def _is_listed(world: World, one: str, request: Request, principal: str) -> bool:
    """Whether the caller may read a subscription, and its token is of the right tenant."""
    may_read = world.check_access(principal, "Microsoft.Resources/subscriptions/read", ArmId(one).text)
    return may_read and tenants.is_visible(world.subscriptions, request, one)


def register(world: World, subscription: ArmId, namespace: str) -> Json:
    """Register a namespace; here at once, on Azure within minutes."""
    known = world.subscriptions[subscription.subscription.lower()]
    known["unregistered"] = [one for one in known.get("unregistered", []) if one != namespace.lower()]
    return provider(world, subscription, namespace)


def unregister(asked: Asked) -> Response:
    """`POST .../providers/{namespace}/unregister`: refused while the subscription has resources of it."""
    namespace = asked.names["namespace"].lower()
    asked.authorize(f"{namespace}/unregister/action")
    held = (one for one in asked.world.types if one.name.lower().startswith(f"{namespace}/"))
    if any(asked.world.store.of_type(one.name, asked.subscription) for one in held):
        raise ArmError(
            409,
            "CannotUnregisterProvider",
            f"Cannot unregister provider {namespace} because there are still resource types from this "
            "provider in the subscription.",
            cause="gateway",
        )
    known = asked.world.subscriptions[asked.subscription.subscription.lower()]
    known["unregistered"] = sorted({*known.get("unregistered", []), namespace})
    return Response(200, provider(asked.world, asked.subscription, asked.names["namespace"]))


def listed_tenants(asked: Asked) -> Response:
    """`GET /tenants`: those whose subscriptions the caller's token may see."""
    asked.authorize("Microsoft.Resources/tenants/read", "/")
    every = asked.world.subscriptions
    visible = [one for one in every if tenants.is_visible(every, asked.request, one)]
    found = dict.fromkeys(tenants.tenant_of(every, one) for one in visible)
    return Response(200, {"value": [_tenant(one) for one in found]})


def _tenant(tenant: str) -> Json:
    return {
        "id": f"/tenants/{tenant}",
        "tenantId": tenant,
        "countryCode": "NL",
        "displayName": "Sandbox",
        "domains": ["sandbox.example"],
        "tenantCategory": "Home",
        "defaultDomain": "sandbox.example",
        "tenantType": "AAD",
    }


def provider(world: World, subscription: ArmId, namespace: str) -> Json:
    """A namespace with its registration state and types (docs/azure/clients.md, CLI-04)."""
    unregistered = world.subscriptions[subscription.subscription.lower()].get("unregistered", [])
    return {
        "id": f"{subscription.text}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "NotRegistered" if namespace.lower() in unregistered else "Registered",
        "resourceTypes": [
            _resource_type(one) for one in world.types if one.name.lower().startswith(f"{namespace.lower()}/")
        ],
    }


def _resource_type(known: StoredType) -> Json:
    """What a client reads before it works on a type that it does not know: versions, regions, tags."""
    versions = API_VERSIONS.get(known.name.split("/", 1)[0].lower(), [])
    top = "/".join(known.name.split("/")[:2]).lower()
    is_global = top in GLOBAL_TYPES
    return {
        "resourceType": known.name.split("/", 1)[1],
        "locations": ["global"] if is_global else list(DISPLAY_NAMES.values()),
        "apiVersions": API_VERSIONS.get(top, versions),
        "capabilities": "SupportsTags, SupportsLocation" if known.tracked else "None",
    }


def metadata(request: Request) -> Response:
    """`/metadata/endpoints`: one object for `az cloud register`, a list for the version that Ansible asks
    for. Services that the simulator has not keep their public addresses.

    Source: docs/azure/resource-manager.md, ARM-28.
    """
    cloud: Json = {
        "name": "Sandbox",
        "portal": request.origin,
        "authentication": {
            "loginEndpoint": f"{request.origin}/",
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": TENANT,
            "identityProvider": "AAD",
        },
        "resourceManager": request.origin,
        "graph": request.origin,
        "graphAudience": request.origin,
        "microsoftGraphResourceId": f"{request.origin}/",
        "batch": "https://batch.core.windows.net/",
        "gallery": request.origin,
        "media": "https://rest.media.azure.net",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "ossrdbmsResourceId": "https://ossrdbms-aad.database.windows.net",
        "logAnalyticsResourceId": "https://api.loganalytics.io",
        "appInsightsResourceId": "https://api.applicationinsights.io",
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": "vault.azure.net",
            "mhsmDns": "managedhsm.azure.net",
            "acrLoginServer": "azurecr.io",
            "sqlServerHostname": "database.windows.net",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "synapseAnalytics": "dev.azuresynapse.net",
        },
    }
    version = request.query.get("api-version", "")
    return Response(200, [cloud] if version == "2019-05-01" else cloud)
