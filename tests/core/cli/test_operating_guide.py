"""docs/operating.md names commands, jobs, metrics and variables that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailloom import metrics
from mailloom.cli.commands import commands_of
from mailloom.jobs import engine, gauges
from mailloom.registry import Hooks
from mailloom.registry.implementations import Implementations

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
SOURCES = "\n".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "core" / "mailloom").glob("*/*.py")
) + "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "core" / "mailloom").glob("*.py"))


def test_every_command_in_the_guide_exists() -> None:
    known = {command.path for command in commands_of(Hooks(Implementations({}, lambda *_: None)))}
    firsts = {path.split()[0] for path in known}
    named = {match.strip() for match in re.findall(r"mailloom ((?:[a-z]+ ?){1,2})", _code())}
    wrong = {words for words in named if words not in known and words.split()[0] not in known & firsts}
    assert wrong == set()


def _code() -> str:
    """What stands in backticks or in blocks of shell."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) + re.findall(r"`([^`\n]+)`", GUIDE))


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"MAILLOOM_[A-Z]+", GUIDE))))
def test_every_variable_in_the_guide_is_read_somewhere(variable: str) -> None:
    assert f'"{variable}' in SOURCES


def test_every_metric_is_in_the_guide() -> None:
    names = {family.name for family in metrics.families() if family.name.startswith("mailloom_")}
    names |= set(re.findall(r'"(mailloom_[a-z_]+)"', Path(gauges.__file__).read_text(encoding="utf-8")))
    assert {name for name in names if f"| `{name}` |" not in GUIDE} == set()


def test_every_kind_of_job_is_in_the_guide() -> None:
    assert {kind.value for kind in engine.Kind if f"`{kind.value}" not in GUIDE} == set()
