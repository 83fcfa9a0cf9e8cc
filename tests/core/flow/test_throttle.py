"""Throttles: how many messages may go at which moment, for all workers together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from mailloom.flow.throttle import buckets, take
from mailloom.testing.outbox import Desk


@dataclass
class Limits:
    per_second: int | None = None
    per_minute: int | None = None
    per_day: int | None = None


def run(database, limits, start, seconds, step=0.1):
    """Moments (seconds from the start) of the messages that are granted when as many as possible are sent."""
    granted, moment = [], 0.0
    while moment <= seconds:
        with database.write() as session:
            grant = take(session, buckets(1, limits), 1000, start + timedelta(seconds=moment))
        granted += [moment] * grant.count
        moment = round(moment + step, 6)
    return granted


def most_within(moments, seconds):
    return max(sum(start <= other < start + seconds for other in moments) for start in moments)


@pytest.mark.parametrize("rate", [1, 7, 50, 999])
def test_a_rate_per_second_is_reached_and_hardly_passed(sqlite_database, now, rate):
    moments = run(sqlite_database, Limits(per_second=rate), now, 10)
    assert 0.9 * rate * 10 <= len(moments) <= 1.1 * rate * 10 + 2
    assert most_within(moments, 1) <= max(1.2 * rate, rate + 1)


def test_a_rate_per_minute(database, now):
    moments = run(database, Limits(per_minute=30), now, 240, step=2)
    assert len(moments) == pytest.approx(120, abs=4)
    assert most_within(moments, 60) <= 34


def test_a_day_is_a_window_so_that_no_24_hours_see_more(sqlite_database, now):
    moments = run(sqlite_database, Limits(per_day=500), now, 3 * 86400, step=1800)
    assert len(moments) == 4 * 500
    assert most_within(moments, 86399) == 500


def test_the_tightest_limit_binds_and_says_how_long_to_wait(sqlite_database, now):
    limits = buckets(1, Limits(per_second=10, per_day=3))
    with sqlite_database.write() as session:
        assert take(session, limits, 1, now).count == 1
        assert take(session, limits, 100, now + timedelta(seconds=1)).count == 2
        grant = take(session, limits, 100, now + timedelta(seconds=3))
    assert grant.count == 0
    assert grant.wait == timedelta(days=1) - timedelta(seconds=3)


def test_a_clock_that_was_set_back_gives_nothing_away(sqlite_database, now):
    limits = buckets(1, Limits(per_second=1))
    with sqlite_database.write() as session:
        assert take(session, limits, 5, now).count == 1
        assert take(session, limits, 5, now - timedelta(hours=1)).count == 0
        assert take(session, limits, 5, now).count == 0
        assert take(session, limits, 5, now + timedelta(seconds=1)).count == 1


def test_without_limits_everything_may_go(sqlite_database, now):
    with sqlite_database.write() as session:
        assert take(session, buckets(1, Limits()), 1000, now).count == 1000


def test_a_pass_ends_when_the_day_is_spent_and_the_rest_waits(database, now):
    desk = Desk(database, now)
    desk.account(per_day=10)
    desk.queue(*[f"u{n}@example.com" for n in range(25)], individually=True)
    [report] = desk.send()
    assert len(desk.server.mails) == 10
    assert report.wait == timedelta(days=1)
    assert sorted(set(desk.states().values())) == ["queued", "sent"]
    desk.wait(days=1)
    desk.send()
    assert len(desk.server.mails) == 20
