"""A zip whose bytes depend on the files' names and contents alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

TIME = (1980, 1, 1, 0, 0, 0)  # the first that the format can say
MODE = 0o100644 << 16  # an ordinary file that everyone may read


def files(folder: Path) -> list[str]:
    """The paths of all files below `folder`, sorted."""
    return sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())


def write(folder: Path, target: Path) -> None:
    """Put all files below `folder` into the zip `target`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in files(folder):
            archive.writestr(_entry(name), (folder / name).read_bytes())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, TIME)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, MODE, 3
    return entry
