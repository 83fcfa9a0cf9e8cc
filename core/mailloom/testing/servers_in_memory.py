"""An addon whose servers are in memory, for whole applications: accounts of the kind `memory` send to it and fetch from it.

write_memory_addon(folder)
with temporary_app(addons=["memory"], addons_path=[folder]) as app:
    add_memory_account(app, "post", Direction.INCOMING)
    app.registry.sources["memory"].mailbox.deliver(raw)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mailloom.app import App
from mailloom.store.accounts import AccountRow, AccountState, Direction

_MANIFEST = """name = "memory"
title = "Servers in memory"
summary = "Mail servers that exist in this process only."
version = "1.0"
category = "example"
depends = []
requires_core = ">=0"
"""
_HOOKS = '''"""Servers in memory."""

from mailloom.api import hookimpl
from mailloom.testing.sources import MemoryKind as MemorySourceKind
from mailloom.testing.transports import MemoryKind as MemoryTransportKind
from mailloom.testing.transports import MemoryServer

SOURCE = MemorySourceKind()
TRANSPORT = MemoryTransportKind(MemoryServer())


@hookimpl
def register_sources():
    return [SOURCE]


@hookimpl
def register_transports():
    return [TRANSPORT]
'''


def write_memory_addon(folder: Path) -> Path:
    """Write the addon `memory` into a folder of addons; returns that folder."""
    home = folder / "memory"
    home.mkdir(parents=True)
    (home / "manifest.toml").write_text(_MANIFEST)
    (home / "__init__.py").write_text('"""Servers in memory."""\n')
    (home / "hooks.py").write_text(_HOOKS)
    return folder


def add_memory_account(app: App, name: str, direction: Direction, **settings: Any) -> int:
    """A confirmed account of the kind `memory`; returns its id."""
    with app.write() as session:
        row = AccountRow(
            name=name,
            kind="memory",
            direction=direction,
            state=AccountState.CONFIRMED,
            settings=settings,
            created_at=app.now(),
        )
        session.add(row)
        session.flush()
        return row.id
