"""Regions as ARM lists them, and their names as people read them.

Source: docs/azure/clients.md, CLI-05. These are the regions that resource groups take (groups.py).
"""

from __future__ import annotations

from sandbox.azure.front.asked import Asked
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Response
from sandbox.azure.kernel.regions import PAIRS, normal

# Display names by geography group.
REGIONS = {
    "US": (
        "Central US, East US, East US 2, West US, West US 2, North Central US, South Central US, "
        "West Central US, West US 3, Central US EUAP, East US 2 EUAP"
    ),
    "Asia Pacific": (
        "East Asia, Southeast Asia, Japan East, Japan West, Australia Southeast, Australia East, "
        "West India, South India, Central India, Korea Central, Korea South, Australia Central, Jio "
        "India West, Australia Central 2, New Zealand North"
    ),
    "Europe": (
        "North Europe, West Europe, UK South, UK West, France Central, Switzerland North, Germany "
        "West Central, Norway East, Sweden Central, Poland Central, Italy North, Spain Central, "
        "Austria East"
    ),
    "South America": ("Brazil South"),
    "Canada": ("Canada Central, Canada East"),
    "Africa": ("South Africa North"),
    "Middle East": ("UAE North, Qatar Central, Israel Central"),
    "Mexico": ("Mexico Central"),
}
DISPLAY_NAMES = {normal(name): name for names in REGIONS.values() for name in names.split(", ")}
GROUPS = {normal(name): group for group, names in REGIONS.items() for name in names.split(", ")}


def listed(asked: Asked) -> Response:
    """`GET /subscriptions/{id}/locations`."""
    asked.authorize("Microsoft.Resources/subscriptions/locations/read")
    return Response(200, {"value": [_shown(asked.subscription, region) for region in DISPLAY_NAMES]})


def _shown(subscription: ArmId, region: str) -> Json:
    path, group, pair = f"{subscription.text}/locations", GROUPS[region], PAIRS.get(region)
    return {
        "id": f"{path}/{region}",
        "name": region,
        "type": "Region",
        "displayName": DISPLAY_NAMES[region],
        "regionalDisplayName": f"({group}) {DISPLAY_NAMES[region]}",
        "metadata": {
            "regionType": "Physical",
            "regionCategory": "Recommended",
            "geographyGroup": group,
            "pairedRegion": [{"name": pair, "id": f"{path}/{pair}"}] if pair else [],
        },
    }
