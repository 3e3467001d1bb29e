"""Policies for tests, with defaults: a test names only what it is about."""

import json
from typing import Any

from shared.core.policy.policy import Policy
from tests.builders import bodies


def a_policy(**said: Any) -> Policy:
    """One profile, `default`: the hub's endpoint subnet, one client network, zones in rg-dns.

    Its keys, and those of `policy_text`.
    """
    return Policy.parse(policy_text(**said))


def policy_text(
    *,
    subnets: dict[str, list[str]] | None = None,
    clients: list[str] | None = None,
    create_zones: bool = True,
    always: list[str] | None = None,
    inherit: str = "resource_group",
    own_resources: list[str] | None = None,
    tag_may_choose: list[str] | None = None,
    limits: dict[str, int] | None = None,
    beside: dict[str, dict[str, Any]] | None = None,
    drift: dict[str, Any] | None = None,
    top: dict[str, Any] | None = None,
    networks: dict[str, Any] | None = None,
    **profile: Any,
) -> str:
    """The text of that policy.

    `beside`: further profiles by name, each with what it has other than `default`. `top`: keys of the file.
    """
    default = {
        "subnets": {"westeurope": [bodies.SUBNET.text]} if subnets is None else subnets,
        "clients": [bodies.SPOKE.text] if clients is None else clients,
        "dns": {
            "mode": "manage",
            "zones_resource_group": bodies.ZONE.group.text,
            "create_zones": create_zones,
            "link": "clients",
        },
        **profile,
    }
    return json.dumps(
        {
            "version": 1,
            "cloud": "AzureCloud",
            "opt_in": {
                "tag": "private-connectivity",
                "inherit": inherit,
                "always": ["Microsoft.Storage/storageAccounts"] if always is None else always,
                "own_resources": own_resources or [],
                **({} if tag_may_choose is None else {"tag_may_choose": tag_may_choose}),
            },
            "subscriptions": [bodies.SUB],
            "profiles": {"default": default}
            | {name: default | other for name, other in (beside or {}).items()},
            "limits": limits or {},
            "drift": drift or {},
            **({"networks": networks} if networks else {}),
        }
        | (top or {})
    )
