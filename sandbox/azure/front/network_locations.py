"""What the network service answers about a region: free domain names, and types that take private endpoints.

Sources: docs/azure/virtual-networks.md, VNET-20; docs/azure/private-endpoints.md, PE-60.
"""

from __future__ import annotations

from sandbox.azure.front.routing import Route
from sandbox.azure.kernel import refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Json, Request, Response
from sandbox.azure.kernel.paging import page
from sandbox.azure.kernel.regions import normal
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.network import public_addresses
from sandbox.azure.providers.private_link import link_services

NAMES = {
    "checkdnsnameavailability": "checkDnsNameAvailability",
    "availableprivateendpointtypes": "availablePrivateEndpointTypes",
}


def answer(world: World, found: Route, request: Request, principal: str) -> Response:
    """`GET .../locations/{region}/CheckDnsNameAvailability` and `.../availablePrivateEndpointTypes`."""
    scope, region = found.about, normal(found.action)
    name = NAMES[found.type_name]
    world.authorize(principal, f"Microsoft.Network/locations/{name}/read", scope.text)
    if request.method != "GET":
        raise refusals.no_method(request.method)
    if found.type_name == "availableprivateendpointtypes":
        return page(request, [_type(scope, region, one) for one in link_services.types()])
    label = request.query.get("domainnamelabel", "")
    return Response(200, {"available": public_addresses.is_free(world, region, label)})


def _type(scope: ArmId, region: str, type_name: str) -> Json:
    name = type_name.replace("/", ".")
    where = f"{scope.text}/providers/Microsoft.Network/locations/{region}"
    return {
        "name": name,
        "id": f"{where}/AvailablePrivateEndpointTypes/{name}",
        "type": "Microsoft.Network/AvailablePrivateEndpointTypes",
        "resourceName": type_name,
        "displayName": type_name,
    }
