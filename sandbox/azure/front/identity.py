"""Tokens: the token endpoint of managed identities on App Service, and who a bearer token is.

Source: docs/azure/resource-manager.md, ARM-24. Tokens are JWTs without a valid signature: clients decode them
(az needs `tid`), no signature is checked here. The header's value says whose identity it is: the app's, or a
user's (docs/sandbox.md).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping

from sandbox.azure.kernel.directory import CLIENT_ID, CLIENT_IDS, OBJECT_IDS, TENANT
from sandbox.azure.kernel.model import Json, Request, Response
from sandbox.azure.kernel.tenants import claims

LIFETIME = 24 * 3600
PATH = "/msi/token"


def issue(
    resource: str, now: int, principal: str = "app", client_id: str = CLIENT_ID, tenant: str = TENANT
) -> str:
    """A token of a principal for a resource (audience), as the application with this id gets it."""
    said = {
        "aud": resource,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "appid": client_id,
        "oid": OBJECT_IDS[principal],
        "sub": OBJECT_IDS[principal],
        "tid": tenant,
        "idtyp": "app",
        "ver": "1.0",
    }
    header = {"alg": "RS256", "typ": "JWT"}
    return ".".join(
        [_encode(header), _encode(said), base64.urlsafe_b64encode(b"sandbox").decode().rstrip("=")]
    )


def token_response(request: Request, secrets: Mapping[str, str]) -> Response:
    """Answer `GET {IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=...` with header X-IDENTITY-HEADER.

    secrets: the header's value of each principal.
    """
    principal = owner(request, secrets)
    if principal is None:
        return Response(401, {"statusCode": 401, "message": "The X-IDENTITY-HEADER is missing or wrong."})
    resource = request.query.get("resource")
    if request.query.get("api-version") != "2019-08-01" or not resource:
        return Response(
            400, {"statusCode": 400, "message": "api-version=2019-08-01 and resource are required."}
        )
    now = int(time.time())
    client_id = CLIENT_IDS[principal]
    return Response(
        200,
        {
            "access_token": issue(resource, now, principal, client_id),
            "expires_on": str(now + LIFETIME),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": client_id,
        },
    )


def owner(request: Request, secrets: Mapping[str, str]) -> str | None:
    """The principal whose header value a token request has, None for a missing or wrong one."""
    given = request.headers.get("x-identity-header")
    return next((principal for principal, secret in secrets.items() if secret == given), None)


def principal_of(request: Request) -> str | None:
    """The caller: "app" for a token issued here, "user" for any other bearer token, None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    known = claims(token.strip()) or {}
    return "app" if known.get("oid") == OBJECT_IDS["app"] else "user"


def _encode(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
