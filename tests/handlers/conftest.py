"""Handler tests run in virtual time, as the flow tests do: they call the flow, and no socket is opened."""

from sandbox.azure.kernel.clock import VirtualLoop


def pytest_asyncio_loop_factories(config, item):
    """One loop for every async test."""
    return {"virtual": VirtualLoop}
