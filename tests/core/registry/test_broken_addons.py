"""A broken addon is a row in the report: the others work, the reason is said, and nothing raises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailloom.errors import MailloomError
from mailloom.registry import Registry
from mailloom.store.database import Database
from mailloom.store.system import AddonRow, AddonState

Write = Callable[..., Path]

WORKING = """
    @hookimpl
    def explain_failure(reply, protocol, kind):
        return None
"""

MODELS_THAT_POINT_NOWHERE = """
    from sqlalchemy.orm import Mapped, relationship
    from mailloom.store.base import Base, RowId

    class Lost(Base):
        __tablename__ = "broken_lost"
        id: Mapped[RowId]
        friend = relationship("NoSuchClass")
"""

BROKEN: list[Any] = [
    pytest.param(
        {"files": {"hooks.py": "def broken(:\n"}},
        AddonState.FAILED_TO_LOAD, "hooks.py, line 1", "author", id="syntax error",
    ),
    pytest.param(
        {"hooks": "import no_such_library\n", "extra": "web"},
        AddonState.MISCONFIGURED, "'no_such_library' is not installed", 'pip install "mailloom[web]"', id="missing extra",
    ),
    pytest.param(
        {"hooks": "import no_such_library.deep\n"},
        AddonState.MISCONFIGURED, "'no_such_library' is not installed", "Install the package", id="missing library",
    ),
    pytest.param(
        {"hooks": "from mailloom.api.nowhere import x\n"},
        AddonState.FAILED_TO_LOAD, "mailloom.api.nowhere", "author", id="import of a core module that is not there",
    ),
    pytest.param(
        {"hooks": "raise RuntimeError('first line\\nsecond')\n"},
        AddonState.FAILED_TO_LOAD, "RuntimeError: first line", "author", id="raises when imported",
    ),
    pytest.param(
        {"hooks": "import sys\nsys.exit(3)\n"}, AddonState.FAILED_TO_LOAD, "SystemExit", "author", id="exits when imported"
    ),
    pytest.param(
        {"hooks": "@hookimpl\nasync def explain_failure(reply):\n    return None\n"},
        AddonState.FAILED_TO_LOAD, "explain_failure is async", "def explain_failure", id="async hook",
    ),
    pytest.param(
        {"hooks": "@hookimpl\ndef register_transport():\n    return []\n"},
        AddonState.FAILED_TO_LOAD, "register_transport", "docs/hooks.md", id="misspelt hook",
    ),
    pytest.param(
        {"hooks": "@hookimpl\ndef explain_failure(answer):\n    return None\n"},
        AddonState.FAILED_TO_LOAD, "answer", "docs/hooks.md", id="misspelt argument",
    ),
    pytest.param(
        {"hooks": "@hookimpl(wrapper=True)\ndef explain_failure(reply):\n    return (yield)\n"},
        AddonState.FAILED_TO_LOAD, "is a wrapper", "wrapper=True", id="wrapper",
    ),
    pytest.param(
        {"hooks": "@hookimpl\ndef self_check():\n    return 'There is no sendmail program here.'\n"},
        AddonState.FAILED_SELF_CHECK, "no sendmail program", "enable broken", id="self-check says no",
    ),
    pytest.param(
        {"hooks": "@hookimpl\ndef self_check():\n    1 / 0\n"},
        AddonState.FAILED_SELF_CHECK, "ZeroDivisionError", "author", id="self-check raises",
    ),
    pytest.param(
        {"hooks": "from . import models\n", "files": {"models.py": MODELS_THAT_POINT_NOWHERE}},
        AddonState.FAILED_TO_LOAD, "NoSuchClass", "author", id="relationship that points nowhere",
    ),
    pytest.param(
        {"requires_core": ">=99"}, AddonState.FAILED_TO_LOAD, "needs mailloom >=99", "made for", id="another core"
    ),
    pytest.param(
        {"depends": ["nothing_here"]}, AddonState.MISCONFIGURED, "'nothing_here'", "addons path", id="missing dependency"
    ),
    pytest.param(
        {"depends": ["other"]}, AddonState.MISCONFIGURED, "'other', which is not installed", "install other",
        id="dependency not installed",
    ),
    pytest.param({"manifest": "name = "}, AddonState.FAILED_TO_LOAD, "is not TOML", "Correct", id="bad manifest"),
    pytest.param(
        {"depends": ["broken"]}, AddonState.FAILED_TO_LOAD, "broken → broken", "depends", id="depends on itself"
    ),
    pytest.param(
        {"files": {"hooks.py": "\x00"}}, AddonState.FAILED_TO_LOAD, "Error", "author", id="not a program at all"
    ),
    pytest.param(
        {"files": {"migrations/0001_a.py": "import no_such_library\n"}},
        AddonState.FAILED_TO_LOAD, "migrations cannot be read", "author", id="migration that cannot be read",
    ),
]  # fmt: skip


def _decided(database: Database, registry: Registry, *names: str) -> None:
    """As after an installation in better days."""
    with database.write() as session:
        for name in names:
            session.add(AddonRow(name=name, version="1.0", state=AddonState.INSTALLED, changed_at=registry._now()))
    registry.load()


@pytest.mark.parametrize(("addon", "state", "reason", "remedy"), BROKEN)
def test_a_broken_addon_is_shown_with_its_reason_and_the_others_work(
    registry: Registry, write_addon: Write, addon: dict[str, Any], state: AddonState, reason: str, remedy: str
) -> None:
    write_addon("other", WORKING)
    write_addon("working", WORKING)
    write_addon("broken", **addon)
    _decided(registry.database, registry, "broken", "working")
    broken = registry.addons["broken"]
    assert broken.state is state
    assert reason in broken.reason
    assert remedy in broken.remedy
    assert registry.addons["working"].at_work
    assert [each.addon for each in registry.hooks.implementations.of("explain_failure")] == ["working"]
    with registry.database.read() as session:
        row = session.get_one(AddonRow, "broken")
        assert (row.state, row.reason) == (broken.state, broken.reason)


@pytest.mark.parametrize(("addon", "state", "reason", "remedy"), BROKEN)
def test_a_broken_addon_is_not_installed_and_leaves_nothing_behind(
    registry: Registry, write_addon: Write, addon: dict[str, Any], state: AddonState, reason: str, remedy: str
) -> None:
    write_addon("broken", **addon)
    with pytest.raises(MailloomError) as caught:
        registry.install("broken")
    assert "broken" in str(caught.value)
    assert caught.value.remedy
    with registry.database.read() as session:
        assert session.get(AddonRow, "broken") is None


def test_what_needs_a_broken_addon_waits_and_says_for_which(registry: Registry, write_addon: Write) -> None:
    write_addon("broken", "raise RuntimeError\n")
    write_addon("dependent", WORKING, depends=["broken"])
    write_addon("far", WORKING, depends=["dependent"])
    _decided(registry.database, registry, "broken", "dependent", "far")
    assert registry.addons["dependent"].state is AddonState.MISCONFIGURED
    assert "'broken', which is failed_to_load" in registry.addons["dependent"].reason
    assert registry.addons["far"].state is AddonState.MISCONFIGURED


def test_an_addon_whose_folder_is_gone_is_missing(registry: Registry) -> None:
    _decided(registry.database, registry, "vanished")
    assert registry.addons["vanished"].state is AddonState.MISSING
    assert "uninstall vanished" in registry.addons["vanished"].remedy


def test_two_addons_that_need_each_other_are_named_and_left_out(registry: Registry, write_addon: Write) -> None:
    write_addon("hen", WORKING, depends=["egg"])
    write_addon("egg", WORKING, depends=["hen"])
    write_addon("working", WORKING)
    _decided(registry.database, registry, "hen", "egg", "working")
    assert "egg → hen → egg" in registry.addons["hen"].reason or "hen → egg → hen" in registry.addons["hen"].reason
    assert registry.addons["working"].at_work


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("raise RuntimeError('no kinds today')", "no kinds today", id="raises"),
        pytest.param("return 'smtp'", "str instead of a list of TransportKind", id="no list"),
        pytest.param("return [object()]", "it lacks capabilities, name, open", id="objects that lack members"),
    ],
)
def test_a_collecting_hook_that_fails_loses_only_its_own_contribution(
    registry: Registry, write_addon: Write, body: str, reason: str
) -> None:
    job = "\n@hookimpl\ndef register_jobs():\n    from mailloom.api import Job\n    return [Job(name='%s', summary='', every_seconds=1, run=str)]\n"
    write_addon("broken", f"@hookimpl\ndef register_transports():\n    {body}\n" + job % "kept")
    write_addon("working", job % "other")
    registry.install("broken")
    registry.install("working")
    assert set(registry.jobs) == {"kept", "other"}
    assert registry.addons["broken"].at_work
    assert reason in registry.addons["broken"].reason
    assert registry.addons["working"].reason == ""
