"""Rows of the table run on an event loop whose time jumps: an operation of minutes takes no time."""

from sandbox.azure.kernel.clock import VirtualLoop


def pytest_asyncio_loop_factories(config, item):
    """One loop for every test here."""
    return {"virtual": VirtualLoop}
