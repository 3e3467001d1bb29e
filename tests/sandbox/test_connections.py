"""The target's side: how each provider shows, approves, rejects and deletes connections, and what follows."""

import pytest

from tests.sandbox.cloud import GROUP, SUB, Cloud, code, subnet
from tests.sandbox.connectivity import (
    ACCOUNT,
    ENDPOINT,
    SERVER,
    VAULT,
    account_body,
    begin,
    connection_of,
    endpoint_body,
    properties,
    server_body,
    status,
    vault_body,
    with_endpoint,
)

COSMOS = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/db"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/app"
TOPIC = f"{GROUP}/providers/Microsoft.EventGrid/topics/topic"
BODIES = {
    SERVER: (server_body(), "sqlServer"),
    VAULT: (vault_body(), "vault"),
    COSMOS: (
        {"location": "westeurope", "properties": {"locations": [{"locationName": "westeurope"}]}},
        "Sql",
    ),
    TOPIC: ({"location": "westeurope"}, "topic"),
}


async def pending(target: str = ACCOUNT) -> Cloud:
    """A finished endpoint whose connection waits for approval."""
    cloud = await begin()
    group = "blob"
    if target in BODIES:
        body, group = BODIES[target]
        await cloud.make(target, body)
    await cloud.make(ENDPOINT, endpoint_body(target, [group], manual=True))
    return cloud


def decision(value: str, **more) -> dict:
    return {"properties": {"privateLinkServiceConnectionState": {"status": value} | more}}


async def settle(cloud: Cloud, response) -> None:
    """Long enough for every provider's operation, polled or not, and for the network to take it over."""
    if (
        "Azure-AsyncOperation" in response.headers
        and "/operations" in response.headers["Azure-AsyncOperation"]
    ):
        await cloud.settle(response)
    await cloud.wait(60)


@pytest.mark.parametrize(
    ("target", "name", "members"),
    [
        (ACCOUNT, "acct.", {"actionRequired"}),
        (SERVER, "pe-", {"actionsRequired"}),
        (VAULT, "connection", {"actionsRequired"}),
        (COSMOS, "pe", {"actionsRequired"}),
        (TOPIC, "pe.", {"actionsRequired"}),
    ],
)
async def test_each_provider_has_its_own_names_and_spelling_of_connections(target, name, members):
    cloud = await pending(target)
    path = await connection_of(cloud, target)
    assert path.rsplit("/", 1)[1].startswith(name)
    state = (await properties(cloud, path))["privateLinkServiceConnectionState"]
    assert {one for one in state if one.startswith("action")} == members
    assert state["status"] == "Pending"


@pytest.mark.parametrize("target", [ACCOUNT, *BODIES])
async def test_the_list_of_a_subscription_shows_the_connections_that_the_target_shows(target):
    cloud = await pending(target)
    kind = "/".join(target.split("/")[-3:-1])
    [listed] = (await cloud.get(f"{SUB}/providers/{kind}")).body["value"]
    assert listed["properties"]["privateEndpointConnections"]
    assert listed == (await cloud.get(target)).body


async def test_a_servers_connection_is_ready_and_lists_its_groups():
    cloud = await pending(SERVER)
    shown = await properties(cloud, await connection_of(cloud, SERVER))
    assert (shown["provisioningState"], shown["groupIds"]) == ("Ready", ["sqlServer"])


@pytest.mark.parametrize(
    ("target", "answered", "deleted"),
    [(ACCOUNT, 200, 200), (SERVER, 202, 202), (VAULT, 200, 202), (COSMOS, 202, 202), (TOPIC, 201, 202)],
)
async def test_each_provider_answers_with_its_own_status(target, answered, deleted):
    cloud = await pending(target)
    path = await connection_of(cloud, target)
    response = await cloud.put(path, decision("Approved"))
    assert response.status == answered
    await settle(cloud, response)
    assert (await cloud.delete(path)).status == deleted


