"""Route tables and routes."""

import pytest

from tests.sandbox.cloud import GROUP, code, network_body, subnet, subnet_body, vnet

TABLE = f"{GROUP}/providers/Microsoft.Network/routeTables/table"


def route_path(name: str = "one") -> str:
    return f"{TABLE}/routes/{name}"


def route(prefix: str = "10.0.1.4/32", hop: str = "None", **more) -> dict:
    return {"properties": {"addressPrefix": prefix, "nextHopType": hop} | more}


@pytest.fixture
async def routed(cloud):
    """A cloud with a route table that has no routes."""
    await cloud.make(TABLE, {"location": "westeurope"})
    return cloud


async def test_a_new_table_is_updating_and_has_no_routes(cloud):
    response = await cloud.put(TABLE, {"location": "westeurope"})
    assert (response.status, response.headers["Retry-After"]) == (201, "2")
    properties = response.body["properties"]
    assert (properties["provisioningState"], properties["routes"]) == ("Updating", [])
    assert properties["disableBgpRoutePropagation"] is False


async def test_a_table_written_again_as_it_is_is_done_at_once(routed):
    again = await routed.put(TABLE, {"location": "westeurope"})
    assert (again.status, again.body["properties"]["provisioningState"]) == (200, "Succeeded")


async def test_routes_in_the_body_of_a_table_replace_the_ones_before(routed):
    await routed.make(route_path("old"), route())
    body = {"location": "westeurope", "properties": {"routes": [{"name": "new"} | route("10.9.0.0/16")]}}
    table = await routed.make(TABLE, body)
    assert [one["name"] for one in table["properties"]["routes"]] == ["new"]
    assert (await routed.get(route_path("old"))).status == 404
    assert (await routed.get(route_path("new"))).body["properties"]["addressPrefix"] == "10.9.0.0/16"


async def test_a_route_is_shown_alone_in_its_list_and_in_its_table(routed):
    made = await routed.put(route_path(), route(hop="virtualappliance", nextHopIpAddress="10.9.0.4"))
    assert (made.status, made.headers["Retry-After"]) == (201, "2")
    await routed.settle(made)
    alone = (await routed.get(route_path())).body
    assert alone["properties"] == {
        "provisioningState": "Succeeded",
        "addressPrefix": "10.0.1.4/32",
        "nextHopType": "VirtualAppliance",
        "nextHopIpAddress": "10.9.0.4",
        "hasBgpOverride": False,
    }
    assert (await routed.get(f"{TABLE}/routes")).body["value"] == [alone]
    assert (await routed.get(TABLE)).body["properties"]["routes"] == [alone]


async def test_a_changed_route_is_a_200_that_updates(routed):
    await routed.make(route_path(), route())
    changed = await routed.put(route_path(), route(hop="Internet"))
    assert (changed.status, changed.body["properties"]["provisioningState"]) == (200, "Updating")


async def test_a_deleted_route_is_gone_from_its_table(routed):
    await routed.make(route_path(), route())
    assert (await routed.delete(route_path())).headers["Retry-After"] == "2"
    await routed.wait(20)
    assert (await routed.get(TABLE)).body["properties"]["routes"] == []
    assert code(await routed.get(route_path())) == "NotFound"


async def test_a_race_of_two_routes_of_one_table_ends_in_success_or_in_a_retry(cloud):
    ends = set()
    await cloud.make(TABLE, {"location": "westeurope"})
    for number in range(20):
        await cloud.put(route_path(f"a{number}"), route(f"10.1.{number}.0/24"))
        second = await cloud.put(route_path(f"b{number}"), route(f"10.2.{number}.0/24"))
        ends.add((second.status, code(second) if second.status >= 400 else ""))
        await cloud.wait(30)
    assert ends == {(201, ""), (429, "RetryableError")}


@pytest.mark.parametrize(
    "body",
    [
        route(hop="Somewhere"),
        route(hop="VirtualAppliance"),
        route(hop="VirtualAppliance", nextHopIpAddress="the firewall"),
        route(hop="None", nextHopIpAddress="10.9.0.4"),
        route("10.0.1.4/24"),
        route("10.0.1"),
        {"properties": {"nextHopType": "None"}},
    ],
)
async def test_a_malformed_route_is_refused_and_not_stored(routed, body):
    assert (await routed.put(route_path(), body)).status == 400
    assert (await routed.get(route_path())).status == 404


async def test_a_service_tag_is_a_prefix(routed):
    assert (await routed.put(route_path(), route("Storage"))).status == 201


async def test_a_table_knows_its_subnets_and_stays_while_it_has_one(routed):
    await routed.make(vnet(), network_body())
    attached = await routed.make(subnet(), subnet_body(routeTable={"id": TABLE}))
    assert attached["properties"]["routeTable"] == {"id": TABLE}
    assert (await routed.get(TABLE)).body["properties"]["subnets"] == [{"id": subnet()}]
    assert code(await routed.delete(TABLE)) == "InUseRouteTableCannotBeDeleted"
    await routed.make(subnet(), subnet_body())
    await routed.remove(TABLE)
    assert (await routed.get(TABLE)).status == 404


async def test_tables_are_listed_in_their_group_and_go_with_it(routed):
    listed = (await routed.get(f"{GROUP}/providers/Microsoft.Network/routeTables")).body["value"]
    assert [one["id"] for one in listed] == [TABLE]
    await routed.make(vnet(), network_body())
    await routed.make(subnet(), subnet_body(routeTable={"id": TABLE}))
    await routed.remove(GROUP)
    assert routed.world.find(TABLE) is None
