"""Fixtures of the whole suite: one Azurite for each process that runs tests which need real storage."""

import os
import socket
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from sandbox.azurite import Azurite

PORTS_IN_A_ROW = 20  # a sandbox takes ports up to 10 above its base, and one more for each worker
FIRST_PORT, LAST_PORT = 10_000, 32_000

# How long one example takes depends on the machine's load; pytest-timeout bounds each test.
settings.register_profile("suite", settings.default, deadline=None, print_blob=True)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One emulated storage account for this process; each test has tables and queues of its own names."""
    with Azurite() as running:
        yield running


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives the first of PORTS_IN_A_ROW ports of 127.0.0.1 that nothing listens on.

    Systems choose ports above LAST_PORT by themselves, and another process of tests begins elsewhere: so
    nothing takes these ports between their choice and their use.
    """

    def take() -> int:
        first = FIRST_PORT + os.getpid() % 1000 * PORTS_IN_A_ROW
        return next(port for port in range(first, LAST_PORT, PORTS_IN_A_ROW) if all_free(port))

    return take


def all_free(first: int) -> bool:
    """Whether a server may listen on each port of the row."""
    try:
        for port in range(first, first + PORTS_IN_A_ROW):
            socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
