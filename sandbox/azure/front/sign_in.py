"""Microsoft Entra ID, as far as a client needs it to sign in with a client secret.

Sources: docs/azure/clients.md, CLI-01 and CLI-02. Any secret is right, and any application is a user with all
rights, but for the app's own: a managed identity has no secret.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Literal
from urllib.parse import parse_qs

from sandbox.azure.front import identity
from sandbox.azure.kernel.directory import CLIENT_ID, TENANT
from sandbox.azure.kernel.model import Json, Request, Response

type Page = Literal["discovery", "configuration", "token"]

ANY_TENANT = ("common", "organizations")
PATHS: dict[tuple[str, ...], Page] = {
    ("discovery", "instance"): "discovery",
    ("v2.0", ".well-known", "openid-configuration"): "configuration",
    (".well-known", "openid-configuration"): "configuration",
    ("oauth2", "v2.0", "token"): "token",
    ("oauth2", "token"): "token",
}


def page_of(path: str) -> Page | None:
    """What a path asks of Entra ID: `/{tenant}/oauth2/v2.0/token` and its kind. None for all other paths."""
    return PATHS.get(tuple(path.lower().strip("/").split("/")[1:]))


def answer(request: Request, page: Page, tenants: Collection[str]) -> Response:
    """Answer one request to Entra ID, which has these tenants. Refusals have its own form, not ARM's."""
    tenant = request.path.strip("/").split("/")[0].lower()
    if page == "discovery":
        return Response(200, _discovery(request))
    tenant = TENANT if tenant in ANY_TENANT else tenant
    if tenant not in tenants:
        return _refused(
            400, "invalid_tenant", 90002, f"Tenant '{tenant}' not found. Check to make sure you have the "
            "correct tenant ID and are signing into the correct cloud."
        )  # fmt: skip
    if page == "configuration":
        return Response(200, _configuration(f"{request.origin}/{tenant}", tenant))
    form = {name: values[0] for name, values in parse_qs(str(request.body or "")).items()}
    return _token(form, tenant)


def _discovery(request: Request) -> Json:
    """Instance discovery: this host is the only one of its cloud."""
    host = request.origin.split("://", 1)[1]
    return {
        "tenant_discovery_endpoint": f"{request.origin}/{TENANT}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }


def _configuration(authority: str, tenant: str) -> Json:
    return {
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{authority}/discovery/v2.0/keys",
        "issuer": f"https://sts.windows.net/{tenant}/",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
    }


def _token(form: dict[str, str], tenant: str) -> Response:
    """The grant `client_credentials` of both versions of the endpoint: `scope`, or `resource`."""
    client, secret = form.get("client_id", ""), form.get("client_secret")
    if form.get("grant_type") != "client_credentials":
        return _refused(
            400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type "
            f"'{form.get('grant_type', '')}'."
        )  # fmt: skip
    if not secret or client.lower() == CLIENT_ID:
        return _refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
    audience = form.get("resource") or form.get("scope", "").removesuffix("/.default")
    token = identity.issue(audience, int(time.time()), "user", client, tenant)
    return Response(
        200,
        {
            "token_type": "Bearer",
            "expires_in": identity.LIFETIME,
            "ext_expires_in": identity.LIFETIME,
            "access_token": token,
        },
    )


def _refused(status: int, error: str, number: int, text: str) -> Response:
    """Entra ID's form of an error (docs/azure/clients.md, CLI-02)."""
    body = {"error": error, "error_description": f"AADSTS{number}: {text}", "error_codes": [number]}
    return Response(status, body)
