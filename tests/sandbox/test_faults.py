"""Injected faults and the request log."""

import pytest

from sandbox.azure.front.faults import Rule
from tests.sandbox.cloud import APP, GROUP, SUB, code, network_body, vnet


async def test_an_injected_answer_is_given_as_often_as_configured_and_changes_nothing(cloud):
    rule = {"match": {"method": "PUT"}, "times": 2, "answer": {"status": 503, "code": "Busy"}}
    await cloud.post("/_sandbox/faults", rule)
    statuses = [(await cloud.put(vnet(), network_body())).status for _ in range(3)]
    assert statuses == [503, 503, 201]


async def test_an_answer_can_carry_headers_and_any_body(cloud):
    answer = {"status": 429, "headers": {"Retry-After": "7"}, "body": {"odd": 1}}
    await cloud.post("/_sandbox/faults", {"match": {"path": "virtualnetworks"}, "answer": answer})
    response = await cloud.get(vnet())
    assert (response.status, response.headers["Retry-After"], response.body) == (429, "7", {"odd": 1})


async def test_only_the_nth_request_is_hit(cloud):
    rule = {"match": {"method": "GET", "nth": 2}, "answer": {"status": 500, "code": "X"}}
    await cloud.post("/_sandbox/faults", rule)
    assert [(await cloud.get(GROUP)).status for _ in range(3)] == [200, 500, 200]


async def test_a_rule_can_be_for_the_app_alone(cloud):
    rule = {"match": {"principal": "app"}, "answer": {"status": 500, "code": "X"}}
    await cloud.post("/_sandbox/faults", rule)
    assert (await cloud.get(GROUP)).status == 200
    assert (await cloud.get(GROUP, as_=APP)).status == 500


async def test_a_probability_hits_some_and_not_all(cloud):
    rule = {"match": {"probability": 0.5}, "answer": {"status": 500, "code": "X"}}
    await cloud.post("/_sandbox/faults", rule)
    assert {(await cloud.get(GROUP)).status for _ in range(40)} == {200, 500}


async def test_a_delay_passes_before_anything_is_done(cloud):
    await cloud.post("/_sandbox/faults", {"match": {"method": "PUT"}, "delay": 25})
    await cloud.put(vnet(), network_body())
    assert cloud.now == 25
    assert cloud.world.operations[-1].started == 25


async def test_a_drop_before_does_nothing_and_a_drop_after_has_done_it(cloud):
    await cloud.post("/_sandbox/faults", {"match": {"method": "PUT"}, "drop": "before", "times": 1})
    assert (await cloud.put(vnet(), network_body())).drop
    assert (await cloud.get(vnet())).status == 404
    await cloud.post("/_sandbox/faults", {"match": {"method": "PUT"}, "drop": "after", "times": 1})
    assert (await cloud.put(vnet(), network_body())).drop
    assert (await cloud.get(vnet())).status == 200


async def test_an_operation_can_be_made_to_fail_after_it_was_accepted(cloud):
    failure = {"code": "RetryableError", "message": "A retryable error occurred."}
    await cloud.post("/_sandbox/faults", {"match": {"path": "hub$"}, "times": 1, "lro_failure": failure})
    response = await cloud.put(vnet(), network_body())
    assert response.status == 201
    last = await cloud.settle(response)
    assert (last.body["status"], last.body["error"]["code"]) == ("Failed", "RetryableError")
    assert (await cloud.get(vnet())).body["properties"]["provisioningState"] == "Failed"
    again = await cloud.make(vnet(), network_body())
    assert again["properties"]["provisioningState"] == "Succeeded"


async def test_faults_are_counted_and_cleared(cloud):
    await cloud.post("/_sandbox/faults", {"times": 1, "answer": {"status": 500, "code": "X"}})
    await cloud.get(GROUP)
    assert (await cloud.get("/_sandbox/faults")).body["rules"] == [{"seen": 1, "taken": 1, "times": 1}]
    await cloud.delete("/_sandbox/faults")
    assert (await cloud.get("/_sandbox/faults")).body["rules"] == []


@pytest.mark.parametrize(
    "rule",
    [
        {"match": {"metod": "GET"}, "delay": 1},
        {"answer": {"status": 500}, "often": 1},
        {"drop": "sometimes"},
        {"match": {"method": "GET"}},
    ],
)
async def test_a_rule_with_a_typing_error_is_refused(cloud, rule):
    with pytest.raises(ValueError, match=r"fault rule|drop is"):
        Rule.parse(rule)
    assert (await cloud.post("/_sandbox/faults", rule)).status == 400


async def test_every_request_is_logged_with_caller_time_and_result(cloud):
    await cloud.wait(12)
    response = await cloud.put(vnet(), network_body(), headers={"user-agent": "tool/1"})
    await cloud.poll(response)
    await cloud.get(vnet("gone"), as_=APP)
    log = (await cloud.get("/_sandbox/requests")).body["requests"]
    write, poll, read = log
    assert (write["method"], write["path"], write["status"]) == ("PUT", vnet(), 201)
    assert (write["kind"], write["principal"], write["client"]) == ("write", "user", "tool/1")
    assert write["time"] == 12
    assert (poll["kind"], poll["resource"]) == ("poll", vnet())
    assert (read["kind"], read["principal"], read["code"]) == ("read", "app", "ResourceNotFound")
    only_app = (await cloud.get("/_sandbox/requests", query={"principal": "app"})).body["requests"]
    assert [one["number"] for one in only_app] == [3]


async def test_a_dropped_request_is_logged_with_status_0(cloud):
    await cloud.post("/_sandbox/faults", {"drop": "before"})
    await cloud.get(SUB)
    assert cloud.simulator.requests.entries[-1].status == 0


async def test_an_injected_error_is_in_the_log_by_its_code(cloud):
    await cloud.post("/_sandbox/faults", {"answer": {"status": 409, "code": "Odd"}})
    assert code(await cloud.get(SUB)) == "Odd"
    assert cloud.simulator.requests.entries[-1].code == "Odd"