@pytest.mark.parametrize("target", [ACCOUNT, *BODIES])
async def test_approval_fills_in_the_names_some_time_later(target):
    cloud = await pending(target)
    assert (await properties(cloud, ENDPOINT))["customDnsConfigs"] == []
    response = await cloud.put(await connection_of(cloud, target), decision("Approved", description="yes"))
    await settle(cloud, response)
    assert await status(cloud) == "Approved"
    assert (await properties(cloud, ENDPOINT))["customDnsConfigs"] != []


async def test_the_names_are_still_missing_right_after_approval():
    cloud = await pending()
    await cloud.put(await connection_of(cloud), decision("Approved"))
    assert await status(cloud) == "Approved"
    assert (await properties(cloud, ENDPOINT))["customDnsConfigs"] == []


@pytest.mark.parametrize("target", [ACCOUNT, *BODIES])
async def test_a_rejected_endpoint_stays_succeeded_and_loses_its_names(target):
    cloud = await pending(target)
    path = await connection_of(cloud, target)
    if target != SERVER:  # SQL rejects what is Pending only
        await settle(cloud, await cloud.put(path, decision("Approved")))
    await settle(cloud, await cloud.put(path, decision("Rejected", description="no")))
    shown = await properties(cloud, ENDPOINT)
    assert await status(cloud) == "Rejected"
    assert (shown["provisioningState"], shown["customDnsConfigs"]) == ("Succeeded", [])


@pytest.mark.parametrize("target", [ACCOUNT, *BODIES])
async def test_deleting_the_connection_disconnects_the_endpoint(target):
    cloud = await pending(target)
    path = await connection_of(cloud, target)
    await settle(cloud, await cloud.delete(path))
    assert await status(cloud) == "Disconnected"
    assert (await cloud.get(f"{target}/privateEndpointConnections")).body["value"] == []
    assert (await cloud.get(path)).status == 404


async def test_an_account_takes_a_decision_once():
    cloud = await with_endpoint()
    path = await connection_of(cloud)
    again = await cloud.put(path, decision("Approved"))
    assert (again.status, code(again)) == (400, "InvalidValuesForRequestParameters")
    await cloud.put(path, decision("Rejected"))
    assert code(await cloud.put(path, decision("Approved"))) == "InvalidValuesForRequestParameters"
    assert await status(cloud) == "Rejected"


async def test_a_vault_approves_what_it_rejected():
    cloud = await pending(VAULT)
    path = await connection_of(cloud, VAULT)
    await settle(cloud, await cloud.put(path, decision("Rejected")))
    await settle(cloud, await cloud.put(path, decision("Approved")))
    assert await status(cloud) == "Approved"


async def test_a_connection_cannot_be_created_from_the_targets_side():
    cloud = await begin()
    response = await cloud.put(f"{ACCOUNT}/privateEndpointConnections/x", decision("Approved"))
    assert response.status == 404


async def test_an_unknown_status_is_refused():
    cloud = await pending()
    assert (await cloud.put(await connection_of(cloud), decision("Maybe"))).status == 400


async def test_an_endpoint_is_locked_while_the_network_processes_a_decision():
    cloud = await pending()
    await cloud.put(await connection_of(cloud), decision("Approved"))
    response = await cloud.delete(ENDPOINT)
    assert (response.status, code(response)) == (429, "RetryableError")
    assert "PutPrivateLinkServiceProxyOperation" in response.body["error"]["details"][0]["message"]
    await cloud.wait(15)
    assert (await cloud.delete(ENDPOINT)).status == 202


async def test_a_cosmos_connection_shows_the_old_state_until_its_operation_ends():
    cloud = await pending(COSMOS)
    path = await connection_of(cloud, COSMOS)
    response = await cloud.put(path, decision("Approved"))
    assert response.body == {"status": "Enqueued"}
    assert (await properties(cloud, path))["privateLinkServiceConnectionState"]["status"] == "Pending"
    assert await status(cloud) == "Pending"


