"""Queue triggers on a real storage emulator: what happens to a message, however its function ends."""

from collections import Counter
from datetime import datetime

import pytest

from tests.sandbox.host.messages import left, send, texts, until
from tests.sandbox.host.running import RunningHost, copied_app


@pytest.fixture(scope="module")
def host(azurite, tmp_path_factory):
    with RunningHost(azurite, copied_app(tmp_path_factory.mktemp("queues"))) as running:
        yield running


@pytest.fixture
def fresh(azurite, tmp_path):
    """Makes a host with its own queues and options: `fresh(*options, queues=..., prefix=...)`."""
    hosts = []

    def make(*options, queues=None, prefix=None):
        running = RunningHost(azurite, copied_app(tmp_path, queues=queues), *options, prefix=prefix)
        hosts.append(running)
        return running.__enter__()

    yield make
    for one in hosts:
        one.__exit__()


def test_the_host_makes_the_queues_that_it_listens_to(host):
    assert until(lambda: host.exists("work"), "the queue was not made")


def test_a_processed_message_is_deleted(fresh):
    host = fresh()
    send(until(lambda: host.exists("work") and host.queue("work"), "no queue"), "a")
    assert until(lambda: host.exists("done") and texts(host.queue("done")), "nothing done") == ["done a"]
    assert until(lambda: left(host.queue("work")) == 0, "the message is still there")
    assert not host.exists("work-poison")


def test_a_function_gets_the_properties_of_its_message(fresh):
    host = fresh()
    send(until(lambda: host.exists("work") and host.queue("work"), "no queue"), "metadata")
    host.invocations("work")
    assert texts(host.queue("done")) == ['{"count": 1, "known": true}']


def test_a_message_that_fails_comes_back_after_the_visibility_timeout(fresh):
    host = fresh(queues={"visibilityTimeout": "00:00:01"})
    send(until(lambda: host.exists("work") and host.queue("work"), "no queue"), "fail once")
    first, second = host.invocations("work", 2)
    assert [first["ok"], second["ok"]] == [False, True]
    assert second["cause"].endswith("attempt 2")
    waited = datetime.fromisoformat(second["started"]) - datetime.fromisoformat(first["started"])
    assert waited.total_seconds() >= 0.9  # the service cuts its times to whole seconds


def test_a_message_that_keeps_failing_ends_in_the_poison_queue_as_it_was(host):
    send(until(lambda: host.exists("work") and host.queue("work"), "no queue"), "fail")
    failures = [one for one in host.invocations("work", 3) if not one["ok"]]
    assert [one["cause"][-9:] for one in failures] == ["attempt 1", "attempt 2", "attempt 3"]
    poison = until(lambda: host.exists("work-poison") and texts(host.queue("work-poison")), "no poison")
    assert poison == ["fail"]
    assert until(lambda: left(host.queue("work")) == 0, "the message is still there")


def test_a_message_in_another_encoding_is_poison_and_runs_nothing(fresh):
    host = fresh()
    until(lambda: host.exists("work") and host.queue("work"), "no queue").send_message("plain {text}")
    assert until(lambda: host.exists("work-poison"), "no poison queue")
    (message,) = until(lambda: list(host.queue("work-poison").receive_messages()), "no poison")
    assert message.content == "plain {text}"
    assert host.call("GET", "/admin/invocations").json()["invocations"] == []


def test_plain_text_is_taken_where_host_json_says_so(fresh):
    host = fresh(queues={"messageEncoding": "none"})
    until(lambda: host.exists("work") and host.queue("work"), "no queue").send_message("plain {text}")
    host.invocations("work")
    (message,) = until(lambda: list(host.queue("done").receive_messages()), "nothing done")
    assert message.content == "done plain {text}"


