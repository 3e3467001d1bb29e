"""What a deployment straight from this repository uploads."""

import os
from pathlib import Path

import pathspec

ROOT = Path(__file__).parents[2]
UNREAD = {".git", ".venv", "node_modules", ".sandbox", "dist"}  # large folders that .funcignore leaves out


def deployed_files() -> set[str]:
    """The paths that .funcignore lets through."""
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text().splitlines())
    found = set()
    for parent, folders, files in os.walk(ROOT):
        folders[:] = [one for one in folders if one not in UNREAD]
        found |= {os.path.relpath(os.path.join(parent, file), ROOT) for file in files}
    return {path for path in found if not ignored.match_file(path)}
