"""What each distribution adds to a package: bytes in the zip and unpacked."""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.package.folder import PACKAGES
from tools.package.inventory import Distribution

OWN = "causeway"
SHOWN = 12  # lines; the others are added up
_BYTECODE = re.compile(r"__pycache__/(\w+)\.cpython-\d+\.pyc$")


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes and files of one distribution."""

    packed: int = 0
    unpacked: int = 0
    files: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.packed + other.packed, self.unpacked + other.unpacked, self.files + other.files)


def sizes(archive: Path, installed: Iterable[Distribution]) -> dict[str, Size]:
    """By distribution; a file that belongs to none is the app's own."""
    owners = {file: one.name for one in installed for file in one.files}
    found: dict[str, Size] = defaultdict(Size)
    with zipfile.ZipFile(archive) as content:
        for entry in content.infolist():
            found[_owner(entry.filename, owners)] += Size(entry.compress_size, entry.file_size, 1)
    return dict(found)


def table(found: Mapping[str, Size]) -> str:
    """The largest, the others as one line, and all together."""
    largest = sorted(found.items(), key=lambda item: -item[1].packed)
    rows = [_row(name, size) for name, size in largest[:SHOWN]]
    others = [size for _, size in largest[SHOWN:]]
    rows.append(_row(f"{len(others)} others", sum(others, Size())))
    heading = f"{'':38}{'zip':>10}{'unpacked':>12}{'files':>8}"
    return "\n".join([heading, *rows, _row("all", sum(found.values(), Size()))])


def _owner(path: str, owners: Mapping[str, str]) -> str:
    """Bytecode belongs to its source's distribution."""
    inside = _BYTECODE.sub(r"\1.py", path.removeprefix(f"{PACKAGES.as_posix()}/"))
    return owners.get(inside, OWN)


def _row(name: str, size: Size) -> str:
    return f"{name:38}{size.packed / 1e6:>7.1f} MB{size.unpacked / 1e6:>9.1f} MB{size.files:>8}"
