"""Reads that are behind: they answer with the state of some seconds ago."""

import pytest

from tests.sandbox.cloud import APP, GROUP, SUB, Cloud, code, network_body, subnet, subnet_body, vnet
from tests.sandbox.connectivity import ACCOUNT, ENDPOINT, account_body, endpoint_body, with_endpoint

NETWORKS = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"


async def behind(cloud: Cloud, seconds: float = 30, **match) -> None:
    response = await cloud.post("/_sandbox/faults", {"match": match, "stale_seconds": seconds})
    assert response.status == 200, response.body


async def listed(cloud: Cloud, path: str) -> list[str]:
    return [one["name"] for one in (await cloud.get(path)).body["value"]]


async def test_what_is_newer_than_the_lag_is_missing_and_appears_when_the_lag_has_passed(cloud):
    await behind(cloud, path="hub")
    await cloud.put(vnet(), network_body())
    assert code(await cloud.get(vnet())) == "ResourceNotFound"
    await cloud.wait(31)
    assert (await cloud.get(vnet())).status == 200


async def test_an_old_body_is_answered_until_the_change_is_older_than_the_lag(cloud):
    await cloud.make(ACCOUNT, account_body())
    await behind(cloud)
    await cloud.patch(ACCOUNT, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert "publicNetworkAccess" not in (await cloud.get(ACCOUNT)).body["properties"]
    await cloud.wait(31)
    assert (await cloud.get(ACCOUNT)).body["properties"]["publicNetworkAccess"] == "Disabled"


async def test_what_was_deleted_is_still_answered_with_its_old_body(cloud):
    before = await cloud.make(ACCOUNT, account_body())
    await behind(cloud)
    await cloud.delete(ACCOUNT)
    assert (await cloud.get(ACCOUNT)).body == before
    await cloud.wait(31)
    assert (await cloud.get(ACCOUNT)).status == 404


async def test_lists_are_behind_as_well_and_keep_their_order(cloud):
    for name in ("a", "b", "c"):
        await cloud.make(vnet(name), network_body())
    await behind(cloud)
    await cloud.remove(vnet("b"))
    await cloud.put(vnet("d"), network_body())
    for path in (NETWORKS, f"{SUB}/resources"):
        assert await listed(cloud, path) == ["a", "b", "c"]
    await cloud.delete("/_sandbox/faults")
    assert await listed(cloud, NETWORKS) == ["a", "c", "d"]


async def test_children_inside_a_body_and_group_members_are_of_the_same_moment(cloud):
    await cloud.make(vnet(), network_body())
    rules = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/rules"
    await cloud.make(rules, {"location": "westeurope"})
    await behind(cloud)
    await cloud.make(subnet(), subnet_body(networkSecurityGroup={"id": rules}))
    assert (await cloud.get(vnet())).body["properties"]["subnets"] == []
    assert "subnets" not in (await cloud.get(rules)).body["properties"]
    await cloud.wait(31)
    assert [one["name"] for one in (await cloud.get(vnet())).body["properties"]["subnets"]] == ["one"]
    assert [one["id"] for one in (await cloud.get(rules)).body["properties"]["subnets"]] == [subnet()]


async def test_the_end_of_an_operation_is_seen_as_late_as_a_write(cloud):
    await behind(cloud, path="hub$")
    response = await cloud.put(vnet(), network_body())
    await cloud.settle(response)
    done = cloud.now
    await cloud.wait(30 - cloud.now + 1)
    assert (await cloud.get(vnet())).body["properties"]["provisioningState"] == "Updating"
    await cloud.wait(done)
    assert (await cloud.get(vnet())).body["properties"]["provisioningState"] == "Succeeded"


async def test_a_moved_resource_is_still_read_under_its_old_id():
    cloud = await with_endpoint()
    other = f"{SUB}/resourceGroups/other"
    await cloud.put(other, {"location": "westeurope"})
    await behind(cloud, 300, path="storageAccounts")
    body = {"resources": [ACCOUNT], "targetResourceGroup": other}
    await cloud.settle(await cloud.post(f"{GROUP}/moveResources", body))
    moved = ACCOUNT.replace(GROUP, other)
    assert (await cloud.get(ACCOUNT)).status == 200
    assert (await cloud.get(moved)).status == 404
    await cloud.wait(301)
    assert [(await cloud.get(one)).status for one in (ACCOUNT, moved)] == [404, 200]


async def test_the_present_is_unchanged_by_a_read_of_the_past():
    cloud = await with_endpoint()
    await behind(cloud, path="storageAccounts")
    await cloud.remove(ENDPOINT)
    await cloud.delete(ACCOUNT)
    await cloud.make(ACCOUNT, account_body())
    await cloud.make(ENDPOINT, endpoint_body())
    await cloud.get(ACCOUNT)
    await cloud.delete("/_sandbox/faults")
    present = (await cloud.get("/_sandbox/state")).body["resources"]
    await behind(cloud, path="storageAccounts")
    await cloud.get(ACCOUNT)
    assert (await cloud.get("/_sandbox/state")).body["resources"] == present


async def test_only_reads_that_match_are_behind_and_only_so_often(cloud):
    await behind(cloud, path="hub$", principal="app")
    await cloud.put(vnet(), network_body())
    assert [(await cloud.get(vnet(), as_=one)).status for one in (APP, "Bearer me")] == [404, 200]
    await cloud.delete("/_sandbox/faults")
    await cloud.post("/_sandbox/faults", {"times": 1, "stale_seconds": 30})
    await cloud.delete(vnet())
    rules = (await cloud.get("/_sandbox/faults")).body["rules"]
    assert rules == [{"seen": 0, "taken": 0, "times": 1}]


async def test_nothing_older_than_the_rule_is_known(cloud):
    await cloud.put(vnet(), network_body())
    await behind(cloud, 600)
    assert (await cloud.get(vnet())).status == 200


async def test_a_rule_for_stale_writes_is_refused(cloud):
    response = await cloud.post("/_sandbox/faults", {"match": {"method": "PUT"}, "stale_seconds": 5})
    assert (response.status, response.body["error"]) == (400, "stale_seconds is for GET and HEAD")


@pytest.mark.parametrize("seconds", [30, 0])
async def test_changes_are_kept_only_while_a_rule_asks_and_no_longer_than_it_asks(cloud, seconds):
    await behind(cloud)
    for number in range(20):
        await cloud.put(vnet(f"n{number}"), network_body())
        await cloud.wait(10)
    history = cloud.world._history
    assert {at >= cloud.now - 10 - 30 for at, _ in history._changes} == {True}
    if not seconds:
        await cloud.delete("/_sandbox/faults")
        assert cloud.world._history is None
        assert {one.observer for one in cloud.world.store} == {None}
