"""The HTTP doors: what a person gets for good and for bad input."""

import json
from typing import Any

import azure.functions as func
import pytest

from handlers import http
from shared.core.base.errors import Fault, PolicyError
from shared.core.base.ids import ResourceId, target_key
from tests.world import World


def request(method: str = "POST", body: Any = None, **params: str) -> func.HttpRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = "https://app.test/api/reconcile"
    return func.HttpRequest(method, url, params=params, route_params=params, body=raw)


def answered(response: func.HttpResponse) -> tuple[int, Any]:
    return response.status_code, json.loads(response.get_body())


async def send(world: World, body: Any) -> tuple[int, Any]:
    return answered(await http.reconcile(world.flow, request(body=body)))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"no json", "body"),
        ([1], "body"),
        ({}, "resource_id"),
        ({"resource_id": 7}, "resource_id"),
        ({"resource_id": "orders"}, "resource_id"),
        ({"resource_id": "/subscriptions/x", "dryrun": True}, "body"),
        ({"resource_id": "/subscriptions/x", "dry_run": "yes"}, "dry_run"),
    ],
)
async def test_a_bad_body_is_refused_with_field_value_and_remedy(body: Any, field: str) -> None:
    world = World()
    status, answer = await send(world, body)
    assert status == 400
    assert answer["error"]["field"] == field
    assert answer["error"]["remedy"]
    assert world.queue.sent == []


async def test_a_resource_in_an_unwatched_subscription_is_refused_with_the_watched_ones() -> None:
    world = World()
    at = await world.create_account()
    status, answer = await send(world, {"resource_id": at.replace("0001/", "0009/")})
    assert status == 400
    assert "00000000-0000-0000-0000-000000000001" in answer["error"]["remedy"]


async def test_an_accepted_request_says_where_to_look_and_under_which_correlation() -> None:
    world = World()
    at = await world.create_account()
    response = await http.reconcile(world.flow, request(body={"resource_id": at}))
    status, answer = answered(response)
    assert status == 202
    assert response.headers["Location"].endswith(f"/api/connections/{target_key(ResourceId.parse(at))}")
    await world.drain()
    state = await world.state(at)
    assert (state["result"], state["correlation"]) == ("Connected", answer["correlation"])


async def test_a_rerun_of_what_does_not_exist_ends_as_an_outcome_that_says_so() -> None:
    world = World()
    at = (await world.create_account()) + "x"
    status, answer = await send(world, {"resource_id": at})
    assert status == 202
    await world.drain()
    found = await http.connection(world.flow, request("GET", key=answer["key"]))
    assert answered(found)[1]["code"] == "NotFound"


@pytest.mark.parametrize(("name", "value"), [("result", "Fine"), ("subscription", "zz"), ("colour", "red")])
async def test_a_list_is_narrowed_by_known_words_only(name: str, value: str) -> None:
    world = World()
    response = await http.connections(world.flow, request("GET", **{name: value}))
    status, answer = answered(response)
    assert status == 400
    assert value in json.dumps(answer) or name in json.dumps(answer)


async def test_an_app_that_cannot_run_says_every_fault() -> None:
    async def broken() -> Any:
        raise PolicyError(
            [Fault("profiles", "", "it is missing", "add one"), Fault("version", "2", "no", "1")]
        )

    status, answer = answered(await http.door(broken, http.connections, request("GET")))
    assert status == 503
    assert [fault["path"] for fault in answer["error"]["faults"]] == ["profiles", "version"]
