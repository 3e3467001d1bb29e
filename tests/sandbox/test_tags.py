"""The Tags API and management locks."""

import pytest

from tests.sandbox.cloud import GROUP, SUB, code, network_body, subnet, subnet_body, vnet

TAGS = "/providers/Microsoft.Resources/tags/default"


def tags(operation: str | None = None, **values) -> dict:
    body = {"properties": {"tags": values}}
    return body | {"operation": operation} if operation else body


@pytest.mark.parametrize(
    ("operation", "given", "result"),
    [
        ("Merge", {"b": "2"}, {"a": "1", "b": "2"}),
        ("Merge", {"A": "2"}, {"a": "2"}),
        ("Replace", {"b": "2"}, {"b": "2"}),
        ("Delete", {"A": "1"}, {}),
    ],
)
async def test_tags_are_merged_replaced_and_deleted(cloud, operation, given, result):
    await cloud.make(vnet(), network_body(tags={"a": "1"}))
    response = await cloud.patch(vnet() + TAGS, tags(operation, **given))
    assert (response.status, response.body["properties"]["tags"]) == (200, result)
    assert (await cloud.get(vnet())).body["tags"] == result


async def test_a_put_of_tags_replaces_and_a_delete_clears_them(cloud):
    await cloud.make(vnet(), network_body(tags={"a": "1"}))
    await cloud.put(vnet() + TAGS, tags(b="2"))
    assert (await cloud.get(vnet() + TAGS)).body["properties"]["tags"] == {"b": "2"}
    await cloud.delete(vnet() + TAGS)
    assert (await cloud.get(vnet())).body["tags"] == {}


async def test_a_group_can_be_tagged(cloud):
    await cloud.patch(GROUP + TAGS, tags("Merge", team="x"))
    assert (await cloud.get(GROUP)).body["tags"] == {"team": "x"}


async def test_tags_of_a_missing_resource_are_404(cloud):
    assert (await cloud.get(vnet("gone") + TAGS)).status == 404


async def test_an_unknown_operation_and_a_wrong_tag_leave_the_tags_alone(cloud):
    await cloud.make(vnet(), network_body(tags={"a": "1"}))
    assert (await cloud.patch(vnet() + TAGS, tags("Sprinkle", b="2"))).status == 400
    assert (await cloud.patch(vnet() + TAGS, tags("Merge", b="x" * 300))).status == 400
    assert (await cloud.get(vnet())).body["tags"] == {"a": "1"}


async def test_a_patch_of_the_resource_replaces_its_tags(cloud):
    await cloud.make(vnet(), network_body(tags={"a": "1"}))
    response = await cloud.patch(vnet(), {"tags": {"b": "2"}})
    assert (response.status, response.body["tags"]) == (200, {"b": "2"})


LOCK = "/providers/Microsoft.Authorization/locks/keep"


async def test_a_cannot_delete_lock_on_the_group_stops_deletes_below_it_and_nothing_else(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.put(GROUP + LOCK, {"properties": {"level": "CanNotDelete"}})
    refused = await cloud.delete(vnet())
    assert (refused.status, code(refused)) == (409, "ScopeLocked")
    assert f"'{GROUP}'" in refused.body["error"]["message"]
    assert (await cloud.put(subnet(), subnet_body())).status == 201


async def test_a_read_only_lock_stops_writes_until_it_is_deleted(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.put(vnet() + LOCK, {"properties": {"level": "ReadOnly"}})
    assert code(await cloud.put(subnet(), subnet_body())) == "ScopeLocked"
    assert code(await cloud.patch(vnet() + TAGS, tags("Merge", a="b"))) == "ScopeLocked"
    assert (await cloud.get(vnet())).status == 200
    assert (await cloud.delete(vnet() + LOCK)).status == 200
    assert (await cloud.put(subnet(), subnet_body())).status == 201


async def test_locks_are_shown_and_listed(cloud):
    await cloud.put(SUB + LOCK, {"properties": {"level": "ReadOnly", "notes": "no"}})
    assert (await cloud.get(SUB + LOCK)).body["properties"] == {"level": "ReadOnly", "notes": "no"}
    listed = await cloud.get(SUB + LOCK.rsplit("/", 1)[0])
    assert [one["name"] for one in listed.body["value"]] == ["keep"]
    assert (await cloud.get(SUB + LOCK + "er")).status == 404


async def test_a_lock_needs_a_level(cloud):
    assert (await cloud.put(GROUP + LOCK, {"properties": {"level": "Firm"}})).status == 400
