"""Requests of any body, path, query and headers: an answer in JSON, below 500 unless the app is at fault."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import http
from shared.core.base.inputs import MAX_INPUT
from shared.wiring import Flow
from tests.builders.world import STORAGE, World, play
from tests.fuzz.values import JSON, changes, damaged

TEXT = st.text(max_size=60)
HEADERS = st.dictionaries(TEXT, TEXT, max_size=4)
QUERY = st.dictionaries(
    st.sampled_from(["top", "result", "subscription", "continuation", "code", "Top", "x"]) | TEXT,
    TEXT,
    max_size=4,
)
ASKED = {"resource_id": f"{STORAGE}/orders", "dry_run": True}
ROUTES = {"reconcile": http.reconcile, "connections": http.connections, "connection": http.connection}

type Route = Callable[[Flow, func.HttpRequest], Awaitable[func.HttpResponse]]


def answered(
    route: Route, body: bytes, url: str, query: dict[str, str], headers: dict[str, str], key: str = ""
) -> func.HttpResponse:
    """The answer of a route in a world of its own."""
    request = func.HttpRequest(
        "POST", url, headers=headers, params=query, route_params={"key": key}, body=body
    )
    found: list[func.HttpResponse] = []

    async def story() -> None:
        world = World()

        async def build() -> Flow:
            return world.flow

        found.append(await http.serve(build, route, request))

    play(story)
    return found[0]


def checked(answer: func.HttpResponse) -> Any:
    """The JSON of an answer that is no fault of the app."""
    assert answer.status_code in (200, 202, 400, 404), answer.get_body()
    return json.loads(answer.get_body())


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=25)
def test_any_body_is_answered(body: bytes) -> None:
    checked(answered(http.reconcile, body, "https://app.test/api/reconcile", {}, {}))


@given(changes(ASKED))
@settings(max_examples=20)
def test_a_damaged_request_is_answered(found: Any) -> None:
    body = json.dumps(damaged(ASKED, found)).encode()
    checked(answered(http.reconcile, body, "https://app.test/api/reconcile", {}, {}))


@given(st.sampled_from([*ROUTES]), TEXT, QUERY, HEADERS, TEXT)
@settings(max_examples=30)
def test_any_path_query_and_header_is_answered_and_leads_to_no_other_host(
    name: str, path: str, query: dict[str, str], headers: dict[str, str], key: str
) -> None:
    hostile = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", **headers}
    body = json.dumps(ASKED | {"dry_run": False}).encode()
    answer = answered(ROUTES[name], body, f"https://evil.example/{path}", query, hostile, key)
    text = json.dumps(checked(answer)) + str(dict(answer.headers))
    assert "evil.example" not in text


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10**6,
        b'{"resource_id":' * 10**5,
        b'{"resource_id": "' + b"/" * 10**6 + b'"}',
        b'{"x":' + b"9" * 10**6 + b"}",
        b"\xff" * 10**6,
    ],
)
def test_a_body_longer_than_any_is_refused_before_it_is_read(body: bytes) -> None:
    answer = answered(http.reconcile, body, "https://app.test/api/reconcile", {}, {})
    assert answer.status_code == 400
    assert len(body) > MAX_INPUT
    assert len(answer.get_body()) < 2000
