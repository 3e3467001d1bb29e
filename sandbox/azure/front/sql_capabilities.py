"""What SQL offers in a region: the editions of databases, with their service objectives.

Source: docs/azure/clients.md, CLI-10. Some of them: `az sql db create --edition` asks before it creates.
"""

from __future__ import annotations

from sandbox.azure.front.asked import Asked
from sandbox.azure.kernel.model import Json, Response

# Edition: its unit, and objectives with how much they have of it; those of vCores name their hardware.
EDITIONS: dict[str, tuple[str, dict[str, int]]] = {
    "Basic": ("DTU", {"Basic": 5}),
    "Standard": ("DTU", {"S0": 10, "S1": 20, "S2": 50, "S3": 100}),
    "Premium": ("DTU", {"P1": 125, "P2": 250}),
    "GeneralPurpose": ("VCores", {"GP_Gen5_2": 2, "GP_Gen5_4": 4, "GP_Gen5_8": 8}),
    "BusinessCritical": ("VCores", {"BC_Gen5_2": 2, "BC_Gen5_4": 4}),
}


def answer(asked: Asked) -> Response:
    """`GET .../providers/Microsoft.Sql/locations/{location}/capabilities`."""
    asked.authorize("Microsoft.Sql/locations/capabilities/read")
    editions = [_edition(name, *about) for name, about in EDITIONS.items()]
    version = {"name": "12.0", "status": "Default", "supportedEditions": editions}
    return Response(
        200,
        {
            "name": asked.names["location"],
            "status": "Available",
            "supportedServerVersions": [version | {"supportedElasticPoolEditions": []}],
            "supportedManagedInstanceVersions": [],
        },
    )


def _edition(name: str, unit: str, objectives: dict[str, int]) -> Json:
    return {
        "name": name,
        "status": "Default" if name == "GeneralPurpose" else "Available",
        "zoneRedundant": False,
        "supportedServiceLevelObjectives": [
            {
                "name": objective,
                "status": "Default" if place == 0 else "Available",
                "sku": _sku(objective, name, value),
                "performanceLevel": {"value": value, "unit": unit},
                "supportedMaxSizes": [],
            }
            for place, (objective, value) in enumerate(objectives.items())
        ],
    }


def _sku(objective: str, edition: str, capacity: int) -> Json:
    if "_Gen5_" in objective:
        family = objective.rsplit("_", 1)[0]
        return {"name": family, "tier": edition, "family": "Gen5", "capacity": capacity}
    return {"name": edition if edition == "Standard" else objective, "tier": edition, "capacity": capacity}
