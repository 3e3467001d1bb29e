"""Whether a resource is reachable from the Internet, by each provider's own settings.

Sources: docs/azure/targets.md, TGT-16 and TGT-17; Microsoft Learn for the
others: Azure AI Search writes "disabled" in lower case, Monitor private link scopes have two access modes.
"""

from __future__ import annotations

from sandbox.azure.kernel.model import Resource


def is_open(target: Resource) -> bool:
    """Whether any client can reach the resource from the Internet, by its switch and its rules."""
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
    """Whether the default is Deny without exceptions."""
    rules = target.properties.get("networkAcls") or target.properties.get("networkRuleSet") or {}
    exceptions = [*(rules.get("ipRules") or []), *(rules.get("virtualNetworkRules") or [])]
    return rules.get("defaultAction") == "Deny" and not exceptions
