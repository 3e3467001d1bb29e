"""The app that a sandbox runs: a folder, or a built deployment zip, unpacked."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

PACKAGES = ".python_packages/lib/site-packages"  # where a built package has the app's dependencies


class AppError(Exception):
    """The given path is not a function app: says what is missing."""


def app_folder(app: Path, scratch: Path) -> Path:
    """The folder of the app; a zip is unpacked below `scratch`, in place of an earlier one.

    Raises AppError unless function_app.py and host.json are at its top, where Azure expects them.
    """
    folder = _unpacked(app, scratch / "app") if app.is_file() else app
    for name in ("function_app.py", "host.json"):
        if not (folder / name).is_file():
            raise AppError(f"{app} is no function app: it has no {name} at its top")
    return folder.resolve()


def _unpacked(package: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with zipfile.ZipFile(package) as content:
            content.extractall(folder)
    except zipfile.BadZipFile as error:
        raise AppError(f"{package} is neither a folder nor a zip: {error}") from error
    return folder
