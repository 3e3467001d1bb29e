"""The Event Grid webhook: the handshake, and batches of events."""

import uuid

import pytest

from tests.sandbox.host.messages import texts
from tests.sandbox.host.running import RunningHost, copied_app

URL = "/runtime/webhooks/eventgrid?functionName=on_event"
NOTIFICATION = {"aeg-event-type": "Notification"}


@pytest.fixture(scope="module")
def host(azurite, tmp_path_factory):
    with RunningHost(azurite, copied_app(tmp_path_factory.mktemp("events"))) as running:
        yield running


def event(subject="/a", **data):
    return {
        "id": str(uuid.uuid4()),
        "topic": "/subscriptions/s",
        "subject": subject,
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "eventTime": "2026-01-01T00:00:00.0000000Z",
        "data": data,
        "dataVersion": "2",
        "metadataVersion": "1",
    }


def test_the_handshake_echoes_the_code_with_status_200(host):
    body = [event(validationCode="512d38b6", validationUrl="https://example.com")]
    answer = host.call("POST", URL, json=body, headers={"aeg-event-type": "SubscriptionValidation"})
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": "512d38b6"})


@pytest.mark.parametrize("body", [b"[]", b"{not json", b'[{"data": "text"}]'])
def test_a_handshake_without_a_code_is_refused(host, body):
    answer = host.call("POST", URL, data=body, headers={"aeg-event-type": "SubscriptionValidation"})
    assert answer.status_code == 400


def test_each_event_of_a_batch_is_one_invocation(host):
    answer = host.call("POST", URL, json=[event("/one"), event("/two")], headers=NOTIFICATION)
    assert answer.status_code == 202
    kind = "Microsoft.Resources.ResourceWriteSuccess"
    assert sorted(texts(host.queue("events"))) == [f"{kind} /one", f"{kind} /two"]


def test_one_event_that_fails_fails_its_batch_after_all_have_run(host):
    ran = host.call("GET", "/admin/invocations").json()["last"]
    batch = [event("/good"), event("/bad", fail=True), event("/fine")]
    answer = host.call("POST", URL, json=batch, headers=NOTIFICATION)
    assert (answer.status_code, answer.text) == (500, "ValueError: asked to fail")
    found = host.call("GET", f"/admin/invocations?since={ran}").json()["invocations"]
    assert sorted(one["ok"] for one in found) == [False, True, True]
    assert [text.split()[1] for text in sorted(texts(host.queue("events")))] == ["/fine", "/good"]


@pytest.mark.parametrize("name", ["nothing", "On_Event", "work", ""])
def test_a_function_that_has_no_such_trigger_is_not_found(host, name):
    answer = host.call("POST", URL.replace("on_event", name), json=[event()], headers=NOTIFICATION)
    assert answer.status_code == 404


@pytest.mark.parametrize("headers", [{}, {"aeg-event-type": "Rumour"}])
def test_a_request_of_an_unknown_kind_is_refused(host, headers):
    assert host.call("POST", URL, json=[event()], headers=headers).status_code == 400


def test_a_notification_that_is_not_json_is_refused(host):
    assert host.call("POST", URL, data=b"{not json", headers=NOTIFICATION).status_code == 400


def test_the_end_of_a_subscription_is_accepted(host):
    assert host.call("POST", URL, json=[], headers={"aeg-event-type": "Unsubscribe"}).status_code == 202


def test_cloud_events_are_validated_before_they_are_sent(host):
    asked = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    answer = host.call("OPTIONS", URL, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert host.call("OPTIONS", URL).status_code == 400
