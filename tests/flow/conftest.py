"""Flow tests run in virtual time: the loop jumps to the next timer as soon as every task waits."""

from sandbox.azure.kernel.clock import VirtualLoop


def pytest_asyncio_loop_factories(config, item):
    """Minutes of Azure take milliseconds: nothing here opens a socket."""
    return {"virtual": VirtualLoop}
