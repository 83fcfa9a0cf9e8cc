"""Imports point one way: through the core's layers, and from addons to what they may use."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailloom.registry.discovery import find_addons

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "mailloom"
ADDONS = find_addons(entry_points=False)
ALLOWED = ("mailloom.api", "mailloom.mail", "mailloom.store", "mailloom.errors")


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    """Absolute imports of a file as (level, module); relative ones with their number of dots."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), filename=str(file))):
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
