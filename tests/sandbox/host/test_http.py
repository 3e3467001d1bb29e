"""HTTP triggers, keys, settings, logs and the time limit, on one running host each."""

import gzip
import json

import pytest

from tests.sandbox.host.messages import texts
from tests.sandbox.host.running import RunningHost, copied_app


@pytest.fixture(scope="module")
def host(azurite, tmp_path_factory):
    folder = tmp_path_factory.mktemp("http")
    app = copied_app(folder, timeout="00:00:01", local_settings={"FROM_FILE": "local", "PREFIX": "file"})
    with RunningHost(azurite, app) as running:
        yield running


@pytest.fixture(scope="module")
def host_with_keys(azurite, tmp_path_factory):
    """A host that requires keys."""
    folder = tmp_path_factory.mktemp("keys")
    keys = {
        "masterKey": "m",
        "functionKeys": {"default": "f"},
        "systemKeys": {"eventgrid_extension": "e"},
        "functions": {"special": {"default": "s"}},
    }
    (folder / "keys.json").write_text(json.dumps(keys))
    with RunningHost(azurite, copied_app(folder), "--keys", str(folder / "keys.json")) as running:
        yield running


def test_a_function_sees_parameters_query_and_headers_and_its_answer_comes_back(host):
    answer = host.call("GET", "/api/items/7/big?x=1&empty=", headers={"X-Asked": "please"})
    assert answer.status_code == 200
    assert answer.json() == {
        "params": {"id": "7", "kind": "big"},
        "query": {"x": "1"},
        "header": "please",
        "method": "GET",
    }
    assert answer.headers["x-answered"] == "yes"
    assert answer.headers["content-type"].startswith("application/json")


def test_an_optional_parameter_may_be_missing(host):
    assert host.call("GET", "/api/items/7").json()["params"] == {"id": "7"}


def test_routes_are_found_without_case(host):
    assert host.call("GET", "/API/Items/7").status_code == 200


def test_a_literal_route_comes_before_a_parameter(host):
    answer = host.call("GET", "/api/items/special")
    assert (answer.text, answer.headers["content-type"]) == (
        "the literal route",
        "text/plain; charset=utf-8",
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/items/abc"), ("DELETE", "/api/items/7"), ("GET", "/api/nothing"), ("GET", "/items/7")],
    ids=["constraint", "method", "route", "prefix"],
)
def test_a_path_without_a_function_is_not_found(host, method, path):
    assert host.call(method, path).status_code == 404


def test_a_rest_parameter_takes_all_that_follows_decoded(host):
    assert host.call("GET", "/api/files/a/b%20c/d").text == "a/b c/d"
    assert host.call("GET", "/api/files").text == "(none)"


def test_a_body_of_any_bytes_arrives_and_a_cookie_leaves_as_it_is(host):
    answer = host.call("POST", "/api/cookie", data=b"\x00\xff\x7f")
    assert (answer.status_code, answer.content) == (202, b"\x00\xff\x7f")
    cookie = "sid=abc; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict"
    assert answer.headers["set-cookie"] == cookie


def test_a_compressed_body_arrives_as_it_was_sent(host):
    for body in (b"no gzip", gzip.compress(b"text")):
        answer = host.call("POST", "/api/cookie", data=body, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.content) == (202, body)


def test_a_function_that_raises_answers_500_and_its_error_is_recorded(host):
    assert host.call("GET", "/api/fail").status_code == 500
    (ran,) = host.invocations("fail")
    assert (ran["ok"], ran["error"]) == (False, "ValueError: asked to fail")


def test_a_function_that_outlasts_the_time_limit_has_failed(host):
    assert host.call("GET", "/api/sleep").status_code == 500
    (ran,) = host.invocations("sleep_for_ever")
    assert ran["error"] == "FunctionTimeoutException: sleep_for_ever ran longer than 1 s"


def test_each_element_of_a_list_output_becomes_a_message(host):
    assert host.call("POST", "/api/items", json=[{"n": 1}, {"n": 2}]).status_code == 201
    assert sorted(texts(host.queue("made"))) == ['{"n": 1}', '{"n": 2}']


def test_local_settings_fill_in_what_the_environment_lacks(host):
    assert host.call("GET", "/api/settings/FROM_FILE").text == "local"
    assert host.call("GET", "/api/settings/PREFIX").text == host.prefix


def test_a_log_line_of_the_app_carries_its_invocation(host):
    host.call("GET", "/api/log")
    (ran,) = host.invocations("write_log")
    (line,) = [one for one in host.log_lines() if one["logger"] == "app"]
    assert line["message"] == "a line of the app"
    assert line["invocation"] == ran["invocation"]


def test_admin_lists_the_functions_with_their_bindings(host):
    listed = {one["name"]: one["config"]["bindings"] for one in host.call("GET", "/admin/functions").json()}
    assert {one["type"] for one in listed["work"]} == {"queueTrigger", "queue"}
    status = host.call("GET", "/admin/host/status").json()
    assert status["state"] == "Running"
    assert host.call("GET", "/admin/nothing").status_code == 404


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/items/special", None, 401),
        ("/api/items/special", "wrong", 401),
        ("/api/items/special", "f", 200),
        ("/api/items/special", "s", 200),
        ("/api/items/special", "m", 200),
        ("/api/items/7", "s", 401),
        ("/api/items/7", "e", 401),
        ("/api/settings/PREFIX", "f", 401),
        ("/api/settings/PREFIX", "m", 200),
        ("/api/files", None, 200),
        ("/admin/host/status", "f", 401),
        ("/admin/host/status", "m", 200),
    ],
)
def test_a_key_gives_access_to_the_routes_of_its_level(host_with_keys, path, key, status):
    headers = {"x-functions-key": key} if key else {}
    assert host_with_keys.call("GET", path, headers=headers).status_code == status


def test_a_key_may_come_in_the_query(host_with_keys):
    assert host_with_keys.call("GET", "/api/items/special?code=f").status_code == 200


@pytest.mark.parametrize(("key", "status"), [("f", 401), ("e", 202), ("m", 202)])
def test_the_webhook_requires_the_event_grid_key(host_with_keys, key, status):
    url = f"/runtime/webhooks/eventgrid?functionName=on_event&code={key}"
    answer = host_with_keys.call("POST", url, json=[], headers={"aeg-event-type": "Notification"})
    assert answer.status_code == status
