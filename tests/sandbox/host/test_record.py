"""What the host reports about functions that run and that have ended."""

import asyncio
from types import SimpleNamespace

import pytest

from sandbox.host.functions import Function, Result
from sandbox.host.invoker import Invoker
from sandbox.host.record import Record

FUNCTION = Function("work", "id", ({"type": "queueTrigger", "direction": "in", "name": "m"},))


@pytest.fixture
def finish():
    """Lets the function end."""
    return asyncio.Event()


@pytest.fixture
def record():
    return Record()


@pytest.fixture
def run(record, finish):
    """Starts an invocation that lasts until `finish` is set."""

    async def invoke(*_):
        await finish.wait()
        return Result()

    invoker = Invoker(SimpleNamespace(invoke=invoke), None, record, None, {})
    return lambda: asyncio.create_task(invoker.run(FUNCTION, {}, "by a test"))


async def test_a_function_runs_from_its_start_until_its_end_is_on_record(record, run, finish):
    first, second = run(), run()
    await asyncio.sleep(0)
    assert (record.running, record.last) == (2, 0)
    finish.set()
    await asyncio.gather(first, second)
    assert (record.running, record.last) == (0, 2)


async def test_a_function_whose_invocation_is_cancelled_runs_no_more(record, run):
    ran = run()
    await asyncio.sleep(0)
    ran.cancel()
    await asyncio.gather(ran, return_exceptions=True)
    assert record.running == 0
