"""A whole application whose mail servers are in memory, on both databases."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.api import Threaded
from mailloom.jobs.duties import Duties
from mailloom.registry.discovery import PACKAGE
from mailloom.store.accounts import AccountRow, Direction
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.base import Base, RowId
from mailloom.store.database import Database
from mailloom.store.messages import Message
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.servers_in_memory import add_memory_account, write_memory_addon
from mailloom.testing.sources import MemoryMailbox
from mailloom.testing.transports import MemoryServer


class Letter(Threaded, Base):
    __tablename__ = "jobs_letter"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(200), default="")


@dataclass
class Post:
    """The application, its parts, and the servers it talks to."""

    app: TemporaryApp
    duties: Duties

    @property
    def mailbox(self) -> MemoryMailbox:
        kind: Any = self.app.registry.sources["memory"]
        return kind.mailbox

    @property
    def server(self) -> MemoryServer:
        kind: Any = self.app.registry.transports["memory"]
        return kind.server

    def incoming(self, name: str = "inbox", **settings: Any) -> int:
        return add_memory_account(self.app, name, Direction.INCOMING, **{"fallback": "jobs_letter", **settings})

    def outgoing(self, name: str = "outbox", **settings: Any) -> int:
        return add_memory_account(self.app, name, Direction.OUTGOING, **settings)

    def account(self, account_id: int) -> AccountRow:
        with self.app.read() as session:
            return session.get_one(AccountRow, account_id)

    def outcomes(self) -> dict[str, int]:
        with self.app.read() as session:
            counted = session.execute(select(Arrival.outcome, func.count()).group_by(Arrival.outcome)).all()
        return {Outcome(outcome).value: count for outcome, count in counted}

    def subjects(self) -> list[str]:
        """Of the stored messages, in the order they were stored."""
        with self.app.read() as session:
            return list(session.scalars(select(Message.subject).order_by(Message.id)))


def _forget() -> None:
    for name in [each for each in sys.modules if each.startswith(f"{PACKAGE}.memory")]:
        del sys.modules[name]


@contextmanager
def open_post(folder: Path, database: Database, **options: Any) -> Iterator[Post]:
    searched = importlib.import_module(PACKAGE).__path__
    before = list(searched)
    url = database.url.render_as_string(hide_password=False)
    _forget()
    try:
        with temporary_app(
            ["alias", "catchall", "memory"],
            models=[Letter],
            addons_path=[write_memory_addon(folder / "addons")],
            database_url=url,
            **options,
        ) as app:
            yield Post(app, Duties(app, app.database, app.registry, app.keys, app.inbound))
    finally:
        searched[:] = before
        _forget()


@pytest.fixture
def post(tmp_path: Path, database: Database) -> Iterator[Post]:
    """On SQLite and on PostgreSQL."""
    with open_post(tmp_path, database) as made:
        yield made


@pytest.fixture
def post_office() -> Callable[..., Any]:
    """`with post_office(folder, database) as post`, for tests that choose the database themselves."""
    return open_post


@pytest.fixture
def sqlite_post(tmp_path: Path, sqlite_database: Database) -> Iterator[Post]:
    with open_post(tmp_path, sqlite_database) as made:
        yield made


@pytest.fixture
def eventually() -> Callable[..., None]:
    def wait(true: Callable[[], bool], seconds: float = 10.0) -> None:
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until, "it did not come true in time"
            time.sleep(0.02)

    return wait
