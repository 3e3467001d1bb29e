"""host.json as values: the members that this host supports, with Azure's defaults.

Source of names and defaults: Microsoft Learn, "host.json reference" and "Azure Queue storage trigger";
docs/azure/functions.md, FN-01 and FN-02.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

TIMESPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)")
# Polling more often than this would cost a small machine more than it saves in waiting.
LEAST_POLLING = 0.05
# Azure Storage counts visibility in whole seconds; a shorter time could end during a pause of a busy machine.
LEAST_HOLD = 10.0


class OptionsError(Exception):
    """host.json is not valid: names the member and the error."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How queues are polled. All times in seconds.

    hold: how long a taken message stays hidden from others unless renewed; the platform's own 10 minutes,
    no setting of host.json. visibility_timeout: how long a failed message stays hidden.
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: float = 0.0
    min_polling_interval: float = 0.1
    max_polling_interval: float = 60.0
    base64: bool = True
    hold: float = 600.0

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read `extensions.queues`. Raises OptionsError."""
        batch = _count(body, "batchSize", 16, 1, 32)
        encoding = str(body.get("messageEncoding", "base64")).lower()
        if encoding not in ("base64", "none"):
            raise OptionsError(f"extensions.queues.messageEncoding is base64 or none, not {encoding!r}")
        return cls(
            batch_size=batch,
            new_batch_threshold=_count(body, "newBatchThreshold", batch // 2, 0, 1000),
            max_dequeue_count=_count(body, "maxDequeueCount", 5, 1, 1_000_000),
            visibility_timeout=timespan(body.get("visibilityTimeout", "00:00:00")),
            max_polling_interval=timespan(body.get("maxPollingInterval", "00:01:00")),
            base64=encoding == "base64",
        )

    def at(self, speed: float) -> Self:
        """The same waits at `speed` simulated seconds per second, as in the simulated Azure."""
        if speed == 1:
            return self
        return replace(
            self,
            visibility_timeout=self.visibility_timeout / speed,
            min_polling_interval=max(self.min_polling_interval / speed, LEAST_POLLING),
            max_polling_interval=max(self.max_polling_interval / speed, 4 * LEAST_POLLING),
            hold=max(self.hold / speed, LEAST_HOLD),
        )


@dataclass(frozen=True, slots=True)
class HostOptions:
    """The supported part of host.json. function_timeout None: no limit."""

    route_prefix: str = "api"
    function_timeout: float | None = None
    queues: QueueOptions = field(default_factory=QueueOptions)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read host.json's content. Raises OptionsError."""
        if body.get("version") != "2.0":
            raise OptionsError('host.json needs "version": "2.0"')
        extensions = body.get("extensions", {})
        timeout = body.get("functionTimeout")
        return cls(
            route_prefix=str(extensions.get("http", {}).get("routePrefix", "api")).strip("/"),
            function_timeout=None if timeout in (None, "-1") else timespan(timeout),
            queues=QueueOptions.parse(extensions.get("queues", {})),
        )

    @classmethod
    def load(cls, app: Path) -> Self:
        """Read host.json in the app's folder. Raises OptionsError."""
        try:
            body = json.loads((app / "host.json").read_text())
        except (OSError, ValueError) as error:
            raise OptionsError(f"{app / 'host.json'}: {error}") from error
        return cls.parse(body)


def timespan(text: object) -> float:
    """Seconds of a .NET TimeSpan, `[d.]hh:mm:ss[.fff]`. Raises OptionsError."""
    match = TIMESPAN.fullmatch(str(text))
    if match is None:
        raise OptionsError(f"{text!r} is no time span (hh:mm:ss)")
    days, hours, minutes, seconds = match.groups()
    return int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _count(body: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise OptionsError(f"extensions.queues.{name} is a number from {least} to {most}, not {value!r}")
    return value
