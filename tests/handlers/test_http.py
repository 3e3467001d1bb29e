"""The HTTP routes: what a caller gets for good and for bad input, and when the app itself fails."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import azure.functions as func
import pytest

from handlers import http
from shared.core.base.errors import (
    BlockedError,
    Fault,
    InputError,
    PermanentError,
    PolicyError,
    TransientError,
)
from shared.core.base.ids import ResourceId, target_key
from shared.wiring import Flow
from tests.builders.policies import a_policy
from tests.builders.world import World

type Route = Callable[[Flow, func.HttpRequest], Awaitable[func.HttpResponse]]


def request(
    method: str = "POST",
    body: Any = None,
    at: str = "https://app.test/api/reconcile",
    key: str = "",
    **params: str,
) -> func.HttpRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return func.HttpRequest(method, at, params=params, route_params={"key": key}, body=raw)


def answered(response: func.HttpResponse) -> tuple[int, Any]:
    return response.status_code, json.loads(response.get_body())


def serving(world: World) -> Callable[[], Awaitable[Flow]]:
    async def build() -> Flow:
        return world.flow

    return build


async def send(world: World, body: Any) -> tuple[int, Any]:
    return answered(await http.serve(serving(world), http.reconcile, request(body=body)))


async def failing(error: Exception) -> tuple[func.HttpResponse, Any]:
    """What a caller gets when a route raises this."""

    async def route(_flow: Flow, _req: func.HttpRequest) -> func.HttpResponse:
        raise error

    response = await http.serve(serving(World()), route, request("GET"))
    return response, json.loads(response.get_body())


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
        (b'{"resource_id": ' + b"[" * 7000 + b"]" * 7000 + b"}", "resource_id"),
        (b'{"resource_id": ' + b'{"a":' * 3000, "body"),
        (b"[" * 15_000, "body"),
    ],
)
async def test_a_bad_body_is_refused_with_field_value_and_remedy(body: Any, field: str) -> None:
    world = World()
    status, answer = await send(world, body)
    assert status == 400
    assert answer["field"] == field
    assert answer["remedy"]
    assert world.queue.sent == []


async def test_a_resource_in_an_unwatched_subscription_is_refused_with_the_watched_ones() -> None:
    world = World()
    at = await world.create_account()
    status, answer = await send(world, {"resource_id": at.replace("0001/", "0009/")})
    assert status == 400
    assert "00000000-0000-0000-0000-000000000001" in answer["remedy"]


async def test_an_accepted_request_names_the_location_and_the_correlation() -> None:
    world = World()
    at = await world.create_account()
    response = await http.reconcile(world.flow, request(body={"resource_id": at}))
    status, answer = answered(response)
    assert status == 202
    assert response.headers["Location"].endswith(f"/api/connections/{target_key(ResourceId.parse(at))}")
    await world.drain()
    state = await world.state(at)
    assert (state["result"], state["correlation"]) == ("Connected", answer["correlation"])


async def test_links_do_not_repeat_the_host_that_a_caller_sent() -> None:
    world = World()
    forged = "https://stranger.test/api/connections?top=1"
    for name in ("orders", "bills"):
        at = await world.create_account(name)
        asked = request(body={"resource_id": at}, at="https://stranger.test/api/reconcile")
        response = await http.reconcile(world.flow, asked)
        assert "stranger" not in str(dict(response.headers))
    page = await http.connections(world.flow, request("GET", at=forged, top="1"))
    assert answered(page)[1]["nextLink"].startswith("/api/connections?")


async def test_a_rerun_of_a_missing_resource_ends_as_a_not_found_outcome() -> None:
    world = World()
    at = (await world.create_account()) + "x"
    status, answer = await send(world, {"resource_id": at})
    assert status == 202
    await world.drain()
    found = await http.connection(world.flow, request("GET", key=answer["key"]))
    assert answered(found)[1]["code"] == "NotFound"


@pytest.mark.parametrize(
    ("body", "value", "remedy"),
    [
        ({"resource_id": 7}, "7", "send the ARM id of the resource, as a string"),
        ({"resource_id": "/subscriptions/x", "dry_run": "yes"}, "yes", "send true or false"),
        ({"ressource_id": "/subscriptions/x"}, "ressource_id", "did you mean resource_id?"),
        ({"resource_id": "/subscriptions/x", "force": True}, "force", "known: resource_id, dry_run"),
        ([1], "[1]", "send a JSON object with resource_id"),
    ],
)
async def test_a_bad_body_says_what_was_sent_and_what_to_send(body: Any, value: str, remedy: str) -> None:
    _, answer = await send(World(), body)
    assert answer["value"] == value
    assert answer["remedy"].startswith(remedy)


@pytest.mark.parametrize("name", ["code", "result"])
async def test_a_query_may_carry_the_function_key_and_results_in_any_case(name: str) -> None:
    world = World()
    await world.reconcile(await world.create_account())
    found = await http.serve(serving(world), http.connections, request("GET", **{name: "cOnnected"}))
    assert answered(found)[0] == 200
    assert len(answered(found)[1]["value"]) == 1


async def test_next_link_leads_through_every_connection_and_repeats_no_key() -> None:
    world = World()
    targets = [await world.create_account(f"account{number}") for number in range(3)]
    for at in targets:
        await world.reconcile(at)
    found: list[str] = []
    query = {"top": "1", "result": "Connected", "code": "KEY"}
    while query:
        req = request("GET", **query, at=f"https://app.test/api/connections?{urlencode(query)}")
        _, answer = answered(await http.serve(serving(world), http.connections, req))
        found += [state["resource_id"] for state in answer["value"]]
        link = urlsplit(answer.get("nextLink", ""))
        query = dict(parse_qsl(link.query))
        assert "KEY" not in json.dumps(answer)
        assert not query or (link.netloc, link.path) == ("", "/api/connections")
    assert sorted(found) == sorted(targets)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("result", "Fine"),
        ("subscription", "zz"),
        ("colour", "red"),
        ("top", "0"),
        ("top", "1001"),
        ("top", "ten"),
        ("continuation", "page2"),
    ],
)
async def test_an_unknown_word_in_a_query_is_refused(name: str, value: str) -> None:
    world = World()
    response = await http.serve(serving(world), http.connections, request("GET", **{name: value}))
    status, answer = answered(response)
    assert status == 400
    assert value in json.dumps(answer) or name in json.dumps(answer)


@pytest.mark.parametrize(
    ("route", "name"),
    [
        (http.reconcile, "dry_run"),
        (http.confirm_deletes, "count"),
        (http.health, "verbose"),
        (http.connection, "top"),
    ],
)
async def test_a_parameter_without_effect_is_refused(route: Route, name: str) -> None:
    """`?dry_run=true` beside a body without it would be a rerun that writes. `code` is the platform's key."""
    world = World()
    body = {"resource_id": await world.create_account()}
    asked = request(body=body, key="0" * 32, code="KEY", **{name: "1"})
    status, answer = answered(await http.serve(serving(world), route, asked))
    assert (status, answer["field"], answer["value"]) == (400, "query", name)
    assert world.queue.sent == []


