"""`pip install mailloom` without extras: the core runs, and each addon that lacks its libraries says which extra brings them."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mailloom.registry.discovery import find_addons

ADDONS = find_addons(entry_points=False)

BARE_PROCESS = """
import importlib.abc, json, sys
from pathlib import Path

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

BLOCKED = set(json.loads(sys.argv[2]))
sys.meta_path.insert(0, Absent())

from mailloom.app import App, create_app
from mailloom.place import Place
from mailloom.errors import MailloomError

folder = Path(sys.argv[1])
app = create_app(Place(data_folder=folder, database_url=f"sqlite:///{folder / 'bare.db'}"), App)
said = {}
for name in app.registry.found:
    try:
        app.registry.install(name)
        said[name] = app.registry.addons[name].state
    except MailloomError as error:
        said[name] = error.remedy
app.close()
print("ANSWER " + json.dumps(said))
"""


def _modules_of_extras() -> list[str]:
    """Top-level modules of the libraries that only extras name."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    plain = {_name(text) for text in project["dependencies"]}
    extras = {_name(text) for texts in project["optional-dependencies"].values() for text in texts} - plain
    owners = metadata.packages_distributions()
    return [module for module, names in owners.items() if extras & {canonicalize_name(each) for each in names}]


def _name(requirement: str) -> str:
    return canonicalize_name(Requirement(requirement).name)


@pytest.mark.slow
def test_an_addon_without_its_libraries_names_the_extra(tmp_path: Path) -> None:
    blocked = [module for module in _modules_of_extras() if module != "mailloom"]
    assert {"authlib", "boto3", "fastapi", "psycopg"} <= set(blocked)
    ran = subprocess.run(
        [sys.executable, "-c", BARE_PROCESS, str(tmp_path), json.dumps(blocked)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.partition("ANSWER ")[2])
    assert set(said) == set(ADDONS)
    for name, found in ADDONS.items():
        assert found.manifest is not None
        extra = found.manifest.extra
        assert said[name] == "installed" or (extra and said[name] == f'Run: pip install "mailloom[{extra}]"'), said
    assert "installed" in said.values()
