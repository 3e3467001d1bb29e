"""Azure Resource Graph: the simulator has none, and refuses every query in Resource Graph's form. An empty
answer would be an untruth.

Source: docs/azure/clients.md, CLI-07.
"""

from __future__ import annotations

from sandbox.azure.front.asked import Asked
from sandbox.azure.kernel.model import ArmError, Response


def refuse(asked: Asked) -> Response:
    """`POST /providers/Microsoft.ResourceGraph/resources`: 400 for every query. Raises ArmError."""
    raise ArmError(
        400,
        "BadRequest",
        "Please provide below info when asking for support: timestamp = "
        f"{asked.world.timestamp()}, correlationId = {asked.world.new_guid()}.",
        details=[{"code": "UnsupportedQuery", "message": "The simulator has no Azure Resource Graph."}],
    )
