"""Each recipient's mail has a Message-ID of its own, by which answers, reports and providers name him."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.bounce.models import BounceEvent, MatchedBy
from mailloom.addons.bounce.webhooks import record_provider_events
from mailloom.api import ProviderEvent
from mailloom.mail.message import parse
from mailloom.mail.report import Event, Kind, Reason
from mailloom.store.messages import Message
from mailloom.testing.transports import deferred, taken

Desk = Any
ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def sent(desk: Desk) -> Desk:
    desk.people(ANN, BOB)
    desk.go(desk.draft())
    return desk


def answer(desk: Desk, sender: str, identifier: str, *, header: str = "In-Reply-To", more: str = "") -> Any:
    raw = (
        f"From: {sender}\r\nTo: ann@example.org\r\nSubject: Re: News\r\nMessage-ID: <{sender}>\r\n"
        f"{more}{header}: {identifier}\r\n\r\nThanks.\r\n"
    )
    return desk.app.receive(raw.encode(), recipients=["ann@example.org"], fallback="helpdesk.ticket")


def replied(desk: Desk) -> set[str]:
    return {row.address for row in desk.rows() if row.replied_at is not None}


def dsn_about(desk: Desk, identifier: str) -> BounceEvent:
    """A report that names nobody and comes to an address that says nothing; what was recorded."""
    raw = (
        "From: MAILER-DAEMON@mx.example.com\r\nTo: ann@example.org\r\nSubject: Undelivered\r\n"
        "Message-ID: <dsn@mx.example.com>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNot delivered.\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; somebody@inside.example\r\nAction: failed\r\n"
        "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {identifier}\r\nSubject: News\r\n\r\n--b--\r\n"
    )
    desk.app.receive(raw.encode(), recipients=["ann@example.org"], envelope_from="")
    with desk.app.read() as session:
        return session.scalars(select(BounceEvent)).one()


def test_no_two_mails_of_a_mailing_have_one_id(sent: Desk) -> None:
    mails = sent.mails()
    assert len({mail.message_id for mail in mails.values()}) == len(mails) == 2
    assert all(mail.references == [mail.message_id] for mail in mails.values())


def test_a_second_try_sends_the_same_id(desk: Desk) -> None:
    desk.people(ANN)
    desk.server.answer(ANN, deferred(), taken())
    desk.go(desk.draft())
    assert desk.standings() == {ANN: "queued"}
    with desk.app.read() as session:
        first = desk.app.mail_as_sent(session, desk.delivery(ANN))
    desk.later(hours=2)
    desk.work()
    assert parse(first).message_id == desk.mails()[ANN].message_id


def test_an_answer_counts_for_whose_mail_it_answers_and_starts_a_conversation(sent: Desk) -> None:
    received = answer(sent, "bob.private@example.net", sent.mails()[BOB].message_id)
    [route] = received.routes
    assert (received.outcome, route["action"], route["model"]) == ("routed", "create", "helpdesk.ticket")
    with sent.app.read() as session:
        assert session.get_one(Message, route["message"]).parent_id is None
    assert replied(sent) == {BOB}
    assert sent.figures()["replied"] == 1
    assert sent.figures()["replied from elsewhere"] == 0


def test_an_answer_through_a_provider_that_changed_the_id_counts_by_its_references(sent: Desk) -> None:
    answer(sent, "bob.private@example.net", sent.mails()[BOB].references[0], header="References")
    assert replied(sent) == {BOB}


def test_an_automatic_answer_counts_for_nobody(sent: Desk) -> None:
    answer(sent, BOB, sent.mails()[BOB].message_id, more="Auto-Submitted: auto-replied\r\n")
    assert replied(sent) == set()


def test_a_forged_id_is_a_strangers(sent: Desk) -> None:
    own = sent.mails()[BOB].message_id
    forged = own.replace(f"delivery-{sent.delivery(BOB).id}", f"delivery-{sent.delivery(ANN).id}")
    assert forged != own
    answer(sent, "stranger@example.net", forged)
    assert replied(sent) == set()
    assert sent.figures()["replied from elsewhere"] == 0
    assert dsn_about(sent, forged).matched_by in (MatchedBy.NOTHING, MatchedBy.RECIPIENT_AND_TIME)


def test_a_report_that_quotes_only_the_id_is_matched_to_the_delivery(sent: Desk) -> None:
    event = dsn_about(sent, sent.mails()[BOB].message_id)
    assert (event.matched_by, event.delivery_id) == (MatchedBy.MESSAGE_ID, sent.delivery(BOB).id)
    assert sent.standings() == {ANN: "sent", BOB: "hard"}


@pytest.mark.parametrize("bare", [False, True], ids=["as it is written", "without its brackets"])
def test_what_a_provider_tells_of_the_id_is_matched_to_the_delivery(sent: Desk, bare: bool) -> None:
    own = sent.mails()[BOB].message_id
    event = Event(recipient="", action="failed", status="5.1.1", reason=Reason.USER_UNKNOWN, permanent=True, hard=True)
    told = ProviderEvent(
        event_id="e1",
        kind=Kind.BOUNCE,
        event=event,
        identity=[own.strip("<>") if bare else own],
        happened_at=sent.app.now(),
    )
    with sent.app.write() as session:
        [recorded] = record_provider_events(session, sent.app, [told])
        assert recorded.delivery_id == sent.delivery(BOB).id
    assert sent.standings() == {ANN: "sent", BOB: "hard"}


def test_a_mail_of_a_mailing_that_comes_back_is_known_as_our_own(sent: Desk) -> None:
    [raw] = [taken.raw for taken in sent.server.mails if taken.recipient == BOB]
    received = sent.app.receive(raw, recipients=["ann@example.org"])
    assert (received.outcome, received.reason) == ("ignored", "duplicate: our own message 1 came back")
