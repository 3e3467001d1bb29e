"""Fixtures of the whole suite: one Azurite for all tests that need real storage."""

import socket
from collections.abc import Callable, Iterator

import pytest

from sandbox.azurite import Azurite


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One emulated storage account for the session; each test has tables and queues of its own names."""
    with Azurite() as running:
        yield running


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives ports of 127.0.0.1 that nobody listens on."""

    def take() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return take
