"""Virtual networks and subnets."""

import pytest

from sandbox.azure.kernel.model import ArmError
from sandbox.azure.providers.network import addresses
from tests.sandbox.cloud import GROUP, code, network_body, subnet, subnet_body, vnet


def occupy(cloud, path: str, holder: str = "a-nic/ipConfigurations/one") -> str:
    return addresses.take(cloud.world.find(path), holder)


async def test_a_network_put_with_an_empty_list_of_subnets_deletes_them(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    body = await cloud.make(vnet(), network_body(subnets={}))
    assert body["properties"]["subnets"] == []


@pytest.mark.parametrize(("version", "kept"), [("2023-09-01", ["one"]), ("2023-06-01", [])])
async def test_a_network_put_without_a_list_keeps_subnets_since_2023_09_01(cloud, version, kept):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    answered = await cloud.put(vnet(), network_body(), version=version)
    assert [one["name"] for one in answered.body["properties"]["subnets"]] == kept


async def test_an_address_space_without_the_kept_subnets_is_refused(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    assert code(await cloud.put(vnet(), network_body("10.5.0.0/16"))) == "NetcfgInvalidSubnet"


async def test_a_network_put_cannot_drop_an_occupied_subnet(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    occupy(cloud, subnet())
    response = await cloud.put(vnet(), network_body(subnets={}))
    assert (response.status, code(response)) == (400, "InUseSubnetCannotBeDeleted")
    assert "a-nic" in response.body["error"]["message"]


async def test_a_network_with_an_occupied_subnet_cannot_be_deleted(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    occupy(cloud, subnet())
    assert code(await cloud.delete(vnet())) == "InUseSubnetCannotBeDeleted"


async def test_tags_alone_are_done_at_once(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    response = await cloud.put(vnet(), network_body(subnets={"one": "10.0.1.0/24"}, tags={"a": "b"}))
    assert response.status == 200
    assert response.body["properties"]["provisioningState"] == "Succeeded"
    assert "Azure-AsyncOperation" in response.headers
    assert "Retry-After" not in response.headers


async def test_a_whole_get_body_can_be_put_back(cloud):
    body = await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    response = await cloud.put(vnet(), body)
    assert (response.status, response.body["properties"]["provisioningState"]) == (200, "Succeeded")


async def test_a_subnet_put_is_a_full_replacement(cloud):
    await cloud.make(vnet(), network_body())
    endpoints = [{"service": "Microsoft.Storage"}]
    await cloud.make(subnet(), subnet_body(serviceEndpoints=endpoints))
    body = await cloud.make(subnet(), subnet_body())
    assert "serviceEndpoints" not in body["properties"]


async def test_subnet_defaults_are_those_of_today(cloud):
    await cloud.make(vnet(), network_body())
    properties = (await cloud.make(subnet(), subnet_body()))["properties"]
    assert properties["privateEndpointNetworkPolicies"] == "Disabled"
    assert properties["privateLinkServiceNetworkPolicies"] == "Enabled"
    assert properties["delegations"] == []
    assert not {"networkSecurityGroup", "routeTable", "serviceEndpoints"} & set(properties)


async def test_a_subnet_write_moves_the_network_to_updating_and_changes_its_etag(cloud):
    before = await cloud.make(vnet(), network_body())
    response = await cloud.put(subnet(), subnet_body())
    assert (await cloud.get(vnet())).body["properties"]["provisioningState"] == "Updating"
    await cloud.settle(response)
    after = (await cloud.get(vnet())).body
    assert after["properties"]["provisioningState"] == "Succeeded"
    assert after["etag"] != before["etag"]
    assert after["properties"]["subnets"][0]["etag"] == after["etag"]


async def test_an_unchanged_subnet_put_is_done_at_once(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.make(subnet(), subnet_body())
    response = await cloud.put(subnet(), subnet_body())
    assert (response.status, response.body["properties"]["provisioningState"]) == (200, "Succeeded")


async def test_the_first_address_of_an_empty_subnet_is_the_fifth_of_its_range(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    assert [occupy(cloud, subnet()) for _ in range(2)] == ["10.0.1.4", "10.0.1.5"]


async def test_a_slash_29_has_three_free_addresses(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/29"}))
    for _ in range(3):
        occupy(cloud, subnet())
    with pytest.raises(ArmError, match=r"SubnetIsFull.*10\.0\.1\.0/29"):
        occupy(cloud, subnet())


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("10.0.2.9", "PrivateIPAddressNotInSubnet"),
        ("10.0.1.3", "PrivateIPAddressInReservedRange"),
        ("10.0.1.255", "PrivateIPAddressInReservedRange"),
        ("10.0.1.4", "PrivateIPAddressInUse"),
    ],
)
async def test_an_address_must_be_free_and_inside(cloud, address, error):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    occupy(cloud, subnet())
    with pytest.raises(ArmError, match=error):
        addresses.take(cloud.world.find(subnet()), "other", address)


async def test_a_subnet_shows_which_interfaces_have_its_addresses(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    occupy(cloud, subnet())
    properties = (await cloud.get(subnet())).body["properties"]
    assert properties["ipConfigurations"] == [{"id": "a-nic/ipConfigurations/one"}]


async def test_an_occupied_subnet_cannot_be_deleted_and_a_freed_one_can(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    address = occupy(cloud, subnet())
    assert code(await cloud.delete(subnet())) == "InUseSubnetCannotBeDeleted"
    addresses.release(cloud.world.find(subnet()), address)
    await cloud.remove(subnet())
    assert (await cloud.get(subnet())).status == 404


async def test_an_occupied_subnet_cannot_be_moved_from_under_its_addresses(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    occupy(cloud, subnet())
    assert code(await cloud.put(subnet(), subnet_body("10.0.9.0/24"))) == "InUseSubnetCannotBeDeleted"


@pytest.mark.parametrize(
    ("prefix", "error"),
    [
        ("10.0.1.0/33", "InvalidAddressPrefixFormat"),
        ("ten", "InvalidAddressPrefixFormat"),
        ("10.0.1.0", "InvalidAddressPrefixFormat"),
        ("10.0.1.1/24", "InvalidCIDRNotation"),
        ("10.9.0.0/24", "NetcfgInvalidSubnet"),
        ("10.0.8.128/25", "NetcfgInvalidSubnet"),
    ],
)
async def test_a_wrong_prefix_is_refused(cloud, prefix, error):
    await cloud.make(vnet(), network_body(subnets={"taken": "10.0.8.0/24"}))
    response = await cloud.put(subnet(), subnet_body(prefix))
    assert (response.status, code(response)) == (400, error)


async def test_a_subnet_cannot_refer_to_a_missing_group_of_rules(cloud):
    await cloud.make(vnet(), network_body())
    missing = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/gone"
    response = await cloud.put(subnet(), subnet_body(networkSecurityGroup={"id": missing}))
    assert (response.status, code(response)) == (400, "InvalidResourceReference")


async def test_a_delegation_is_kept_and_shown(cloud):
    await cloud.make(vnet(), network_body())
    wanted = [{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]
    (shown,) = (await cloud.make(subnet(), subnet_body(delegations=wanted)))["properties"]["delegations"]
    assert shown["properties"]["serviceName"] == "Microsoft.Web/serverFarms"


async def test_the_address_check_shows_what_is_free_and_what_azure_reserves(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    free = (await cloud.get(f"{vnet()}/CheckIPAddressAvailability?ipAddress=10.0.1.9")).body
    kept = (await cloud.get(f"{vnet()}/CheckIPAddressAvailability?ipAddress=10.0.1.0")).body
    assert free == {"available": True, "isPlatformReserved": False}
    assert kept["isPlatformReserved"] is True
    assert kept["availableIPAddresses"] == ["10.0.1.4", "10.0.1.5", "10.0.1.6", "10.0.1.7", "10.0.1.8"]


async def test_the_address_check_outside_any_subnet_is_refused(cloud):
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))
    response = await cloud.get(f"{vnet()}/CheckIPAddressAvailability?ipAddress=10.0.9.9")
    assert (response.status, code(response)) == (400, "PrivateIPAddressNotInAnySubnet")


async def test_only_a_get_carries_the_etag_header(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.make(subnet(), subnet_body())
    response = await cloud.get(subnet())
    assert response.headers["ETag"] == response.body["etag"]
