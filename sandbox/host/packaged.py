"""Runs the host with a built package's own distributions, and without those of the development environment.

`python -I -S sandbox/host/packaged.py APP PLATFORM OPTIONS`: what the package lacks is missing here as it is
in Azure. The platform itself brings this host and Microsoft's worker library, and no more; the host uses the
package's copies of what both need.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

PLATFORM = ("sandbox", "azure_functions_runtime", "azurefunctions")  # what the platform's image brings


class Platform(MetaPathFinder):
    """Finds the platform's own modules in folders that are not searched for anything else."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = list(folders)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(fullname, self._folders, target) if fullname in PLATFORM else None


def main(app: str, platform: str, *options: str) -> None:
    """`app`: the unpacked package. `platform`: a folder that has the worker library."""
    repository = str(Path(__file__).resolve().parents[2])
    sys.meta_path.append(Platform([repository, platform]))
    from sandbox.app_folder import PACKAGES

    sys.path[:0] = [str(Path(app) / PACKAGES)]
    from sandbox.host.__main__ import main as run

    run(["--app", app, *options])


if __name__ == "__main__":
    main(*sys.argv[1:])