async def test_an_app_with_a_wrong_policy_lists_every_fault() -> None:
    async def broken() -> Any:
        raise PolicyError(
            [Fault("profiles", "", "it is missing", "add one"), Fault("version", "2", "no", "1")]
        )

    status, answer = answered(await http.serve(broken, http.connections, request("GET")))
    assert status == 503
    assert [fault["path"] for fault in answer["faults"]] == ["profiles", "version"]
    assert answer["faults"][1] == {"path": "version", "value": "2", "problem": "no", "remedy": "1"}


ERRORS = [
    (InputError("result", "Fine", "use one of Connected, Failed"), 400, "invalid-input"),
    (PolicyError([Fault("version", "2", "it is unknown", "write 1")]), 503, "misconfigured"),
    (TransientError("table connections cannot be reached", code="StorageUnreachable"), 503, "unavailable"),
    (BlockedError("AuthorizationFailure", "the app has no access", "grant it a role"), 503, "blocked"),
    (PermanentError("InvalidInput", "SECRET"), 500, "unexpected"),
    (KeyError("SECRET"), 500, "unexpected"),
]


@pytest.mark.parametrize(("error", "status", "kind"), ERRORS, ids=[type(one[0]).__name__ for one in ERRORS])
async def test_every_error_is_a_problem_of_rfc_9457(error: Exception, status: int, kind: str) -> None:
    response, answer = await failing(error)
    assert response.mimetype == "application/problem+json"
    assert (response.status_code, answer["status"]) == (status, status)
    assert answer["type"] == f"urn:problem-type:causeway:{kind}"
    assert answer["title"]
    assert answer["detail"]


