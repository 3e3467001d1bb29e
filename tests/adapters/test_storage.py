"""The storage account itself, on Azurite: the work queue, and what its errors mean."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables.aio import TableServiceClient
from azure.storage.queue.aio import QueueClient

from sandbox.azurite import ACCOUNT, KEY
from shared.adapters.clock import SystemClock
from shared.adapters.queue import StorageQueue
from shared.adapters.service_time import ServiceTime
from shared.adapters.storage import open_queue, open_tables
from shared.adapters.storage_errors import storage_errors
from shared.adapters.tables import AzureTable
from shared.core.base.errors import BlockedError, PermanentError, TransientError
from shared.wiring import put_back

TIME = ServiceTime(SystemClock())


@pytest.fixture
async def client(azurite):
    async with open_queue(azurite.connection_string, "", f"work-{uuid.uuid4().hex[:8]}", None) as made:
        yield made


async def received(client):
    return [message async for message in client.receive_messages()]


async def test_the_queue_is_created_at_first_use(client):
    await StorageQueue(client).send('{"resource_id": "ä"}')
    assert [message.content for message in await received(client)] == ['{"resource_id": "ä"}']


async def test_a_message_is_sent_as_base64_as_the_functions_host_reads_it(client, azurite):
    await StorageQueue(client).send("item")
    async with QueueClient.from_connection_string(azurite.connection_string, client.queue_name) as plain:
        assert [message.content for message in await received(plain)] == ["aXRlbQ=="]


async def test_an_existing_queue_is_used(client):
    await client.create_queue()
    await StorageQueue(client).send("one")
    assert len(await received(client)) == 1


async def test_the_oldest_message_is_the_first_that_was_sent_and_is_visible(client):
    queue = StorageQueue(client)
    assert await queue.oldest() is None
    await queue.send("hidden", delay=timedelta(hours=1))
    assert await queue.oldest() is None
    before = datetime.now(UTC) - timedelta(seconds=2)
    await queue.send("first")
    await queue.send("second")
    oldest = await queue.oldest()
    assert before <= oldest <= datetime.now(UTC) + timedelta(seconds=2)
    assert len(await received(client)) == 2  # it took nothing


async def test_a_message_is_put_back_by_the_storage_settings_alone(client, azurite, monkeypatch):
    monkeypatch.setenv("AzureWebJobsStorage", azurite.connection_string)
    monkeypatch.setenv("CAUSEWAY_SWEEP_SCHEDULE", "wrong")
    await put_back(client.queue_name, "item", timedelta())
    assert [message.content for message in await received(client)] == ["item"]


@pytest.mark.parametrize("delay", [timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=400)])
async def test_a_delayed_message_is_not_visible_yet(client, delay):
    await StorageQueue(client).send("later", delay=delay)
    assert await received(client) == []
    assert (await client.get_queue_properties()).approximate_message_count == 1


class Recording:
    """A queue client that notes how long a message is hidden, and how long it lives: seconds."""

    queue_name = "work"

    async def create_queue(self):
        """Nothing to create."""

    async def send_message(self, _text, *, visibility_timeout, time_to_live):
        self.hidden, self.lives = visibility_timeout, time_to_live


@pytest.mark.parametrize(("asked", "hidden"), [(1, 1), (6, 6), (400, 7)])
async def test_a_message_is_hidden_for_a_week_at_most_and_then_lives_for_a_week(asked, hidden):
    client = Recording()
    await StorageQueue(client).send("later", delay=timedelta(days=asked))
    assert (client.hidden, client.lives) == (hidden * 86_400, (hidden + 7) * 86_400)


async def test_a_negative_delay_is_no_delay(client):
    await StorageQueue(client).send("now", delay=timedelta(seconds=-5))
    assert len(await received(client)) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (503, TransientError),
        (500, TransientError),
        (409, TransientError),
        (429, TransientError),
        (400, PermanentError),
    ],
)
def test_a_status_decides_which_error_is_raised(status, kind):
    refusal = HttpResponseError("Server busy")
    refusal.status_code = status
    with pytest.raises(kind, match="table mine: Server busy"), storage_errors("table mine"):
        raise refusal


async def test_a_service_that_cannot_be_reached_is_transient():
    closed = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};TableEndpoint=http://127.0.0.1:9/x;"
    async with TableServiceClient.from_connection_string(closed, retry_total=0) as service:
        with pytest.raises(TransientError, match="table lost cannot be reached"):
            await AzureTable(service, "lost", TIME).get("p", "k")


@pytest.fixture
def stranger(azurite):
    """The account's connection string, with a key that is not its own."""
    return azurite.connection_string.replace(KEY, "A" * 86 + "==")


@pytest.mark.filterwarnings("ignore:Testing an element:DeprecationWarning")  # azure-data-tables reading XML
async def test_a_table_that_refuses_the_app_blocks_with_the_role_that_is_needed(stranger):
    async with open_tables(stranger, "", None, TIME) as service:
        with pytest.raises(BlockedError) as caught:
            await AzureTable(service, "mine", TIME).get("p", "k")
    assert "Table Data Contributor" in caught.value.remedy


async def test_a_queue_that_refuses_the_app_blocks_with_the_role_that_is_needed(stranger):
    async with open_queue(stranger, "", "work", None) as queue:
        with pytest.raises(BlockedError) as caught:
            await StorageQueue(queue).send("item")
    assert "Queue Data Contributor" in caught.value.remedy


async def test_a_table_name_that_the_service_refuses_is_permanent(azurite):
    async with open_tables(azurite.connection_string, "", None, TIME) as service:
        with pytest.raises(PermanentError):
            await AzureTable(service, "no-dashes", TIME).get("p", "k")
