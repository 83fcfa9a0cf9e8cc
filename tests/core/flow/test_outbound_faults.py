"""Sending when the process is killed, the database goes away or the disk is full: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from mailloom.errors import TemporaryFailure
from mailloom.flow.failpoints import ENVIRONMENT_VARIABLE
from mailloom.flow.pass_values import Tuning
from mailloom.store.database import Database
from mailloom.store.outbox import DeliveryState
from mailloom.store.patience import persist
from mailloom.testing.outbox import Desk
from mailloom.testing.smtp_server import FakeSmtpServer

smtp = pytest.importorskip("mailloom.addons.smtp.kind")

CHILD = """
import sys
from datetime import datetime
from mailloom.addons.smtp.kind import SmtpKind
from mailloom.store.database import Database
from mailloom.testing.outbox import Desk

desk = Desk(Database(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
desk.kinds["smtp"] = SmtpKind()
desk.send()
"""

RECIPIENTS = [f"u{n}@example.com" for n in range(12)]


@pytest.fixture
def server():
    with FakeSmtpServer() as server:
        yield server


def send_in_a_process(desk, failpoint):
    url = desk.database.url.render_as_string(hide_password=False)
    environment = {**os.environ, ENVIRONMENT_VARIABLE: failpoint}
    command = [sys.executable, "-c", CHILD, url, desk.time.isoformat()]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


@pytest.mark.parametrize(
    "failpoint",
    [
        pytest.param("sending.after_claim", id="claimed, not committed"),
        pytest.param("sending.before_commit:2", id="before a commit"),
        pytest.param("sending.after_commit", id="claimed"),
        pytest.param("sending.after_commit:2", id="marked"),
        pytest.param("sending.before_handover", id="before the first byte"),
        pytest.param("sending.before_handover:5", id="between two mails"),
        pytest.param("sending.after_answer", id="answered, not recorded"),
        pytest.param("sending.after_answer:7", id="several answered"),
        pytest.param("sending.after_commit:4", id="recorded"),
    ],
)
def test_a_killed_worker_loses_nothing_and_sends_nothing_twice(database, now, server, failpoint):
    desk = Desk(database, now)
    desk.kinds["smtp"] = smtp.SmtpKind()
    desk.account(
        kind="smtp", host=server.host, port=server.port, security="none", authentication="none", max_connections=2
    )
    desk.queue(*RECIPIENTS, individually=True)
    assert send_in_a_process(desk, failpoint) == -signal.SIGKILL
    time.sleep(0.2)  # what the dead worker had written may still be read
    desk.send()  # its leases still hold: nobody takes what it had
    desk.wait(minutes=10)
    while desk.recover().queued:
        pass
    desk.send()
    desk.wait(hours=1)
    desk.send()
    taken = Counter(address for mail in server.mails for address in mail.recipients)
    assert max(taken.values()) == 1
    for delivery in desk.deliveries():
        assert delivery.state in (DeliveryState.SENT, DeliveryState.UNCERTAIN)
        if delivery.state is DeliveryState.SENT:
            assert taken[delivery.address] == 1
    lost = [delivery for delivery in desk.deliveries() if delivery.state is DeliveryState.UNCERTAIN]
    assert all("may have arrived" in delivery.explanation for delivery in lost)


def test_a_worker_that_was_only_slow_still_gets_its_result_in(desk_on, now):
    """The lease ran out and the delivery became uncertain; then the answer came."""
    desk = desk_on
    desk.account()
    desk.queue("bob@example.com")
    desk.server.latency_seconds = 0.3
    sender = threading.Thread(target=desk.send)
    sender.start()
    deadline = time.monotonic() + 5
    while desk.delivery("bob@example.com").state is not DeliveryState.SENDING and time.monotonic() < deadline:
        time.sleep(0.01)
    desk.wait(hours=1)
    recovered = desk.recover()
    assert recovered.uncertain == 1
    sender.join()
    assert desk.delivery("bob@example.com").state is DeliveryState.SENT


@pytest.fixture
def desk_on(database, now):
    return Desk(database, now)


def test_a_database_that_is_locked_for_a_while_costs_nothing(sqlite_database, now):
    desk = Desk(sqlite_database, now)
    desk.account(max_connections=2)
    desk.server.latency_seconds = 0.005
    desk.queue(*[f"u{n}@example.com" for n in range(60)], individually=True)
    sender = threading.Thread(target=desk.send)
    sender.start()
    time.sleep(0.15)
    other = Database(sqlite_database.url.render_as_string())
    with other.write() as session:
        session.execute(text("SELECT 1"))
        time.sleep(1.5)
    sender.join()
    other.close()
    assert set(desk.states().values()) == {"sent"}
    assert max(Counter(desk.server.recipients()).values()) == 1


@pytest.mark.postgres
def test_a_database_whose_connections_are_cut_costs_nothing(make_database, now):
    desk = Desk(make_database("postgres", True), now)
    desk.account(max_connections=2)
    desk.server.latency_seconds = 0.005
    desk.queue(*[f"u{n}@example.com" for n in range(120)], individually=True)
    sender = threading.Thread(target=desk.send)
    sender.start()
    cutter = Database(desk.database.url.render_as_string(hide_password=False))
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for _ in range(3):
        time.sleep(0.1)
        with cutter.write() as session:
            session.execute(cut)
    sender.join()
    cutter.close()
    desk.wait(minutes=10)
    desk.recover()
    desk.send()
    assert max(Counter(desk.server.recipients()).values()) == 1
    for delivery in desk.deliveries():
        assert delivery.state in (DeliveryState.SENT, DeliveryState.UNCERTAIN)


def test_a_disk_that_stays_full_ends_the_pass_with_a_sentence_and_sends_nothing_twice(sqlite_database, now):
    desk = Desk(sqlite_database, now, tuning=Tuning(patience_seconds=0.2))
    desk.account()
    desk.queue(*[f"u{n}@example.com" for n in range(600)], individually=True)
    limit_disk(desk.database)
    with pytest.raises(TemporaryFailure, match="full"):
        desk.send()
    limit_disk(desk.database, pages=1_000_000)
    desk.wait(minutes=10)
    while desk.recover().uncertain:
        pass
    desk.send()
    taken = Counter(desk.server.recipients())
    assert max(taken.values()) == 1
    for delivery in desk.deliveries():
        assert delivery.state is DeliveryState.UNCERTAIN or taken[delivery.address] == 1


def test_a_full_disk_while_queueing_refuses_the_mail_and_changes_nothing(sqlite_database, now):
    desk = Desk(sqlite_database, now)
    desk.account()
    limit_disk(desk.database)

    def queue(session):
        return desk.outbound.enqueue(session, desk.draft("bob@example.com", text="x" * 500_000))

    with pytest.raises(TemporaryFailure, match="cannot be written"):
        persist(desk.database, queue, seconds=0.1)
    limit_disk(desk.database, pages=1_000_000)
    assert desk.deliveries() == []
    desk.queue("bob@example.com")
    assert len(desk.deliveries()) == 1


def limit_disk(database, pages=None):
    """Let the file grow no further (or to so many pages), for the pool's connections: one, as tests use it."""
    with database.engine.connect() as connection:
        present = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages or present}")


def test_leases_hold_off_other_workers_until_they_run_out(database, now):
    desk = Desk(database, now, tuning=Tuning(lease=timedelta(minutes=5)))
    account = desk.account(max_connections=1)
    desk.queue("bob@example.com")
    from mailloom.store.leases import drop_lease, take_lease

    with desk.database.write() as session:
        name = f"account:{account}:connection:1"
        assert take_lease(session, name, "another", now=desk.time, until=desk.time + timedelta(minutes=5))
    assert desk.send() == []
    desk.wait(minutes=6)
    assert len(desk.send()) == 1
    with desk.database.write() as session:
        assert take_lease(session, name, "another", now=desk.time, until=desk.time)
        drop_lease(session, name, "a third")
        assert not take_lease(session, name, "a third", now=desk.time - timedelta(minutes=1), until=desk.time)
