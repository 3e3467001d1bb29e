"""`python -m tools.package`: build `dist/causeway-VERSION.zip`, its bill of materials, and `dist/app`.

`python -m tools.package lock` writes `requirements.lock`.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from shared.version import VERSION
from tools.package import archive, folder, sbom
from tools.package.inventory import distributions, missing
from tools.package.pins import ROOT, PackageError, require_agreement, write_lock
from tools.package.sizes import sizes, table


def main(argv: list[str]) -> None:
    """Build, or write the lock. An error ends the process with code 1 and its text."""
    parser = argparse.ArgumentParser(prog="python -m tools.package", description=__doc__)
    parser.add_argument("task", nargs="?", choices=["build", "lock"], default="build")
    parser.add_argument("--to", type=Path, default=ROOT / "dist", help="the folder of the results")
    asked = parser.parse_args(argv)
    try:
        if asked.task == "lock":
            write_lock()
        else:
            print(build(asked.to))
    except PackageError as error:
        sys.exit(f"no package: {error}")


def build(to: Path) -> str:
    """Build everything below `to`; returns a report of the sizes. Raises PackageError."""
    app, package = to / "app", to / f"causeway-{VERSION}.zip"
    folder.build(app)
    installed = distributions(app / folder.PACKAGES)
    if lacking := missing(installed):
        raise PackageError(f"requirements.txt lacks what its distributions require: {lacking}")
    archive.write(app, package)
    text = sbom.document(VERSION, installed, require_agreement())
    package.with_suffix(".cdx.json").write_text(text, "utf-8")
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    return f"{table(sizes(package, installed))}\n{package}\nsha256 {digest}"


if __name__ == "__main__":
    main(sys.argv[1:])
