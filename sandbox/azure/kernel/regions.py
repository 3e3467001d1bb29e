"""Names of regions, which Azure accepts with or without spaces and in any case."""

from __future__ import annotations

from sandbox.azure.kernel.model import Resource

# Region pairs, for the secondary of geo-replicated accounts and databases and for service endpoints of
# storage (source: Microsoft Learn, "Azure region pairs").
_MUTUAL = (
    ("westeurope", "northeurope"),
    ("westus", "eastus"),
    ("westus2", "westcentralus"),
    ("eastus2", "centralus"),
    ("northcentralus", "southcentralus"),
    ("eastus2euap", "centraluseuap"),
    ("australiaeast", "australiasoutheast"),
    ("australiacentral", "australiacentral2"),
    ("canadacentral", "canadaeast"),
    ("centralindia", "southindia"),
    ("eastasia", "southeastasia"),
    ("francecentral", "francesouth"),
    ("germanywestcentral", "germanynorth"),
    ("japaneast", "japanwest"),
    ("koreacentral", "koreasouth"),
    ("norwayeast", "norwaywest"),
    ("southafricanorth", "southafricawest"),
    ("swedencentral", "swedensouth"),
    ("switzerlandnorth", "switzerlandwest"),
    ("uaenorth", "uaecentral"),
    ("uksouth", "ukwest"),
)
PAIRS = dict(_MUTUAL) | {other: one for one, other in _MUTUAL}
PAIRS |= {"brazilsouth": "southcentralus", "westus3": "eastus", "westindia": "southindia"}


def normal(location: str) -> str:
    """`West Europe` and `WestEurope` are `westeurope` (source: docs/azure/resource-manager.md, ARM-02)."""
    return location.replace(" ", "").lower()


def same_place(resource: Resource, location: str) -> bool:
    """Whether the location is the resource's region."""
    return normal(resource.location) == normal(location)
