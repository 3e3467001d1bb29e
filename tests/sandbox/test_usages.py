"""A subscription's usage of the network limits in a region."""

import pytest

from tests.sandbox.cloud import APP, OTHER, SUB, Cloud, code
from tests.sandbox.connectivity import ENDPOINT, begin, endpoint_body


def usages(subscription: str = SUB, region: str = "westeurope") -> str:
    return f"{subscription}/providers/Microsoft.Network/locations/{region}/usages"


async def count(cloud: Cloud, subscription: str = SUB, region: str = "westeurope") -> int:
    entries = (await cloud.get(usages(subscription, region))).body["value"]
    [entry] = [one for one in entries if one["name"]["value"] == "PrivateEndpoints"]
    assert (entry["limit"], entry["unit"]) == (65536, "Count")
    return entry["currentValue"]


async def test_endpoints_are_counted_by_subscription_and_region():
    cloud = await begin()
    await cloud.make(ENDPOINT, endpoint_body())
    assert await count(cloud, region="West Europe") == 1
    assert await count(cloud, region="northeurope") == 0
    assert await count(cloud, OTHER) == 0


async def test_a_test_can_count_more_than_are_stored():
    cloud = await begin()
    await cloud.make(ENDPOINT, endpoint_body())
    body = {"subscription": SUB.rsplit("/", 1)[1], "region": "West Europe", "endpoints": 65535}
    assert (await cloud.post("/_sandbox/usages", body)).status == 200
    assert await count(cloud) == 65536
    assert await count(cloud, OTHER) == 0


async def test_reading_the_counts_needs_the_right_to():
    cloud = await begin()
    assert (await cloud.get(usages(), as_=APP)).status == 200
    cloud.simulator.access.roles["app"].remove(["Microsoft.Network/locations/usages/read"])
    assert code(await cloud.get(usages(), as_=APP)) == "AuthorizationFailed"


@pytest.mark.parametrize("body", [None, {}, {"subscription": SUB, "region": "x", "endpoints": "many"}])
async def test_a_wrong_setting_is_400(body):
    cloud = await begin()
    assert (await cloud.post("/_sandbox/usages", body)).status == 400
