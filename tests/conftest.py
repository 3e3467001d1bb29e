"""Fixtures of the whole suite: one Azurite for each process that runs tests which need real storage."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from sandbox.azurite import Azurite
from sandbox.places import HIGHEST_PORT, is_free

# The ports that the system gives to connections and to servers that ask for any port.
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST_PORT = 10_000  # below it are the default ports of other programs

# The same examples in every run, so that a failure is the change's. How long one takes depends on the
# machine's load; pytest-timeout bounds each test.
settings.register_profile("suite", settings.default, deadline=None, derandomize=True, print_blob=True)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One emulated storage account for this process; each test has tables and queues of its own names."""
    with Azurite() as running:
        yield running


@pytest.fixture
def free_port() -> Callable[..., int]:
    """Gives the first of `count` ports of 127.0.0.1 in a row that are free, and stay so until they are used.

    They are outside the ephemeral range: a port of it can go to any connection before the test uses it.
    """
    low, high = map(int, EPHEMERAL.read_text().split()) if EPHEMERAL.exists() else (32768, 60999)

    def take(count: int = 1) -> int:
        found = [*range(LOWEST_PORT, low - count), *range(high + 1, HIGHEST_PORT - count)]
        for port in random.SystemRandom().sample(found, len(found)):
            if all(is_free(one) for one in range(port, port + count)):
                return port
        raise LookupError(f"no {count} ports in a row are free")

    return take
