"""Policies of firewalls, with their groups of rules, and those of application gateways' firewalls.

Source: docs/azure/services.md, SVC-18.
"""

from __future__ import annotations

from copy import deepcopy

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Registry
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network.appliances import Appliance

POLICY = "Microsoft.Network/firewallPolicies"
SIZE = "0.001171112 MB"
WRITTEN_BY_CLIENTS: Json = {
    "requestBodyCheck": True,
    "maxRequestBodySizeInKb": 128,
    "fileUploadLimitInMb": 100,
    "state": "Disabled",
    "mode": "Detection",
    "requestBodyInspectLimitInKB": 128,
    "fileUploadEnforcement": True,
    "requestBodyEnforcement": True,
}


def register(registry: Registry) -> None:
    """Add the three types."""
    for one in (FIREWALLS, GROUPS, WEB):
        one.register(registry)


def _policy(world: World, policy: Resource) -> Json:
    """Its groups of rules; firewalls and policies that build on it are not simulated."""
    groups = world.store.children(policy.id, "ruleCollectionGroups")
    return {"ruleCollectionGroups": [{"id": one.id.text} for one in groups]}


def _policy_type(world: World, policy: Resource) -> Json:
    return {"type": "Microsoft.Network/FirewallPolicies"}


def _group(world: World, group: Resource) -> Json:
    """Each collection with the rules that it has, if only none."""
    collections = group.properties.get("ruleCollections") or []
    return {"ruleCollections": [{"rules": []} | one for one in collections]}


def _group_head(world: World, group: Resource) -> Json:
    """A group is where its policy is."""
    policy = world.find(group.id.parent)
    shown: Json = {"type": "Microsoft.Network/FirewallPolicies/RuleCollectionGroups"}
    return shown | ({"location": policy.location} if policy else {})


def _web(world: World, policy: Resource) -> Json:
    """Rules and settings with what the service adds to those of the client."""
    given = policy.properties
    managed = deepcopy(given.get("managedRules") or {})
    sets = [{"ruleGroupOverrides": []} | one for one in managed.get("managedRuleSets") or []]
    return {
        "customRules": [_web_rule(one) for one in given.get("customRules") or []],
        "policySettings": WRITTEN_BY_CLIENTS | (given.get("policySettings") or {}),
        "managedRules": {"exclusions": []} | managed | {"managedRuleSets": sets},
    }


def _web_rule(rule: Json) -> Json:
    conditions = [{"transforms": []} | one for one in rule.get("matchConditions") or []]
    return {"skippedManagedRuleSets": [], "state": "Enabled"} | rule | {"matchConditions": conditions}


FIREWALLS = Appliance(
    POLICY,
    defaults={
        "size": SIZE,
        "sku": {"tier": "Standard"},
        "childPolicies": [],
        "firewalls": [],
        "threatIntelMode": "Alert",
    },
    computed=_policy,
    head=_policy_type,
    guid=False,
    style=Style.FIREWALL,
    etag="bare",
)
GROUPS = Appliance(
    f"{POLICY}/ruleCollectionGroups",
    defaults={"size": SIZE},
    computed=_group,
    head=_group_head,
    guid=False,
    tracked=False,
    style=Style.FIREWALL,
    etag="bare",
)
WEB = Appliance(
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
    computed=_web,
    guid=False,
    wait=0.0,
)
