"""Which events a change makes, and how they are delivered."""

import base64
import json

import pytest

from sandbox.azure.events.event_grid import HandshakeError, Subscription, in_process, storage_queue
from tests.sandbox.cloud import APP, GROUP, SUB, Cloud, network_body, subnet, subnet_body, vnet

TAGS = "/providers/Microsoft.Resources/tags/default"


class Inbox:
    """A subscriber that keeps its events and fails as configured."""

    def __init__(self, cloud: Cloud, failures: int = 0, status: int = 503, **more) -> None:
        self.received, self.times, self.failures, self.cloud, self.status = [], [], failures, cloud, status
        cloud.simulator.events.subscribe(Subscription("inbox", self.take, **more))

    async def take(self, payload) -> int:
        self.times.append(round(self.cloud.now))
        if len(self.times) <= self.failures:
            return self.status
        self.received.append(payload)
        return 202

    def operations(self) -> list[tuple[str, str]]:
        return sorted(
            (one["data"]["operationName"], one["eventType"].rsplit(".", 1)[1]) for one in self.received
        )


def exactly_once(cloud: Cloud) -> None:
    cloud.simulator.events.settings.duplicates = 0.0


async def test_an_event_of_a_write_is_sent_when_its_operation_has_ended(cloud):
    exactly_once(cloud)
    inbox = Inbox(cloud)
    response = await cloud.put(vnet(), network_body())
    await cloud.wait(2)
    assert inbox.received == []
    await cloud.settle(response)
    await cloud.wait(10)
    (event,) = inbox.received
    assert event["eventType"] == "Microsoft.Resources.ResourceWriteSuccess"
    assert event["subject"].lower() == vnet().lower()
    assert event["topic"] == SUB
    assert event["dataVersion"] == "2"
    data = event["data"]
    assert data["operationName"] == "Microsoft.Network/virtualNetworks/write"
    assert data["resourceUri"] == event["subject"]
    assert data["resourceProvider"] == "Microsoft.Network"
    assert data["subscriptionId"] == SUB.rsplit("/", 1)[1]
    assert data["httpRequest"]["method"] == "PUT"


async def test_children_deletes_groups_and_tags_each_have_their_own_event(cloud):
    exactly_once(cloud)
    inbox = Inbox(cloud)
    await cloud.make(vnet(), network_body())
    await cloud.make(subnet(), subnet_body())
    await cloud.patch(vnet() + TAGS, {"operation": "Merge", "properties": {"tags": {"a": "b"}}})
    await cloud.delete(vnet() + TAGS)
    await cloud.remove(subnet())
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(60)
    assert inbox.operations() == [
        ("Microsoft.Network/virtualNetworks/subnets/delete", "ResourceDeleteSuccess"),
        ("Microsoft.Network/virtualNetworks/subnets/write", "ResourceWriteSuccess"),
        ("Microsoft.Network/virtualNetworks/write", "ResourceWriteSuccess"),
        ("Microsoft.Resources/subscriptions/resourceGroups/write", "ResourceWriteSuccess"),
        ("Microsoft.Resources/tags/delete", "ResourceDeleteSuccess"),
        ("Microsoft.Resources/tags/write", "ResourceWriteSuccess"),
    ]


async def test_the_event_of_a_tag_write_has_the_tagged_resource_as_subject(cloud):
    await cloud.make(vnet(), network_body())
    inbox = Inbox(cloud, operations=["Microsoft.Resources/tags/write"])
    await cloud.put(vnet() + TAGS, {"properties": {"tags": {"a": "b"}}})
    await cloud.wait(30)
    event = inbox.received[0]
    assert event["subject"].lower() == vnet().lower()
    assert event["data"]["authorization"]["scope"].lower() == (vnet() + TAGS).lower()


async def test_a_group_delete_is_written_in_lower_case_and_without_provider_in_its_subject(cloud):
    inbox = Inbox(cloud, operations=["Microsoft.Resources/subscriptions/resourceGroups/delete"])
    await cloud.settle(await cloud.delete(GROUP))
    await cloud.wait(30)
    event = inbox.received[0]
    assert event["data"]["operationName"] == "Microsoft.Resources/subscriptions/resourcegroups/delete"
    assert event["subject"].lower() == GROUP.lower()


