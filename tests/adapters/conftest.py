"""Adapter tests run on a loop with simulated time; storage is tested on Azurite as well, in real time."""

import asyncio

import pytest

from sandbox.azure.kernel.clock import VirtualLoop
from shared.adapters.service_time import ServiceTime
from shared.adapters.storage import open_tables
from tests.adapters.storage import Process, Tables, TestClock

ON_BOTH = ("test_tables", "test_claims", "test_ledger", "test_leases", "test_clock_skew")


def pytest_asyncio_loop_factories(config, item):
    """In memory on the virtual loop, with Azurite on a real one: sockets do not wait in virtual time."""
    if "test_storage" in item.nodeid or "over_tls" in item.nodeid or "policy_sources" in item.nodeid:
        return {"real": asyncio.SelectorEventLoop}
    if any(name in item.nodeid for name in ON_BOTH):
        return {"memory": VirtualLoop, "azurite": asyncio.SelectorEventLoop}
    return {"memory": VirtualLoop}


@pytest.fixture
async def tables(request):
    """Tables in memory, and the same in Azurite through the SDK."""
    if isinstance(asyncio.get_running_loop(), VirtualLoop):
        yield Tables(None)
        return
    connection = request.getfixturevalue("azurite").connection_string
    time = ServiceTime(TestClock())
    async with open_tables(connection, "", None, time) as service:
        yield Tables(service, time)


@pytest.fixture
def process(tables):
    """A process of the app with an empty ledger."""
    return Process(tables.table("connections"), tables.table("outcomes"), TestClock())
