"""Tenants: which one a subscription belongs to, which ones a caller's tokens are of, and ARM's two refusals.

A subscription of the simulator is in the tenant of directory.py unless it was declared in another one
(docs/sandbox.md). Tokens without a tenant, as tests and people send them, are of the tenant of the
subscription that is asked. Source: docs/azure/tenants.md, TEN-01 to TEN-04.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request

type Subscriptions = Mapping[str, Json]
AUXILIARY = "x-ms-authorization-auxiliary"


def claims(bearer: str) -> Json | None:
    """The claims of a bearer token; None for one that is no JWT."""
    try:
        payload = bearer.split(".")[1]
        found: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def tenant_of(subscriptions: Subscriptions, subscription: str) -> str:
    """The tenant of a subscription."""
    return str(subscriptions.get(subscription.lower(), {}).get("tenant", TENANT))


def known(subscriptions: Subscriptions) -> list[str]:
    """All tenants, the first one first."""
    return list(dict.fromkeys([TENANT, *(tenant_of(subscriptions, one) for one in subscriptions)]))


def declare(subscriptions: dict[str, Json], given: Json) -> Json:
    """Put a subscription into a tenant, and make it if it is new.

    given: `{"subscription", "tenant", "managedByTenants"?}`; the last for delegation (Azure Lighthouse).
    Raises ValueError without the first two.
    """
    if not given.get("subscription") or not given.get("tenant"):
        raise ValueError("subscription and tenant are needed")
    id = str(given["subscription"]).removeprefix("/subscriptions/")
    known = subscriptions.setdefault(id.lower(), {"name": id})
    known["tenant"] = str(given["tenant"]).lower()
    known["managers"] = [str(one).lower() for one in given.get("managedByTenants", [])]
    return {"subscription": id, "tenant": known["tenant"], "managedByTenants": known["managers"]}


def is_visible(subscriptions: Subscriptions, request: Request, subscription: str) -> bool:
    """Whether the caller's token is of the subscription's tenant, or of one that it is delegated to."""
    own = _tenant(request.headers.get("authorization", ""))
    return own is None or own in _accepted(subscriptions, subscription)


def refuse_foreign(subscriptions: Subscriptions, request: Request, subscription: str) -> None:
    """Raise 401 InvalidAuthenticationTokenTenant for a token of another tenant (source: TEN-01)."""
    if is_visible(subscriptions, request, subscription):
        return
    wrong = _tenant(request.headers.get("authorization", ""))
    right = tenant_of(subscriptions, subscription)
    text = (
        f"The access token is from the wrong issuer 'https://sts.windows.net/{wrong}/'. It must match the "
        f"tenant 'https://sts.windows.net/{right}/' associated with this subscription. Please use the "
        f"authority (URL) 'https://login.windows.net/{right}' to get the token. Note, if the subscription is "
        "transferred to another tenant there is no impact to the services, but information about new tenant "
        "could take time to propagate (up to an hour). If you just transferred your subscription and see "
        "this error message, please try back later."
    )
    challenge = f'Bearer authorization_uri="https://login.windows.net/{right}", error="invalid_token"'
    headers = {"WWW-Authenticate": f'{challenge}, error_description="{text}"'}
    raise ArmError(401, "InvalidAuthenticationTokenTenant", text, cause="gateway", headers=headers)


def refuse_linked(
    subscriptions: Subscriptions, request: Request, id: ArmId, action: str, linked: ArmId
) -> None:
    """Raise 403 LinkedAuthorizationFailed when a write refers to another tenant's subscription.

    Passes when the request has a token of that tenant in `x-ms-authorization-auxiliary` (source: TEN-02).
    """
    own = _tenant(request.headers.get("authorization", "")) or tenant_of(subscriptions, id.subscription)
    accepted = _accepted(subscriptions, linked.subscription)
    if own in accepted or any(one is None or one in accepted for one in _auxiliary(request)):
        return
    raise ArmError(
        403,
        "LinkedAuthorizationFailed",
        f"The client has permission to perform action '{action}' on scope '{id.text}', however the current "
        f"tenant '{own}' is not authorized to access linked subscription '{linked.subscription}'.",
        cause="gateway",
    )


def _accepted(subscriptions: Subscriptions, subscription: str) -> list[str]:
    known = subscriptions.get(subscription.lower(), {})
    return [tenant_of(subscriptions, subscription), *known.get("managers", [])]


def _auxiliary(request: Request) -> list[str | None]:
    return [_tenant(one) for one in request.headers.get(AUXILIARY, "").split(",") if one.strip()]


def _tenant(header: str) -> str | None:
    """The tenant of `Bearer <token>`; None where the token says none."""
    found = claims(header.strip().partition(" ")[2].strip())
    return str(found["tid"]).lower() if found and found.get("tid") else None
