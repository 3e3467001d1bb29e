"""What ARM answers about subscriptions, their registered providers, and the cloud itself."""

from __future__ import annotations

from sandbox.azure.front.routing import Route
from sandbox.azure.kernel import tenants
from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Response
from sandbox.azure.kernel.world import World
from sandbox.azure.providers import groups


def answer(world: World, found: Route, request: Request, principal: str) -> Response:
    """The list of subscriptions, a subscription's providers, one of them, or its registration."""
    if found.kind == "subscriptions":
        world.authorize(principal, "Microsoft.Resources/subscriptions/read", "/")
        visible = [
            one for one in world.subscriptions if tenants.is_visible(world.subscriptions, request, one)
        ]
        known = [groups.show_subscription(world, one) for one in visible]
        return Response(200, {"value": known, "count": {"type": "Total", "value": len(known)}})
    subscription = found.about
    if found.kind == "register":
        world.authorize(principal, f"{found.action}/register/action", subscription.text)
        return Response(200, register(world, subscription, found.action))
    world.authorize(principal, "Microsoft.Resources/subscriptions/providers/read", subscription.text)
    names = sorted({one.name.split("/", 1)[0] for one in world.types})
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


def register(world: World, subscription: ArmId, namespace: str) -> Json:
    """Register a namespace; here at once, on Azure within minutes."""
    known = world.subscriptions[subscription.subscription.lower()]
    known["unregistered"] = [one for one in known.get("unregistered", []) if one != namespace.lower()]
    return provider(world, subscription, namespace)


def provider(world: World, subscription: ArmId, namespace: str) -> Json:
    """A namespace with its registration state and types."""
    unregistered = world.subscriptions[subscription.subscription.lower()].get("unregistered", [])
    return {
        "id": f"{subscription.text}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "NotRegistered" if namespace.lower() in unregistered else "Registered",
        "resourceTypes": [
            {"resourceType": one.name.split("/", 1)[1]}
            for one in world.types
            if one.name.lower().startswith(f"{namespace.lower()}/")
        ],
    }


def metadata(request: Request) -> Response:
    """`/metadata/endpoints`: one object for `az cloud register`, a list for the version that Ansible asks
    for.

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
        "suffixes": {
            "storage": "core.windows.net",
            "keyVaultDns": "vault.azure.net",
            "sqlServerHostname": "database.windows.net",
        },
    }
    version = request.query.get("api-version", "")
    return Response(200, [cloud] if version == "2019-05-01" else cloud)
