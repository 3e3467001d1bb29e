"""A policy that a test changes while the app runs."""

import asyncio

from shared.core.policy.in_force import PolicyText
from shared.core.policy.policy import Policy


class ChangingPolicy:
    """Its text can be replaced, made unreadable, or slow. `reads`: how often it was read, `sent`: as text."""

    where = "https://acct.blob.core.windows.net/policies/connectivity.yaml"
    interval = 30.0

    def __init__(self, text: str) -> None:
        self.reads = self.sent = 0
        self.error: Exception | None = None
        self.seconds = 0.0
        self._number = 0
        self.put(text)

    def put(self, text: str | bytes) -> None:
        """Write it, under a new version, as a blob's ETag changes also where the text does not."""
        self._number += 1
        content = text if isinstance(text, bytes) else text.encode()
        self._text = PolicyText(content, f'"{self._number}"')

    def fail(self, error: Exception) -> None:
        """Raise this on each read until `error` is None again."""
        self.error = error

    async def read(self, unless: str) -> PolicyText | None:
        self.reads += 1
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        if self._text.version == unless:
            return None
        self.sent += 1
        return self._text


async def parsed(read: PolicyText) -> Policy:
    """Parse a policy on the loop itself: in virtual time no thread is waited for."""
    return Policy.parse(read.text())
