"""Names of regions, which Azure accepts with or without spaces and in any case."""

from __future__ import annotations

from sandbox.azure.kernel.model import Resource

# Region pairs, for the secondary of geo-replicated accounts and for service endpoints of storage (source:
# Microsoft Learn, paired regions; a few).
PAIRS = {
    "westeurope": "northeurope",
    "northeurope": "westeurope",
    "westus": "eastus",
    "eastus": "westus",
    "westus2": "westcentralus",
    "eastus2": "centralus",
    "eastus2euap": "centraluseuap",
    "centraluseuap": "eastus2euap",
}


def normal(location: str) -> str:
    """`West Europe` and `WestEurope` are `westeurope` (source: docs/azure/resource-manager.md, ARM-02)."""
    return location.replace(" ", "").lower()


def same_place(resource: Resource, location: str) -> bool:
    """Whether the location is the resource's region."""
    return normal(resource.location) == normal(location)
