"""`If-Match` and `If-None-Match` on network resources."""

import pytest

from tests.sandbox.cloud import GROUP, code, network_body, subnet, subnet_body, vnet

GUARD = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/guard"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/acct"
OLD = 'W/"00000000-0000-4000-8000-000000000000"'


async def with_subnets(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24", "two": "10.0.2.0/24"}))


async def etag(cloud, path: str) -> str:
    return (await cloud.get(path)).body["etag"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_write_with_an_old_etag_is_refused_and_changes_nothing(cloud, method):
    await with_subnets(cloud)
    before = await etag(cloud, subnet())
    refused = await cloud.send(method, subnet(), subnet_body("10.0.3.0/24"), headers={"if-match": OLD})
    assert (refused.status, code(refused)) == (412, "PreconditionFailed")
    (detail,) = refused.body["error"]["details"]
    assert detail["code"] == "PreconditionFailedEtagMismatch"
    assert OLD in detail["message"]
    assert before in detail["message"]
    assert await etag(cloud, subnet()) == before


@pytest.mark.parametrize("form", [str, lambda text: text.removeprefix("W/"), lambda text: "*"])
async def test_a_write_with_the_present_etag_is_accepted(cloud, form):
    await with_subnets(cloud)
    given = form(await etag(cloud, subnet()))
    written = await cloud.put(subnet(), subnet_body("10.0.3.0/24"), headers={"if-match": given})
    assert written.status == 200


async def test_of_two_writers_that_read_the_same_subnet_the_second_is_refused(cloud):
    await with_subnets(cloud)
    read = await etag(cloud, subnet())
    first = await cloud.put(
        subnet(), subnet_body(serviceEndpoints=[{"service": "Microsoft.Sql"}]), headers={"if-match": read}
    )
    await cloud.settle(first)
    second = await cloud.put(subnet(), subnet_body(), headers={"if-match": read})
    assert second.status == 412
    assert (await cloud.get(subnet())).body["properties"]["serviceEndpoints"]


async def test_a_write_of_one_subnet_makes_the_networks_etag_old_and_not_the_other_subnets(cloud):
    await with_subnets(cloud)
    network, other = await etag(cloud, vnet()), await etag(cloud, subnet("two"))
    await cloud.make(subnet(), subnet_body("10.0.3.0/24"))
    assert (await cloud.put(vnet(), network_body(), headers={"if-match": network})).status == 412
    allowed = await cloud.put(subnet("two"), subnet_body("10.0.2.0/24"), headers={"if-match": other})
    assert allowed.status == 200


async def test_a_missing_resource_has_no_etag_that_matches(cloud):
    await with_subnets(cloud)
    assert (
        await cloud.put(subnet("new"), subnet_body("10.0.5.0/24"), headers={"if-match": "*"})
    ).status == 412


async def test_the_network_service_ignores_if_none_match(cloud):
    body = {"location": "westeurope"}
    await cloud.make(GUARD, body)
    assert (await cloud.put(GUARD, body, headers={"if-none-match": "*"})).status == 200


async def test_another_service_does_not_get_the_network_services_answer(cloud):
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    await cloud.make(ACCOUNT, body)
    assert (await cloud.put(ACCOUNT, body, headers={"if-match": OLD})).status == 200
