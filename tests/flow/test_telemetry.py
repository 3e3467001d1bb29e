"""What a real pass measures of itself, and that none of it holds an id in a metric or a secret anywhere."""

import json
import logging

import pytest
from opentelemetry.trace import StatusCode

from shared.core.events.work_item import WorkItem
from tests.builders.telemetry import Recorded
from tests.builders.world import SPOKE, World

PEERING = f"{SPOKE}/virtualNetworkPeerings"


def event(at: str) -> dict[str, object]:
    return {
        "id": "event-1",
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "subject": at,
        "eventTime": "2026-01-01T00:00:00Z",
        "data": {"operationName": "Microsoft.Storage/storageAccounts/write", "resourceUri": at},
        "topic": "",
        "dataVersion": "",
    }


def measured() -> tuple[World, Recorded]:
    """A world whose app records its telemetry in memory, and publishes its outcomes."""
    recorded = Recorded()
    return World(telemetry=recorded.telemetry, announces=True), recorded


async def connected(world: World) -> str:
    """An account that was connected by its event."""
    at = await world.create_account()
    await world.flow.intake.accept(event(at))
    await world.drain()
    assert (await world.state(at))["result"] == "Connected"
    return at


async def test_a_pass_is_one_span_with_a_child_for_each_call_to_azure() -> None:
    world, recorded = measured()
    at = await connected(world)
    sent = world.sent()
    [whole] = recorded.named("reconcile")
    calls = [span for span in recorded.spans if span.name != "reconcile"]
    assert whole.attributes is not None
    assert whole.attributes["causeway.target"] == at
    assert whole.attributes["causeway.result"] == "Connected"
    assert {span.parent.span_id for span in calls if span.parent} == {whole.context.span_id}
    assert len([span for span in calls if span.parent]) == len(calls)
    assert sum(1 + span.attributes["arm.resends"] for span in calls) == len(sent)
    assert whole.attributes["causeway.requests"] == len(sent)


async def test_a_call_has_its_method_type_and_status() -> None:
    world, recorded = measured()
    await connected(world)
    [made] = recorded.named("PUT microsoft.network/privateendpoints")
    assert made.attributes is not None
    assert made.attributes["arm.status"] == 200
    assert int(str(made.attributes["arm.resends"])) > 0
    assert made.status.status_code is StatusCode.UNSET


async def test_a_refused_call_has_azures_code_and_not_its_text() -> None:
    world, recorded = measured()
    at = await world.create_account()
    world.azure.faults.add(refusal("not you", "AuthorizationFailed", 403))
    await world.work(WorkItem(at, "event", "test"))
    [refused] = [span for span in recorded.spans if span.status.status_code is StatusCode.ERROR]
    assert refused.attributes is not None
    assert refused.name == "PUT microsoft.network/privateendpoints"
    assert refused.attributes["error.type"] == "AuthorizationFailed"
    assert (refused.status.description, refused.events) == (None, ())


async def test_outcomes_the_time_from_event_to_connected_and_requests_are_counted() -> None:
    world, recorded = measured()
    await connected(world)
    points = recorded.points()
    assert sum(point.value for point in points["causeway.arm.requests"]) == len(world.sent())
    [outcome] = points["causeway.outcomes"]
    assert (outcome.value, outcome.attributes["result"]) == (1, "Connected")
    [spent] = points["causeway.connect.duration"]
    assert (spent.count, spent.attributes) == (1, {"type": "microsoft.storage/storageaccounts"})
    assert spent.sum > 0
    assert [point.attributes for point in points["causeway.queue.wait"]] == [{"reason": "event"}]
    assert [point.attributes for point in points["causeway.events"]] == [{"verdict": "queued"}]


async def test_a_pass_over_what_was_connected_before_is_no_new_connection() -> None:
    world, recorded = measured()
    at = await connected(world)
    await world.flow.intake.accept(event(at))
    await world.drain()
    [spent] = recorded.points()["causeway.connect.duration"]
    assert spent.count == 1


