"""What may go wrong while mail is received: killed processes, a database that is away or full, mail that breaks its reader.

Nothing is lost, and nothing comes twice."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from mailloom.errors import TemporaryFailure
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.database import Database
from mailloom.testing.sources import numbered

MANIFEST = """name = "spool"
title = "Spool"
summary = "Fetches from a folder of files."
version = "1.0"
category = "example"
depends = []
requires_core = ">=0"
"""

HOOKS = '''
"""A folder of files as a mailbox that outlives the process, and letters that mail becomes."""

from pathlib import Path

from sqlalchemy.orm import Mapped, mapped_column

from mailloom.api import Cursor, Fetched, IncomingSettings, Threaded, hookimpl, mapped
from mailloom.store.base import Base, RowId


class SpoolLetter(Threaded, Base):
    __tablename__ = "spool_letter"
    __table_args__ = {"extend_existing": True}

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(default="")


class Settings(IncomingSettings):
    folder: str = ""


class Spool:
    def __init__(self, folder):
        self.folder = Path(folder)

    def fetch(self, since, limit):
        after = since["INBOX"].text if "INBOX" in since else ""
        for file in sorted(self.folder.iterdir()):
            if file.name > after:
                cursor = Cursor(folder="INBOX", text=file.name)
                yield Fetched(cursor=cursor, position=cursor, raw=file.read_bytes())

    def done(self, cursors):
        for cursor in cursors:
            (self.folder / cursor.text).unlink(missing_ok=True)

    def wait(self, seconds):
        return False

    def close(self):
        pass


class Kind:
    name = "spool"
    title = "Spool"
    settings = Settings

    def open(self, account):
        return Spool(account.settings.folder)

    def probe(self, account):
        return iter(())


@hookimpl
def register_sources():
    return [Kind()]


@hookimpl
def register_thread_models():
    return [mapped(SpoolLetter, "Letter")]
'''

DRIVER = """
import sys
from pathlib import Path
from sqlalchemy import select
from mailloom.app import App, create_app, open_app
from mailloom.place import place
from mailloom.jobs.duties import Duties
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.base import Base
from mailloom.store.messages import Message

data, spool, what = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
app = create_app(place(data), App)
if what == "make":
    for addon in ("alias", "catchall", "spool"):
        app.registry.install(addon)
    Base.metadata.create_all(app.database.engine, tables=[Base.metadata.tables["spool_letter"]])
    with app.write() as session:
        session.add(AccountRow(name="inbox", kind="spool", direction=Direction.INCOMING, state=AccountState.CONFIRMED,
                    settings={"folder": str(spool), "fallback": "spool_letter", "after_fetch": "delete"}, created_at=app.now()))
if what == "fetch":
    duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
    duties.upkeep.recover()
    with app.write() as session:
        for lease in session.scalars(select(__import__("mailloom.store.accounts", fromlist=["Lease"]).Lease)):
            session.delete(lease)
    duties.fetch(1)
    duties.settling.settle_all()
if what == "receive":
    for file in sorted(spool.iterdir()):
        app.receive(file.read_bytes(), fallback="spool_letter")
        file.unlink()
    Duties(app, app.database, app.registry, app.keys, app.inbound).settling.settle_all()
with app.read() as session:
    print(*sorted(session.scalars(select(Message.subject))), sep="|")
