"""The folder that is deployed: the app, its packages, and bytecode that is valid wherever it is unpacked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.package.pins import LOCK, PYTHON, ROOT, PackageError, pip, require_agreement

APP = ("function_app.py", "host.json", "connectivity.yaml", "handlers", "shared")
PACKAGES = Path(".python_packages/lib/site-packages")  # where the platform looks for an app's packages
DEPLOYED = "/home/site/wwwroot"


def build(folder: Path) -> None:
    """Fill `folder`, which is emptied first. Raises PackageError."""
    if sys.version_info[:2] != PYTHON:
        raise PackageError(
            f"bytecode for Python {PYTHON[0]}.{PYTHON[1]} cannot be made by {sys.version.split()[0]}"
        )
    require_agreement()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _copy_app(folder)
    pip(
        "install",
        "--require-hashes",
        "--no-compile",
        "--target",
        str(folder / PACKAGES),
        "--requirement",
        str(LOCK),
    )
    _without_scripts(folder / PACKAGES)
    _compile(folder)


def _copy_app(folder: Path) -> None:
    for name in APP:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"))
        else:
            shutil.copyfile(source, target)


def _without_scripts(packages: Path) -> None:
    """Delete console scripts: they name the Python that built the package, and nothing there runs them."""
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for record in packages.glob("*.dist-info/RECORD"):
        lines = record.read_text("utf-8").splitlines(keepends=True)
        kept = sorted(line for line in lines if not line.startswith(("../", "bin/")))
        record.write_text("".join(kept), "utf-8")


def _compile(folder: Path) -> None:
    """Compile all modules. The bytecode is not compared with its source, whose time a zip does not keep.

    (docs.python.org, py_compile.PycInvalidationMode.UNCHECKED_HASH: for files that something else keeps in
    step.) One process in a fixed order: the same source gives the same bytes.
    """
    fixed = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", DEPLOYED]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    whole = [sys.executable, "-m", "compileall", *fixed, str(folder)]
    ran = subprocess.run(whole, check=False, capture_output=True, text=True, env=environment)
    if ran.returncode != 0:
        raise PackageError(f"modules that do not compile:\n{ran.stdout.strip()[-2000:]}")
