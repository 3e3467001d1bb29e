"""Subscriptions of another tenant: what the app's token gets there, and which writes join it."""

import base64
import json

import pytest

from sandbox.azure import scenario
from tests.sandbox.cloud import APP, GROUP, SUB, code, network_body, subnet, vnet
from tests.sandbox.connectivity import (
    account_body,
    endpoint_body,
    endpoint_id,
    link_body,
    zone_group_body,
    zone_id,
)

ELSEWHERE = "22222222-2222-2222-2222-222222222222"
HOME = "11111111-1111-1111-1111-111111111111"
FOREIGN = "/subscriptions/00000000-0000-0000-0000-000000000009"
FOREIGN_GROUP = f"{FOREIGN}/resourceGroups/rg"
AWAY = vnet("away", FOREIGN_GROUP)
ACCOUNT = f"{FOREIGN_GROUP}/providers/Microsoft.Storage/storageAccounts/away"
HALF = f"{vnet()}/virtualNetworkPeerings/to-away"
HALF_BODY = {"properties": {"remoteVirtualNetwork": {"id": AWAY}}}


def token(tenant: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"tid": tenant}).encode()).decode().rstrip("=")
    return f"Bearer header.{payload}.signature"


async def declared(cloud, **more):
    body = {"subscription": FOREIGN, "tenant": ELSEWHERE} | more
    assert (await cloud.post("/_sandbox/tenants", body)).status == 200
    await cloud.put(FOREIGN_GROUP, {"location": "westeurope"})
    await cloud.make(AWAY, network_body("10.7.0.0/16", {"one": "10.7.1.0/24"}))
    await cloud.make(vnet(), network_body(subnets={"one": "10.0.1.0/24"}))


@pytest.mark.parametrize(
    "path", ["", "/resourcegroups", "/resourceGroups/rg", f"{AWAY.removeprefix(FOREIGN)}"]
)
async def test_a_token_of_another_tenant_reads_nothing_of_a_subscription(cloud, path):
    await declared(cloud)
    answer = await cloud.get(FOREIGN + path, as_=APP)
    assert (answer.status, code(answer)) == (401, "InvalidAuthenticationTokenTenant")
    assert f"sts.windows.net/{HOME}/" in answer.body["error"]["message"]
    assert f"login.windows.net/{ELSEWHERE}" in answer.headers["WWW-Authenticate"]


async def test_subscriptions_are_listed_to_tokens_of_their_tenant_and_of_managing_ones(cloud):
    async def listed():
        found = (await cloud.get("/subscriptions", as_=APP)).body["value"]
        return FOREIGN in [one["id"] for one in found]

    await declared(cloud)
    assert not await listed()
    await declared(cloud, managedByTenants=[HOME])
    assert await listed()
    assert (await cloud.get(AWAY, as_=APP)).status == 200
    shown = (await cloud.get(FOREIGN)).body
    assert (shown["tenantId"], shown["managedByTenants"]) == (ELSEWHERE, [{"tenantId": HOME}])


@pytest.mark.parametrize("remote", [AWAY, vnet("missing", FOREIGN_GROUP)])
async def test_a_peering_to_another_tenants_network_is_refused_whether_it_exists_or_not(cloud, remote):
    await declared(cloud)
    body = {"properties": {"remoteVirtualNetwork": {"id": remote}}}
    refused = await cloud.put(HALF, body, as_=APP)
    assert (refused.status, code(refused)) == (403, "LinkedAuthorizationFailed")
    assert refused.body["error"]["message"] == (
        "The client has permission to perform action 'Microsoft.Network/virtualNetworks/peer/action' on "
        f"scope '{HALF}', however the current tenant '{HOME}' is not authorized to access linked "
        f"subscription '{FOREIGN.removeprefix('/subscriptions/')}'."
    )


async def test_a_second_token_for_the_other_tenant_lets_the_peering_pass(cloud):
    await declared(cloud)
    wrong = {"x-ms-authorization-auxiliary": token(HOME)}
    assert (await cloud.put(HALF, HALF_BODY, headers=wrong)).status == 403
    right = {"x-ms-authorization-auxiliary": f"{token(HOME)}, {token(ELSEWHERE)}"}
    assert (await cloud.put(HALF, HALF_BODY, headers=right)).status == 201


async def test_a_managed_subscription_can_be_joined(cloud):
    await declared(cloud, managedByTenants=[HOME])
    assert (await cloud.put(HALF, HALF_BODY, as_=APP)).status == 201


async def test_links_zone_groups_and_endpoints_by_right_are_refused_and_a_manual_endpoint_is_not(cloud):
    await declared(cloud)
    await cloud.make(ACCOUNT, account_body())
    await cloud.make(zone_id(), {"location": "global"})
    link = await cloud.put(f"{zone_id()}/virtualNetworkLinks/away", link_body(AWAY))
    assert code(link) == "LinkedAuthorizationFailed"
    by_right = await cloud.put(endpoint_id("right"), endpoint_body(ACCOUNT))
    assert code(by_right) == "LinkedAuthorizationFailed"
    await cloud.make(endpoint_id("asked"), endpoint_body(ACCOUNT, manual=True))
    theirs = zone_group_body(zone_id(group=FOREIGN_GROUP))
    zones = await cloud.put(f"{endpoint_id('asked')}/privateDnsZoneGroups/default", theirs)
    assert code(zones) == "LinkedAuthorizationFailed"


async def test_an_endpoint_in_another_tenants_subnet_is_refused(cloud):
    await declared(cloud)
    body = endpoint_body(at=f"{AWAY}/subnets/one")
    assert code(await cloud.put(endpoint_id("pe"), body, as_=APP)) == "LinkedAuthorizationFailed"


async def test_a_scenario_names_the_tenant_of_a_subscription(cloud):
    listed = [SUB.removeprefix("/subscriptions/"), {"id": FOREIGN.rpartition("/")[2], "tenant": ELSEWHERE}]
    resources = [
        {"id": FOREIGN_GROUP, "location": "westeurope"},
        {"id": AWAY} | network_body("10.7.0.0/16"),
        {"id": GROUP, "location": "westeurope"},
        {"id": vnet()} | network_body(),
        {"id": HALF} | HALF_BODY,
    ]
    scenario.apply(cloud.world, cloud.simulator.gateway, {"subscriptions": listed, "resources": resources})
    assert code(await cloud.get(AWAY, as_=APP)) == "InvalidAuthenticationTokenTenant"
    assert (await cloud.get(HALF, as_=APP)).status == 200


async def test_a_tenant_needs_a_subscription(cloud):
    assert (await cloud.post("/_sandbox/tenants", {"tenant": ELSEWHERE})).status == 400


async def test_a_user_without_a_tenant_in_the_token_works_in_each_subscription(cloud):
    await declared(cloud)
    assert (await cloud.get(subnet("one"))).status == 200
    assert (await cloud.get(AWAY)).status == 200
