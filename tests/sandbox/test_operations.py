"""Long operations: how they are announced, polled, and end by the clock."""

import pytest

from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import ResourceType
from tests.sandbox.cloud import GROUP, Cloud, code, network_body, subnet, subnet_body, vnet

THING = f"{GROUP}/providers/Microsoft.Test/things/one"


def slow_type(style: Style, seconds: float = 40, fail: ArmError | None = None) -> ResourceType:
    """A type whose PUT and DELETE take `seconds` in a style."""

    def put(call):
        thing = call.world.save(call.id, call.body)
        thing.state = "Updating"
        operation = call.start_operation(
            OperationPlan(
                name="PutThing",
                duration=seconds,
                style=style,
                first_wait=17,
                fail=fail,
            )
        )
        show = {"properties": {}} if style is Style.PLAIN else None
        return operation.answer(202, show)

    def delete(call):
        operation = call.start_operation(
            OperationPlan(
                name="DeleteThing",
                change="delete",
                duration=seconds,
                style=style,
            )
        )
        return operation.answer(202)

    return ResourceType("Microsoft.Test/things", put=put, delete=delete)


def with_type(cloud: Cloud, *arguments, **more) -> Cloud:
    cloud.simulator.registry.add(slow_type(*arguments, **more))
    return cloud


async def test_a_create_is_201_updating_with_an_operation_and_no_location(cloud):
    response = await cloud.put(vnet(), network_body())
    assert response.status == 201
    assert response.body["properties"]["provisioningState"] == "Updating"
    assert response.headers["Azure-AsyncNotification"] == "Enabled"
    assert response.headers["Retry-After"] == "3"
    assert "Location" not in response.headers
    assert "ETag" not in response.headers


async def test_the_operations_url_is_on_the_requests_host_with_a_long_signature(cloud):
    response = await cloud.put(vnet(), network_body())
    url = response.headers["Azure-AsyncOperation"]
    assert url.startswith("https://arm.test/subscriptions/")
    assert "/providers/Microsoft.Network/locations/westeurope/operations/" in url
    assert len(url) > 1500


async def test_a_poll_with_a_changed_signature_is_refused(cloud):
    response = await cloud.put(vnet(), network_body())
    url = response.headers["Azure-AsyncOperation"]
    response.headers["Azure-AsyncOperation"] = url[:-1] + ("0" if url[-1] != "0" else "1")
    assert (await cloud.poll(response)).status == 403


async def test_a_poll_of_an_unknown_operation_is_404(cloud):
    response = await cloud.put(vnet(), network_body())
    url = response.headers["Azure-AsyncOperation"]
    response.headers["Azure-AsyncOperation"] = url.replace("/operations/", "/operations/0")
    assert (await cloud.poll(response)).status == 404


async def test_later_polls_follow_the_recorded_ladder():
    cloud = with_type(Cloud(), Style.NETWORK, seconds=10_000)
    await cloud.begin()
    response = await cloud.put(THING, {})
    waits = [(await cloud.poll(response)).headers["Retry-After"] for _ in range(11)]
    assert waits == ["10", "20", "20", "40", "40", "80", "160", "100", "100", "100", "100"]


async def test_a_poll_is_200_in_progress_and_then_200_succeeded_without_a_wait(cloud):
    response = await cloud.put(vnet(), network_body())
    first = await cloud.poll(response)
    assert (first.status, first.body) == (200, {"status": "InProgress"})
    last = await cloud.settle(response)
    assert (last.status, last.body) == (200, {"status": "Succeeded"})
    assert "Retry-After" not in last.headers


async def test_an_operation_ends_by_the_clock_without_any_poll(cloud):
    await cloud.put(vnet(), network_body())
    assert (await cloud.get(vnet())).body["properties"]["provisioningState"] == "Updating"
    await cloud.wait(400)
    assert (await cloud.get(vnet())).body["properties"]["provisioningState"] == "Succeeded"


async def test_the_etag_moves_when_the_operation_ends(cloud):
    first = (await cloud.put(vnet(), network_body())).body["etag"]
    await cloud.wait(400)
    last = (await cloud.get(vnet())).body["etag"]
    assert first != last
    assert first.startswith('W/"')


async def test_a_delete_is_202_with_both_headers_and_its_result_is_204_in_the_end(cloud):
    await cloud.make(vnet(), network_body())
    response = await cloud.delete(vnet())
    assert (response.status, response.body) == (202, None)
    assert response.headers["Retry-After"] == "10"
    assert (await cloud.poll(response, "Location")).status == 202
    await cloud.settle(response)
    assert (await cloud.poll(response, "Location")).status == 204
    assert (await cloud.get(vnet())).status == 404


async def test_a_resource_being_deleted_has_that_state_and_accepts_no_put(cloud):
    await cloud.make(vnet(), network_body())
    await cloud.delete(vnet())
    assert (await cloud.get(vnet())).body["properties"]["provisioningState"] == "Deleting"
    refused = await cloud.put(vnet(), network_body())
    assert (refused.status, code(refused)) == (409, "AnotherOperationInProgress")


async def test_a_second_delete_joins_the_first(cloud):
    await cloud.make(vnet(), network_body())
    first, second = await cloud.delete(vnet()), await cloud.delete(vnet())
    assert second.status == 202
    assert first.headers["Location"] == second.headers["Location"]