async def test_what_a_sweep_repairs_is_counted_by_type_and_its_limits_are_shown() -> None:
    world, recorded = measured()
    await connected(world)
    [endpoint] = await world.endpoints()
    await world.send("DELETE", endpoint)
    await world.sleep(120)
    await world.flow.sweeper.sweep()
    await world.drain()
    points = recorded.points()
    assert {
        "type": "microsoft.network/privateendpoints",
        "action": "Create",
    } in [point.attributes for point in points["causeway.drift"]]
    assert {point.attributes["scope"] for point in points["causeway.arm.left"]} >= {"Resource Manager"}
    assert [point.attributes for point in points["causeway.sweeps"]] == [{"complete": True}]


async def test_no_metric_has_an_id_or_a_name_of_a_resource() -> None:
    world, recorded = measured()
    at = await connected(world)
    await world.flow.sweeper.sweep()
    await world.drain()
    words = {str(v) for found in recorded.points().values() for one in found for v in one.attributes.values()}
    named = (at.split("/")[2], at.split("/")[-1], "hub-we", "spoke-a", "rg-network", "rg-app")
    assert words
    assert [word for word in words if any(one in word for one in named)] == []


async def test_an_event_can_be_followed_to_its_outcome_by_its_id(caplog: pytest.LogCaptureFixture) -> None:
    world, recorded = measured()
    caplog.set_level(logging.INFO)
    await connected(world)
    lines = [record.getMessage() for record in caplog.records]
    about = [one.partition(" {")[0] for one in lines if '"correlation": "event-1"' in one]
    assert about == ["event queued", "outcome"]
    [whole] = recorded.named("reconcile")
    assert whole.attributes is not None
    assert whole.attributes["causeway.correlation"] == "event-1"


SECRETS = {
    "signature": "sv=2024-01-01&sig=c2lnbmF0dXJlLXRoYXQtaXMtc2VjcmV0%3D&se=2026",
    "token": "Bearer eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhcm0ifQ.c2VjcmV0LXNpZ25hdHVyZQ",
    "key": "AccountKey=" + "k3y" * 28 + "Aw==",
    "bare key": "k3yZ" * 21 + "Aw==",
    "mail": "jane.doe@contoso.example",
}
PARTS = ("c2lnbmF0dXJl", "eyJhdWQi", "c2VjcmV0", "k3yk3y", "k3yZ", "jane.doe", "contoso.example")


def refusal(text: str, code: str, status: int) -> dict[str, object]:
    """A fault: the writes of an endpoint are refused with this text."""
    return {
        "match": {"method": "PUT", "path": "/privateEndpoints/"},
        "answer": {"status": status, "body": {"error": {"code": code, "message": text}}},
    }


def written(world: World, recorded: Recorded, caplog: pytest.LogCaptureFixture) -> str:
    """All that the app has written: rows, queue, log, events, spans and metrics."""
    rows = [row.values for table in world.tables.values() for row in table.rows.values()]
    queued = [text for text, _ in world.queue.sent]
    logged = [record.getMessage() for record in caplog.records]
    kept = json.dumps([rows, world.azure.topics.published], default=str)
    return "\n".join([kept, *queued, *logged, recorded.text()])


@pytest.mark.parametrize(("code", "status"), [("SomethingNew", 400), ("Forbidden", 403), ("Busy", 503)])
@pytest.mark.parametrize("secret", SECRETS)
async def test_a_secret_in_an_error_or_a_tag_is_written_nowhere(
    caplog: pytest.LogCaptureFixture,
    secret: str,
    code: str,
    status: int,
) -> None:
    world, recorded = measured()
    caplog.set_level(logging.DEBUG)
    at = await world.create_account(tags={"owner": SECRETS[secret], "private-connectivity": SECRETS[secret]})
    await world.reconcile(at)
    assert (await world.state(at))["result"] == "Declined"
    await world.send("PATCH", at, {"tags": {"owner": SECRETS[secret], "private-connectivity": "enabled"}})
    world.azure.faults.add(refusal(f"The request {SECRETS[secret]} was refused", code, status))
    await world.work(WorkItem(at, "event", "test"))
    everything = written(world, recorded, caplog)
    assert "was refused" in everything
    assert [part for part in PARTS if part in everything] == []
