"""Whether a resource still answers from the Internet: each provider's switch, read as its service reads it.

Sources: docs/azure/targets.md, TGT-16 and TGT-17; Microsoft Learn for the
others: Azure AI Search writes "disabled" in lower case, Monitor private link scopes have two access modes.
"""

from __future__ import annotations

from sandbox.azure.kernel.model import Resource


def is_open(target: Resource) -> bool:
    """Whether anybody at all gets through from outside: not closed by the switch, nor by a bare deny."""
    properties = target.properties
    if target.id.is_type("Microsoft.Insights/privateLinkScopes"):
        modes = properties.get("accessModeSettings") or {}
        return any(modes.get(name, "Open") == "Open" for name in ("queryAccessMode", "ingestionAccessMode"))
    if target.id.is_type("Microsoft.ContainerService/managedClusters"):
        profile = properties.get("apiServerAccessProfile") or {}
        return not profile.get("enablePrivateCluster")
    switch = str(properties.get("publicNetworkAccess") or "Enabled").lower()
    return switch not in ("disabled", "securedbyperimeter") and not _denied_by_rules(target)


def _denied_by_rules(target: Resource) -> bool:
    """A default of Deny without a single exception lets nobody in."""
    rules = target.properties.get("networkAcls") or target.properties.get("networkRuleSet") or {}
    exceptions = [*(rules.get("ipRules") or []), *(rules.get("virtualNetworkRules") or [])]
    return rules.get("defaultAction") == "Deny" and not exceptions
