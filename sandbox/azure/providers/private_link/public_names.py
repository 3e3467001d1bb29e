"""Names that public DNS always leads to a privatelink zone, whether their resource is connected or not.

Linking such a zone to a network closes these names for all of it (docs/azure/targets.md, TGT-65).
"""

from __future__ import annotations

EXACT = {
    "management.azure.com": "management.privatelink.azure.com",
    "adf.azure.com": "portal.privatelink.adf.azure.com",
}
BELOW = (
    "monitor.azure.com",
    "oms.opinsights.azure.com",
    "ods.opinsights.azure.com",
    "agentsvc.azure-automation.net",
    "his.arc.azure.com",
    "guestconfiguration.azure.com",
    "dp.kubernetesconfiguration.azure.com",
)
OWN_ZONES = (".prometheus.monitor.azure.com",)  # of one workspace: led there when it is connected


def always_private(name: str) -> str | None:
    """The privatelink name that a name in lower case always leads to, or None."""
    if name in EXACT:
        return EXACT[name]
    if name.endswith(OWN_ZONES) or "privatelink" in name.split("."):
        return None
    for domain in BELOW:
        if name.endswith(f".{domain}"):
            return f"{name.removesuffix(domain)}privatelink.{domain}"
    return None
