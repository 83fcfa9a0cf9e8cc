"""Imports point one way: through the core's layers, and from addons to what they may use."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mailloom.registry.discovery import find_addons

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "mailloom"
ADDONS = find_addons(entry_points=False)
ALLOWED = ("mailloom.api", "mailloom.mail", "mailloom.store", "mailloom.errors")


def _imports(file: Path, *, at_once: bool = False) -> Iterator[tuple[int, str]]:
    """What a file imports as (number of dots, module); `at_once`: only what it imports in any case when it is itself imported."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.level, module
            if not node.level and module in ("mailloom", "mailloom.addons"):
                yield from ((0, f"{module}.{alias.name}") for alias in node.names)


def test_the_layers_of_the_core_point_one_way() -> None:
    linted = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_the_core_never_imports_an_addon() -> None:
    for file in CORE.rglob("*.py"):
        if CORE / "addons" in file.parents:
            continue
        named = [module for _, module in _imports(file) if module.startswith("mailloom.addons.")]
        assert named == [], f"{file} imports {named}"


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_an_addon_imports_only_what_is_offered_and_what_it_declares(name: str) -> None:
    found = ADDONS[name]
    allowed = (*ALLOWED, *(f"mailloom.addons.{needed}" for needed in found.depends))
    for file in found.folder.rglob("*.py"):
        depth = len(file.relative_to(found.folder).parts)
        for level, module in _imports(file):
            where = f"{file}: {'.' * level}{module}"
            assert level <= depth, f"{where} leaves the addon"
            if not level and module.split(".")[0] == "mailloom" and module not in ("mailloom", "mailloom.addons"):
                assert any(f"{module}.".startswith(f"{prefix}.") for prefix in allowed), where


def _distributions(requirements: list[str]) -> set[str]:
    """The distributions that installing these brings, by normalised name; extras of a requirement are followed as far as they name it."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found and not requirement.extras:
            continue
        found.add(name)
        with suppress(metadata.PackageNotFoundError):
            for text in metadata.requires(requirement.name) or []:
                needed = Requirement(text)
                wanted = [{"extra": extra} for extra in requirement.extras] or [{"extra": ""}]
                if canonicalize_name(needed.name) not in found and (
                    needed.marker is None or any(needed.marker.evaluate(each) for each in wanted)
                ):
                    waiting.append(needed)
    return found


def _outside(file: Path) -> Iterator[str]:
    """Distributions of other people that a file cannot be imported without."""
    for level, module in _imports(file, at_once=True):
        top = module.partition(".")[0]
        if not level and top not in sys.stdlib_module_names and top != "mailloom":
            yield from (canonicalize_name(each) for each in OWNERS.get(top, [top])[:1])


OWNERS = metadata.packages_distributions()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BARE = _distributions(PROJECT["dependencies"])


def test_the_core_needs_only_what_a_bare_installation_brings() -> None:
    optional = {"web", "testing"}
    for file in CORE.rglob("*.py"):
        parts = file.relative_to(CORE).parts
        # Imported by pages only, and so where the web face is made.
        of_pages = parts[:2] == ("api", "pages") or parts == ("api", "rest_routes.py")
        if parts[0] not in {"addons", "templates", *optional} and not of_pages:
            unknown = set(_outside(file)) - BARE
            assert not unknown, f"{file} imports {unknown}, which `pip install mailloom` does not bring"


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_an_addon_names_the_extra_that_brings_its_libraries(name: str) -> None:
    manifest = ADDONS[name].manifest
    assert manifest is not None
    assert not manifest.extra or manifest.extra in PROJECT["optional-dependencies"]
    brought = BARE | _distributions(PROJECT["optional-dependencies"].get(manifest.extra, []))
    for file in ADDONS[name].folder.rglob("*.py"):
        unknown = set(_outside(file)) - brought
        assert not unknown, f"{file} imports {unknown}; name their extra in the manifest"
