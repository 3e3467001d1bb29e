"""Races for the lock of one network: the recorded outcomes, chosen by the seed."""

from tests.sandbox.cloud import Cloud, code, network_body, subnet, subnet_body, vnet


async def race(seed: int):
    """The second of two subnet writes at once."""
    cloud = Cloud(seed=seed)
    await cloud.begin()
    await cloud.make(vnet(), network_body())
    first = await cloud.put(subnet("a"), subnet_body("10.0.1.0/24"))
    second = await cloud.put(subnet("b"), subnet_body("10.0.2.0/24"))
    return cloud, first, second


async def test_a_second_write_passes_or_conflicts_or_gets_a_time_to_retry():
    seen = {(await race(seed))[2].status for seed in range(30)}
    assert seen == {201, 409, 429}


async def test_a_seed_repeats_its_race():
    assert (await race(3))[2].status == (await race(3))[2].status


async def test_a_conflict_names_the_blocking_operation_and_gives_no_wait():
    for seed in range(30):
        _, first, second = await race(seed)
        if second.status == 409:
            break
    assert code(second) == "AnotherOperationInProgress"
    assert "Retry-After" not in second.headers
    assert first.headers["Azure-AsyncOperation"] in second.body["error"]["message"]


async def test_a_retryable_refusal_waits_11_to_14_seconds_and_returns_the_same_number():
    for seed in range(30):
        _, _, second = await race(seed)
        if second.status == 429:
            break
    (detail,) = second.body["error"]["details"]
    assert code(second) == "RetryableError"
    assert detail["code"] == "RetryableErrorDueToAnotherOperation"
    assert 11 <= int(second.headers["Retry-After"]) <= 14
    assert f"retried in {second.headers['Retry-After']} seconds" in detail["message"]
    assert "Operation PutSubnetOperation" in detail["message"]


async def test_the_lock_is_free_when_the_operation_has_ended():
    for seed in range(20):
        cloud, _, _ = await race(seed)
        await cloud.wait(400)
        assert (await cloud.put(subnet("c"), subnet_body("10.0.3.0/24"))).status == 201


async def test_networks_do_not_share_a_lock(cloud):
    for number in range(10):
        assert (await cloud.put(vnet(f"n{number}"), network_body())).status == 201


async def test_a_network_put_is_canceled_by_a_subnet_put_that_gets_through():
    for seed in range(30):
        cloud = Cloud(seed=seed)
        await cloud.begin()
        network = await cloud.put(vnet(), network_body())
        child = await cloud.put(subnet(), subnet_body())
        if child.status == 201:
            break
    superseded = await cloud.poll(network)
    assert superseded.body["status"] == "Canceled"
    assert superseded.body["error"]["details"][0]["code"] == "CanceledAndSupersededDueToAnotherOperation"
    assert superseded.headers["Canceled-By-Azure-AsyncOperation"] == child.headers["Azure-AsyncOperation"]
    assert (await cloud.settle(child)).body == {"status": "Succeeded"}
    assert (await cloud.get(vnet())).body["properties"]["provisioningState"] == "Succeeded"
