"""What exists is documented: every hook with its signature and a test, every addon, setting, command and error."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from pydantic import BaseModel

from mailloom import errors
from mailloom.api import hookspecs
from mailloom.api.settings import CoreSettings
from mailloom.cli.commands import commands_of
from mailloom.cli.reference import make_reference
from mailloom.registry import Hooks
from mailloom.registry.discovery import find_addons
from mailloom.registry.implementations import HOOK_NAMES, Implementations
from mailloom.registry.loader import load_hooks
from mailloom.registry.manners import Manner, manner_of

ROOT = Path(__file__).parents[2]
HOOKS = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
HOOK_TESTS = (ROOT / "tests" / "core" / "registry" / "test_hooks.py").read_text(encoding="utf-8")
ADDONS = find_addons(entry_points=False)


@pytest.mark.parametrize("hook", HOOK_NAMES)
def test_every_hook_is_documented_with_its_signature_and_tested(hook: str) -> None:
    signature = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    assert f"### {hook}\n\n```python\ndef {hook}{signature}\n```\n" in HOOKS
    assert f"def test_hook_{hook}(" in HOOK_TESTS
    assert inspect.getdoc(getattr(hookspecs, hook))


@pytest.mark.parametrize("hook", HOOK_NAMES)
def test_every_hook_has_a_typed_method_with_the_same_arguments(hook: str) -> None:
    offered = list(inspect.signature(getattr(hookspecs, hook)).parameters)
    method = list(inspect.signature(getattr(Hooks, hook)).parameters)[1:]
    if manner_of(hook) is Manner.OWN:
        assert method == ["addon", *offered]
    else:
        assert method[: len(offered)] == offered


def test_no_hook_is_documented_that_does_not_exist() -> None:
    documented = [line.removeprefix("### ") for line in HOOKS.splitlines() if line.startswith("### ")]
    assert sorted(documented) == sorted(HOOK_NAMES)


@pytest.mark.parametrize("name", sorted(ADDONS))
def test_every_addon_has_a_manifest_a_readme_and_hooks(name: str) -> None:
    found = ADDONS[name]
    assert found.fault is None, str(found.fault)
    readme = (found.folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# ")
    assert len(readme.split()) >= 30, "a README says what the addon does, for whom, and what it needs"
    load_hooks(found)


def test_a_folder_of_the_addons_is_an_addon() -> None:
    folders = {path.name for path in (ROOT / "addons").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders == set(ADDONS)


def _all_hooks() -> Hooks:
    modules = {name: load_hooks(found) for name, found in ADDONS.items()}
    return Hooks(Implementations(modules, lambda addon, hook, reason: pytest.fail(f"{addon}: {hook}: {reason}")))


def test_every_setting_command_and_error_is_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    hooks = _all_hooks()
    sections: dict[str, type[BaseModel]] = {"core": CoreSettings, **hooks.register_settings()}
    wanted = [f"`{section}.{name}`" for section, model in sections.items() for name in model.model_fields]
    wanted += [f"### mailloom {command.path}\n" for command in commands_of(hooks)]
    wanted += [f"**{name}**" for name, _ in inspect.getmembers(errors, inspect.isclass) if name.endswith("Error")]
    missing = [each for each in wanted if each not in page]
    assert missing == [], "run: mailloom reference > docs/reference.md"


def test_the_reference_is_made_from_the_code() -> None:
    page = make_reference()
    assert "### mailloom addons install" in page
    assert "`core.organisation`" in page
    assert "**ManifestError** (MailloomError)" in page


def test_every_command_says_what_it_does() -> None:
    assert [command.path for command in commands_of(_all_hooks()) if not command.help] == []


def test_every_command_of_the_core_that_prints_offers_json() -> None:
    running = {"serve", "worker", "receive"}
    commands = commands_of(Hooks(Implementations({}, lambda addon, hook, reason: None)))
    without = [
        command.path
        for command in commands
        if not any(parameter.names == "--json" for parameter in command.parameters) and command.path not in running
    ]
    assert without == []
