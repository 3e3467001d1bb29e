"""Whether anything is left to do, in places that change while they are read."""

import asyncio
from types import SimpleNamespace

import pytest

from sandbox.activity import Activity

IDLE = {"running": 0, "last": 7, "invocations": []}
BUSY = {"running": 1, "last": 7, "invocations": []}
ENDED = {"running": 0, "last": 8, "invocations": [{"function": "reconcile"}]}
QUIET_AZURE = {"running": 0, "pending_events": 0}


class Hosts:
    """A user whose reads of the hosts return `reads`, in order, and whose reads of Azure return `azure`."""

    def __init__(self, reads, azure):
        self.reads = list(reads)
        self.azure = azure

    async def invocations(self, host, since=None):
        await asyncio.sleep(0)
        return self.reads.pop(0)

    async def control(self, name):
        assert name == "state"
        return self.azure


class Queues:
    """Queues with so many messages, by name, in the order in which the service lists them."""

    def __init__(self, counts):
        self.counts = counts

    async def list_queues(self):
        for name in self.counts:
            yield SimpleNamespace(name=name)

    def get_queue_client(self, queue):
        return QueueOf(self.counts[queue.name])


class QueueOf:
    def __init__(self, count):
        self.count = count

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def get_queue_properties(self):
        return SimpleNamespace(approximate_message_count=self.count)


async def left(reads=(IDLE, IDLE), messages=0, azure=QUIET_AZURE):
    queues = Queues({"work-poison": 0, "work": messages})
    return await Activity(["http://host"], queues, Hosts(reads, azure)).left()


async def test_nothing_is_left_if_no_place_has_work_and_no_function_ran_meanwhile():
    assert await left() == ""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"reads": [BUSY]}, "1 functions running"),
        ({"messages": 2}, "2 messages in queue work"),
        ({"azure": {"running": 3, "pending_events": 0}}, "3 long operations in Azure"),
        ({"azure": {"running": 0, "pending_events": 4}}, "4 events not delivered yet"),
    ],
    ids=["function", "message", "operation", "event"],
)
async def test_work_in_any_place_is_left_to_do(place, expected):
    assert await left(**place) == expected


@pytest.mark.parametrize("second", [ENDED, BUSY], ids=["ended", "running"])
async def test_a_function_that_ran_while_the_places_were_read_may_have_moved_work_past_the_reader(second):
    assert await left([IDLE, second]) != ""
