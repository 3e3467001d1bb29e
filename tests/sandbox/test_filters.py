"""`$filter` and `$expand` of the lists of resources."""

import pytest

from tests.sandbox.cloud import GROUP, SUB, code, network_body

TENANT = "11111111-1111-1111-1111-111111111111"
VAULTS = "Microsoft.KeyVault/vaults"
GROUPS = "Microsoft.Network/networkSecurityGroups"


@pytest.fixture
async def filled(cloud):
    """Two vaults and a security group, in two groups and two regions."""
    await cloud.put(f"{SUB}/resourceGroups/other", {"location": "northeurope", "tags": {"a": "1", "b": "2"}})
    sku = {"family": "A", "name": "standard"}
    body = {"location": "westeurope", "properties": {"sku": sku, "tenantId": TENANT}}
    await cloud.make(f"{GROUP}/providers/{VAULTS}/kv-one", body | {"tags": {"a": "1", "b": "2"}})
    north = {"location": "northeurope", "tags": {"a": "2"}}
    await cloud.make(f"{SUB}/resourceGroups/other/providers/{VAULTS}/kv-two", body | north)
    await cloud.make(f"{GROUP}/providers/{GROUPS}/it's", {"location": "westeurope"})
    return cloud


async def listed(cloud, text, scope=SUB, **query):
    answer = await cloud.get(f"{scope}/resources", query={"$filter": text} | query)
    assert answer.status == 200, answer.body
    return [one["name"] for one in answer.body["value"]]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("substringof('KV', name)", ["kv-one", "kv-two"]),
        ("substringof('oth', resourceGroup)", ["kv-two"]),
        ("startswith(tagName, 'b')", ["kv-one"]),
        ("name eq 'it''s'", ["it's"]),
        (f"resourceType eq '{VAULTS}' and location eq 'West Europe'", ["kv-one"]),
        (f"(resourceType eq '{VAULTS}' or resourceType eq '{GROUPS}') and not name eq 'kv-one'",
         ["kv-two", "it's"]),
        (f"resourceType eq '{GROUPS}' or name eq 'kv-two'", ["kv-two", "it's"]),
        (f"resourceType ne '{VAULTS}'", ["it's"]),
        ("tagName eq 'a' and tagValue eq '2'", ["kv-two"]),
        ("tagName eq 'A'", ["kv-one", "kv-two"]),
        ("tagValue eq '2'", ["kv-one", "kv-two"]),
        ("resourceGroup eq 'RG'", ["kv-one", "it's"]),
        ("identity/principalId eq 'x'", []),
    ],
)  # fmt: skip
async def test_a_filter_admits_what_it_says_and_nothing_else(filled, text, names):
    assert await listed(filled, text) == names


async def test_a_tag_of_groups_has_the_value_that_is_asked_for(filled):
    for text, names in (("tagName eq 'a' and tagValue eq '1'", ["other"]),
                        ("tagName eq 'a' and tagValue eq '2'", [])):  # fmt: skip
        answer = await filled.get(f"{SUB}/resourceGroups", query={"$filter": text})
        assert [one["name"] for one in answer.body["value"]] == names


@pytest.mark.parametrize(
    "text",
    ["name", "name eq", "name eq kv", "size gt '1'", "name like 'a'", "(name eq 'a'", "name eq 'a' name",
     "substringof('a', location)", "substringof('a' name)", "name eq 'a' and", "name eq 'a"],
)  # fmt: skip
async def test_any_other_filter_is_refused(filled, text):
    answer = await filled.get(f"{SUB}/resources", query={"$filter": text})
    assert (answer.status, code(answer)) == (400, "InvalidFilterInQueryString")


async def test_expand_adds_times_and_state(cloud):
    await cloud.wait(60)
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
    await cloud.make(network, network_body())
    await cloud.wait(100)
    await cloud.make(network, network_body(tags={"a": "b"}))
    query = {"$expand": "createdTime,changedTime,provisioningState"}
    (shown,) = (await cloud.get(f"{GROUP}/resources", query=query)).body["value"]
    assert shown["createdTime"].startswith("2026-01-01T00:01:00")
    assert shown["createdTime"] < "2026-01-01T00:02:40" <= shown["changedTime"]
    assert shown["provisioningState"] == "Succeeded"
    (plain,) = (await cloud.get(f"{GROUP}/resources")).body["value"]
    assert {"createdTime", "changedTime", "provisioningState"} & set(plain) == set()


async def test_expand_refuses_what_is_not_offered(cloud):
    answer = await cloud.get(f"{GROUP}/resources", query={"$expand": "owner"})
    assert (answer.status, code(answer)) == (400, "InvalidExpandQueryOption")
