"""A consumer that connected to a private link service by its alias, which is no resource's id."""

from typing import Any

from tests.builders.policies import a_policy
from tests.builders.world import NETWORKS, SUB, World

SERVICE = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Network/privateLinkServices/orders"
CONSUMER = f"{NETWORKS}/privateEndpoints/consumer"


async def with_consumer(world: World) -> str:
    """A service that is opted in, and a consumer's endpoint in our own network. The service's alias."""
    body = {
        "location": "westeurope",
        "tags": {"private-connectivity": "enabled"},
        "properties": {"ipConfigurations": [{"name": "one", "properties": {}}]},
    }
    await world.send("PUT", SERVICE, body)
    await world.sleep(200)
    alias = str((await world.send("GET", SERVICE))["properties"]["alias"])
    asked = {"name": "mine", "properties": {"privateLinkServiceId": alias, "requestMessage": "please"}}
    properties: dict[str, Any] = {
        "subnet": {"id": f"{NETWORKS}/virtualNetworks/hub-we/subnets/endpoints"},
        "manualPrivateLinkServiceConnections": [asked],
    }
    await world.send("PUT", CONSUMER, {"location": "westeurope", "properties": properties})
    await world.sleep(200)
    return alias


async def test_the_service_is_connected_beside_a_consumer_by_alias() -> None:
    world = World(a_policy(always=[]))
    alias = await with_consumer(world)
    listed = (await world.send("GET", SERVICE))["properties"]["privateEndpointConnections"]
    assert [one["properties"]["privateEndpoint"]["id"] for one in listed] == [CONSUMER]
    for reason in ("event", "drift"):
        state = await world.reconcile(SERVICE, reason)
        assert state["result"] == "Connected", state["reason"]
    shown = (await world.send("GET", CONSUMER))["properties"]["manualPrivateLinkServiceConnections"]
    assert shown[0]["properties"]["privateLinkServiceId"] == alias
