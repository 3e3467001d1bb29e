"""Engine tests run on an event loop whose time jumps; only what needs sockets runs in real time."""

import asyncio

import pytest

from sandbox.azure.kernel.clock import VirtualLoop
from tests.sandbox.cloud import Cloud


def pytest_asyncio_loop_factories(config, item):
    """One loop for every test: virtual, but for the modules that open sockets or processes."""
    if "sockets" in item.nodeid or "/host/" in item.nodeid:
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualLoop}


@pytest.fixture
async def cloud():
    """A simulated Azure with one resource group, `rg`."""
    made = Cloud()
    await made.begin()
    yield made
    made.simulator.events.close()