async def test_a_failed_write_is_a_failure_event(cloud):
    exactly_once(cloud)
    inbox = Inbox(cloud)
    await cloud.post("/_sandbox/faults", {"match": {"method": "PUT"}, "lro_failure": {"code": "Broken"}})
    await cloud.put(vnet(), network_body())
    await cloud.wait(400)
    assert inbox.operations() == [("Microsoft.Network/virtualNetworks/write", "ResourceWriteFailure")]


async def test_refused_requests_and_reads_send_no_event(cloud):
    inbox = Inbox(cloud)
    await cloud.put(subnet("x", "gone"), subnet_body())
    await cloud.get(GROUP)
    await cloud.delete(vnet("gone"))
    await cloud.wait(60)
    assert inbox.received == []


async def test_an_event_shows_whether_the_app_itself_wrote(cloud):
    await cloud.make(vnet(), network_body())
    inbox = Inbox(cloud)
    await cloud.settle(await cloud.put(subnet(), subnet_body(), as_=APP))
    await cloud.wait(30)
    assert "appid" in inbox.received[0]["data"]["claims"]


async def test_a_cloud_event_has_the_same_data_in_another_envelope(cloud):
    inbox = Inbox(cloud, schema="CloudEventSchemaV1_0")
    await cloud.make(vnet(), network_body())
    await cloud.wait(30)
    event = inbox.received[0]
    assert event["specversion"] == "1.0"
    assert {"source", "type", "time", "id", "subject", "data"} <= set(event)
    assert not {"topic", "eventType", "eventTime"} & set(event)


async def test_paths_come_in_varying_case(cloud):
    inbox = Inbox(cloud)
    for number in range(20):
        await cloud.make(vnet(f"n{number}"), network_body())
    await cloud.wait(60)
    words = {one["subject"].split("/")[3] for one in inbox.received}
    assert words == {"resourceGroups", "resourcegroups"}


async def test_events_come_out_of_order_and_some_twice():
    cloud = Cloud(seed=1)
    await cloud.begin()
    inbox = Inbox(cloud)
    for number in range(60):
        await cloud.put(f"{SUB}/resourceGroups/g{number}", {"location": "westeurope"})
    await cloud.wait(60)
    names = [one["subject"].rsplit("/", 1)[1] for one in inbox.received]
    assert set(names) == {f"g{number}" for number in range(60)}
    assert len(names) > 60
    first_seen = list(dict.fromkeys(names))
    assert first_seen != [f"g{number}" for number in range(60)]


async def test_delivery_is_retried_on_the_recorded_schedule_until_it_works(cloud):
    exactly_once(cloud)
    inbox = Inbox(cloud, failures=5)
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(3600)
    waits = [later - sooner for sooner, later in zip(inbox.times, inbox.times[1:], strict=False)]
    assert len(inbox.received) == 1
    for wait, nominal in zip(waits, (10, 30, 60, 300, 600), strict=True):
        assert nominal * 0.85 <= wait <= nominal * 1.15


@pytest.mark.parametrize("status", [400, 413])
async def test_some_refusals_are_never_retried(cloud, status):
    exactly_once(cloud)
    inbox = Inbox(cloud, failures=99, status=status)
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(3600)
    assert len(inbox.times) == 1
    (letter,) = cloud.simulator.events.dead_letters
    assert letter["lastDeliveryOutcome"] == str(status)


async def test_an_event_is_given_up_after_a_day_and_kept_as_a_dead_letter(cloud):
    exactly_once(cloud)
    inbox = Inbox(cloud, failures=999)
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(10 * 86400)
    (letter,) = cloud.simulator.events.dead_letters
    assert letter["deliveryAttempts"] == len(inbox.times) > 8
    assert cloud.simulator.events.pending == 0


