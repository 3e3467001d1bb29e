"""The pins of `requirements.txt`, and `requirements.lock`: the same pins with the hash of one file each.

A package is built for one platform alone, so each pin has exactly one file that may be installed.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS, LOCK = ROOT / "requirements.txt", ROOT / "requirements.lock"
PYTHON = (3, 13)  # of the function app; bytecode is made by the same version
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64")
HEADER = (
    "# Made by `make lock` from requirements.txt: for each pin the one file that a package is built from.\n"
)
_LINE = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?:\s+--hash=sha256:([0-9a-f]{64}))?\s*$")


class PackageError(Exception):
    """No package can be built: says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution. `name` is normalised; `sha256` is that of its wheel, empty outside the lock."""

    name: str
    version: str
    sha256: str = ""


def read(path: Path) -> dict[str, Pin]:
    """The pins of a file by normalised name. Raises PackageError for a line that is no pin."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    pins = [_pin(line, path) for line in lines if line and not line.startswith("#")]
    return {pin.name: pin for pin in pins}


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it (packaging.python.org, name normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def require_agreement() -> dict[str, Pin]:
    """The locked pins. Raises PackageError where the lock has other versions than requirements.txt."""
    asked, locked = read(REQUIREMENTS), read(LOCK)
    wrong = sorted(
        name for name in asked.keys() | locked.keys() if _differs(asked.get(name), locked.get(name))
    )
    if wrong:
        raise PackageError(f"requirements.lock does not agree about {', '.join(wrong)}: run `make lock`")
    return locked


def write_lock() -> None:
    """Download the file of every pin, and write the lock. Raises PackageError where an index has none."""
    with tempfile.TemporaryDirectory() as folder:
        pip("download", "--requirement", str(REQUIREMENTS), "--dest", folder)
        hashes = {_named(wheel): _sha256(wheel) for wheel in sorted(Path(folder).glob("*.whl"))}
    lines = [f"{pin.name}=={pin.version} --hash=sha256:{hashes[pin.name]}\n" for pin in _sorted()]
    LOCK.write_text(HEADER + "".join(lines), "utf-8")


def pip(command: str, *arguments: str) -> None:
    """Run pip for the platform of the function app: wheels only, and nothing that is not named.

    Raises PackageError with what pip says.
    """
    platforms = [part for name in PLATFORMS for part in ("--platform", name)]
    abis = [part for name in ("cp313", "abi3", "none") for part in ("--abi", name)]
    target = ["--python-version", "3.13", "--implementation", "cp", *platforms, *abis]
    fixed = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--quiet"]
    whole = [sys.executable, "-m", "pip", command, *fixed, *target, *arguments]
    ran = subprocess.run(whole, check=False, capture_output=True, text=True)
    if ran.returncode != 0:
        raise PackageError(f"pip {command} failed:\n{ran.stderr.strip()[-2000:]}")


def _sorted() -> list[Pin]:
    return [pin for _, pin in sorted(read(REQUIREMENTS).items())]


def _pin(line: str, path: Path) -> Pin:
    found = _LINE.match(line)
    if found is None:
        raise PackageError(f"{path.name}: {line!r} is not NAME==VERSION")
    return Pin(normalised(found[1]), found[2], found[3] or "")


def _differs(asked: Pin | None, locked: Pin | None) -> bool:
    return asked is None or locked is None or asked.version != locked.version or not locked.sha256


def _named(wheel: Path) -> str:
    return normalised(wheel.name.split("-")[0])


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
