"""Mail counted by the hour, on both databases."""

from __future__ import annotations

from datetime import timedelta

from mailloom.api.receiving import Mailing
from mailloom.flow.keeping import keep_many
from mailloom.flow.pass_results import count_results
from mailloom.store.database import Database
from mailloom.store.hourly import Counted, count, counted_since, forget_before, hour_of
from mailloom.store.outbox import DeliveryState
from mailloom.store.recording import Result
from mailloom.testing import Clock


def _result(number: int, state: DeliveryState, *, settled: bool = True) -> Result:
    due = None if settled else Clock()()
    return Result(id=number, attempt="a", message_id=1, state=state, attempts=1, due=due)


def test_an_hour_adds_up_whoever_counted(database: Database) -> None:
    now = Clock()().replace(minute=59)
    for _ in range(40):
        with database.write() as session:
            count(session, now, {Counted.SENT: 3, Counted.REFUSED: 0})
    with database.write() as session:
        count(session, now + timedelta(minutes=1), {Counted.SENT: 1})
    with database.read() as session:
        assert counted_since(session, now) == {
            (hour_of(now), Counted.SENT): 120,
            (hour_of(now) + timedelta(hours=1), Counted.SENT): 1,
        }
        assert counted_since(session, now + timedelta(hours=2)) == {}


def test_what_is_rolled_back_was_not_counted(database: Database) -> None:
    now = Clock()()
    with database.write() as session:
        count(session, now, {Counted.RECEIVED: 5})
        session.rollback()
    with database.read() as session:
        assert counted_since(session, now) == {}


def test_arrivals_and_results_are_counted_once(database: Database) -> None:
    now = Clock()()
    results = [
        _result(1, DeliveryState.SENT),
        _result(2, DeliveryState.SENT),
        _result(3, DeliveryState.REJECTED),
        _result(4, DeliveryState.FAILED),
        _result(5, DeliveryState.CANCELLED),
        _result(6, DeliveryState.DEFERRED, settled=False),
    ]
    with database.write() as session:
        keep_many(session, [Mailing(raw=b"Subject: a\r\n\r\n"), Mailing(raw=b"Subject: b\r\n\r\n")], now)
        count_results(session, results, now)
    with database.read() as session:
        hour = hour_of(now)
        assert counted_since(session, now) == {
            (hour, Counted.RECEIVED): 2,
            (hour, Counted.SENT): 2,
            (hour, Counted.REFUSED): 2,
        }


def test_old_hours_are_forgotten(database: Database) -> None:
    now = Clock()()
    with database.write() as session:
        count(session, now - timedelta(days=2), {Counted.SENT: 1})
        count(session, now, {Counted.SENT: 1})
    with database.write() as session:
        assert forget_before(session, now - timedelta(days=1)) == 1
    with database.read() as session:
        assert list(counted_since(session, now - timedelta(days=9))) == [(hour_of(now), Counted.SENT)]
