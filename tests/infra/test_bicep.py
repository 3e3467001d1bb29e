"""`infra/` has no mistake that can be found without Bicep's compiler, and planted mistakes are found.

Mistakes in types need the facts about them, which are not part of the repository; see `check.py`.
"""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.infra.check import INFRA, check, types
from tests.infra.syntax import read_folder
from tests.infra.types import Types, kinds_used

TYPES = types()
SOURCES = read_folder(INFRA)
needs_types = pytest.mark.skipif(
    TYPES is None, reason="the facts about resource types are not here: set CAUSEWAY_SHARED"
)

MISTAKES = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text("utf-8"))


def planted(folder: Path, mistake: dict[str, str]) -> Path:
    """A copy of `infra/` with one mistake."""
    shutil.copytree(INFRA, folder)
    file = folder / mistake["file"]
    before = file.read_text("utf-8")
    assert mistake["old"] in before, f"{mistake['file']} has no {mistake['old']!r}"
    file.write_text(before.replace(mistake["old"], mistake["new"], 1), "utf-8")
    return folder


def found_in(folder: Path, mistake: dict[str, str], known: Types | None) -> bool:
    """Whether the planted mistake is found where it is."""
    found = map(str, check(planted(folder, mistake), known))
    return any(mistake["finding"] in one and one.startswith(mistake["file"]) for one in found)


def test_nothing_is_found_in_names_modules_and_scopes() -> None:
    assert list(map(str, check(INFRA, None))) == []


@needs_types
def test_nothing_is_found_in_types_and_properties() -> None:
    assert list(map(str, check(INFRA, TYPES))) == []


@needs_types
def test_every_resource_of_every_file_was_compared_with_a_known_type() -> None:
    assert TYPES is not None
    assert {kind for kind in kinds_used(SOURCES) if kind.lower() not in TYPES.resources} == set()
    assert len(kinds_used(SOURCES)) >= 25


@pytest.mark.parametrize("mistake", MISTAKES["names"])
def test_a_planted_mistake_in_names_is_found(mistake: str, tmp_path: Path) -> None:
    assert found_in(tmp_path / "infra", MISTAKES["names"][mistake], None)


@needs_types
@pytest.mark.parametrize("mistake", MISTAKES["types"])
def test_a_planted_mistake_in_types_is_found(mistake: str, tmp_path: Path) -> None:
    assert found_in(tmp_path / "infra", MISTAKES["types"][mistake], TYPES)


SHAPES = [
    {
        "k": "o",
        "n": "Thing",
        "p": {"name": [1, 1], "size": [2, 0], "mode": [3, 0], "parts": [6, 0], "open": [7, 0]},
    },
    {"k": "s"},
    {"k": "i", "minValue": 1, "maxValue": 9},
    {"k": "u", "of": [4, 5]},
    {"k": "c", "v": "Fast"},
    {"k": "c", "v": "Slow"},
    {"k": "l", "of": 2},
    {"k": "o", "n": "Open", "p": {}, "a": 1},
]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("name: 'a', size: 9, mode: 'Slow', parts: [1, 2], open: { any: 'text' }", None),
        ("name: 'a', size: 10", "10 is not between 1 and 9"),
        ("name: 'a', mode: 'Fats'", "Fast is meant?"),
        ("name: 'a', parts: [1, 'two']", "a number is needed, not text"),
        ("name: 'a', open: { any: 1 }", "text is needed, not a number"),
        ("name: 'a', sise: 1", "size is meant?"),
        ("size: 1", "name is missing"),
        ("name: size, size: name", None),
    ],
)
def test_small_types_of_its_own_show_the_same_mistakes(body: str, part: str | None, tmp_path: Path) -> None:
    """So that the checks of types are tested where the published facts are not available."""
    known = Types({"a.b/things@1": {"body": 0, "scopes": 8}}, SHAPES)
    used = "param size int\nparam name string\noutput used string = '${size}${name}'\n"
    (tmp_path / "a.bicep").write_text(f"{used}resource x 'A.B/things@1' = {{ {body} }}\n")
    found = list(map(str, check(tmp_path, known)))
    assert (found == []) if part is None else any(part in one for one in found), found
