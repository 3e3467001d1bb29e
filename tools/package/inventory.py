"""The distributions that a folder of packages really holds, by their own metadata."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tools.package.pins import normalised

TARGET = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
}


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution. `needs`: names of those it requires here. `files`: from its RECORD.

    `spdx`: the licence as an SPDX expression (packaging.python.org, core metadata, License-Expression);
    `license`: its name where there is none.
    """

    name: str
    version: str
    spdx: str
    license: str
    summary: str
    needs: tuple[str, ...]
    files: tuple[str, ...]


def distributions(packages: Path) -> list[Distribution]:
    """All distributions in a folder, sorted by name."""
    found = [_read(one) for one in metadata.distributions(path=[str(packages)])]
    return sorted(found, key=lambda one: one.name)


def missing(found: list[Distribution]) -> dict[str, tuple[str, ...]]:
    """What a distribution requires and the folder does not have, by the distribution."""
    names = {one.name for one in found}
    lacking = {one.name: tuple(need for need in one.needs if need not in names) for one in found}
    return {name: needs for name, needs in lacking.items() if needs}


def _read(one: metadata.Distribution) -> Distribution:
    described = one.metadata
    return Distribution(
        normalised(described["Name"]),
        one.version,
        described.get("License-Expression") or "",
        _short(described.get("License")) or _classified(described),
        described.get("Summary") or "",
        _needs(one),
        tuple(str(file) for file in one.files or ()),
    )


def _needs(of: metadata.Distribution) -> tuple[str, ...]:
    asked = [Requirement(text) for text in of.requires or ()]
    held = {normalised(one.name) for one in asked if one.marker is None or one.marker.evaluate(TARGET)}
    return tuple(sorted(held))


def _short(text: str | None) -> str:
    """A licence's name; some distributions have its whole text there."""
    return text if text and "\n" not in text and len(text) < 80 else ""


def _classified(described: metadata.PackageMetadata) -> str:
    classes = [one for one in described.get_all("Classifier") or () if one.startswith("License ::")]
    return classes[0].rsplit(" :: ", 1)[-1] if classes else ""
