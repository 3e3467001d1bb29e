"""Real SDK clients build a private path: endpoint, zone, link, zone group, record, and delete it again."""

import time

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.network.aio import NetworkManagementClient
from azure.mgmt.privatedns.aio import PrivateDnsManagementClient

from sandbox.azure.transports.in_process import InProcessTransport
from tests.sandbox.cloud import SUB, Cloud, subnet
from tests.sandbox.connectivity import (
    BLOB_ZONE,
    begin,
    endpoint_body,
    link_body,
    with_endpoint,
    with_names,
    zone_group_body,
)

SUBSCRIPTION = SUB.rsplit("/", 1)[1]


class UserToken:
    """A credential of a user."""

    async def get_token(self, *scopes, **more):
        return AccessToken("a-user", int(time.time()) + 10**7)

    async def close(self):
        """Nothing to close."""


def network(cloud: Cloud) -> NetworkManagementClient:
    transport = InProcessTransport(cloud.simulator)
    return NetworkManagementClient(UserToken(), SUBSCRIPTION, transport=transport, polling_interval=1)


def names(cloud: Cloud) -> PrivateDnsManagementClient:
    transport = InProcessTransport(cloud.simulator)
    return PrivateDnsManagementClient(UserToken(), SUBSCRIPTION, transport=transport, polling_interval=1)


async def test_the_sdk_creates_an_endpoint_and_reads_its_address_from_the_interface():
    cloud = await begin()
    async with network(cloud) as client:
        poller = await client.private_endpoints.begin_create_or_update("rg", "pe", endpoint_body())
        endpoint = await poller.result()
        assert endpoint.provisioning_state == "Succeeded"
        assert endpoint.custom_dns_configs[0].fqdn == "acct.blob.core.windows.net"
        nic = await client.network_interfaces.get("rg", endpoint.network_interfaces[0].id.rsplit("/", 1)[1])
    [config] = nic.ip_configurations
    assert config.private_ip_address == "10.0.1.4"
    assert config.private_link_connection_properties.group_id == "blob"


async def test_the_sdk_makes_zone_link_and_zone_group_and_finds_the_record():
    cloud = await with_endpoint()
    async with network(cloud) as client, names(cloud) as dns:
        zone = await (
            await dns.private_zones.begin_create_or_update("rg", BLOB_ZONE, {"location": "global"})
        ).result()
        assert zone.provisioning_state == "Succeeded"
        link = await (
            await dns.virtual_network_links.begin_create_or_update("rg", BLOB_ZONE, "hub", link_body())
        ).result()
        assert link.virtual_network_link_state == "Completed"
        group = await (
            await client.private_dns_zone_groups.begin_create_or_update(
                "rg", "pe", "default", zone_group_body()
            )
        ).result()
        [config] = group.private_dns_zone_configs
        assert config.record_sets[0].ip_addresses == ["10.0.1.4"]
        record = await dns.record_sets.get("rg", BLOB_ZONE, "A", "acct")
        assert [one.ipv4_address for one in record.a_records] == ["10.0.1.4"]
        listed = [one.name async for one in dns.record_sets.list("rg", BLOB_ZONE)]
    assert listed == ["@", "acct"]


async def test_the_sdk_deletes_everything_in_order():
    cloud = await with_names()
    async with network(cloud) as client, names(cloud) as dns:
        await (await client.private_dns_zone_groups.begin_delete("rg", "pe", "default")).result()
        await (await client.private_endpoints.begin_delete("rg", "pe")).result()
        await (await dns.virtual_network_links.begin_delete("rg", BLOB_ZONE, "hub")).result()
        await (await dns.private_zones.begin_delete("rg", BLOB_ZONE)).result()
        with pytest.raises(ResourceNotFoundError):
            await client.private_endpoints.get("rg", "pe")
        with pytest.raises(ResourceNotFoundError):
            await dns.private_zones.get("rg", BLOB_ZONE)


async def test_a_failure_that_arrives_in_the_poll_is_raised_with_its_code():
    cloud = await with_names()
    async with names(cloud) as dns:
        poller = await dns.virtual_network_links.begin_create_or_update("rg", BLOB_ZONE, "again", link_body())
        with pytest.raises(HttpResponseError) as caught:
            await poller.result()
    assert caught.value.error.code == "BadRequest"


async def test_the_sdk_writes_groups_and_addresses_and_reads_what_is_effective():
    cloud = await with_names()
    interface = {
        "location": "westeurope",
        "properties": {"ipConfigurations": [{"name": "one", "properties": {"subnet": {"id": subnet()}}}]},
    }
    async with network(cloud) as client:
        here = {"location": "westeurope"}
        group = await (
            await client.application_security_groups.begin_create_or_update("rg", "web", here)
        ).result()
        static = here | {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
        address = await (await client.public_ip_addresses.begin_create_or_update("rg", "ip", static)).result()
        await (await client.network_interfaces.begin_create_or_update("rg", "nic", interface)).result()
        routes = await (await client.network_interfaces.begin_get_effective_route_table("rg", "nic")).result()
        poller = await client.network_interfaces.begin_list_effective_network_security_groups("rg", "nic")
        groups = await poller.result()
        (usage,) = [one async for one in client.virtual_networks.list_usage("rg", "hub")]
        types = [one async for one in client.available_private_endpoint_types.list("westeurope")]
        free = await client.check_dns_name_availability("westeurope", domain_name_label="shop")
    assert (group.provisioning_state, bool(address.ip_address)) == ("Succeeded", True)
    assert "InterfaceEndpoint" in [one.next_hop_type for one in routes.value]
    assert groups.value == []
    assert usage.current_value == 2
    assert "Microsoft.KeyVault/vaults" in [one.resource_name for one in types]
    assert free.available is True
