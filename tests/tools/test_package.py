"""The package's parts: pins and lock, the zip, the bill of materials. `tests/package` builds a whole one."""

import json
import os
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from shared.version import VERSION
from tools.package import archive, pins, sbom
from tools.package.inventory import Distribution, distributions, missing
from tools.package.sizes import Size, sizes, table

ROOT = Path(__file__).parents[2]
DEVELOPMENT = ROOT / "requirements-dev.txt"


def runtime() -> list[Distribution]:
    """The installed distributions that requirements.txt pins."""
    asked = pins.read(pins.REQUIREMENTS)
    return [one for one in distributions(Path(sysconfig.get_path("purelib"))) if one.name in asked]


def test_the_lock_has_the_pins_of_the_requirements_and_a_hash_for_each() -> None:
    locked = pins.require_agreement()
    assert len(locked) > 30
    assert all(len(pin.sha256) == 64 for pin in locked.values())


def test_no_distribution_is_pinned_in_two_files() -> None:
    lines = DEVELOPMENT.read_text("utf-8").splitlines()
    for_people = {pins.normalised(line.split("==")[0]) for line in lines if "==" in line}
    assert for_people & set(pins.read(pins.REQUIREMENTS)) == set()


def test_the_requirements_name_all_that_their_distributions_require() -> None:
    assert missing(runtime()) == {}


def test_the_requirements_name_nothing_that_nothing_requires() -> None:
    direct = pins.REQUIREMENTS.read_text("utf-8").split("\n\n")[0]
    needed = {need for one in runtime() for need in one.needs}
    chosen = {pins.normalised(line.split("==")[0]) for line in direct.splitlines() if "==" in line}
    assert set(pins.read(pins.REQUIREMENTS)) == chosen | needed


def test_the_environment_has_the_pinned_versions() -> None:
    asked = pins.read(pins.REQUIREMENTS)
    assert {name: metadata.version(name) for name in asked} == {n: pin.version for n, pin in asked.items()}


def test_a_line_that_is_no_pin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("aiohttp>=3\n")
    with pytest.raises(pins.PackageError, match="aiohttp>=3"):
        pins.read(tmp_path / "some.txt")


def test_the_version_is_written_in_one_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "shared.version.VERSION"}
    assert VERSION.count(".") == 2


def a_folder(at: Path, *names: str) -> Path:
    for name in names:
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_text(f"content of {name}")
    return at


def test_a_zip_does_not_depend_on_the_order_or_the_time_of_its_files(tmp_path: Path) -> None:
    first = a_folder(tmp_path / "first", "b.py", "a/c.py")
    second = a_folder(tmp_path / "second", "a/c.py", "b.py")
    os.utime(second / "b.py", (1e9, 1e9))
    (second / "b.py").chmod(0o755)
    archive.write(first, tmp_path / "first.zip")
    archive.write(second, tmp_path / "second.zip")
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


ONE = Distribution("one", "1.0", "MIT OR Apache-2.0", "", "The first.", ("two",), ("one/a.py", "one/b.py"))
TWO = Distribution("two", "2.0", "", "MIT License", "", (), ("two.py",))
LOCKED = {"one": pins.Pin("one", "1.0", "1" * 64), "two": pins.Pin("two", "2.0", "2" * 64)}


def test_the_bill_of_materials_names_every_distribution_with_its_hash_and_its_needs() -> None:
    whole = json.loads(sbom.document("3.0.0", [ONE, TWO], LOCKED))
    assert [one["purl"] for one in whole["components"]] == ["pkg:pypi/one@1.0", "pkg:pypi/two@2.0"]
    assert [one["hashes"][0]["content"] for one in whole["components"]] == ["1" * 64, "2" * 64]
    licences = [one["licenses"] for one in whole["components"]]
    assert licences == [[{"expression": "MIT OR Apache-2.0"}], [{"license": {"name": "MIT License"}}]]
    edges = {one["ref"]: one["dependsOn"] for one in whole["dependencies"]}
    assert edges == {
        "causeway": ["pkg:pypi/one@1.0"],
        "pkg:pypi/one@1.0": ["pkg:pypi/two@2.0"],
        "pkg:pypi/two@2.0": [],
    }


def test_the_bill_of_materials_is_another_one_where_the_content_is() -> None:
    same = sbom.document("3.0.0", [ONE, TWO], LOCKED), sbom.document("3.0.0", [ONE, TWO], LOCKED)
    other = sbom.document("3.0.0", [ONE], LOCKED)
    assert same[0] == same[1]
    assert json.loads(same[0])["serialNumber"] != json.loads(other)["serialNumber"]


def test_sizes_count_bytecode_with_its_distribution_and_the_rest_as_the_apps(tmp_path: Path) -> None:
    inside = ".python_packages/lib/site-packages"
    names = (
        f"{inside}/one/a.py",
        f"{inside}/one/__pycache__/a.cpython-313.pyc",
        f"{inside}/two.py",
        "host.json",
    )
    archive.write(a_folder(tmp_path / "all", *names), tmp_path / "all.zip")
    found = sizes(tmp_path / "all.zip", [ONE, TWO])
    assert {name: size.files for name, size in found.items()} == {"one": 2, "two": 1, "causeway": 1}
    assert f"{'all':38}" in table(found)
    assert sum(found.values(), Size()).files == 4
