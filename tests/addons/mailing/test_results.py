"""What comes back after a mailing, in its ledger, its report and its people's histories."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mailloom.addons.mailing.choosing import choose_by_hand
from mailloom.addons.mailing.drafting import Content
from mailloom.addons.mailing.marks import note_clicked, note_opened
from mailloom.addons.mailing.models import MailingState, Winner
from mailloom.addons.mailing.persons import erase, export, history_of
from mailloom.addons.optout.links import read_token
from mailloom.addons.optout.models import Source
from mailloom.addons.optout.statements import opt_out
from mailloom.errors import Refused
from mailloom.testing import mail
from mailloom.testing.transports import deferred, rejected

Desk = Any
SPAM = "550 5.7.1 Message rejected: blocked using zen.dnsbl.example, spam"


def dsn(desk: Desk, address: str, status: str, diagnostic: str) -> str:
    """A report comes back to the return path of somebody's mail; the outcome."""
    delivery = desk.delivery(address)
    raw = (
        f"From: MAILER-DAEMON@mx.example.com\r\nTo: {delivery.envelope_from}\r\nSubject: Undelivered\r\n"
        f"Message-ID: <{delivery.id}.{status}@mx.example.com>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n\r\n--b--\r\n"
    ).encode()
    received = desk.app.receive(raw, recipients=[delivery.envelope_from], envelope_from="")
    outcome: str = received.outcome
    return outcome


def complaint(desk: Desk, address: str) -> None:
    delivery = desk.delivery(address)
    raw = (
        f"From: fbl@example.com\r\nTo: {delivery.envelope_from}\r\nSubject: Fwd\r\nMessage-ID: <c{delivery.id}@example.com>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nAbuse.\r\n\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        f"Feedback-Type: abuse\r\nUser-Agent: X/1\r\nVersion: 1\r\nOriginal-Rcpt-To: <{address}>\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"From: ann@example.org\r\nTo: {address}\r\n\r\n--b--\r\n"
    ).encode()
    assert desk.app.receive(raw, recipients=[delivery.envelope_from]).outcome == "reported"


def sent_to(desk: Desk, *addresses: str, contents: tuple[Content, ...] = (), **further: Any) -> int:
    desk.people(*addresses)
    number: int = desk.draft(1, *contents, **further)
    desk.go(number)
    return number


def test_the_report_adds_up_whatever_comes_back(desk: Desk) -> None:
    names = ("fine", "gone", "gone2", "full", "spam", "annoyed", "leaves", "answers")
    addresses = [f"{name}@example.com" for name in names]
    desk.server.answer("gone2@example.com", rejected())
    desk.server.answer("spam@example.com", rejected(SPAM))
    sent_to(desk, *addresses)
    assert dsn(desk, "gone@example.com", "5.1.1", "550 5.1.1 User unknown") == "reported"
    assert dsn(desk, "full@example.com", "5.2.2", "552 5.2.2 Mailbox full") == "reported"
    complaint(desk, "annoyed@example.com")
    link = desk.mails()["leaves@example.com"].headers.get("List-Unsubscribe").partition("/u/")[2].partition(">")[0]
    token = read_token(desk.app, link)
    with desk.app.write() as session:
        opt_out(session, token.key, topic=token.topic, source=Source.ONE_CLICK, mailing=token.mailing)
    answer = desk.mails()["answers@example.com"]
    raw = mail(sender="answers@example.com", to="ann@example.org", subject="Re: News")
    desk.app.receive(raw.replace(b"Subject:", f"In-Reply-To: {answer.message_id}\r\nSubject:".encode(), 1))
    figures, parts = desk.figures(), desk.parts()
    assert parts == {"sent": 4, "hard": 2, "soft": 1, "policy": 1}
    assert sum(parts.values()) == figures["recipients"] == 8
    assert figures["sent"] == 6
    assert figures["returned"] == 2
    assert figures["delivered"] == 4
    assert (figures["hard"], figures["soft"], figures["policy"]) == (2, 1, 1)
    assert (figures["complained"], figures["opted out"], figures["replied"]) == (1, 1, 1)
    assert all(figure.meaning for figure in (*desk.report().figures, *desk.report().parts))


def test_counts_by_domain_hour_and_variant_are_those_of_the_whole(desk: Desk) -> None:
    sent_to(desk, "ann@one.example", "bob@two.example", "cat@two.example")
    report = desk.report()
    assert {row.value: row.counts["sent"] for row in report.domains} == {"one.example": 1, "two.example": 2}
    assert {row.value: row.counts["sent"] for row in report.hours} == {"2026-03-02T09": 3}
    assert {row.value: row.counts["sent"] for row in report.variants} == {"A": 3}


