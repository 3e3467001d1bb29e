"""The policy in a file."""

import asyncio
import hashlib
from pathlib import Path

from shared.core.base.errors import BlockedError
from shared.core.policy.in_force import MAX_BYTES, PolicyText


class FilePolicy:
    """A file, read whole each time: what changed is its content, whatever its time says."""

    interval = 1.0

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def where(self) -> str:
        """The path."""
        return str(self._path)

    async def read(self, unless: str) -> PolicyText | None:
        """As `ports.PolicySource`. Raises BlockedError where the file cannot be read."""
        return await asyncio.to_thread(self._read, unless)

    def _read(self, unless: str) -> PolicyText | None:
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            remedy = "deploy the policy with the app, or name its path in this setting"
            raise BlockedError("PolicyNotReadable", str(error), remedy) from error
        version = hashlib.sha256(content).hexdigest()
        return None if version == unless else PolicyText(content, version)