async def test_an_event_is_sent_again_to_a_subscriber_that_does_not_answer_in_30_seconds(cloud):
    exactly_once(cloud)
    times = []

    async def slow(payload):
        times.append(cloud.now)
        await cloud.wait(29 if len(times) > 1 else 31)
        return 200

    cloud.simulator.events.subscribe(Subscription("slow", slow))
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(600)
    assert len(times) == 2


async def test_an_event_is_sent_again_to_a_subscriber_that_raises(cloud):
    exactly_once(cloud)
    calls = []

    async def handle(payload):
        calls.append(payload)
        if len(calls) == 1:
            raise RuntimeError("not yet")

    cloud.simulator.events.subscribe(Subscription("mine", in_process(handle)))
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(600)
    assert len(calls) == 2


async def test_a_storage_queue_gets_one_base64_message_an_event(cloud):
    exactly_once(cloud)
    messages = []

    async def send(text):
        messages.append(text)

    cloud.simulator.events.subscribe(Subscription("queue", storage_queue(send)))
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(60)
    (event,) = [json.loads(base64.b64decode(one)) for one in messages]
    assert event["eventType"] == "Microsoft.Resources.ResourceWriteSuccess"


class Webhook:
    """A web server's answers, without the server."""

    def __init__(self, validation_status: int = 200, echo: bool = True) -> None:
        self.posts, self.validation_status, self.echo = [], validation_status, echo

    async def post(self, url, body, headers):
        self.posts.append((url, body, headers))
        if headers.get("aeg-event-type") == "SubscriptionValidation":
            code = body[0]["data"]["validationCode"] if self.echo else "other"
            return self.validation_status, {"validationResponse": code}
        return 202, None


async def test_a_webhook_proves_itself_and_then_gets_arrays_of_one(cloud):
    exactly_once(cloud)
    hook = Webhook()
    await cloud.simulator.events.subscribe_webhook("app", "http://app/hook", hook.post)
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(60)
    url, body, headers = hook.posts[1]
    assert (url, headers["aeg-event-type"], len(body)) == ("http://app/hook", "Notification", 1)


@pytest.mark.parametrize("hook", [Webhook(validation_status=202), Webhook(echo=False)])
async def test_a_webhook_that_fails_the_handshake_gets_nothing(cloud, hook):
    with pytest.raises(HandshakeError):
        await cloud.simulator.events.subscribe_webhook("app", "http://app/hook", hook.post)
    assert cloud.simulator.events.subscriptions == []


async def test_filters_hold_together_and_without_case(cloud):
    inbox = Inbox(
        cloud,
        event_types=["microsoft.resources.resourcewritesuccess"],
        operations=["microsoft.network/virtualnetworks/write"],
        subject_contains="/VIRTUALNETWORKS/",
    )
    await cloud.make(vnet(), network_body())
    await cloud.make(subnet(), subnet_body())
    await cloud.remove(subnet())
    await cloud.wait(60)
    assert {one["data"]["operationName"] for one in inbox.received} == {
        "Microsoft.Network/virtualNetworks/write"
    }


async def test_events_can_be_replayed_sent_raw_and_lost(cloud):
    exactly_once(cloud)
    inbox = Inbox(cloud)
    await cloud.put(f"{SUB}/resourceGroups/new", {"location": "westeurope"})
    await cloud.wait(60)
    await cloud.post("/_sandbox/events", {"replay": inbox.received[0]["id"], "times": 2})
    await cloud.wait(60)
    assert len({one["id"] for one in inbox.received}) == 1
    assert len(inbox.received) == 3
    answer = await cloud.post("/_sandbox/events", {"send": {"forged": True}})
    assert answer.body == {"statuses": [202]}
    assert inbox.received[-1] == {"forged": True}
    await cloud.post("/_sandbox/events", {"settings": {"lost": 1.0}})
    await cloud.put(f"{SUB}/resourceGroups/newer", {"location": "westeurope"})
    await cloud.wait(60)
    assert len(inbox.received) == 4
    assert (await cloud.get("/_sandbox/events")).body["deliveries"][-1]["status"] == "dropped"
