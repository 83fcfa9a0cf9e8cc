"""Addons are found in folders and in installed packages, without a line of their code being run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from mailloom.errors import ConfigurationError
from mailloom.registry import Registry
from mailloom.registry.discovery import find_addons, use_addons_path
from mailloom.store.database import Database
from mailloom.store.secrets import Keys
from mailloom.store.system import AddonState

Write = Callable[..., Path]


def test_the_bundled_addons_are_found() -> None:
    assert {"smtp", "imap", "alias"} <= set(find_addons(entry_points=False))


def test_a_folder_without_a_manifest_is_no_addon(addons_folder: Path) -> None:
    (addons_folder / "empty").mkdir()
    (addons_folder / "file.txt").touch()
    assert "empty" not in find_addons([addons_folder])


def test_scanning_runs_no_code(registry: Registry, write_addon: Write) -> None:
    write_addon("shop", "raise SystemExit('imported')\n", files={"__init__.py": "raise SystemExit('imported')\n"})
    assert "shop" in registry.scan()
    registry.load()
    assert registry.addons["shop"].state is AddonState.AVAILABLE
    assert "mailloom.addons.shop" not in sys.modules


def test_a_bundled_addon_cannot_be_replaced_by_one_on_the_path(write_addon: Write, addons_folder: Path) -> None:
    write_addon("smtp")
    assert find_addons([addons_folder])["smtp"].folder != addons_folder / "smtp"


def test_an_addon_on_the_path_imports_its_own_modules_and_its_dependencies(
    registry: Registry, write_addon: Write
) -> None:
    write_addon("base", files={"words.py": "WORD = 'hello'\n"})
    hooks = """
        from mailloom.addons.base.words import WORD
        from .own import NUMBER

        @hookimpl
        def self_check():
            return None if (WORD, NUMBER) == ("hello", 42) else "wrong module"
    """
    write_addon("shop", hooks, files={"own.py": "NUMBER = 42\n"}, depends=["base"])
    assert registry.install("shop") == ["base", "shop"]


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a folder"):
        use_addons_path([tmp_path / "nowhere"])


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [each for each in sys.modules if each.startswith("acme_mail")]:
        del sys.modules[name]


def _install_package(packages: Path, module: str) -> None:
    metadata = packages / f"{module}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[mailloom.addons]\n{module} = {module}\n")


def test_an_addon_delivered_by_pip_is_found_and_works(
    packages: Path, write_addon: Write, addons_folder: Path, sqlite_database: Database, keys: Keys, now: datetime
) -> None:
    write_addon("acme_mail", "@hookimpl\ndef explain_failure(reply):\n    return None\n").rename(packages / "acme_mail")
    _install_package(packages, "acme_mail")
    registry = Registry(sqlite_database, keys, now=lambda: now)
    registry.load()
    assert registry.addons["acme_mail"].state is AddonState.AVAILABLE
    registry.install("acme_mail")
    assert [each.addon for each in registry.hooks.implementations.of("explain_failure")] == ["acme_mail"]
    assert sys.modules["acme_mail.hooks"].__file__ == str(packages / "acme_mail" / "hooks.py")


def test_an_entry_point_to_nowhere_is_shown_and_stops_nobody(
    packages: Path, sqlite_database: Database, keys: Keys, now: datetime
) -> None:
    _install_package(packages, "acme_mail_gone")
    registry = Registry(sqlite_database, keys, now=lambda: now)
    registry.load()
    assert registry.addons["acme_mail_gone"].state is AddonState.FAILED_TO_LOAD
    assert "not installed" in registry.addons["acme_mail_gone"].reason
