"""A whole package, built from the lock: what is in it, that it imports by itself, and that it runs.

It needs the package index, so it is not a part of `make test`: `make test-package` runs it.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sandbox.up import Sandbox
from sandbox.user import Refused, User
from shared.version import VERSION
from tests.builders.deployed import deployed_files
from tests.builders.insights import ingestion, name_of
from tools.package.__main__ import build
from tools.package.folder import PACKAGES
from tools.package.pins import LOCK, read

ACCOUNT = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-app/providers"
    "/Microsoft.Storage/storageAccounts/packaged"
)
BODY = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
# Imports every module of the app by the package alone, and counts what had to be compiled for it.
IMPORT_ALL = """
import importlib, importlib.machinery, pathlib, pkgutil, sys
app, packages = sys.argv[1:]
sys.path[:0] = [app, packages]
compiled, compile_source = [], importlib.machinery.SourceFileLoader.source_to_code
def counted(self, data, path, **options):
    compiled.append(path)
    return compile_source(self, data, path, **options)
importlib.machinery.SourceFileLoader.source_to_code = counted
import function_app
for package in ("handlers", "shared"):
    for module in pkgutil.walk_packages([f"{app}/{package}"], f"{package}."):
        importlib.import_module(module.name)
outside = [n for n, m in sys.modules.items() if "site-packages" in (getattr(m, "__file__", "") or "")
           and not m.__file__.startswith(packages)]
print(len(compiled), len(outside), sum(n.startswith("shared.") for n in sys.modules))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a package, its bill of materials and its unpacked content."""
    to = tmp_path_factory.mktemp("dist")
    print(build(to))
    return to


@pytest.fixture(scope="module")
def package(built: Path) -> Path:
    return built / f"causeway-{VERSION}.zip"


@pytest.fixture
def unpacked(package: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(package) as content:
        content.extractall(tmp_path / "app")
    return tmp_path / "app"


def imported(app: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "-c", IMPORT_ALL, str(app), str(app / PACKAGES)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_two_builds_are_equal_byte_for_byte(built: Path, package: Path, tmp_path: Path) -> None:
    build(tmp_path)
    for name in (package.name, f"causeway-{VERSION}.cdx.json"):
        assert (tmp_path / name).read_bytes() == (built / name).read_bytes()


def test_the_zip_has_the_app_and_its_packages_and_nothing_else(package: Path) -> None:
    with zipfile.ZipFile(package) as content:
        names = [name for name in content.namelist() if not name.endswith(".pyc")]
    own = {name for name in names if not name.startswith(PACKAGES.as_posix())}
    assert own == deployed_files() - {"requirements.txt"}
    assert not [name for name in names if "/bin/" in name or ".funcignore" in name]


def test_the_folder_for_the_deployment_has_what_the_zip_has(built: Path, package: Path) -> None:
    files = {one.relative_to(built / "app").as_posix() for one in (built / "app").rglob("*") if one.is_file()}
    with zipfile.ZipFile(package) as content:
        assert files == set(content.namelist())


def test_the_bill_of_materials_names_what_is_really_inside(built: Path, unpacked: Path) -> None:
    whole = json.loads((built / f"causeway-{VERSION}.cdx.json").read_text("utf-8"))
    folders = {one.name for one in (unpacked / PACKAGES).glob("*.dist-info")}
    assert len(folders) == len(whole["components"]) == len(read(LOCK))
    assert {one["name"] for one in whole["components"]} == set(read(LOCK))


def test_every_module_imports_from_the_package_alone_and_none_is_compiled(unpacked: Path) -> None:
    ran = imported(unpacked)
    assert ran.returncode == 0, ran.stderr
    compiled, outside, own = map(int, ran.stdout.split())
    assert (compiled, outside) == (0, 0)
    assert own > 100


def test_a_package_that_lacks_a_distribution_does_not_import(unpacked: Path) -> None:
    shutil.rmtree(unpacked / PACKAGES / "multidict")
    assert "No module named 'multidict'" in imported(unpacked).stderr


async def test_the_zip_connects_a_storage_account_by_its_own_packages(package: Path) -> None:
    async with Sandbox(app=package, speed=60) as box, User(box.endpoints) as user:
        await user.put(ACCOUNT, BODY)
        while (state := await user.connection(ACCOUNT)) is None or state["result"] == "Pending":
            await asyncio.sleep(0.2)
        assert state["result"] == "Connected"


async def test_the_zip_sends_its_telemetry_by_its_own_packages(package: Path) -> None:
    async with ingestion() as (connection, items):
        settings = {
            "CAUSEWAY_TELEMETRY": "azure",
            "APPLICATIONINSIGHTS_CONNECTION_STRING": connection,
            "PYTHON_ENABLE_OPENTELEMETRY": "true",
        }
        async with Sandbox(app=package, speed=60, settings=settings) as box, User(box.endpoints) as user:
            await user.put(ACCOUNT, BODY)
            while "reconcile" not in {name_of(item) for item in items}:
                await asyncio.sleep(0.2)
    assert "PUT microsoft.network/privateendpoints" in {name_of(item) for item in items}


async def test_a_zip_that_lacks_a_distribution_fails_also_where_the_developer_has_it(
    package: Path, tmp_path: Path
) -> None:
    poorer = tmp_path / "poorer.zip"
    with zipfile.ZipFile(package) as whole, zipfile.ZipFile(poorer, "w") as less:
        for name in whole.namelist():
            if f"{PACKAGES.as_posix()}/pydantic_core" not in name:
                less.writestr(name, whole.read(name))
    async with Sandbox(app=poorer, speed=60) as box, User(box.endpoints) as user:
        with pytest.raises(Refused):
            await user.health()
        assert "No module named 'pydantic_core'" in (box.used_folder / "host-0.log").read_text("utf-8")
