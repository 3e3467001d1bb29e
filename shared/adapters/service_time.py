"""The clock of the storage service, by which all workers judge whether a lease has expired.

The clocks of two machines can differ by minutes, the service has one. Every HTTP response has its time in the
`Date` header, in whole seconds (RFC 9110, section 6.6.1). Between two responses the monotonic clock of this
process counts on.
"""

from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from shared.core.base.errors import TransientError


class Monotonic(Protocol):
    """A clock that never jumps."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""


class ServiceTime:
    """The time of a service. Late by at most the time that a response took, and one second."""

    def __init__(self, clock: Monotonic) -> None:
        self._clock = clock
        self._ahead: float | None = None  # of the service's seconds since 1970 over the monotonic clock

    def note(self, response: Any) -> None:
        """Read the Date of one response: a `raw_response_hook` of the Azure SDK."""
        try:
            sent = parsedate_to_datetime(str(response.http_response.headers.get("Date")))
        except ValueError:
            return  # a response without a date, or a proxy's: the one before still counts
        self._ahead = sent.timestamp() - self._clock.monotonic()

    def now(self) -> float:
        """Seconds since 1970 by the service's clock. Raises TransientError before the first response."""
        if self._ahead is None:
            raise TransientError("the storage service has not sent its time", code="NoServiceTime")
        return self._clock.monotonic() + self._ahead