app.close()
"""

MAILS = 5
POSTGRES = pytest.mark.postgres
KILLED_AT = [
    pytest.param("receive", "inbound.before-keep:3", "sqlite", id="before a received mail is kept"),
    pytest.param("receive", "inbound.kept:3", "sqlite", id="after a received mail is kept"),
    pytest.param("receive", "inbound.before-settled:3", "sqlite", id="before its decision is committed"),
    pytest.param("receive", "inbound.before-settled:3", "postgres", id="the same on PostgreSQL", marks=POSTGRES),
    pytest.param("fetch", "fetching.before-keep", "sqlite", id="before a batch is kept"),
    pytest.param("fetch", "fetching.kept", "sqlite", id="after a batch is kept"),
    pytest.param("fetch", "fetching.kept", "postgres", id="after a batch is kept on PostgreSQL", marks=POSTGRES),
    pytest.param("fetch", "fetching.done", "sqlite", id="after the server was told"),
    pytest.param("fetch", "inbound.before-settled", "sqlite", id="before the decisions are committed"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("what", "failpoint", "kind"), KILLED_AT)
def test_a_process_killed_while_receiving_loses_nothing_and_doubles_nothing(
    tmp_path: Path, make_database: Callable[[str, bool], Database], what: str, failpoint: str, kind: str
) -> None:
    url = make_database(kind, True).url.render_as_string(hide_password=False)
    home, spool = tmp_path / "addons" / "spool", tmp_path / "spool"
    for folder in (home, spool):
        folder.mkdir(parents=True)
    (home / "manifest.toml").write_text(MANIFEST)
    (home / "__init__.py").write_text('"""Spool."""\n')
    (home / "hooks.py").write_text(textwrap.dedent(HOOKS).lstrip())
    for number in range(MAILS):
        (spool / f"{number}.eml").write_bytes(numbered(number))

    def run(what: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-c", DRIVER, str(tmp_path / "data"), str(spool), what],
            env={
                "MAILLOOM_DATABASE_URL": url,
                "MAILLOOM_ADDONS_PATH": str(tmp_path / "addons"),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=60,
        )

    made = run("make")
    assert made.returncode == 0, made.stderr
    killed = run(what, MAILLOOM_FAILPOINT=failpoint)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = run(what)
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip().splitlines()[-1] == "|".join(f"number {number}" for number in range(MAILS))
    assert list(spool.iterdir()) == []


def test_a_locked_database_is_waited_for(sqlite_post: Any) -> None:
    account = sqlite_post.incoming()
    sqlite_post.mailbox.deliver(numbered(1))
    other = sqlite3.connect(sqlite_post.app.database.url.database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.0, lambda: other.execute("COMMIT"))
    timer.start()
    report = sqlite_post.duties.fetching.fetch_account(account)
    timer.join()
    other.close()
    assert (report.fetched, report.error) == (1, "")


@pytest.mark.postgres
def test_a_database_that_drops_its_connections_is_asked_again(
    tmp_path: Path, make_database: Callable[[str, bool], Database], post_office: Any
) -> None:
    with post_office(tmp_path, make_database("postgres", True)) as post:
        account = post.incoming()
        for number in range(3):
            post.mailbox.deliver(numbered(number))
        kind = post.app.registry.sources["memory"]
        whole = kind.open

        def cut(value: Any) -> Any:
            source = whole(value)
            with post.app.read() as session:
                session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            return source

        kind.open = cut
        try:
            report = post.duties.fetching.fetch_account(account)
        finally:
            kind.open = whole
        assert (report.fetched, report.error) == (3, "")
        assert str(post.duties.settling.settle_all()) == "3 settled"


def test_a_full_disk_leaves_the_mail_on_the_server(sqlite_post: Any) -> None:
    post = sqlite_post
    account = post.incoming(after_fetch="delete")
    mails = [numbered(number, b"x" * 200_000 + b"\r\n") for number in range(3)]
    for mail in mails:
        post.mailbox.deliver(mail)
    engine = post.app.database.engine
    full = True

    def limit(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0] if full else 1_000_000
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(engine, "connect", limit)
    engine.dispose()
    post.duties.fetching.patience_seconds = 0.2
    try:
        post.duties.fetching.fetch_account(account)
    except TemporaryFailure as error:
        assert "full" in str(error)  # noqa: PT017 - whether even the account's row can be written depends on the pages
    assert len(post.mailbox.messages) == 3
    assert post.outcomes() == {}
    full = False
    engine.dispose()
    assert post.duties.fetching.fetch_account(account, even_resting=True).fetched == 3
    post.duties.settling.settle_all()
    assert post.mailbox.messages == {}
    assert len(post.subjects()) == 3


ODD = [
    pytest.param(b"Subject: a\0b\r\nFrom: ann@example.org\r\n\r\nNUL\0 in text\r\n", id="NUL"),
    pytest.param(b"Subject: =?utf-8?q?=ED=A0=80?=\r\nFrom: ann@example.org\r\n\r\nx\r\n", id="lone surrogate"),
    pytest.param(b"", id="empty"),
    pytest.param(b"\xff\xfe\0\0" * 50, id="junk"),
    pytest.param(b"Message-ID: <" + b"a" * 5000 + b"@x>\r\nSubject: " + b"s" * 9000 + b"\r\n\r\n", id="endless"),
    pytest.param(b"From: " + b"a@example.org, " * 3000 + b"\r\nTo: " + b"(" * 5000 + b"\r\n\r\n", id="huge headers"),
]


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_mail_never_stops_a_batch(post: Any, odd: bytes) -> None:
    account = post.incoming()
    for raw in (numbered(1), odd, numbered(2)):
        post.mailbox.deliver(raw)
    assert post.duties.fetching.fetch_account(account).fetched == 3
    post.duties.settling.settle_all()
    assert "kept" not in post.outcomes()
    assert sum(post.outcomes().values()) == 3
    assert {"number 1", "number 2"} <= set(post.subjects())


def test_a_mail_that_breaks_the_decision_itself_is_parked_and_the_rest_goes_on(post: Any) -> None:
    account = post.incoming()
    for number in range(3):
        post.mailbox.deliver(numbered(number))
    ids = post.duties.fetching.fetch_account(account).arrivals
    inbound = post.duties.settling.inbound

    class Breaks:
        """Fails outside of what the way in fences, as a fault of ours would."""

        def settle_many(self, ids: Any) -> Any:
            raise RuntimeError("a fault of ours")

        def settle(self, arrival_id: int) -> Any:
            if arrival_id == ids[1]:
                raise RuntimeError("a fault of ours")
            return inbound.settle(arrival_id)

    post.duties.settling.inbound = Breaks()
    done = post.duties.settling.settle_all()
    assert (done.settled, done.failed) == (3, 1)
    with post.app.read() as session:
        parked = session.get_one(Arrival, ids[1])
        assert (parked.outcome, parked.reason) == (Outcome.PARKED, "RuntimeError: a fault of ours")
    assert post.subjects() == ["number 0", "number 2"]
