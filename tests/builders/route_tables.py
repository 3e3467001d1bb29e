"""Route tables for tests, as ARM shows them."""

from typing import Any

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from tests.builders.bodies import SPOKE

TABLE = SPOKE.group.resource("Microsoft.Network/routeTables", "rt-app")


def route(prefix: str, hop: str = "None", name: str = "away", **more: Any) -> dict[str, Any]:
    """A route as its table lists it; without `nextHopType` it drops what it takes."""
    return {"name": name, "properties": {"addressPrefix": prefix, "nextHopType": hop} | more}


def table(*routes: dict[str, Any], at: ResourceId = TABLE) -> Seen:
    """A table with these routes."""
    return Seen(at, {"id": at.text, "name": at.name, "properties": {"routes": list(routes)}})
