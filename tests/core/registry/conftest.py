"""A folder for addons that a test writes, and a registry that looks there only."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from mailloom.registry import Registry
from mailloom.store.database import Database
from mailloom.store.secrets import Keys


class WriteAddon(Protocol):
    def __call__(
        self,
        name: str,
        hooks: str = "",
        *,
        files: dict[str, str] | None = None,
        manifest: str | None = None,
        **keys: Any,
    ) -> Path:
        """Write an addon whose `hooks.py` is `hooks` after the usual imports; `keys` are added to its manifest."""
        ...


HEAD = "from mailloom.api import hookimpl\n"


@pytest.fixture
def write_addon(addons_folder: Path) -> WriteAddon:
    def write(
        name: str, hooks: str = "", *, files: dict[str, str] | None = None, manifest: str | None = None, **keys: Any
    ) -> Path:
        folder = addons_folder / name
        folder.mkdir(parents=True, exist_ok=True)
        content = {"__init__.py": "", "hooks.py": HEAD + textwrap.dedent(hooks), **(files or {})}
        content["manifest.toml"] = manifest if manifest is not None else _manifest(name, keys)
        for path, text in content.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(textwrap.dedent(text), encoding="utf-8")
        return folder

    return write


def _manifest(name: str, keys: dict[str, Any]) -> str:
    values: dict[str, Any] = {
        "name": name,
        "title": name.title(),
        "summary": "An addon of the tests.",
        "version": "1.0",
        "category": "example",
        **keys,
    }
    return "\n".join(f"{key} = {_toml(value)}" for key, value in values.items())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, list) else f'"{value}"'


MakeRegistry = Callable[[Database], Registry]


@pytest.fixture
def make_registry(addons_folder: Path, keys: Keys, now: datetime) -> MakeRegistry:
    """A registry over a database, loaded."""

    def make(database: Database) -> Registry:
        registry = Registry(database, keys, now=lambda: now, addons_path=[addons_folder], entry_points=False)
        registry.load()
        return registry

    return make


@pytest.fixture
def registry(sqlite_database: Database, make_registry: MakeRegistry) -> Registry:
    """On SQLite, for what has nothing to do with the sort of database."""
    return make_registry(sqlite_database)
