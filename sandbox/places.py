"""The folder and the ports of one sandbox, taken before anything is written."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

LOCK_FILE = "lock"
MOST_SANDBOXES = 100  # in one folder
HIGHEST_PORT = 65535


class PlaceError(Exception):
    """A port or a folder is not free: says which, and what to do."""


@contextmanager
def own_folder(wanted: Path) -> Iterator[Path]:
    """The wanted folder, or the first of its subfolders 2, 3, ... that no running sandbox uses.

    It is locked until the block ends; the system frees the lock of a process that was killed. Raises
    PlaceError when all are in use.
    """
    for number in range(1, MOST_SANDBOXES + 1):
        folder = (wanted if number == 1 else wanted / str(number)).resolve()
        lock = _locked(folder)
        if lock is None:
            continue
        try:
            yield folder
        finally:
            os.close(lock)
        return
    raise PlaceError(f"{MOST_SANDBOXES} sandboxes use {wanted}; choose another folder with --dir")


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock, or None when another process holds it.

    Children do not inherit it, so the lock ends with this process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def require_free(ports: list[int]) -> None:
    """Raise PlaceError when a port of 127.0.0.1 is taken. Port 0, which means any free one, is skipped."""
    taken = [port for port in ports if port and not is_free(port)]
    if taken:
        listed = ", ".join(map(str, taken))
        which = f"port {listed} of 127.0.0.1 is" if len(taken) == 1 else f"ports {listed} of 127.0.0.1 are"
        raise PlaceError(
            f"{which} in use; choose others with --port-base, or leave it out to use any free ones"
        )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with closing(socket.socket()) as probe:
        # As servers do: connections of an ended server that wait for their end do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
