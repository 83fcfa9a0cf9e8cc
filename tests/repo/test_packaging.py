"""What is installed is complete: the wheel made from the sdist holds every addon, template, manifest and migration."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT_FROM = {"addons": ROOT / "addons", "templates": ROOT / "templates"}


def _build(target: str, source: Path, folder: Path) -> Path:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    [made] = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names in the wheel that is built from the unpacked sdist."""
    pytest.importorskip("hatchling", reason="hatchling builds the package; it is not installed here")
    sdist = _build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    [source] = unpacked.iterdir()
    with zipfile.ZipFile(_build("wheel", source, tmp_path_factory.mktemp("wheel"))) as archive:
        return set(archive.namelist())


def _committed(pattern: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z", pattern], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so what should be in the package is not known")
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


@pytest.mark.parametrize("folder", ["addons", "templates"])
def test_the_linked_folders_are_in_the_wheel(wheel: set[str], folder: str) -> None:
    wanted = {f"mailloom/{name}" for name in _committed(folder)}
    assert len(wanted) > 5
    assert wanted <= wheel


def test_the_core_is_in_the_wheel_with_its_migrations(wheel: set[str]) -> None:
    wanted = {name.removeprefix("core/") for name in _committed("core") if not (ROOT / name).is_symlink()}
    assert any(name.startswith("mailloom/store/migrations/0001") for name in wanted)
    assert "mailloom/py.typed" in wanted
    assert wanted <= wheel


def test_nothing_else_is_in_the_wheel(wheel: set[str]) -> None:
    assert {name.split("/")[0] for name in wheel if ".dist-info/" not in name} == {"mailloom"}
    assert not [name for name in wheel if "__pycache__" in name or name.endswith(".pyc")]


def test_the_console_script_is_declared(wheel: set[str]) -> None:
    assert [name for name in wheel if name.endswith(".dist-info/entry_points.txt")]
