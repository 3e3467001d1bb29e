"""Policies for tests of the command line, in short YAML, and a resource."""

import json

SUB = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUB}/resourceGroups"
ORDERS = f"{GROUP}/rg-app/providers/Microsoft.Storage/storageAccounts/orders"


def subnet(network: str = "hub", name: str = "endpoints") -> str:
    return f"{GROUP}/rg-net/providers/Microsoft.Network/virtualNetworks/{network}/subnets/{name}"


def profile(region: str = "westeurope", at: str = "", **more: object) -> dict:
    """A profile with one subnet in one region."""
    dns = {"mode": "manage", "zones_resource_group": f"{GROUP}/rg-dns"}
    return {"subnets": {region: [at or subnet()]}, "dns": dns, **more}


def rule(called: str, profile_name: str = "default", /, **match: object) -> dict:
    return {"name": called, "match": match, "profile": profile_name}


def policy(profiles: dict | None = None, **more: object) -> str:
    """A policy's text. JSON is YAML too."""
    base = {"version": 1, "subscriptions": [SUB], "profiles": {"default": profile()} | (profiles or {})}
    if "rules" in more:
        base["opt_in"] = {"tag_may_choose": []}
    return json.dumps({**base, **more})
