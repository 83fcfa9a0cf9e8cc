"""Retention takes bytes and attempts that are old enough, and never what somebody still needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mailloom.api import Draft, Recipient
from mailloom.errors import NotFound
from mailloom.flow.fetching import lease_length, lease_name
from mailloom.mail.address import parse_addresses
from mailloom.store.accounts import Lease
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.blobs import Blob, read_blob
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryAttempt, DeliveryState
from mailloom.testing.sources import numbered


def receive(post: Any, number: int, fallback: str | None = "jobs_letter") -> int:
    received = post.app.receive(numbered(number), fallback=fallback)
    return int(received.arrival_id)


def send(post: Any, recipient: str) -> None:
    [sender] = parse_addresses("ann@example.org")
    to = [Recipient(address=parse_addresses(recipient)[0])]
    with post.app.write() as session:
        post.app.enqueue(session, Draft(sender=sender, recipients=to, subject="Hello", text="Hello\n"))


def blobs(post: Any) -> int:
    with post.app.read() as session:
        return session.scalar(select(func.count()).select_from(Blob)) or 0


def age(post: Any, days: int) -> None:
    """Let everything that is stored be so many days old."""
    moment = post.app.now() - timedelta(days=days)
    with post.app.write() as session:
        for arrival in session.scalars(select(Arrival)):
            arrival.received_at = moment
            arrival.settled_at = moment if arrival.settled_at else None
        for message in session.scalars(select(Message)):
            message.created_at = moment
        for attempt in session.scalars(select(DeliveryAttempt)):
            attempt.at = moment


def test_nothing_goes_unless_the_settings_say_so(post: Any) -> None:
    receive(post, 1)
    age(post, 4000)
    assert str(post.duties.upkeep.retain()) == "raw bytes of 0 arrivals and 0 sent messages, 0 attempts removed"
    assert blobs(post) == 1


def test_settled_mails_lose_their_bytes_and_keep_their_record(post: Any) -> None:
    arrival_id = receive(post, 1)
    age(post, 31)
    young = receive(post, 2)
    post.app.save_settings("core", {"keep_raw_days": 30})
    assert post.duties.upkeep.retain().arrivals == 1
    with post.app.read() as session:
        old, new = session.get_one(Arrival, arrival_id), session.get_one(Arrival, young)
        assert (old.raw_digest, old.outcome, old.subject) == (None, Outcome.ROUTED, "number 1")
        assert read_blob(session, new.raw_digest or "") == numbered(2)
        [message] = session.scalars(select(Message).where(Message.arrival_id == arrival_id))
        assert (message.raw_digest, message.text.strip()) == (None, "text")
    assert blobs(post) == 1


def test_a_copy_of_a_mail_whose_bytes_went_is_still_known(post: Any) -> None:
    receive(post, 1)
    age(post, 31)
    post.app.save_settings("core", {"keep_raw_days": 30})
    post.duties.upkeep.retain()
    assert post.app.receive(numbered(1), fallback="jobs_letter").outcome == "ignored"


def test_what_waits_for_a_person_or_a_decision_stays(post: Any) -> None:
    from mailloom.flow.keeping import Mailing

    receive(post, 1, fallback=None)
    post.app.keep_many([Mailing(raw=numbered(2))])
    age(post, 31)
    post.app.save_settings("core", {"keep_raw_days": 30})
    assert post.duties.upkeep.retain().arrivals == 0
    assert blobs(post) == 2


def test_bytes_that_a_younger_mail_shares_stay(post: Any) -> None:
    receive(post, 1)
    age(post, 31)
    again = receive(post, 1)
    post.app.save_settings("core", {"keep_raw_days": 30})
    assert post.duties.upkeep.retain().arrivals == 1
    with post.app.read() as session:
        assert read_blob(session, session.get_one(Arrival, again).raw_digest or "") == numbered(1)


def test_sent_messages_lose_their_bytes_once_every_delivery_is_settled(post: Any) -> None:
    post.outgoing()
    send(post, "bob@example.com")
    age(post, 31)
    post.app.save_settings("core", {"keep_raw_days": 30})
    assert post.duties.upkeep.retain().sent == 0
    post.duties.sending.send_due()
    assert post.server.recipients() == ["bob@example.com"]
    assert post.duties.upkeep.retain().sent == 1
    assert blobs(post) == 0
    with post.app.read() as session:
        assert [delivery.state for delivery in session.scalars(select(Delivery))] == [DeliveryState.SENT]


def test_attempts_go_after_their_days(post: Any) -> None:
    post.outgoing()
    send(post, "bob@example.com")
    post.duties.sending.send_due()
    assert post.duties.upkeep.retain().attempts == 0
    age(post, 91)
    assert post.duties.upkeep.retain().attempts == 1


def test_a_parked_mail_without_bytes_says_why_it_cannot_be_shown(sqlite_post: Any) -> None:
    with sqlite_post.app.read() as session, pytest.raises(NotFound, match="not stored any more"):
        read_blob(session, "")


def test_a_lease_from_a_clock_that_was_ahead_holds_nobody_up(post: Any) -> None:
    account = post.incoming()
    post.mailbox.deliver(numbered(1))
    with post.app.write() as session:
        until = post.app.now() + timedelta(days=400)
        session.add(Lease(name=lease_name(account), owner="dead", until=until))
    assert post.duties.fetching.fetch_account(account).fetched == 1


def test_a_lease_that_is_held_is_kept(post: Any) -> None:
    account = post.incoming()
    with post.app.write() as session:
        session.add(Lease(name=lease_name(account), owner="alive", until=post.app.now() + lease_length({})))
    assert post.duties.fetching.fetch_account(account).busy is True


def test_deliveries_held_by_a_clock_that_was_ahead_are_released(post: Any) -> None:
    post.outgoing()
    send(post, "bob@example.com")
    with post.app.write() as session:
        for delivery in session.scalars(select(Delivery)):
            delivery.state, delivery.attempt = DeliveryState.LEASED, "dead"
            delivery.lease_until = post.app.now() + timedelta(days=400)
    assert post.duties.upkeep.recover().queued == 1


def test_leases_of_the_dead_are_swept_away(sqlite_post: Any) -> None:
    now = sqlite_post.app.now()
    with sqlite_post.app.write() as session:
        session.add(Lease(name="old", owner="a", until=now - timedelta(days=2)))
        session.add(Lease(name="new", owner="a", until=now + timedelta(minutes=1)))
    sqlite_post.duties.upkeep.retain()
    with sqlite_post.app.read() as session:
        assert list(session.scalars(select(Lease.name))) == ["new"]
