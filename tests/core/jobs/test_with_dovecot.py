"""Fetching from a real server: IMAP with IDLE and POP3, through the engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from imapclient import IMAPClient
from sqlalchemy import func, select

from mailloom.flow.fetching import lease_name
from mailloom.flow.watching import Watch, start_watch
from mailloom.jobs.duties import Duties
from mailloom.jobs.embedded import Embedded
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.testing.application import temporary_app
from mailloom.testing.sources import numbered

pytestmark = pytest.mark.dovecot

Eventually = Callable[..., None]


@pytest.fixture
def app() -> Iterator[Any]:
    with temporary_app(["alias", "catchall", "imap", "pop3"]) as made:
        yield made


def add(app: Any, dovecot: Any, kind: str, user: str, **settings: Any) -> int:
    with app.write() as session:
        row = AccountRow(
            name=f"{kind}-{user}",
            kind=kind,
            direction=Direction.INCOMING,
            state=AccountState.CONFIRMED,
            settings={
                "host": "localhost",
                "port": getattr(dovecot, kind),
                "security": "none",
                "user": user,
                "timeout_seconds": 10,
                **settings,
            },
            secrets=app.keys.seal(json.dumps({"password": dovecot.password})),
            created_at=app.now(),
        )
        session.add(row)
        session.flush()
        return row.id


@pytest.fixture
def box(dovecot: Any) -> Iterator[tuple[str, IMAPClient]]:
    user = dovecot.new_user()
    other = IMAPClient(dovecot.host, dovecot.imap, ssl=False, use_uid=True)
    other.login(user, dovecot.password)
    other.select_folder("INBOX")
    yield user, other
    other.logout()


def parked(app: Any) -> int:
    return count(app, Outcome.PARKED)


def kept(app: Any) -> int:
    return count(app, Outcome.KEPT)


def count(app: Any, outcome: Outcome) -> int:
    with app.read() as session:
        return session.scalar(select(func.count()).where(Arrival.outcome == outcome)) or 0


def test_mail_arrives_in_seconds_by_idle(app: Any, dovecot: Any, box: Any, eventually: Eventually) -> None:
    user, other = box
    other.append("INBOX", numbered(1))
    add(app, dovecot, "imap", user, poll_minutes=1440)
    duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
    engine = Embedded(duties, app.database, app.registry, beat_seconds=0.2, grace_seconds=10)
    engine.start()
    try:
        eventually(lambda: parked(app) == 1)
        eventually(lambda: any(watch.waiting for watch, _ in engine._watches.values()))
        begun = time.monotonic()
        other.append("INBOX", numbered(2))
        eventually(lambda: parked(app) == 2)
        assert time.monotonic() - begun < 8
    finally:
        assert engine.stop() is True


def test_a_watch_that_begins_while_another_reads_the_mailbox_finds_what_came_meanwhile(
    app: Any, dovecot: Any, box: Any, eventually: Eventually
) -> None:
    user, other = box
    account = add(app, dovecot, "imap", user, poll_minutes=1440)
    fetching = Duties(app, app.database, app.registry, app.keys, app.inbound).fetching
    name = lease_name(account)
    assert fetching.take(name, "another", timedelta(minutes=5))
    watch = Watch(fetching, account, threading.Event())
    thread = start_watch(watch, lambda _watch, _end: None)
    try:
        time.sleep(1.5)
        other.append("INBOX", numbered(1))
        time.sleep(2.5)
        fetching.drop(name, "another")
        eventually(lambda: kept(app) == 1)
    finally:
        watch.stop.set()
        eventually(lambda: watch.waiting or not thread.is_alive())
        watch.let_go()


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_each_mail_is_fetched_once_and_deleted_when_that_is_wished(app: Any, dovecot: Any, box: Any, kind: str) -> None:
    user, other = box
    for number in range(120):
        other.append("INBOX", numbered(number))
    account = add(app, dovecot, kind, user, after_fetch="delete", batch_limit=50)
    duties = Duties(app, app.database, app.registry, app.keys, app.inbound)
    assert duties.fetch(account) == "120 fetched"
    assert duties.fetch(account) == ""
    assert str(duties.settling.settle_all()) == "120 settled"
    other.select_folder("INBOX")
    assert other.search() == []
    assert parked(app) == 120
