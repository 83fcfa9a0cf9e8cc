"""A database that is away for half a minute while mail goes out and comes in: all goes on by itself, nothing lost, nothing twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError

from mailloom.api import Draft, Recipient
from mailloom.errors import MailloomError
from mailloom.mail.address import Address
from mailloom.store.database import Database
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.testing.sources import numbered

AWAY_SECONDS = 30.0
MAILS = 40
# Fewer than one sender may write in an hour before a loop is suspected.
ARRIVALS = 15


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Nobody can write, and on PostgreSQL not even connect, for as long as the block lasts."""
    if database.is_sqlite:
        other = Database(database.url.render_as_string())
        with other.write() as session:
            session.execute(text("SELECT 1"))
            yield
        other.close()
        return
    name = database.url.database
    admin = create_engine(database.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
        )
        try:
            yield
        finally:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    admin.dispose()


def recipient(number: int) -> Recipient:
    return Recipient(address=Address(name="", localpart=f"u{number}", domain="example.com"))


@pytest.mark.slow
def test_a_database_away_for_half_a_minute_costs_nothing_but_time(post, eventually):
    app = post.app
    account = post.incoming(after_fetch="delete")
    post.outgoing(max_connections=2)
    post.server.latency_seconds = 0.02
    sender = Address(name="Ann", localpart="ann", domain="example.org")
    drafts = [
        Draft(sender=sender, recipients=[recipient(number)], subject="Hello", text="Hello\n") for number in range(MAILS)
    ]
    with app.write() as session:
        app.outbound.enqueue_many(session, drafts)
    receiving_over = threading.Event()

    def receive() -> None:
        """As the job that fetches: what fails is tried again."""
        while not receiving_over.wait(0.1):
            try:
                post.duties.fetching.fetch_account(account, even_resting=True)
            except (MailloomError, DBAPIError):
                continue

    threads = [threading.Thread(target=post.duties.sending.send_due), threading.Thread(target=receive)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(post.server.mails) >= 3)
    with away(app.database):
        sent_before = len(post.server.mails)
        for number in range(ARRIVALS):
            post.mailbox.deliver(numbered(number))
        time.sleep(AWAY_SECONDS)
        assert len(post.server.mails) < MAILS
        assert sent_before < MAILS
    eventually(lambda: not post.mailbox.messages, seconds=20)
    threads[0].join(20)
    receiving_over.set()
    threads[1].join(20)
    assert not any(thread.is_alive() for thread in threads)
    with app.read() as session:
        states = Counter(session.scalars(select(Delivery.state)).all())
    assert states == {DeliveryState.SENT: MAILS}
    assert Counter(post.server.recipients()) == {f"u{number}@example.com": 1 for number in range(MAILS)}
    post.duties.settling.settle_all()
    assert sorted(post.subjects()) == sorted([f"number {number}" for number in range(ARRIVALS)] + ["Hello"] * MAILS)
