"""Messages to classify: the case files of tests/data/report, and a builder for status notifications."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_LETTER = """Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: sender@example.net
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b/mx.example.net"

--b/mx.example.net
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<{recipient}>: host {host} said: {diagnostic}
    (in reply to {command} command)

--b/mx.example.net
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: failed
Status: {status}
Remote-MTA: dns; {host}
Diagnostic-Code: smtp; {diagnostic}

--b/mx.example.net
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <sender@example.net>
Message-ID: <built@example.net>
From: sender@example.net
To: {recipient}
Subject: Hello

Hello.
--b/mx.example.net--
"""


@pytest.fixture
def notification() -> Callable[..., bytes]:
    """Builds a status notification as Postfix writes it around one diagnostic."""

    def build(
        diagnostic: str,
        *,
        host: str = "mail.example.org",
        status: str = "5.0.0",
        recipient: str = "ann@example.org",
        command: str = "RCPT TO",
    ) -> bytes:
        text = _LETTER.format(diagnostic=diagnostic, host=host, status=status, recipient=recipient, command=command)
        return text.encode()

    return build
