"""Short locks that services hold while they work, and the outcome of a second write meanwhile.

The same race was recorded with different outcomes on different days. The seed chooses among the recorded
outcomes (source: docs/azure/errors-and-locks.md, ERR-03 and ERR-13).
"""

from __future__ import annotations

from random import Random

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError
from sandbox.azure.kernel.operations import Operation


class Lock:
    """The lock of one resource: a virtual network, a storage account, an endpoint.

    Running operations hold it. rng: decides races between writes.
    """

    def __init__(self, id: ArmId, rng: Random) -> None:
        self.id = id
        self._rng = rng
        self._operations: list[Operation] = []

    @property
    def holder(self) -> Operation | None:
        """The running operation that took the lock last, or None."""
        self._operations = [operation for operation in self._operations if operation.running]
        return self._operations[-1] if self._operations else None

    def hold(self, operation: Operation) -> None:
        """Hold the lock until the operation ends. Several may hold it, after lock races."""
        self._operations.append(operation)

    def refuse(self) -> None:
        """Let a second write through or refuse it, by the seed: passes, 409, or 429.

        Raises 409 AnotherOperationInProgress (no Retry-After; the text has the URL of the running
        operation) or 429 RetryableError with Retry-After 11 to 14. Returns when the lock is free or
        the race is won.
        Source: docs/azure/errors-and-locks.md, ERR-03 and ERR-13.
        """
        holder = self.holder
        if holder is None:
            return
        match self._rng.choice(("pass", "conflict", "retry")):
            case "conflict":
                raise self.conflict(holder)
            case "retry":
                raise self.retry_later(holder)

    def passes(self) -> bool:
        """Whether a write wins a race that Azure decided both ways (by the seed)."""
        return self._rng.choice(("retry", "retry", "pass")) == "pass"

    def conflict(self, holder: Operation) -> ArmError:
        """409 AnotherOperationInProgress (source: docs/azure/errors-and-locks.md, ERR-04)."""
        url = holder.headers().get("Azure-AsyncOperation", "")
        return ArmError(
            409,
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress. To retrieve status of the "
            f"operation use uri: {url}.",
            details=[],
        )

    def retry_later(self, holder: Operation) -> ArmError:
        """429 RetryableErrorDueToAnotherOperation (source: docs/azure/errors-and-locks.md, ERR-05)."""
        wait = self._rng.randint(11, 14)
        return ArmError(
            429,
            "RetryableError",
            "A retryable error occurred.",
            details=[
                {
                    "code": "RetryableErrorDueToAnotherOperation",
                    "message": f"Operation {holder.name} ({holder.id}) is updating resource {self.id.text}. "
                    f"The call can be retried in {wait} seconds.",
                }
            ],
            retry_after=wait,
        )

    def not_provisioned(self, holder: Operation, user: ArmId, status: int = 400) -> ArmError:
        """400 ReferencedResourceNotProvisioned: `user` refers to this resource while it is being updated.

        With status 429 the same text comes as the detail of a RetryableError, without Retry-After
        (source: docs/azure/errors-and-locks.md, ERR-05 and ERR-06).
        """
        text = (
            f"Cannot proceed with operation because resource {self.id.text} used by resource {user.text} is "
            "not in Succeeded state. Resource is in Updating state and the last operation that updated/is "
            f"updating the resource is {holder.name}."
        )
        if status == 400:
            return ArmError(400, "ReferencedResourceNotProvisioned", text, details=[])
        detail = {"code": "ReferencedResourceNotProvisioned", "message": text}
        return ArmError(429, "RetryableError", "A retryable error occurred.", details=[detail])