def test_who_was_put_off_is_counted_while_he_waits(desk: Desk) -> None:
    desk.server.answer("ann@example.com", deferred())
    sent_to(desk, "ann@example.com", "bob@example.com")
    assert desk.figures()["deferred"] == 1
    assert desk.parts() == {"queued": 1, "sent": 1}
    assert desk.mailing().state is MailingState.SENDING


def test_a_person_counts_once_however_often_he_opens_and_clicks(desk: Desk) -> None:
    sent_to(desk, "ann@example.com", "bob@example.com")
    number = desk.delivery("ann@example.com").id
    with desk.app.write() as session:
        assert [note_opened(session, number, desk.clock()) for _ in range(3)] == [True, False, False]
        assert note_clicked(session, number, "https://example.org/lamp", desk.clock())
        assert not note_clicked(session, number, "https://example.org/lamp", desk.clock())
        assert not note_opened(session, 999_999, desk.clock())
    assert (desk.figures()["opened"], desk.figures()["clicked"]) == (1, 1)
    assert [(row.value, row.counts) for row in desk.report().links] == [("https://example.org/lamp", {"clicks": 2})]
    assert next(rate.value for rate in desk.report().rates if rate.name == "click rate") == 0.5


def test_a_report_is_compared_with_earlier_mailings(desk: Desk) -> None:
    sent_to(desk, "ann@example.com", "bob@example.com")
    desk.later(days=1)
    desk.go(desk.draft())
    report = desk.report(2)
    assert report.compared_with == [1]
    assert {rate.name: rate.earlier for rate in report.rates}["delivery rate"] == 1.0


# --- samples and winners ---

TWO = (Content(subject="A for {{ name }}", text="one"), Content(subject="B for {{ name }}", text="two"))


def test_two_variants_are_drawn_evenly_and_each_gets_one(desk: Desk) -> None:
    desk.crowd(60)
    desk.go(desk.draft(1, *TWO))
    subjects = [mail.subject[0] for mail in desk.mails().values()]
    assert len(subjects) == 60
    assert 15 <= subjects.count("A") <= 45


@pytest.mark.parametrize("by", [Winner.HAND, Winner.CLICKS])
def test_the_winner_of_a_sample_goes_to_all_others(desk: Desk, by: Winner) -> None:
    desk.crowd(60)
    number = desk.draft(1, *TWO, sample_percent=30, winner_by=by, winner_hours=2)
    desk.go(number)
    sample = len(desk.mails())
    assert 5 <= sample <= 35
    assert desk.mailing().state is MailingState.SENDING
    with desk.app.write() as session:
        for row in desk.rows():
            if row.label == "B" and row.delivery_id:
                note_clicked(session, row.delivery_id, "https://example.org/", desk.clock())
        if by is Winner.HAND:
            choose_by_hand(session, number, "B", actor="test", why="nicer", now=desk.clock())
    if by is Winner.CLICKS:
        desk.work()
        assert len(desk.mails()) == sample
        desk.later(hours=2)
    desk.work()
    desk.work()
    assert desk.mailing().winner == "B"
    assert len(desk.mails()) == 60
    assert [mail.subject[0] for mail in desk.mails().values()][sample:] == ["B"] * (60 - sample)
    assert desk.mailing().state is MailingState.DONE


def test_no_winner_is_chosen_where_none_is_waited_for(desk: Desk) -> None:
    sent_to(desk, "ann@example.com")
    with desk.app.write() as session, pytest.raises(Refused, match="waits for no winner"):
        choose_by_hand(session, 1, "A", actor="test", why="", now=desk.clock())


# --- people ---


def test_a_persons_history_can_be_seen_handed_out_and_forgotten(desk: Desk) -> None:
    sent_to(desk, "ann@example.com", "bob@example.com")
    with desk.app.write() as session:
        [received] = history_of(session, "ann@example.com")
        assert (received.name, received.state.value) == ("News", "sent")
        assert json.dumps(export(session, "ann@example.com"), default=str)
        assert erase(session, "ann@example.com") == {"mailings": 1}
        assert history_of(session, "ann@example.com") == []
    assert "ann" not in str([(row.address, row.name, row.key, row.values) for row in desk.rows()])
    assert sum(desk.parts().values()) == desk.figures()["recipients"] == 2


def test_the_report_of_a_mailing_in_the_making_adds_up_too(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(settings={"mailing": {"queued_ahead": 100}})
    desk.crowd(250)
    desk.start(desk.draft())
    desk.tick(1)
    assert desk.parts() == {"pending": 150, "queued": 100}
