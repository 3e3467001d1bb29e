"""ARM's own request limits: token buckets per subscription, principal and kind of operation.

Reads 250 refilled by 25 a second; writes and deletes 200 refilled by 10 a second (source:
docs/azure/limits.md, LIM-01). The body of such a 429 is assumed to be that of before 2024
(docs/azure/errors-and-locks.md, ERR-12).
"""

from __future__ import annotations

import math

from sandbox.azure.kernel.clock import Clock
from sandbox.azure.kernel.model import ArmError, Request

LIMITS = {"reads": (250.0, 25.0), "writes": (200.0, 10.0), "deletes": (200.0, 10.0)}
SHOWN = {"reads": 16500, "writes": 12000, "deletes": 12000}


class Throttling:
    """Buckets in simulated time. `enabled` False lets everything through."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}
        self.enabled = True

    def spend(self, request: Request, principal: str) -> None:
        """Take one token. Raises 429 with Retry-After when there is none."""
        key = self._key(request, principal)
        refill = LIMITS[key[2]][1]
        level = self._level(key)
        if level < 1 and self.enabled:
            wait = math.ceil((1 - level) / refill)
            raise ArmError(
                429,
                "SubscriptionRequestsThrottled",
                f"Number of requests for subscription '{key[0]}' and operation '{key[2]}' exceeded the "
                f"backend storage limit. Please try again after '{wait}' seconds.",
                cause="gateway",
                retry_after=wait,
            )
        self._buckets[key] = (max(0.0, level - 1), self._clock.now())

    def headers(self, request: Request, principal: str) -> dict[str, str]:
        """`x-ms-ratelimit-remaining-subscription-global-reads|writes|deletes`, as of 2026."""
        key = self._key(request, principal)
        used = LIMITS[key[2]][0] - self._level(key)
        return {f"x-ms-ratelimit-remaining-subscription-global-{key[2]}": str(int(SHOWN[key[2]] - used))}

    def _level(self, key: tuple[str, str, str]) -> float:
        size, refill = LIMITS[key[2]]
        level, since = self._buckets.get(key, (size, 0.0))
        return min(size, level + (self._clock.now() - since) * refill)

    def _key(self, request: Request, principal: str) -> tuple[str, str, str]:
        parts = request.path.split("/")
        subscription = parts[2].lower() if len(parts) > 2 else ""
        kind = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(request.method, "writes")
        return subscription, principal, kind
