"""Adapter tests run on an event loop whose time jumps; those that talk to Azurite run in real time."""

import asyncio

from sandbox.azure.clock import VirtualLoop


def pytest_asyncio_loop_factories(config, item):
    """One loop for every test: virtual, but for the modules that open sockets or processes."""
    if "azurite" in item.nodeid:
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualLoop}