async def test_a_failed_operation_is_a_200_poll_with_status_failed():
    cloud = with_type(Cloud(), Style.NETWORK, fail=ArmError(400, "Broken", "It broke.", details=[]))
    await cloud.begin()
    last = await cloud.settle(await cloud.put(THING, {}))
    error = {"code": "Broken", "message": "It broke.", "details": []}
    assert (last.status, last.body) == (200, {"status": "Failed", "error": error})
    assert (await cloud.get(THING)).body["properties"]["provisioningState"] == "Failed"


async def test_private_dns_style_polls_202_and_then_200_under_the_group():
    cloud = with_type(Cloud(), Style.PRIVATE_DNS)
    await cloud.begin()
    response = await cloud.put(THING, {})
    assert (response.status, response.body) == (202, {})
    assert (
        "/resourceGroups/rg/providers/Microsoft.Network/privateDnsOperationStatuses/"
        in (response.headers["Azure-AsyncOperation"])
    )
    running = await cloud.poll(response)
    assert (running.status, running.body) == (202, {"status": "InProgress"})
    assert "Azure-AsyncOperation" in running.headers
    await cloud.wait(40)
    done = await cloud.poll(response)
    assert (done.status, done.body) == (200, {"status": "Succeeded"})


async def test_storage_style_has_only_a_location_that_ends_in_the_resource():
    cloud = with_type(Cloud(), Style.STORAGE)
    await cloud.begin()
    response = await cloud.put(THING, {"location": "westeurope"})
    assert (response.status, response.body) == (202, None)
    assert set(response.headers) & {"Azure-AsyncOperation", "Location"} == {"Location"}
    assert response.headers["Retry-After"] == "17"
    running = await cloud.poll(response, "Location")
    assert (running.status, running.body) == (202, None)
    await cloud.wait(40)
    done = await cloud.poll(response, "Location")
    assert (done.status, done.body["id"]) == (200, THING)


async def test_sql_style_names_operation_and_start_and_polls_with_both():
    cloud = with_type(Cloud(), Style.SQL)
    await cloud.begin()
    response = await cloud.put(THING, {})
    assert set(response.body) == {"operation", "startTime"}
    running = await cloud.poll(response)
    assert (running.status, running.body["status"]) == (200, "InProgress")
    assert set(running.body) == {"name", "status", "startTime"}
    assert running.headers["Retry-After"] == response.headers["Retry-After"]


async def test_a_failed_storage_operation_answers_its_poll_with_the_error():
    cloud = with_type(Cloud(), Style.STORAGE, fail=ArmError(409, "Busy", "Busy."))
    await cloud.begin()
    response = await cloud.put(THING, {})
    await cloud.wait(40)
    done = await cloud.poll(response, "Location")
    assert (done.status, code(done)) == (409, "Busy")


async def test_waits_are_milliseconds_at_another_speed():
    cloud = Cloud(speed=50)
    await cloud.begin()
    response = await cloud.put(vnet(), network_body())
    assert response.headers["x-ms-retry-after-ms"] == "60"
    assert "Retry-After" not in response.headers


async def test_the_operation_log_has_the_start_and_the_end_of_each_operation(cloud):
    await cloud.wait(100)
    await cloud.settle(await cloud.put(vnet(), network_body()))
    log = (await cloud.get("/_sandbox/operations")).body["operations"]
    (entry,) = (one for one in log if one["resource"] == vnet())
    assert entry["started"] == 100
    assert entry["ended"] == entry["due"] > 102
    assert (entry["status"], entry["kind"]) == ("Succeeded", "Microsoft.Network/virtualNetworks/write")


async def test_a_delayed_answer_comes_late_and_is_in_the_log(cloud):
    def put(call):
        call.world.save(call.id, call.body)
        operation = call.start_operation(
            OperationPlan(
                name="PutThing",
                duration=30,
                blocked=5,
            )
        )
        return operation.answer(201, {})

    cloud.simulator.registry.add(ResourceType("Microsoft.Test/things", put=put))
    await cloud.put(THING, {})
    assert cloud.now == 5
    assert cloud.world.operations[-1].record["blocked_before_answer"] == 5


async def test_two_runs_with_one_seed_take_the_same_times_and_another_seed_others():
    async def times(seed: int) -> list[float]:
        cloud = Cloud(seed=seed)
        await cloud.begin()
        await cloud.make(vnet(), network_body())
        await cloud.make(subnet(), subnet_body())
        return [one.ended for one in cloud.world.operations]

    assert await times(1) == await times(1)
    assert await times(1) != await times(2)


@pytest.mark.parametrize("kind", ["write", "delete"])
async def test_a_plain_operation_has_no_headers_to_poll(kind):
    cloud = with_type(Cloud(), Style.PLAIN)
    await cloud.begin()
    response: Response = await cloud.put(THING, {})
    if kind == "delete":
        await cloud.wait(40)
        response = await cloud.delete(THING)
    assert not set(response.headers) & {"Azure-AsyncOperation", "Location", "Retry-After"}
    await cloud.wait(40)
    found = await cloud.get(THING)
    assert found.status == (200 if kind == "write" else 404)
