"""How long Azure takes: recorded quantiles, and random durations from them that a seed repeats.

Source: docs/azure/long-running-operations.md, LRO-12 (seconds from request to the first poll that says
Succeeded). A comment marks figures that are not recorded.
"""

from __future__ import annotations

import math
from random import Random

# kind: (p10, p50, p90, max) in simulated seconds
QUANTILES: dict[str, tuple[float, float, float, float]] = {
    "virtualNetworks/write": (3, 3, 5, 335),
    "virtualNetworks/delete": (10, 10, 11, 12),  # as recorded for subnets
    "subnets/write": (1, 3, 10, 23),  # p10 recorded as 0
    "subnets/delete": (10, 10, 11, 12),
    "bastionHosts/write": (120, 300, 420, 600),  # over at the sixth to eighth poll of the ladder (SVC-10)
    "virtualNetworkGateways/write": (600, 1500, 2400, 3600),  # recorded 10 to 40 minutes (SVC-10)
    "virtualNetworkGateways/delete": (120, 300, 600, 900),  # as recorded for one deletion (SVC-10)
    "networkSecurityGroups/write": (3, 3, 4, 14),
    "networkSecurityGroups/delete": (1, 3, 4, 14),  # as writes; Retry-After 1 recorded
    "securityRules/write": (2, 3, 10, 12),  # p50 10 is the poll interval: done in 2 to 3 s (NSG-04)
    "securityRules/delete": (2, 3, 10, 12),  # as writes
    "routeTables/write": (3, 3, 4, 14),  # as security groups; 3 s recorded (RT-01)
    "routeTables/delete": (1, 3, 4, 14),  # as security groups; 3 s recorded (RT-04)
    "routes/write": (1, 2, 3, 12),  # 2 s recorded (RT-02); longest as security rules
    "routes/delete": (1, 2, 3, 12),  # 2 to 3 s recorded (RT-04); longest as security rules
    "virtualNetworkPeerings/write": (3, 11, 21, 32),
    "virtualNetworkPeerings/delete": (10, 11, 12, 20),
    "privateEndpoints/write": (11, 31, 64, 582),
    "privateEndpoints/update": (31, 32, 33, 33),
    "privateEndpoints/delete": (10, 11, 21, 30),
    "privateEndpoints/blocked": (0.8, 5, 15, 19.6),  # the PUT itself, before the 201
    "privateDnsZoneGroups/write": (1, 3, 10, 10),
    "privateDnsZoneGroups/delete": (3, 10, 10, 10),  # polled once after 10 s (LRO-12)
    "privateDnsZones/write": (21, 30, 31, 121),
    "privateDnsZones/delete": (10, 31, 32, 33),
    "virtualNetworkLinks/write": (30, 61, 62, 122),
    "virtualNetworkLinks/delete": (10, 31, 32, 33),
    "dnsResolvers/write": (5, 12, 15, 30),  # one of 8 to 16 s recorded (RES-01)
    "dnsResolvers/delete": (5, 10, 15, 30),  # as rulesets
    "dnsResolvers/inboundEndpoints/write": (30, 60, 120, 300),  # as outbound ones
    "dnsResolvers/inboundEndpoints/delete": (30, 60, 120, 300),  # as writes
    "dnsResolvers/outboundEndpoints/write": (30, 60, 120, 300),  # one of 5 to 126 s recorded (RES-01)
    "dnsResolvers/outboundEndpoints/delete": (30, 60, 120, 300),  # as writes
    "dnsForwardingRulesets/write": (5, 8, 9, 20),  # 8 and 9 s recorded (RES-01)
    "dnsForwardingRulesets/delete": (5, 10, 12, 20),  # 10 s recorded (RES-01)
    "dnsForwardingRulesets/virtualNetworkLinks/write": (5, 12, 18, 30),  # 5 to 18 s recorded (RES-01)
    "dnsForwardingRulesets/virtualNetworkLinks/delete": (5, 8, 10, 20),  # 7 to 10 s recorded (RES-01)
    "storageAccounts/write": (17, 18, 30, 52),
    "servers/write": (3, 66, 82, 188),
    "databases/write": (15, 45, 90, 120),  # over at the third to seventh poll, 15 s apart (SVC-06)
    "servers/delete": (3, 15, 248, 412),  # of SQL; 248 and 412 recorded (LRO-23), seconds elsewhere
    "targets/write": (10, 60, 300, 1200),  # not recorded: services document minutes (LRO-24)
    "targets/delete": (5, 10, 20, 60),  # polled once or twice; 60 s for a managed HSM (LRO-18)
    "sqlParts/write": (5, 15, 30, 60),  # seen over at the first to third poll, 5 to 15 s apart (SVC-06)
    "vaults/write": (10, 23, 31, 40),  # first GET that says Succeeded: 23 to 31 s (LRO-17)
    "vaults/purge": (2, 5, 10, 30),  # 2 s recorded (TGT-70)
    "namespaces/write": (40, 51, 68, 90),  # 47, 51 and 68 s between createdAt and updatedAt (LRO-18)
    "registries/write": (6, 10, 15, 30),  # one poll after 10 s recorded (LRO-18)
    "batchAccounts/write": (8, 15, 17, 30),  # one poll after 15 to 17 s recorded (LRO-18)
    "managedHSMs/write": (300, 430, 450, 600),  # one creation of 431 s recorded (LRO-18)
    "privateEndpointConnections/write": (10, 15, 30, 40),  # Key Vault 10 to 40 s (TGT-04)
    "resourceGroups/delete": (118, 122, 124, 130),  # 122 and 124 recorded
    "resourceGroups/validate": (15, 15, 30, 60),  # not recorded: the documented Retry-After is 15
    "resourceGroups/move": (60, 240, 600, 10800),  # reported: 4 minutes, and once 3 hours (ARM-37)
}


class Durations:
    """Draws per resource: the nth draw of a kind for a resource depends on the seed and on nothing else."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._counts: dict[tuple[str, str], int] = {}
        self.fixed: dict[str, float] = {}

    def fix(self, kind: str, seconds: float | None) -> None:
        """Let every operation of a kind take so long; None: drawn again. LookupError for an unknown kind."""
        if kind not in QUANTILES:
            raise LookupError(f"unknown kind of operation: {kind}; there are {', '.join(QUANTILES)}")
        if seconds is None:
            self.fixed.pop(kind, None)
        else:
            self.fixed[kind] = float(seconds)

    def draw(self, kind: str, key: str) -> float:
        """Seconds for the next operation of `kind` on the resource with this key.

        KeyError for an unknown kind.
        """
        if kind in self.fixed:
            return self.fixed[kind]
        count = self._counts.get((kind, key), 0)
        self._counts[kind, key] = count + 1
        return quantile(QUANTILES[kind], Random(f"{self._seed}|{kind}|{key}|{count}").random())


def quantile(points: tuple[float, float, float, float], u: float) -> float:
    """The value at probability `u`: log-linear between p10, p50, p90 and max; p10 below 0.1."""
    p10, p50, p90, top = points
    for low, high, start, end in ((0.1, 0.5, p10, p50), (0.5, 0.9, p50, p90), (0.9, 1.0, p90, top)):
        if u <= low:
            return float(start)
        if u <= high:
            share = (u - low) / (high - low)
            return math.exp(math.log(start) + share * (math.log(end) - math.log(start)))
    return float(top)
