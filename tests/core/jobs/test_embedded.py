"""The engine in one process: mail arrives and leaves without anybody asking, jobs fail alone, a stop is graceful."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.api import Draft, Recipient
from mailloom.api.receiving import Mailing
from mailloom.errors import NotFound, TemporaryFailure
from mailloom.jobs.embedded import Embedded
from mailloom.jobs.engine import Duty, Kind, Task
from mailloom.jobs.running import Runner, job_states, pause_job
from mailloom.mail.address import parse_addresses
from mailloom.store.accounts import AccountRow, AccountState, Lease
from mailloom.store.outbox import Delivery
from mailloom.store.system import JobState
from mailloom.testing.sources import numbered

Eventually = Callable[..., None]


@pytest.fixture
def start() -> Iterator[Callable[[Any], Embedded]]:
    engines = []

    def started(post: Any) -> Embedded:
        engine = Embedded(post.duties, post.app.database, post.app.registry, beat_seconds=0.2, grace_seconds=10)
        engine.start()
        engines.append(engine)
        return engine

    yield started
    for engine in engines:
        engine.stop()


def queue(post: Any, *recipients: str) -> None:
    [sender] = parse_addresses("ann@example.org")
    to = [Recipient(address=parse_addresses(recipient)[0]) for recipient in recipients]
    with post.app.write() as session:
        post.app.enqueue(session, Draft(sender=sender, recipients=to, subject="Hello", text="Hello\n"))


def test_mail_is_fetched_and_decided_about_at_the_start(post: Any, start: Any, eventually: Eventually) -> None:
    post.incoming()
    post.mailbox.deliver(numbered(1))
    start(post)
    eventually(lambda: post.outcomes() == {"routed": 1})


def test_mail_that_a_listener_keeps_is_decided_about_at_once(post: Any, start: Any, eventually: Eventually) -> None:
    start(post)
    eventually(lambda: _ended(post, "settle") is not None)
    post.app.keep_many([Mailing(raw=numbered(1), fallback="jobs_letter")])
    eventually(lambda: post.outcomes() == {"routed": 1}, 3.0)


def test_new_mail_arrives_in_a_moment_where_the_server_tells_of_it(
    post: Any, start: Any, eventually: Eventually
) -> None:
    post.incoming(poll_minutes=1440)
    post.mailbox.deliver(numbered(1))
    start(post)
    eventually(lambda: post.outcomes() == {"routed": 1})
    eventually(lambda: post.mailbox.connections == 1)
    post.mailbox.deliver(numbered(2))
    eventually(lambda: post.outcomes() == {"routed": 2}, 5.0)


def test_queued_mail_wakes_the_account_that_sends_it(post: Any, start: Any, eventually: Eventually) -> None:
    post.outgoing()
    engine = start(post)
    eventually(lambda: "send:outbox" in engine._duties)
    engine.beat_seconds = 60
    time.sleep(0.3)
    begun = time.monotonic()
    queue(post, "bob@example.com")
    eventually(lambda: post.server.recipients() == ["bob@example.com"])
    assert time.monotonic() - begun < 5


def test_an_account_made_while_it_runs_is_taken_up(sqlite_post: Any, start: Any, eventually: Eventually) -> None:
    start(sqlite_post)
    sqlite_post.incoming()
    sqlite_post.mailbox.deliver(numbered(1))
    eventually(lambda: sqlite_post.outcomes() == {"routed": 1}, 15.0)


def test_an_account_that_hangs_or_fails_holds_nobody_up(sqlite_post: Any, start: Any, eventually: Eventually) -> None:
    post = sqlite_post
    post.outgoing()
    kind: Any = post.app.registry.sources["memory"]
    whole, hang = kind.open, threading.Event()

    def open_or_hang(account: Any) -> Any:
        if account.name == "hangs":
            hang.wait(8)
            raise TemporaryFailure("The server never answered.")
        return whole(account)

    kind.open = open_or_hang
    try:
        post.incoming("hangs")
        post.incoming("works")
        post.mailbox.deliver(numbered(1))
        start(post)
        queue(post, "bob@example.com")
        eventually(lambda: post.outcomes() == {"routed": 1} and post.server.recipients() == ["bob@example.com"], 5.0)
    finally:
        hang.set()
        kind.open = whole


def test_a_paused_job_rests_and_one_that_is_asked_for_by_hand_runs(sqlite_post: Any, start: Any) -> None:
    post = sqlite_post
    post.incoming()
    post.mailbox.deliver(numbered(1))
    with post.app.write() as session:
        pause_job(session, "fetch:inbox", paused=True)
    start(post)
    time.sleep(1.0)
    assert post.outcomes() == {}
    assert (
        Runner(post.app.database, post.app.now).run(post.duties.find("fetch:inbox"), by_hand=True).result == "1 fetched"
    )


def test_what_is_asked_for_is_run(sqlite_post: Any, start: Any, eventually: Eventually) -> None:
    sqlite_post.app.save_settings("core", {"keep_raw_days": 1})
    engine = start(sqlite_post)
    eventually(lambda: _ended(sqlite_post, "retain") is not None)
    first = _ended(sqlite_post, "retain")
    with sqlite_post.app.write() as session:
        for state in job_states(session).values():
            state.last_started_at = None
    engine.defer(Task(kind=Kind.RETAIN))
    eventually(lambda: _ended(sqlite_post, "retain") > first)


def _ended(post: Any, name: str) -> Any:
    with post.app.read() as session:
        state = session.get(JobState, name)
        return state.last_ended_at if state else None


def test_results_and_failures_are_kept_with_the_job(post: Any) -> None:
    account = post.incoming()
    runner = Runner(post.app.database, post.app.now)
    post.mailbox.faults.append(TemporaryFailure("The server is down."))
    assert runner.run(post.duties.find("fetch:inbox")).failed
    post.mailbox.faults.append(TemporaryFailure("The server is still down."))
    assert runner.run(post.duties.find("fetch:inbox"), by_hand=True).failed
    with post.app.read() as session:
        state = job_states(session)["fetch:inbox"]
    assert (state.failures, state.last_result) == (2, "The server is still down.")
    assert post.account(account).error_count == 2
    runner.run(post.duties.find("fetch:inbox"), by_hand=True)
    with post.app.read() as session:
        assert job_states(session)["fetch:inbox"].failures == 0


def test_a_job_of_an_addon_that_raises_is_a_failed_job_and_nothing_else(sqlite_post: Any) -> None:
    def burst(by_hand: bool) -> str:
        raise RuntimeError("a fault of the addon")

    duty = Duty(kind=Kind.ADDON, key="count", summary="Counts.", every_seconds=60, run=burst)
    ran = Runner(sqlite_post.app.database, sqlite_post.app.now).run(duty)
    assert (ran.failed, ran.result) == (True, "RuntimeError: a fault of the addon")


def test_two_processes_run_a_job_of_an_addon_once(post: Any) -> None:
    running, runs = threading.Event(), []

    def count(by_hand: bool) -> str:
        runs.append(1)
        running.set()
        time.sleep(0.5)
        return "counted"

    duty = Duty(kind=Kind.ADDON, key="count", summary="Counts.", every_seconds=3600, run=count)
    one, other = (Runner(post.app.database, post.app.now) for _ in range(2))
    thread = threading.Thread(target=one.run, args=[duty])
    thread.start()
    running.wait(5)
    assert other.run(duty).skipped == "another worker runs it"
    thread.join()
    assert other.run(duty).skipped == "another worker ran it a moment ago"
    assert runs == [1]


def test_a_clock_that_was_ahead_keeps_no_job_from_running(sqlite_post: Any) -> None:
    duty = Duty(kind=Kind.ADDON, key="count", summary="Counts.", every_seconds=3600, run=lambda by_hand: "counted")
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    Runner(sqlite_post.app.database, lambda: now + timedelta(days=400)).run(duty)
    assert Runner(sqlite_post.app.database, lambda: now).run(duty).result == "counted"


def test_a_clock_that_was_ahead_lets_no_account_rest_for_ever(sqlite_post: Any) -> None:
    account = sqlite_post.incoming()
    with sqlite_post.app.write() as session:
        row = session.get_one(AccountRow, account)
        row.state, row.next_attempt_at = AccountState.FAILING, sqlite_post.app.now() + timedelta(days=400)
    sqlite_post.duties.upkeep.recover()
    assert sqlite_post.account(account).next_attempt_at <= sqlite_post.app.now()


def test_a_stop_releases_what_it_held(post: Any, start: Any, eventually: Eventually) -> None:
    post.outgoing(max_connections=2)
    post.incoming()
    post.server.latency_seconds = 0.05
    engine = start(post)
    queue(post, *[f"{number}@example.com" for number in range(60)])
    eventually(lambda: len(post.server.recipients()) > 2)
    assert engine.stop() is True
    with post.app.read() as session:
        states = list(session.scalars(select(Delivery.state)))
        leases = list(session.scalars(select(Lease.name)))
    assert {state.value for state in states} == {"sent", "queued"}
    assert sum(state.value == "sent" for state in states) == len(post.server.recipients())
    assert leases == []


def test_an_unknown_job_is_said_to_be_unknown(sqlite_post: Any) -> None:
    with pytest.raises(NotFound, match="fetch:nowhere"):
        sqlite_post.duties.find("fetch:nowhere")
