"""A user's own changes in Azure: tags and peerings."""

from tests.builders.world import World

TAG = "private-connectivity"


async def retag(world: World, at: str, tags: dict[str, str]) -> None:
    """Replace a resource's tags."""
    await world.send("PATCH", at, {"tags": tags})
    await world.sleep(60)


def peering(network: str, name: str) -> str:
    """The id of a virtual network's peering."""
    return f"{network}/virtualNetworkPeerings/{name}"


async def peer(world: World, local: str, remote: str, name: str = "by-hand", **flags: bool) -> None:
    """Create one half of a peering, `local` to `remote`."""
    body = {"remoteVirtualNetwork": {"id": remote}, "allowVirtualNetworkAccess": True} | flags
    await world.send("PUT", peering(local, name), {"properties": body})
    await world.sleep(60)
