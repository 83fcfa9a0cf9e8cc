"""From a report to its consequences: the delivery, the address, the conversation, the alarm."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.bounce.effects import Rule, change_rule
from mailloom.addons.bounce.listing import export, load
from mailloom.addons.bounce.models import Effect, MatchedBy, Scope
from mailloom.addons.bounce.suppressing import suppress_address, undo
from mailloom.addons.bounce.webhooks import record_provider_events
from mailloom.addons.helpdesk.models import Ticket
from mailloom.api import Draft, MessageKind, ProviderEvent, Purpose, Recipient
from mailloom.errors import ConfigurationError, NotFound
from mailloom.mail.address import parse_addresses
from mailloom.mail.report import Event, Kind, Reason
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.system import Alarm
from mailloom.testing import mail

Desk = Any

FULL = {"status": "5.2.2", "diagnostic": "552 5.2.2 Mailbox full"}
SPAM = {"status": "5.7.1", "diagnostic": "550 5.7.1 Message rejected: blocked using zen.dnsbl.example, spam"}


# --- the whole circle ---


def test_a_dead_address_is_noted_suppressed_and_not_written_to_again(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    received = desk.app.receive(make_dsn(desk.raw(sent)), recipients=[sent.envelope_from], envelope_from="")
    assert received.outcome == "reported"
    assert desk.delivery(sent).state is DeliveryState.BOUNCED
    assert desk.suppressed() == [("ann@example.com", "all")]
    [note] = desk.notes(sent)
    assert "ann@example.com could not be delivered: the address does not exist" in note
    assert "User unknown" in note
    again = desk.send()
    assert again.state is DeliveryState.REJECTED
    assert "suppressed since 2026-03-02" in again.explanation


def test_the_agent_who_follows_is_told_of_the_bounce(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    before = len(desk.app.outbox)
    desk.app.receive(make_dsn(desk.raw(sent)), recipients=[sent.envelope_from])
    assert [one.recipient for one in desk.app.outbox[before:]] == ["agent@example.org"]


def test_a_note_that_bounces_itself_makes_no_further_mail(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    desk.app.receive(make_dsn(desk.raw(sent)), recipients=[sent.envelope_from])
    with desk.app.read() as session:
        note = session.scalars(
            select(Delivery).where(Delivery.key == "agent@example.org").order_by(Delivery.id.desc())
        ).first()
    before = len(desk.app.outbox)
    raw = make_dsn(desk.raw(note), recipient="agent@example.org", **FULL)
    assert desk.app.receive(raw, recipients=[note.envelope_from]).outcome == "reported"
    assert len(desk.app.outbox) == before


# --- whose bounce is it ---


@pytest.mark.parametrize(
    ("way", "matched_by"),
    [
        pytest.param("return path", MatchedBy.RETURN_PATH, id="the token of the return path"),
        pytest.param("header", MatchedBy.DELIVERY_HEADER, id="X-Mailloom-Id in the returned message"),
        pytest.param("message id", MatchedBy.MESSAGE_ID, id="the Message-ID of the returned message"),
        pytest.param("in reply to", MatchedBy.IN_REPLY_TO, id="In-Reply-To of the report"),
    ],
)
def test_a_report_is_matched_by_the_surest_identity_it_has(
    desk: Desk, make_dsn: Any, way: str, matched_by: MatchedBy
) -> None:
    sent = desk.send()
    raw = desk.raw(sent)
    match way:
        case "return path":
            report, to = make_dsn(raw, returned=False), sent.envelope_from
        case "header":
            report, to = make_dsn(raw), "bounce@example.org"
        case "message id":
            report, to = make_dsn(raw.split(b"\r\n", 1)[1]), "bounce@example.org"
        case _:
            own = desk.app.outbox[-1].mail.message_id
            report, to = make_dsn(raw, returned=False, headers=f"In-Reply-To: {own}\r\n"), "bounce@example.org"
    desk.app.receive(report, recipients=[to])
    [event] = desk.events()
    assert (event.matched_by, event.delivery_id) == (matched_by, sent.id)
    assert desk.suppressed() == [("ann@example.com", "all")]


def test_a_report_that_names_no_message_of_ours_is_shown_and_suppresses_nobody(desk: Desk, make_dsn: Any) -> None:
    desk.app.receive(
        make_dsn(b"Subject: x\r\n\r\n", recipient="stranger@example.net"), recipients=["bounce@example.org"]
    )
    [event] = desk.events()
    assert (event.matched_by, event.delivery_id, event.key) == (MatchedBy.NOTHING, None, "stranger@example.net")
    assert desk.suppressed() == []


def test_a_recipient_and_a_time_alone_change_nothing(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    desk.app.receive(make_dsn(b"", returned=False), recipients=["bounce@example.org"])
    [event] = desk.events()
    assert (event.matched_by, event.delivery_id) == (MatchedBy.RECIPIENT_AND_TIME, sent.id)
    assert desk.delivery(sent).state is DeliveryState.SENT
    assert desk.suppressed() == []


def test_a_forged_token_changes_nothing(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    forged = sent.envelope_from.replace("bounce+", "bounce+aa", 1)
    received = desk.app.receive(make_dsn(b"", returned=False), recipients=[forged])
    assert (received.outcome, desk.suppressed()) == ("reported", [])
    assert desk.delivery(sent).state is DeliveryState.SENT


def test_an_address_that_we_did_not_write_to_is_never_suppressed(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    desk.app.receive(
        make_dsn(desk.raw(sent).split(b"\r\n", 1)[1], recipient="other@example.net"), recipients=["bounce@example.org"]
    )
    [event] = desk.events()
    assert (event.message_id, event.delivery_id, event.key) == (sent.message_id, None, "other@example.net")
    assert desk.suppressed() == []


def test_a_forwarded_address_that_is_dead_marks_the_delivery_and_suppresses_nobody(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    desk.app.receive(make_dsn(desk.raw(sent), recipient="ann@new-home.example.net"), recipients=[sent.envelope_from])
    assert desk.delivery(sent).state is DeliveryState.BOUNCED
    assert desk.suppressed() == []


def test_many_reports_on_one_delivery_with_the_same_status_count_once(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    for number in range(3):
        desk.app.receive(
            make_dsn(desk.raw(sent), headers=f"X-Copy: {number}\r\n", **FULL), recipients=[sent.envelope_from]
        )
    [event] = desk.events()
    assert event.repeats == 2
    assert len(desk.notes(sent)) == 1


# --- what follows ---


def bounce(desk: Desk, make_dsn: Any, customer: str = "ann@example.com", **options: Any) -> Delivery:
    sent = desk.send(customer)
    desk.app.receive(make_dsn(desk.raw(sent), recipient=customer, **options), recipients=[sent.envelope_from])
    return sent


def test_soft_bounces_suppress_after_three_over_three_messages_within_thirty_days(desk: Desk, make_dsn: Any) -> None:
    for expected in ([], [], [("full@example.com", "all")]):
        desk.clock.time += timedelta(days=2)
        sent = bounce_without_mail(desk, make_dsn, "full@example.com", **FULL)
        assert desk.delivery(sent).state is DeliveryState.BOUNCED
        assert desk.suppressed() == expected


def bounce_without_mail(desk: Desk, make_dsn: Any, address: str, **options: Any) -> Delivery:
    """A mail that we send unasked, and its bounce."""
    with desk.app.write() as session:
        queued = desk.app.enqueue(
            session,
            Draft(
                sender=parse_addresses("notifications@example.org")[0],
                recipients=[Recipient(address=parse_addresses(address)[0])],
                subject="News",
                text="Hello",
                purpose=Purpose.MARKETING,
            ),
        )
        sent = session.get_one(Delivery, queued.deliveries[0])
        if sent.state is DeliveryState.QUEUED:
            sent.state = DeliveryState.SENT
    desk.app.receive(make_dsn(desk.raw(sent), recipient=address, **options), recipients=[sent.envelope_from])
    return sent


def test_soft_bounces_far_apart_do_not_add_up(desk: Desk, make_dsn: Any) -> None:
    for _ in range(4):
        desk.clock.time += timedelta(days=25)
        bounce_without_mail(desk, make_dsn, "full@example.com", **FULL)
    assert desk.suppressed() == []


def test_five_soft_bounces_within_thirteen_weeks_suppress(desk: Desk, make_dsn: Any) -> None:
    for _ in range(5):
        assert desk.suppressed() == []
        desk.clock.time += timedelta(days=16)
        bounce_without_mail(desk, make_dsn, "full@example.com", **FULL)
    assert desk.suppressed() == [("full@example.com", "all")]


def test_ordinary_mail_from_the_address_sets_its_soft_count_back(desk: Desk, make_dsn: Any) -> None:
    for _ in range(2):
        desk.clock.time += timedelta(days=1)
        bounce_without_mail(desk, make_dsn, "full@example.com", **FULL)
    desk.clock.time += timedelta(days=1)
    desk.app.receive(mail(sender="full@example.com"))
    desk.clock.time += timedelta(days=1)
    bounce_without_mail(desk, make_dsn, "full@example.com", **FULL)
    assert desk.suppressed() == []


def test_policy_refusals_never_suppress_and_raise_an_alarm_for_the_sending_domain(desk: Desk, make_dsn: Any) -> None:
    for _ in range(6):
        desk.clock.time += timedelta(days=1)
        sent = bounce_without_mail(desk, make_dsn, "ann@example.com", **SPAM)
    assert desk.suppressed() == []
    assert desk.delivery(sent).state is DeliveryState.BOUNCED
    with desk.app.read() as session:
        [alarm] = session.scalars(select(Alarm)).all()
    assert (alarm.subject, alarm.count) == ("domain:example.org", 6)


def test_a_delay_leaves_the_delivery_and_the_address_alone(desk: Desk, make_dsn: Any) -> None:
    sent = bounce(desk, make_dsn, action="delayed", status="4.4.1", diagnostic="connect timed out")
    [event] = desk.events()
    assert (event.effect, desk.delivery(sent).state) == (Effect.DELAY, DeliveryState.SENT)
    assert (desk.suppressed(), desk.notes(sent)) == ([], [])


def test_a_complaint_suppresses_for_marketing_only(desk: Desk) -> None:
    sent = desk.send()
    report = (
        b"From: fbl@provider.test\r\nTo: bounce@example.org\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n"
        b"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n"
        b"Original-Rcpt-To: ann@example.com\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + desk.raw(sent) + b"\r\n--b--\r\n"
    )
    assert desk.app.receive(report).outcome == "reported"
    assert desk.suppressed() == [("ann@example.com", "marketing")]
    assert desk.delivery(sent).state is DeliveryState.SENT
    assert desk.send().state is DeliveryState.SENT


def test_what_a_server_refuses_while_we_send_counts_like_a_bounce(desk: Desk) -> None:
    sent = desk.send()
    with desk.app.write() as session:
        refused = session.get_one(Delivery, sent.id)
        refused.state, refused.status = DeliveryState.REJECTED, "5.1.1"
        refused.reply = "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown in virtual mailbox table"
        desk.app.delivery_settled(session, refused)
    [event] = desk.events()
    assert (event.matched_by, event.reason, event.effect) == (MatchedBy.SESSION, Reason.USER_UNKNOWN, Effect.HARD)
    assert desk.suppressed() == [("ann@example.com", "all")]


def test_an_operator_can_change_the_table(desk: Desk, make_dsn: Any) -> None:
    with desk.app.write() as session:
        change_rule(session, Effect.HARD, Rule(suppress=None, note=False, alarm=True))
    sent = bounce(desk, make_dsn)
    assert (desk.suppressed(), desk.notes(sent)) == ([], [])
    assert desk.delivery(sent).state is DeliveryState.BOUNCED


# --- answers by programs, receipts, and what is no report ---


def test_an_automatic_answer_is_appended_as_automatic_and_never_answered(desk: Desk) -> None:
    sent = desk.send()
    own = desk.app.outbox[-1].mail
    before = len(desk.app.outbox)
    received = desk.app.receive(
        mail(
            to=own.reply_to[0].address,
            in_reply_to=own.message_id,
            subject="Out of office",
            text="I am out of the office until 9 March 2026.",
            headers={"Auto-Submitted": "auto-replied"},
        )
    )
    with desk.app.read() as session:
        message = session.get_one(Message, received.routes[0]["message"])
    assert (received.outcome, message.kind, len(desk.app.outbox)) == ("routed", MessageKind.AUTOMATIC, before)
    assert desk.delivery(sent).state is DeliveryState.SENT


def test_an_automatic_answer_to_the_return_path_finds_its_conversation(desk: Desk) -> None:
    sent = desk.send()
    raw = mail(to=sent.envelope_from, subject="Auto: away", headers={"Auto-Submitted": "auto-replied"})
    received = desk.app.receive(raw, recipients=[sent.envelope_from])
    with desk.app.read() as session:
        assert received.routes[0]["thread"] == session.get_one(Message, sent.message_id).thread_id


def test_an_automatic_answer_to_nothing_is_ignored(desk: Desk) -> None:
    received = desk.app.receive(mail(headers={"Auto-Submitted": "auto-replied"}))
    assert (received.outcome, received.routes) == ("ignored", [])


def test_ordinary_mail_to_a_bounce_address_is_ignored(desk: Desk) -> None:
    sent = desk.send()
    assert desk.app.receive(mail(to="bounce@example.org, support@example.org")).outcome == "ignored"
    assert desk.app.receive(mail(), recipients=[sent.envelope_from]).outcome == "ignored"


def test_mailer_daemon_mail_that_reports_nothing_is_ignored(desk: Desk) -> None:
    assert desk.app.receive(mail(sender="MAILER-DAEMON@example.com", text="Hello there.")).outcome == "ignored"


def test_a_read_receipt_is_noted_on_its_message_and_is_no_bounce(desk: Desk) -> None:
    sent = desk.send()
    own = desk.app.outbox[-1].mail.message_id
    receipt = (
        "From: ann@example.com\r\nTo: support@example.org\r\nSubject: Read: x\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nread\r\n"
        "--b\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; ann@example.com\r\n"
        f"Original-Message-ID: {own}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n"
    ).encode()
    assert desk.app.receive(receipt).outcome == "reported"
    with desk.app.read() as session:
        assert "read by ann@example.com" in session.get_one(Message, sent.message_id).note
    assert (desk.events(), desk.delivery(sent).state) == ([], DeliveryState.SENT)


def test_monitoring_mail_still_makes_records(desk: Desk) -> None:
    received = desk.app.receive(mail(subject="Disk full on db1", headers={"Auto-Submitted": "auto-generated"}))
    assert received.routes[0]["action"] == "create"


def test_a_dry_run_of_a_report_records_nothing(desk: Desk, make_dsn: Any) -> None:
    sent = desk.send()
    dry = desk.app.explain(make_dsn(desk.raw(sent)), recipients=[sent.envelope_from])
    assert (dry.outcome, desk.events()) == ("reported", [])


# --- the suppression list ---


def denied(desk: Desk, purpose: Purpose) -> bool:
    with desk.app.read() as session:
        denials = desk.app.registry.hooks.deny_recipients(["bob@example.com", "ann@example.com"], purpose, "", session)
        assert "bob@example.com" not in denials
        return "ann@example.com" in denials


@pytest.mark.parametrize(
    ("scope", "purpose", "expected"),
    [
        pytest.param(Scope.ALL, Purpose.NOTIFICATION, True, id="all keeps notifications back"),
        pytest.param(Scope.ALL, Purpose.TRANSACTIONAL, True, id="and receipts"),
        pytest.param(Scope.ALL, Purpose.PROBE, False, id="never a test message"),
        pytest.param(Scope.MARKETING, Purpose.MARKETING, True, id="marketing keeps marketing back"),
        pytest.param(Scope.MARKETING, Purpose.NOTIFICATION, False, id="and nothing else"),
    ],
)
def test_what_a_suppression_keeps_back(desk: Desk, scope: Scope, purpose: Purpose, expected: bool) -> None:
    with desk.app.write() as session:
        suppress_address(session, "Ann@Example.com", scope=scope, reason="test", by="me", now=desk.app.now())
    assert denied(desk, purpose) is expected


def test_transactional_mail_may_be_exempt(make_desk: Any) -> None:
    desk = make_desk(settings={"bounce": {"transactional_exempt": True}})
    with desk.app.write() as session:
        suppress_address(session, "ann@example.com", scope=Scope.ALL, reason="test", by="me", now=desk.app.now())
    assert (denied(desk, Purpose.TRANSACTIONAL), denied(desk, Purpose.NOTIFICATION)) == (False, True)


def test_undoing_is_one_step_logged_and_starts_the_soft_count_anew(desk: Desk, make_dsn: Any) -> None:
    for _ in range(3):
        desk.clock.time += timedelta(days=1)
        bounce_without_mail(desk, make_dsn, "full@example.com", **FULL)
    desk.clock.time += timedelta(days=1)
    with desk.app.write() as session:
        assert undo(session, "full@example.com", by="ann", now=desk.app.now()) == 1
    desk.clock.time += timedelta(days=1)
    bounce_without_mail(desk, make_dsn, "full@example.com", **FULL)
    assert desk.suppressed() == []
    with desk.app.write() as session, pytest.raises(NotFound):
        undo(session, "full@example.com", by="ann", now=desk.app.now())


def test_the_list_goes_out_and_comes_back_as_csv(desk: Desk) -> None:
    with desk.app.write() as session:
        suppress_address(
            session, "=ann@example.com", scope=Scope.MARKETING, reason="=cmd()", by="me", now=desk.app.now()
        )
        file = io.StringIO()
        assert export(session, file) == 1
        undo(session, "=ann@example.com", by="me", now=desk.app.now())
        assert "'=cmd()" in file.getvalue()
        assert "\n'=ann@example.com," in file.getvalue(), "addresses are chosen by strangers too"
        rows = list(load(session, io.StringIO(file.getvalue()), by="import", now=desk.app.now()))
    assert [row.fault for row in rows] == [""]
    assert desk.suppressed() == [("=ann@example.com", "marketing")]


def test_lines_that_are_wrong_are_told_and_left_out(desk: Desk) -> None:
    text = "address,scope\nann@example.com,all\nnonsense,all\nbob@example.com,some\n"
    with desk.app.write() as session:
        rows = list(load(session, io.StringIO(text), by="import", now=desk.app.now()))
        assert [(row.line, bool(row.fault)) for row in rows] == [(2, False), (3, True), (4, True)]
        with pytest.raises(ConfigurationError, match="address"):
            list(load(session, io.StringIO("mail\nx@example.com\n"), by="import", now=desk.app.now()))


# --- providers ---


def provider_event(desk: Desk, identity: str, number: str = "e1") -> ProviderEvent:
    event = Event(
        recipient="ann@example.com",
        action="failed",
        status="5.1.1",
        reason=Reason.USER_UNKNOWN,
        permanent=True,
        hard=True,
    )
    return ProviderEvent(
        event_id=number, kind=Kind.BOUNCE, event=event, identity=[identity], happened_at=desk.app.now()
    )


def test_a_providers_event_ends_in_the_same_table_and_counts_once(desk: Desk) -> None:
    sent = desk.send()
    with desk.app.write() as session:
        session.get_one(Delivery, sent.id).provider_id = "0100-abc"
    for _ in range(2):
        with desk.app.write() as session:
            record_provider_events(session, desk.app, [provider_event(desk, "0100-abc")])
    [event] = desk.events()
    assert (event.matched_by, event.delivery_id, event.repeats) == (MatchedBy.PROVIDER, sent.id, 1)
    assert desk.suppressed() == [("ann@example.com", "all")]


def test_a_providers_event_about_nothing_of_ours_suppresses_nobody(desk: Desk) -> None:
    with desk.app.write() as session:
        record_provider_events(session, desk.app, [provider_event(desk, "unknown")])
    assert (desk.events()[0].matched_by, desk.suppressed()) == (MatchedBy.NOTHING, [])


# --- return paths ---


def test_each_delivery_has_a_return_path_of_its_own(desk: Desk) -> None:
    one, two = desk.send(), desk.send("bob@example.com")
    assert one.envelope_from.startswith("bounce+")
    assert one.envelope_from.endswith("@example.org")
    assert one.envelope_from != two.envelope_from
    assert len(one.envelope_from.partition("@")[0]) <= 64


def test_the_helpdesk_ticket_stays_open_for_the_customer(desk: Desk, make_dsn: Any) -> None:
    sent = bounce(desk, make_dsn)
    with desk.app.read() as session:
        thread = session.get_one(Message, sent.message_id).thread_id
        assert session.scalars(select(Ticket)).first() is not None
        assert thread is not None
