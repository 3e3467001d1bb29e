"""Which of Azure's request limits one request counts against, as Azure documents them (docs/azure/limits.md,
LIM-01 to LIM-03).

Resource Manager counts each request of a subscription (LIM-01), and so does the service behind it:
Microsoft.Network by region (LIM-02), private DNS (LIM-03). Services without a known limit have a name here
too, because any of them can ask for a wait.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from shared.core.base.rate import Bucket, Limit, Window

RESOURCE_MANAGER, NETWORK, PRIVATE_DNS = "Resource Manager", "microsoft.network", "private DNS"
READS, WRITES, DELETES = "reads", "writes", "deletes"
SHARE = 0.8  # of a bucket's size: what processes hold and do not use at once is never above the rest

# By scope and kind. Microsoft.Network counts deletes as writes.
_LIMITS: dict[tuple[str, str], Bucket | Window] = {
    (RESOURCE_MANAGER, READS): Bucket(250.0 * SHARE, 25.0),
    (RESOURCE_MANAGER, WRITES): Bucket(200.0 * SHARE, 10.0),
    (RESOURCE_MANAGER, DELETES): Bucket(200.0 * SHARE, 10.0),
    (NETWORK, READS): Window(10_000.0, 300.0),
    (NETWORK, WRITES): Window(1_000.0, 300.0),
    (PRIVATE_DNS, READS): Window(500.0, 300.0),
}
_KINDS = {"GET": READS, "HEAD": READS, "DELETE": DELETES}
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)
_PROVIDER = re.compile(r"/providers/([^/]+)(?:/([^/]+))?", re.IGNORECASE)
_LOCATION = re.compile(r"/locations/([^/]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LimitKey:
    """What is counted together. `region` and `subscription` are empty where they make no difference."""

    subscription: str
    region: str
    scope: str
    kind: str

    @property
    def text(self) -> str:
        """The key as one line."""
        return "|".join((self.subscription, self.region, self.scope, self.kind))


def limit_keys(method: str, url: str, region: str = "") -> tuple[LimitKey, ...]:
    """The limits that a request counts against: Resource Manager's first, the service's last.

    `region`: of the resource, where it is known. A link that names one says it itself.
    """
    path = unquote(urlsplit(url).path)
    kind = _KINDS.get(method.upper(), WRITES)
    found = _SUBSCRIPTION.match(path)
    subscription = found[1].lower() if found else ""
    front = LimitKey(subscription, "", RESOURCE_MANAGER, kind)
    named = _PROVIDER.findall(path)
    if not named:
        return (front,)
    namespace, kind_of_resource = (part.lower() for part in named[-1])
    if namespace == NETWORK and kind_of_resource.startswith("privatedns"):
        return front, LimitKey(subscription, "", PRIVATE_DNS, kind)
    if namespace == NETWORK:
        place = _LOCATION.search(path)
        at = place[1].lower() if place else region
        return front, LimitKey(subscription, at, NETWORK, READS if kind == READS else WRITES)
    return front, LimitKey(subscription, "", namespace, kind)


def limit_of(key: LimitKey, rate: float = 1.0) -> Limit | None:
    """The limit; None where none is known.

    `rate` above 1: a Resource Manager whose time runs faster, or whose limits were raised. Below 1: this part
    of the limits, the rest is left to other clients with the same identity.
    """
    match _LIMITS.get((key.scope, key.kind)):
        case Bucket() as bucket:
            return Bucket(bucket.size * min(1.0, rate), bucket.refill * rate)
        case Window() as window if rate >= 1:
            return replace(window, seconds=window.seconds / rate)
        case Window() as window:
            return replace(window, most=max(1.0, math.floor(window.most * rate)))
        case None:
            return None


def is_throttling(status: int | None, code: str) -> bool:
    """A 429 that says that a limit is reached. Others come from the lock of one resource (ERR-03)."""
    word = code.lower()
    return status == 429 and ("throttl" in word or "toomanyrequests" in word or word in ("", "http429"))
