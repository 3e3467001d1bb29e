"""Documents that say where something is name files that exist."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOTS = ("shared", "sandbox", "handlers", "causeway", "tests", "docs", "benchmarks", "infra", "tools")
ROOMS = ("core", "flow", "adapters")  # of `shared`, which the architecture leaves out
DOCUMENTS = (
    "CONTRIBUTING.md",
    "README.md",
    "docs/architecture.md",
    "docs/comparison.md",
    "docs/decisions.md",
    "docs/deploy.md",
    "docs/guide.md",
    "docs/operations.md",
)


def missing(text: str) -> list[str]:
    """The paths in backticks, from the repository's root or from `shared`, at which nothing is."""
    found = re.findall(rf"`((?:{'|'.join((*ROOTS, *ROOMS))})/[\w./*-]*)`", text)
    return [one for one in found if not any(list(base.glob(one.rstrip("/"))) for base in bases(one))]


def bases(path: str) -> tuple[Path, ...]:
    return (REPOSITORY / "shared",) if path.split("/")[0] in ROOMS else (REPOSITORY,)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    assert missing((REPOSITORY / document).read_text("utf-8")) == []


@pytest.mark.parametrize("gone", ["shared/core/proof.py", "core/place.py", "tests/core/test_gone.py"])
def test_a_path_of_a_file_that_moved_is_found(gone: str) -> None:
    assert missing(f"see `{gone}` and `shared/core/outcome/proof.py`") == [gone]
