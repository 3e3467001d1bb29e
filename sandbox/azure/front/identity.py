"""Managed identity: the App Service token endpoint, and who a bearer token is.

Source: docs/azure/resource-manager.md, ARM-24. Tokens are JWTs without a valid signature: clients decode them
(az needs `tid`), no signature is checked here.
"""

from __future__ import annotations

import base64
import json
import time

from sandbox.azure.kernel.directory import CLIENT_ID, OBJECT_IDS, TENANT
from sandbox.azure.kernel.model import Json, Request, Response
from sandbox.azure.kernel.tenants import claims

LIFETIME = 24 * 3600
PATH = "/msi/token"


def issue(resource: str, now: int) -> str:
    """A token of the principal "app" for a resource (audience)."""
    said = {
        "aud": resource,
        "iss": f"https://sts.windows.net/{TENANT}/",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        "appid": CLIENT_ID,
        "oid": OBJECT_IDS["app"],
        "sub": OBJECT_IDS["app"],
        "tid": TENANT,
        "idtyp": "app",
        "ver": "1.0",
    }
    header = {"alg": "RS256", "typ": "JWT"}
    return ".".join(
        [_encode(header), _encode(said), base64.urlsafe_b64encode(b"sandbox").decode().rstrip("=")]
    )


def token_response(request: Request, secret: str) -> Response:
    """Answer `GET {IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=...` with header X-IDENTITY-HEADER."""
    if request.headers.get("x-identity-header") != secret:
        return Response(401, {"statusCode": 401, "message": "The X-IDENTITY-HEADER is missing or wrong."})
    resource = request.query.get("resource")
    if request.query.get("api-version") != "2019-08-01" or not resource:
        return Response(
            400, {"statusCode": 400, "message": "api-version=2019-08-01 and resource are required."}
        )
    now = int(time.time())
    return Response(
        200,
        {
            "access_token": issue(resource, now),
            "expires_on": str(now + LIFETIME),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": CLIENT_ID,
        },
    )


def principal_of(request: Request) -> str | None:
    """The caller: "app" for a token issued here, "user" for any other bearer token, None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    known = claims(token.strip()) or {}
    return "app" if known.get("oid") == OBJECT_IDS["app"] else "user"


def _encode(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
