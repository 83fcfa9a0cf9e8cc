"""Whose message came back: the identity that a report gives."""

from __future__ import annotations

from collections.abc import Callable

from mailloom.mail.report import classify, report_fields

_OURS = """From: MAILER-DAEMON@mx.example.net
To: bounce+token@example.net
Subject: failure
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Original-Envelope-Id: envelope-1

Final-Recipient: rfc822; ann@example.org
Action: failed
Status: 5.1.1

--x
Content-Type: text/rfc822-headers

Message-ID: <m1@example.net>
From: Shop <shop@example.net>
To: ann@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
X-Mailloom-Id: delivery-17
List-Unsubscribe: <https://example.net/u>

--x--
"""


def test_the_returned_header_tells_which_message_it_was() -> None:
    origin = classify(_OURS.encode()).origin
    assert origin.message_id == "<m1@example.net>"
    assert origin.envelope_id == "envelope-1"
    assert origin.subject == "Grüße"
    assert origin.sender == "shop@example.net"
    assert origin.recipients == ("ann@example.org",)
    assert ("X-Mailloom-Id", "delivery-17") in origin.headers


def test_a_letter_tells_it_behind_its_announcement() -> None:
    raw = b"""From: MAILER-DAEMON@mx.example.net
Subject: failure notice

Hi. This is the qmail-send program.
I wasn't able to deliver your message to the following addresses.

<ann@example.org>:
user unknown

--- Below this line is a copy of the message.

Return-Path: <sender@example.net>
Message-ID: <m2@example.net>
To: ann@example.org
"""
    assert classify(raw).origin.message_id == "<m2@example.net>"


def test_a_letter_tells_it_in_fields_of_its_own() -> None:
    raw = b"""From: postmaster@example.org
Subject: Delivery Notification: Delivery has failed

This report relates to a message you sent with the following header fields:

  Message-id: <m3@example.net>
  Subject: Hello

Your message cannot be delivered to the following recipients:

  Recipient address: ann@example.org
  Reason: recipient reached disk quota
"""
    report = classify(raw)
    assert report.origin.message_id == "<m3@example.net>"
    assert report.origin.subject == "Hello"
    assert [event.recipient for event in report.events] == ["ann@example.org"]


def test_fields_for_json_say_null_and_not_empty(notification: Callable[..., bytes]) -> None:
    fields = report_fields(classify(notification("550 no such user", status="")))
    assert fields["kind"] == "bounce"
    assert fields["recipients"] == ["ann@example.org"]
    assert fields["status"] is None
    assert fields["reason"] == "userunknown"
    assert fields["hard"] is True
    assert fields["original_message_id"] == "<built@example.net>"
    assert fields["feedback_type"] is None
    assert fields["events"][0]["reply_code"] == "550"
    assert fields["why"]


def test_fields_of_ordinary_mail_are_empty() -> None:
    fields = report_fields(classify(b"From: ann@example.org\nSubject: Hello\n\nHello"))
    assert (fields["kind"], fields["recipients"], fields["events"], fields["why"]) == ("normal", [], [], [])
