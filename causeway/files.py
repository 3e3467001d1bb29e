"""Reading what a person names on the command line, with a bound on its size."""

from __future__ import annotations

import sys
from pathlib import Path

from shared.core.base.errors import clean

STANDARD_INPUT = "-"


class UnreadableError(Exception):
    """A file or a service could not be read: what, why, and what to do."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{clean(what, 300)}: {clean(why, 300)}; {remedy}")


def text_of(file: str, most: int) -> str:
    """A file's text; `-` is standard input. `most`: bytes that are read. Raises UnreadableError."""
    try:
        raw = _bytes(file, most + 1)
    except OSError as error:
        raise UnreadableError(file, error.strerror or str(error), "name a file that can be read") from error
    if len(raw) > most:
        raise UnreadableError(file, f"it has more than {most:,} bytes", "is it the right file?")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(file, str(error), "save it as UTF-8") from error


def _bytes(file: str, count: int) -> bytes:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(count)
    with Path(file).open("rb") as stream:
        return stream.read(count)