async def test_a_missing_connection_is_a_problem_with_the_key_and_a_remedy() -> None:
    response = await http.serve(serving(World()), http.connection, request("GET", key="0" * 32))
    status, answer = answered(response)
    assert (status, answer["field"], answer["value"]) == (404, "key", "0" * 32)
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize(("asked", "sent"), [(None, "5"), (0.0, "1"), (11.2, "12")])
async def test_a_transient_error_says_when_to_send_the_request_again(asked: float | None, sent: str) -> None:
    response, _ = await failing(TransientError("busy", asked))
    assert response.headers["Retry-After"] == sent


async def test_a_blocked_request_has_the_code_and_the_remedy() -> None:
    _, answer = await failing(BlockedError("AuthorizationFailure", "no access", "grant it a role"))
    assert (answer["code"], answer["remedy"]) == ("AuthorizationFailure", "grant it a role")


async def test_an_unexpected_error_is_in_the_log_under_its_correlation_and_not_in_the_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    response, answer = await failing(KeyError("SECRET"))
    [logged] = caplog.records
    assert answer["correlation"] in logged.getMessage()
    assert answer["instance"] == f"urn:uuid:{answer['correlation']}"
    assert logged.exc_info is not None
    assert "SECRET" in str(logged.exc_info[1])
    assert "SECRET" not in response.get_body().decode()


async def _holding() -> tuple[World, str]:
    """A connected account that was opted out, and whose endpoint no sweep may delete."""
    world = World(a_policy(on_opt_out="remove", limits={"max_deletes_per_sweep": 0}))
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("PATCH", at, {"tags": {"private-connectivity": "disabled"}})
    await world.sleep(3600)
    await world.reconcile(at, "drift")
    return world, at


async def test_held_deletes_are_listed_by_their_code_and_confirmed_by_their_number() -> None:
    world, at = await _holding()
    await world.reconcile(await world.create_account("connected"))
    asked = request("GET", outcome_code="DeletesHeld")
    found = await http.serve(serving(world), http.connections, asked)
    assert [row["resource_id"] for row in answered(found)[1]["value"]] == [at]
    confirmed = await http.serve(serving(world), http.confirm_deletes, request(body={"count": 1}))
    status, body = answered(confirmed)
    await world.drain()
    assert (status, body["value"][0]["resource_id"]) == (202, at)
    assert (await world.state(at))["correlations"] == [body["value"][0]["correlation"]]


async def test_a_confirmation_of_another_number_of_deletes_confirms_none_and_names_the_number() -> None:
    world, _ = await _holding()
    status, body = answered(
        await http.serve(serving(world), http.confirm_deletes, request(body={"count": 2}))
    )
    assert (status, body["field"]) == (400, "count")
    assert body["remedy"].startswith("1 are held now")
    assert world.queue.sent == []


async def test_health_is_answered_also_while_the_app_is_degraded() -> None:
    status, body = answered(await http.serve(serving(World()), http.health, request("GET")))
    assert (status, body["status"]) == (200, "degraded")
