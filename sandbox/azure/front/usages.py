"""How many resources a subscription has in a region of each type that the network service limits.

Shape: REST reference "Usages - List" (Microsoft.Network). The names of the counts are public (Azure SDK for
Go, armquota samples); the limits are those of Microsoft Learn, "Azure subscription and service limits".
Nothing is refused at a limit here: the code and text of such a refusal are assumed
(docs/azure/resource-manager.md, ARM-25; docs/azure/limits.md, LIM-04 to LIM-09).
"""

from __future__ import annotations

from sandbox.azure.front.routing import Route
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Request, Response
from sandbox.azure.kernel.paging import page
from sandbox.azure.kernel.regions import normal
from sandbox.azure.kernel.world import World

ENDPOINTS = "Microsoft.Network/privateEndpoints"
COUNTED = (
    ("VirtualNetworks", "Virtual Networks", "Microsoft.Network/virtualNetworks", 1000),
    ("NetworkSecurityGroups", "Network Security Groups", "Microsoft.Network/networkSecurityGroups", 5000),
    ("PrivateEndpoints", "Private Endpoints", ENDPOINTS, 65536),
)


def answer(world: World, found: Route, request: Request, principal: str) -> Response:
    """`GET .../providers/Microsoft.Network/locations/{region}/usages`."""
    subscription, region = found.about, normal(found.action)
    world.authorize(principal, "Microsoft.Network/locations/usages/read", subscription.text)
    path = f"{subscription.text}/providers/Microsoft.Network/locations/{region}/usages"
    return page(
        request,
        [
            {
                "id": f"{path}/{name}",
                "name": {"value": name, "localizedValue": shown},
                "currentValue": _count(world, subscription, region, type_name),
                "limit": limit,
                "unit": "Count",
            }
            for name, shown, type_name, limit in COUNTED
        ],
    )


def pretend(world: World, subscription: str, region: str, endpoints: int) -> Json:
    """Count so many endpoints in addition to the stored ones, for tests at the limit of 65,536."""
    world.memory.setdefault("usages", {})[subscription.lower(), normal(region)] = endpoints
    return {"subscription": subscription, "region": normal(region), "endpoints": endpoints}


def _count(world: World, subscription: ArmId, region: str, type_name: str) -> int:
    stored = world.store.count(type_name, subscription, region)
    known: dict[tuple[str, str], int] = world.memory.get("usages", {})
    beside = known.get((subscription.subscription.lower(), region), 0)
    return stored + (beside if type_name == ENDPOINTS else 0)
