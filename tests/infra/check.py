"""All checks of a folder of Bicep files.

    python -m tests.infra.check [FOLDER]

The facts about types are not part of this repository: `data/bicep-types-slice.json` in the folder that
CAUSEWAY_SHARED names, or in `shared` beside the repository. Without them types are not checked.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.infra.names import check_names, unused
from tests.infra.syntax import Finding, misread, read_folder
from tests.infra.types import Types

REPOSITORY = Path(__file__).parents[2]
INFRA = REPOSITORY / "infra"


def shared(path: str) -> Path:
    """Where material that is not part of the repository would be."""
    given = os.environ.get("CAUSEWAY_SHARED")
    return (Path(given) if given else REPOSITORY.parent / "shared") / "data" / path


def types() -> Types | None:
    """The facts about resource types; None where they are not available."""
    path = shared("bicep-types-slice.json")
    return Types.read(path) if path.is_file() else None


def check(folder: Path, known: Types | None) -> list[Finding]:
    """What is wrong in the Bicep files of a folder."""
    found = list[Finding]()
    for source in read_folder(folder):
        if broken := misread(source):
            found += broken
            continue
        found += check_names(source)
        found += unused(source)
        found += known.check(source) if known else ()
    return found


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else INFRA
    known = types()
    found = check(folder, known)
    print("\n".join(map(str, found)) or f"nothing found in {len(read_folder(folder))} files")
    print("types are checked" if known else "types are not checked: their facts are not here")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