async def test_the_target_shows_the_connection_of_each_endpoint():
    cloud = await with_endpoint()
    [shown] = (await properties(cloud, ACCOUNT))["privateEndpointConnections"]
    assert shown["properties"]["privateEndpoint"] == {"id": ENDPOINT}
    state = shown["properties"]["privateLinkServiceConnectionState"]
    assert state == {"status": "Approved", "description": "Auto-Approved", "actionRequired": "None"}


@pytest.mark.parametrize("first", ["Approved", "Rejected"])
async def test_sql_decides_about_a_connection_once(first):
    cloud = await pending(SERVER)
    path = await connection_of(cloud, SERVER)
    await settle(cloud, await cloud.put(path, decision(first)))
    for second in ("Approved", "Rejected"):
        refused = await cloud.put(path, decision(second))
        assert (refused.status, code(refused)) == (400, "PrivateEndpointConnectionStatusNotPending")
    assert await status(cloud) == first


async def test_cosmos_approves_no_connection_that_it_rejected():
    cloud = await pending(COSMOS)
    path = await connection_of(cloud, COSMOS)
    await settle(cloud, await cloud.put(path, decision("Rejected")))
    refused = await cloud.put(path, decision("Approved"))
    assert (refused.status, code(refused)) == (400, "BadRequest")
    assert refused.body["error"]["message"].startswith("Approving rejected private endpoint connections")


# Web


async def test_a_site_shows_addresses_and_is_approving_rejecting_and_disconnecting():
    cloud = await begin()
    await cloud.make(SITE, {"location": "westeurope"})
    await cloud.make(ENDPOINT, endpoint_body(SITE, ["sites"], manual=True))
    path = await connection_of(cloud, SITE)
    name = path.rsplit("/", 1)[1]
    assert name.startswith("pe-")
    assert (await properties(cloud, path))["ipAddresses"] == ["10.0.1.4"]
    for value, meanwhile in (("Approved", "Approving"), ("Rejected", "Rejecting")):
        response = await cloud.put(path, decision(value))
        assert (response.status, response.body["properties"]["provisioningState"]) == (202, meanwhile)
        assert (await cloud.poll(response)).body["status"] == "InProgress"
        await settle(cloud, response)
        assert (await properties(cloud, path))["provisioningState"] == "Succeeded"
        assert await status(cloud) == value
    response = await cloud.delete(path)
    assert response.status == 202
    assert (await properties(cloud, path))["provisioningState"] == "Disconnecting"
    await settle(cloud, response)
    assert ((await cloud.get(path)).status, await status(cloud)) == (404, "Disconnected")


# Targets that are deleted


@pytest.mark.parametrize("target", [ACCOUNT, *BODIES])
async def test_an_endpoint_is_disconnected_when_its_target_is_deleted_and_stays_so(target):
    cloud = await pending(target)
    await cloud.remove(target)
    await cloud.wait(60)
    assert await status(cloud) == "Disconnected"
    body = BODIES[target][0] if target in BODIES else account_body()
    if target == VAULT:
        body = vault_body(createMode="recover")
    await cloud.make(target, body)
    assert await status(cloud) == "Disconnected"
    assert (await cloud.get(f"{target}/privateEndpointConnections")).body["value"] == []


async def test_an_endpoint_to_a_data_factory_stays_approved_and_leads_nowhere():
    cloud = await begin()
    factory = f"{GROUP}/providers/Microsoft.DataFactory/factories/factory"
    await cloud.make(factory, {"location": "westeurope"})
    await cloud.make(ENDPOINT, endpoint_body(factory, ["dataFactory"]))
    reach = {"subnet": subnet(), "name": "10.0.1.4", "port": "443"}
    assert (await cloud.get("/_sandbox/reach", query=reach)).body["reachable"]
    await cloud.remove(factory)
    await cloud.make(factory, {"location": "westeurope"})
    assert await status(cloud) == "Approved"
    assert (await cloud.get(f"{factory}/privateEndpointConnections")).body["value"] == []
    found = (await cloud.get("/_sandbox/reach", query=reach)).body
    assert (found["reachable"], found["hop"]) == (False, "approval")
    await cloud.remove(ENDPOINT)
    assert (await cloud.get(ENDPOINT)).status == 404
