"""How long a claim or a lock lasts, and by which clock: one answer for both."""

import asyncio

LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0
MARGIN_SECONDS = 5.0  # a holder stops so long before its lease ends: the service's time has whole seconds


def lasts(until: float, now: float) -> bool:
    """A lease that ends at `until` is in force (both in seconds since 1970 by the service's clock).

    No lease is longer than LEASE_SECONDS, so a much later end was written by a wrong clock and is not
    believed. The bound is twice as far: two processes that follow the service's clock differ by what a
    response takes.
    """
    return now < until <= now + 2 * LEASE_SECONDS


def loop_time() -> float:
    """Seconds by the clock of the event loop, which goes on while the process is stopped."""
    return asyncio.get_running_loop().time()
