"""An endpoint to a target of ours that someone else made, such as Terraform or a person in the portal."""

from tests.builders.world import HUB, NETWORKS, ZONES, World

OTHERS = f"{HUB}/subnets/others"
FOREIGN = f"{NETWORKS}/privateEndpoints/by-hand"
ZONE = f"{ZONES}/privatelink.blob.core.windows.net"


async def create_foreign_endpoint(
    world: World,
    at: str,
    subnet: str = OTHERS,
    *,
    path: str = FOREIGN,
    names: bool = True,
    zone: str = ZONE,
    manual: bool = False,
    location: str = "westeurope",
) -> None:
    """A foreign endpoint to this target; `names`: with a zone group that writes into this zone."""
    if subnet == OTHERS:
        await world.send("PUT", OTHERS, {"properties": {"addressPrefix": "10.0.2.0/24"}})
        await world.sleep(61)
    connection = {"name": "c", "properties": {"privateLinkServiceId": at, "groupIds": ["blob"]}}
    listed = "manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"
    properties = {"subnet": {"id": subnet}, listed: [connection]}
    await world.send("PUT", path, {"location": location, "properties": properties})
    await world.sleep(600)
    if names:
        await world.send("PUT", zone, {"location": "global"})
        await world.sleep(200)
        config = {"name": "blob", "properties": {"privateDnsZoneId": zone}}
        body = {"properties": {"privateDnsZoneConfigs": [config]}}
        await world.send("PUT", f"{path}/privateDnsZoneGroups/default", body)
        await world.sleep(120)
