"""Sending: what becomes of deliveries and accounts, whatever the server does."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mailloom.api.drafts import Purpose
from mailloom.api.settings import UncertainPolicy
from mailloom.errors import AuthenticationFailed, ConfigurationError, TemporaryFailure
from mailloom.mail.message import parse
from mailloom.store.accounts import AccountState
from mailloom.store.messages import IdentifierOrigin, MessageIdentifier
from mailloom.store.outbox import DeliveryAttempt, DeliveryState
from mailloom.store.system import Alarm
from mailloom.testing.outbox import Desk
from mailloom.testing.transports import Answer, Break, breaks, closing, deferred, rejected, taken


@pytest.fixture
def desk(database, now):
    return Desk(database, now)


def test_a_mail_goes_out_with_the_recipients_own_lines_before_the_shared_message(desk):
    desk.account()
    desk.queue("bob@example.com", "cat@example.net", individually=True)
    [report] = desk.send()
    assert (report.tried, report.error) == (2, "")
    assert desk.states() == {"bob@example.com": "sent", "cat@example.net": "sent"}
    mails = {mail.recipient: parse(mail.raw) for mail in desk.server.mails}
    assert [str(to) for to in mails["bob@example.com"].to] == ["bob@example.com"]
    assert mails["cat@example.net"].headers.get("X-Mailloom-Id") != mails["bob@example.com"].headers.get(
        "X-Mailloom-Id"
    )
    assert mails["bob@example.com"].plain.strip() == "Hello"
    assert not mails["bob@example.com"].defects


def test_the_servers_full_reply_and_the_attempt_are_kept(desk):
    desk.account()
    desk.server.answer("bob@example.com", rejected("550 5.1.1 <bob@example.com>: no such user"))
    desk.queue("bob@example.com")
    desk.send()
    delivery = desk.delivery("bob@example.com")
    assert delivery.state is DeliveryState.REJECTED
    assert (delivery.status, delivery.reply) == ("5.1.1", "550 5.1.1 <bob@example.com>: no such user")
    assert delivery.settled_at == desk.time
    with desk.database.read() as session:
        [attempt] = session.scalars(select(DeliveryAttempt)).all()
        assert (attempt.state, attempt.reply) == (DeliveryState.REJECTED, delivery.reply)


def test_one_refused_recipient_does_not_touch_the_others(desk):
    desk.account()
    desk.server.answer("bob@example.com", rejected())
    desk.server.answer("cat@example.com", deferred())
    desk.queue("ann@example.com", "bob@example.com", "cat@example.com")
    desk.send()
    assert desk.states() == {"ann@example.com": "sent", "bob@example.com": "rejected", "cat@example.com": "deferred"}


def test_a_temporary_refusal_is_tried_again_later_each_time_and_in_the_end_given_up(desk):
    desk.account(retry_minutes=5, max_errors=4)
    desk.server.answer("bob@example.com", deferred())
    desk.queue("bob@example.com")
    waits = []
    for _ in range(3):
        desk.send()
        delivery = desk.delivery("bob@example.com")
        assert delivery.state is DeliveryState.DEFERRED
        waits.append((delivery.due - desk.time) / timedelta(minutes=5))
        desk.send()  # not due yet: nothing happens
        assert desk.delivery("bob@example.com").attempts == len(waits)
        desk.time = delivery.due
    assert waits == [pytest.approx(1, rel=0.2), pytest.approx(2, rel=0.2), pytest.approx(4, rel=0.2)]
    desk.send()
    delivery = desk.delivery("bob@example.com")
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 4)
    assert "4 temporary failures" in delivery.explanation


def test_a_greylisted_mail_goes_out_at_the_second_try(desk):
    desk.account()
    desk.server.answer("bob@example.com", deferred("450 4.2.0 Greylisted", retry_after=600), taken())
    desk.queue("bob@example.com")
    desk.send()
    assert desk.delivery("bob@example.com").due >= desk.time + timedelta(minutes=10)
    desk.wait(hours=1)
    desk.send()
    assert desk.delivery("bob@example.com").state is DeliveryState.SENT


def test_the_wait_never_passes_four_hours(desk):
    desk.account(retry_minutes=200, max_errors=100)
    desk.server.answer("bob@example.com", deferred())
    desk.queue("bob@example.com")
    for _ in range(5):
        desk.send()
        due = desk.delivery("bob@example.com").due
        assert due - desk.time <= timedelta(hours=4.8)
        desk.time = due


def test_priorities_are_served_in_order(desk):
    desk.account(max_connections=1)
    for priority in (5, 3, 1, 4, 2):
        desk.queue(f"p{priority}@example.com", priority=priority)
    desk.send()
    assert desk.server.recipients() == [f"p{n}@example.com" for n in (1, 2, 3, 4, 5)]


def test_mail_for_later_waits_for_its_time(desk):
    desk.account()
    desk.queue("bob@example.com", due=desk.time + timedelta(hours=1))
    assert desk.send() == []
    desk.wait(hours=1)
    desk.send()
    assert desk.server.recipients() == ["bob@example.com"]


def test_many_mails_go_over_as_many_connections_as_allowed_and_each_once(desk):
    desk.account(max_connections=3, messages_per_connection=20)
    recipients = [f"u{n}@example.com" for n in range(300)]
    desk.server.latency_seconds = 0.001
    desk.queue(*recipients, individually=True)
    [report] = desk.send()
    assert report.counts == {DeliveryState.SENT: 300}
    assert sorted(desk.server.recipients()) == sorted(recipients)
    assert 1 < desk.server.most_open <= 3
    assert desk.server.open_now == 0
    per_connection = {mail.connection: 0 for mail in desk.server.mails}
    for mail in desk.server.mails:
        per_connection[mail.connection] += 1
    assert max(per_connection.values()) <= 20


def test_a_server_that_takes_fewer_connections_than_allowed_is_used_with_fewer(desk):
    account = desk.account(max_connections=4)
    desk.server.max_connections = 1
    desk.server.latency_seconds = 0.005
    desk.queue(*[f"u{n}@example.com" for n in range(60)], individually=True)
    for _ in range(3):
        desk.send()
        desk.wait(hours=2)
    assert len(desk.server.mails) == 60
    assert desk.account_row(account).state is AccountState.CONFIRMED


# --- uncertain --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", [Break.AFTER_BODY, Break.SILENTLY], ids=lambda when: when.name.lower())
def test_no_answer_after_the_body_is_uncertain_and_waits_for_a_person(desk, when):
    desk.account()
    desk.server.answer("bob@example.com", breaks(when))
    desk.queue("bob@example.com")
    desk.send()
    delivery = desk.delivery("bob@example.com")
    assert delivery.state is DeliveryState.UNCERTAIN
    assert "may have arrived" in delivery.explanation
    desk.wait(days=1)
    desk.send()
    assert len(desk.server.mails) == 1


def test_the_policy_may_send_uncertain_mail_again_but_never_marketing(database, now):
    desk = Desk(database, now, policy=UncertainPolicy.RETRY)
    desk.account()
    desk.server.answer("bob@example.com", breaks(Break.AFTER_BODY), taken())
    desk.server.answer("cat@example.com", breaks(Break.AFTER_BODY), taken())
    desk.queue("bob@example.com")
    desk.queue("cat@example.com", purpose=Purpose.MARKETING)
    for _ in range(4):
        desk.send()
        desk.wait(hours=2)
    assert desk.states() == {"bob@example.com": "sent", "cat@example.com": "uncertain"}


def test_a_connection_that_breaks_before_the_body_costs_the_delivery_nothing(desk):
    desk.account(retry_minutes=5)
    desk.server.answer("bob@example.com", breaks(Break.BEFORE_BODY), taken())
    desk.queue("bob@example.com")
    desk.send()
    delivery = desk.delivery("bob@example.com")
    assert (delivery.state, delivery.attempts) == (DeliveryState.DEFERRED, 1)
    desk.wait(hours=1)
    desk.send()
    assert desk.delivery("bob@example.com").state is DeliveryState.SENT


def test_one_message_that_always_breaks_the_connection_does_not_stop_the_others(desk):
    desk.account(max_connections=1)
    desk.server.answer("poison@example.com", breaks(Break.BEFORE_BODY))
    desk.queue("poison@example.com", priority=1)
    desk.queue(*[f"u{n}@example.com" for n in range(30)], individually=True)
    for _ in range(2):
        desk.send()
        desk.wait(minutes=1)
    assert len(desk.server.mails) == 30
    assert desk.delivery("poison@example.com").state is DeliveryState.DEFERRED


def test_a_message_that_breaks_the_connection_every_time_is_given_up_after_max_errors(desk):
    desk.account(max_connections=1, max_errors=4)
    desk.server.answer("poison@example.com", breaks(Break.BEFORE_BODY))
    desk.queue("poison@example.com")
    for tries in range(1, 4):
        desk.send()
        delivery = desk.delivery("poison@example.com")
        assert (delivery.state, delivery.attempts) == (DeliveryState.DEFERRED, tries)
        desk.wait(hours=12)
    desk.send()
    delivery = desk.delivery("poison@example.com")
    assert (delivery.state, delivery.attempts) == (DeliveryState.FAILED, 4)
    assert "the connection broke" in delivery.explanation
    desk.wait(hours=12)
    desk.queue("bob@example.com")
    desk.send()
    assert desk.delivery("bob@example.com").state is DeliveryState.SENT


# --- the account ------------------------------------------------------------------------------------------------------------------------


def test_a_server_that_cannot_be_reached_is_the_accounts_fault_not_the_mails(desk):
    account = desk.account()
    desk.queue("bob@example.com")
    desk.server.refuse_connection(TemporaryFailure("Connection refused"))
    [report] = desk.send()
    assert report.error == "Connection refused"
    row = desk.account_row(account)
    assert (row.state, row.first_error, row.error_count) == (AccountState.FAILING, "Connection refused", 1)
    assert desk.delivery("bob@example.com").state is DeliveryState.QUEUED
    assert desk.delivery("bob@example.com").attempts == 0
    assert desk.send() == []  # it rests
    desk.wait(seconds=30)
    desk.send()
    row = desk.account_row(account)
    assert (row.state, row.first_error_at, row.error_count) == (AccountState.CONFIRMED, None, 0)
    assert desk.delivery("bob@example.com").state is DeliveryState.SENT


def test_an_account_that_keeps_failing_rests_longer_each_time_and_calls_a_person(desk):
    account = desk.account()
    desk.queue("bob@example.com")
    waits = []
    for _ in range(10):
        desk.server.refuse_connection(TemporaryFailure("Connection refused"))
        desk.send()
        wait = desk.account_row(account).next_attempt_at - desk.time
        waits.append(wait.total_seconds())
        desk.time += wait
    assert waits[:4] == [30, 60, 120, 240]
    assert max(waits) == 3600
    with desk.database.read() as session:
        [alarm] = session.scalars(select(Alarm)).all()
        assert alarm.subject == f"account:{account}"
        assert "Connection refused" in alarm.text
        assert "accounts test main" in alarm.remedy


def test_a_refused_login_pauses_the_account_with_an_alarm_and_loses_nothing(desk):
    account = desk.account()
    desk.queue("bob@example.com")
    desk.server.refuse_connection(AuthenticationFailed("535 5.7.8 Bad credentials", remedy="Enter the password again."))
    desk.send()
    row = desk.account_row(account)
    assert (row.state, row.paused_reason) == (AccountState.PAUSED, "535 5.7.8 Bad credentials")
    assert desk.delivery("bob@example.com").state is DeliveryState.QUEUED
    with desk.database.read() as session:
        [alarm] = session.scalars(select(Alarm)).all()
        assert "Enter the password again." in alarm.remedy
    desk.wait(days=1)
    assert desk.send() == []


def test_a_server_that_shuts_down_before_every_mail_stops_the_pass(desk):
    account = desk.account(max_connections=1)
    for n in range(100):
        desk.server.answer(f"u{n}@example.com", closing())
    desk.queue(*[f"u{n}@example.com" for n in range(100)], individually=True)
    desk.send()
    assert desk.account_row(account).state is AccountState.FAILING
    assert desk.server.opened <= 5
    assert {delivery.attempts for delivery in desk.deliveries()} == {0}


def test_an_account_that_hangs_or_fails_starves_no_other(desk):
    desk.account("broken", from_filter=["broken.example"], sequence=1)
    desk.account("fine", sequence=2)
    desk.kinds["broken"] = desk.kinds["memory"]
    desk.queue("bob@example.com", sender="x@broken.example")
    desk.queue("cat@example.com")
    with desk.database.write() as session:
        session.get(type(desk.account_row(1)), 1).kind = "gone"
    reports = {report.account: report for report in desk.send()}
    assert "No installed addon sends by 'gone'" in reports["broken"].error
    assert desk.states() == {"bob@example.com": "queued", "cat@example.com": "sent"}


def test_settings_that_no_longer_fit_pause_the_account_and_name_the_field(desk):
    account = desk.account(retry_minutes=0)
    desk.queue("bob@example.com")
    desk.send()
    row = desk.account_row(account)
    assert row.state is AccountState.PAUSED
    assert "retry_minutes" in row.paused_reason


def test_a_transport_with_a_bug_loses_nothing_and_pauses_the_account(desk):
    class Buggy(type(desk.kinds["memory"])):
        def open(self, account):
            raise KeyError("oops")

    desk.kinds["memory"] = Buggy(desk.server)
    account = desk.account()
    desk.queue("bob@example.com")
    desk.send()
    assert "KeyError" in desk.account_row(account).paused_reason
    assert desk.delivery("bob@example.com").state is DeliveryState.QUEUED


def test_the_first_contact_after_a_configuration_error_needs_a_person(desk):
    account = desk.account()
    desk.queue("bob@example.com")
    desk.server.refuse_connection(ConfigurationError("The account names no server.", remedy="Set its host."))
    desk.send()
    assert desk.account_row(account).state is AccountState.PAUSED


# --- waiting for an account ---------------------------------------------------------------------------------------------------------------


def test_mail_without_an_account_waits_until_there_is_one(desk):
    desk.queue("bob@example.com")
    assert desk.delivery("bob@example.com").account_id is None
    assert desk.send() == []
    account = desk.account()
    desk.send()
    delivery = desk.delivery("bob@example.com")
    assert (delivery.state, delivery.account_id) == (DeliveryState.SENT, account)


def test_mail_for_a_paused_account_waits_for_it(desk):
    account = desk.account(state=AccountState.PAUSED)
    desk.queue("bob@example.com")
    assert desk.send() == []
    assert desk.delivery("bob@example.com").account_id == account


# --- the rest -----------------------------------------------------------------------------------------------------------------------------


def test_an_id_that_the_provider_put_in_place_of_ours_is_known_afterwards(desk):
    desk.account()
    desk.server.answer("bob@example.com", taken(provider_message_id="<0102@eu.example>"))
    desk.queue("bob@example.com")
    desk.send()
    with desk.database.read() as session:
        ids = session.scalars(select(MessageIdentifier).where(MessageIdentifier.origin == IdentifierOrigin.PROVIDER))
        assert [entry.value for entry in ids] == ["<0102@eu.example>"]


def test_stopping_releases_what_was_not_sent(desk):
    desk.account(max_connections=1)
    desk.server.latency_seconds = 0.01
    desk.queue(*[f"u{n}@example.com" for n in range(100)], individually=True)
    threading.Timer(0.2, desk.sending.stop.set).start()
    desk.send()
    states = [delivery.state for delivery in desk.deliveries()]
    assert 0 < states.count(DeliveryState.SENT) < 100
    assert set(states) == {DeliveryState.SENT, DeliveryState.QUEUED}
    assert states.count(DeliveryState.SENT) == len(desk.server.mails)


def test_progress_counts_every_delivery(desk):
    desk.account()
    desk.queue(*[f"u{n}@example.com" for n in range(70)], individually=True)
    counted = []
    desk.sending.send_due(counted.append)
    assert sum(counted) == 70


def test_two_workers_at_once_send_nothing_twice(desk):
    desk.account(max_connections=2)
    desk.server.latency_seconds = 0.002
    recipients = [f"u{n}@example.com" for n in range(150)]
    desk.queue(*recipients, individually=True)
    workers = [threading.Thread(target=desk.send) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    desk.send()
    assert sorted(desk.server.recipients()) == sorted(recipients)
    assert desk.server.most_open <= 2
    with desk.database.read() as session:
        assert session.scalar(select(func.count()).select_from(DeliveryAttempt)) == 150


def test_a_message_whose_bytes_are_gone_fails_by_name_and_the_rest_goes_on(desk):
    desk.account()
    queued = desk.queue("bob@example.com")
    desk.queue("cat@example.com")
    with desk.database.write() as session:
        from mailloom.store.messages import Message

        session.get_one(Message, queued.message_id).raw_digest = None
    desk.send()
    assert desk.states() == {"bob@example.com": "failed", "cat@example.com": "sent"}
    assert "not stored any more" in desk.delivery("bob@example.com").explanation


def test_an_answer_for_a_mail_that_was_not_given_is_ignored(desk):
    assert Answer(status=taken().status) != taken()
    desk.account()
    desk.queue("bob@example.com")

    class Confused(type(desk.kinds["memory"])):
        def open(self, account):
            transport = super().open(account)
            deliver = transport.deliver

            def twice(parcels):
                for outcome in deliver(parcels):
                    yield outcome
                    yield outcome

            transport.deliver = twice
            return transport

    desk.kinds["memory"] = Confused(desk.server)
    desk.send()
    assert desk.states() == {"bob@example.com": "sent"}
