"""Azurite, Microsoft's storage emulator, as the storage account of the sandbox and of the tests.

Started from `node_modules` (see package.json), in memory, on 127.0.0.1: blobs, queues and tables.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.child import Child

ROOT = Path(__file__).parents[1]
PROGRAM = Path("node_modules/azurite/dist/src/azurite.js")
LIFELINE = Path(__file__).with_name("lifeline.cjs")

# The account and key that every emulator of Azure Storage has, published by Microsoft.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

SERVICES = ("Blob", "Queue", "Table")
# Accept the newest SDKs' API versions; send no telemetry.
OPTIONS = ("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent")
START_TIMEOUT = 60.0


class AzuriteMissingError(Exception):
    """Node or Azurite is not installed: says what to do."""


class Azurite:
    """One running Azurite, empty at first. Use it in a `with` block, or call `start` and `stop`.

    ports: for blob, queue and table; by default Azurite chooses free ones. folder: for its log, by
    default a temporary one. tls: files of a certificate and its key: it then speaks HTTPS alone, and takes
    tokens of identities beside the account's key. Both calls block for about a second: from a coroutine use
    asyncio.to_thread.
    """

    def __init__(
        self,
        folder: Path | None = None,
        ports: tuple[int, int, int] = (0, 0, 0),
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self._ports = ports
        self._tls = tls
        self._given_folder = folder
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._child: Child | None = None
        self._urls: dict[str, str] = {}

    def start(self) -> Self:
        """Start it and wait until its three ports are open.

        Raises AzuriteMissingError, or ChildError with the end of its log when it does not start.
        """
        command = _command(self._ports, self._tls)
        self._child = Child("azurite", command, self._folder() / "azurite.log", os.environ, ROOT)
        # It logs this once for each service, as soon as that listens.
        patterns = [rf"Azurite {one} service is successfully listening at (https?://\S+)" for one in SERVICES]
        try:
            found = self._child.wait_for(*patterns, timeout=START_TIMEOUT)
        except BaseException:
            self.stop()
            raise
        self._urls = {one: f"{url}/{ACCOUNT}" for one, url in zip(SERVICES, found, strict=True)}
        return self

    @property
    def running(self) -> bool:
        """False before `start`, after `stop`, and when it ended by itself."""
        return self._child is not None and self._child.exit_code is None

    def stop(self) -> None:
        """End it and lose its data. Does nothing when it does not run."""
        if self._child is not None:
            self._child.kill()  # it has nothing to save, and after SIGTERM it would wait for idle connections
            self._child = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    @property
    def blobs(self) -> str:
        """The blob service's URL, account included."""
        return self._urls["Blob"]

    @property
    def queues(self) -> str:
        """The queue service's URL, account included."""
        return self._urls["Queue"]

    @property
    def tables(self) -> str:
        """The table service's URL, account included."""
        return self._urls["Table"]

    @property
    def connection_string(self) -> str:
        """The value of the app setting AzureWebJobsStorage."""
        scheme = "http" if self._tls is None else "https"
        return (
            f"DefaultEndpointsProtocol={scheme};AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={self.blobs};QueueEndpoint={self.queues};TableEndpoint={self.tables};"
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _folder(self) -> Path:
        if self._given_folder is not None:
            self._given_folder.mkdir(parents=True, exist_ok=True)
            return self._given_folder
        self._scratch = tempfile.TemporaryDirectory(prefix="azurite-")
        return Path(self._scratch.name)


def _command(ports: tuple[int, int, int], tls: tuple[Path, Path] | None) -> list[str]:
    node = shutil.which("node")
    if node is None:
        raise AzuriteMissingError("Azurite needs Node 18 or newer; none is on PATH. Install it: make setup")
    if not (ROOT / PROGRAM).exists():
        raise AzuriteMissingError(f"{PROGRAM} is missing. Install it: make setup")
    command = [node, "--require", str(LIFELINE), str(ROOT / PROGRAM), *OPTIONS]
    if tls is not None:
        command += ["--oauth", "basic", "--cert", str(tls[0]), "--key", str(tls[1])]
    for service, port in zip(SERVICES, ports, strict=True):
        command += [f"--{service.lower()}Host", "127.0.0.1", f"--{service.lower()}Port", str(port)]
    return command
