"""A mailing whose process is killed, or whose database goes away in the middle: nobody twice, nobody forgotten, the uncertain are listed."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from mailloom.addons.mailing.models import LedgerRow, MailingState
from mailloom.addons.mailing.running import run
from mailloom.errors import MailloomError
from mailloom.flow.failpoints import ENVIRONMENT_VARIABLE
from mailloom.place import DATABASE_URL_VARIABLE
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.testing import Clock, temporary_app
from mailloom.testing.smtp_server import FakeSmtpServer
from mailloom.working import duties_of

Desk = Any

CHILD = """
import sys
from datetime import datetime
from pathlib import Path
from mailloom.addons.mailing.running import run
from mailloom.app import open_app
from mailloom.working import duties_of

app = open_app(Path(sys.argv[1]), clock=lambda: datetime.fromisoformat(sys.argv[2]))
for _ in range(3):
    run(app)
    duties_of(app).sending.send_due()
"""
PEOPLE = 120


@pytest.mark.slow
@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("sending.after_claim", id="composed, not committed"),
        pytest.param("sending.before_handover:40", id="between two mails"),
        pytest.param("sending.after_answer:60", id="answered, not recorded"),
    ],
)
def test_a_killed_process_forgets_nobody_and_writes_to_nobody_twice(
    database: Database, failpoint: str, desk_type: type[Desk]
) -> None:
    url, clock = database.url.render_as_string(hide_password=False), Clock()
    with FakeSmtpServer() as server, temporary_app(["alias", "smtp", "mailing"], database_url=url, clock=clock) as app:
        desk = desk_type(app, clock, server)
        _add_account(app, server)
        desk.crowd(PEOPLE)
        number = desk.draft()
        desk.start(number)
        assert _in_a_process(desk, url, failpoint) == -signal.SIGKILL
        for _ in range(3):
            desk.later(minutes=10)
            duties_of(app).upkeep.recover()
            desk.work()
        taken = Counter(address for mail in server.mails for address in mail.recipients)
        parts = desk.parts()
        assert desk.mailing().state is MailingState.DONE
        assert max(taken.values()) == 1
        assert sum(parts.values()) == PEOPLE
        assert set(parts) <= {"sent", "uncertain"}
        assert all(taken[row.address] == 1 for row in desk.rows() if row.state.value == "sent")


def _add_account(app: Any, server: FakeSmtpServer) -> None:
    settings = {"host": server.host, "port": server.port, "security": "none", "authentication": "none"}
    with app.write() as session:
        session.add(
            AccountRow(
                name="out", kind="smtp", direction=Direction.OUTGOING, state=AccountState.CONFIRMED,
                settings={**settings, "max_connections": 2}, created_at=app.now(),
            )
        )  # fmt: skip


def _in_a_process(desk: Desk, url: str, failpoint: str) -> int:
    environment = {**os.environ, ENVIRONMENT_VARIABLE: failpoint, DATABASE_URL_VARIABLE: url}
    command = [sys.executable, "-c", CHILD, str(desk.app.data_folder), desk.clock().isoformat()]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


@pytest.mark.slow
def test_a_scheduler_that_is_killed_while_it_prepares_is_followed_by_another(
    sqlite_database: Database, desk_type: type[Desk]
) -> None:
    url, clock = sqlite_database.url.render_as_string(hide_password=False), Clock()
    with FakeSmtpServer() as server, temporary_app(["alias", "smtp", "mailing"], database_url=url, clock=clock) as app:
        desk = desk_type(app, clock, server)
        desk.crowd(9000)
        desk.start(desk.draft())
        environment = {**os.environ, DATABASE_URL_VARIABLE: url}
        command = [sys.executable, "-c", CHILD, str(app.data_folder), clock().isoformat()]
        child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while _rows(app) == 0 and time.monotonic() < until:
            time.sleep(0.01)
        child.kill()
        child.wait(10)
        desk.later(minutes=3)
        while desk.mailing().prepared_at is None:
            run(app)
        assert _rows(app) == 9000
        with app.read() as session:
            assert session.scalar(select(func.count(LedgerRow.key.distinct()))) == 9000


def _rows(app: Any) -> int:
    with app.read() as session:
        return session.scalar(select(func.count()).select_from(LedgerRow)) or 0


def test_a_database_that_restarts_costs_nothing(desk: Desk) -> None:
    desk.crowd(300)
    number = desk.draft()
    desk.start(number)
    for _ in range(4):
        with _away(desk):
            with contextlib.suppress(DBAPIError, MailloomError):
                run(desk.app)
            with contextlib.suppress(DBAPIError, MailloomError):
                desk.send()
        # A lease of a round that broke off runs out, as after the death of a process.
        desk.later(minutes=6)
        duties_of(desk.app).upkeep.recover()
    desk.work()
    assert len(desk.mails()) == 300
    assert desk.mailing().state is MailingState.DONE
    assert desk.parts() == {"sent": 300}


@contextlib.contextmanager
def _away(desk: Desk) -> Any:
    """PostgreSQL ends all connections; SQLite is locked for a moment, as by a backup."""
    url = desk.app.database.url
    if url.get_backend_name() == "sqlite":
        other = sqlite3.connect(url.database, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
        release.start()
        yield
        release.join()
        other.close()
        return
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    yield