def test_a_message_that_fails_in_a_poison_queue_stays_there_hidden(fresh):
    host = fresh(queues={"maxDequeueCount": 1})
    send(until(lambda: host.exists("sour-poison") and host.queue("sour-poison"), "no queue"), "a")
    host.invocations("sour")
    send(host.queue("work"), "b")  # once this is done, the other would have been settled too
    host.invocations("work")
    assert left(host.queue("sour-poison")) == 1
    assert list(host.queue("sour-poison").peek_messages()) == []
    assert not host.exists("sour-poison-poison")


def test_a_message_stays_hidden_while_its_function_outlasts_the_hold(fresh):
    host = fresh("--visibility", "2")
    send(until(lambda: host.exists("work") and host.queue("work"), "no queue"), "sleep 4.5")
    (only,) = host.invocations("work")
    assert (only["ok"], only["cause"][-9:]) == (True, "attempt 1")
    assert until(lambda: left(host.queue("work")) == 0, "it could not be deleted after its renewals")
    assert texts(host.queue("done")) == ["done sleep 4.5"]
    assert not host.exists("work-poison")
    assert not [one for one in host.log_lines() if "taken over" in one["message"]]


def test_a_message_whose_host_died_is_delivered_to_another_host(fresh):
    first = fresh("--visibility", "2")
    queue = until(lambda: first.exists("work") and first.queue("work"), "no queue")
    send(queue, "hang once")
    until(lambda: left(queue) == 1 and not list(queue.peek_messages()), "it was not taken")
    first.child.kill()
    second = fresh("--visibility", "2", prefix=first.prefix)
    (ran,) = second.invocations("work")
    assert (ran["ok"], ran["cause"][-9:]) == (True, "attempt 2")


def test_two_hosts_share_a_queue_and_no_message_runs_twice(fresh):
    first = fresh()
    second = fresh("--no-timers", prefix=first.prefix)
    queue = until(lambda: first.exists("work") and first.queue("work"), "no queue")
    wanted = Counter(f"done sleep 0.0{number:02}" for number in range(60))
    for text in wanted:
        send(queue, text.removeprefix("done "))
    done = Counter()

    def all_done():
        done.update(texts(first.queue("done")) if first.exists("done") else ())
        return sum(done.values()) >= len(wanted)

    until(all_done, "some messages were lost")
    assert done == wanted
    ran = [one.call("GET", "/admin/invocations").json()["last"] for one in (first, second)]
    assert sum(ran) == len(wanted)
    assert all(ran), f"one host did it all: {ran}"


def test_a_queue_function_can_be_run_by_hand(host):
    ran = host.call("GET", "/admin/invocations").json()["last"]
    answer = host.call("POST", "/admin/functions/work", json={"input": "by hand"})
    assert answer.status_code == 202
    found = host.call("GET", f"/admin/invocations?since={ran}&wait=20").json()["invocations"]
    assert [(one["cause"], one["ok"]) for one in found] == [("admin", True)]


def test_an_event_function_can_be_run_by_hand(host):
    event = '{"id": "1", "subject": "/s", "eventType": "t", "data": {}, "dataVersion": "1"}'
    answer = host.call("POST", "/admin/functions/on_event", json={"input": event})
    assert answer.status_code == 202
    host.invocations("on_event")
    assert texts(host.queue("events")) == ["t /s"]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [("nothing", "{}", 404), ("item", "{}", 400), ("on_event", "{no", 400), ("work", "[1]", 400)],
)
def test_what_cannot_be_run_by_hand_is_refused(host, name, body, status):
    headers = {"content-type": "application/json"}
    answer = host.call("POST", f"/admin/functions/{name}", data=body, headers=headers)
    assert answer.status_code == status


def test_a_host_that_is_asked_to_end_lets_a_running_function_end_first(fresh):
    host = fresh()
    queue = until(lambda: host.exists("work") and host.queue("work"), "no queue")
    send(queue, "sleep 1")
    until(lambda: left(queue) == 1 and not list(queue.peek_messages()), "it was not taken")
    assert host.child.stop() == 0
    assert left(queue) == 0
    assert texts(host.queue("done")) == ["done sleep 1"]
    assert {one["level"] for one in host.log_lines()} == {"INFO"}
