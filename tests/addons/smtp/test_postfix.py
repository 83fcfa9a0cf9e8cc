"""Mail through a real Postfix: plain, STARTTLS and TLS, accepted and delivered, refused and deferred."""

from __future__ import annotations

import imaplib
import time
from typing import Any

import pytest

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.addons.smtp.settings import SmtpSettings
from mailloom.api import Account, Parcel, Status
from servers.dovecot import Dovecot
from servers.postfix import Postfix, reason_missing

pytestmark = pytest.mark.postfix


def account(postfix: Postfix, security: str = "starttls", **more: Any) -> Account[SmtpSettings]:
    values = {
        "host": "localhost",
        "port": postfix.smtps if security == "tls" else postfix.smtp,
        "security": security,
        "authentication": "none",
        "ca_file": postfix.certificate.authority,
        "timeout_seconds": 20,
        **more,
    }
    return Account(id=1, name="postfix", kind="smtp", settings=SmtpSettings.model_validate(values))


def parcel(key: int, *recipients: str, head: bytes = b"", body: bytes = b"Hello\r\n") -> Parcel:
    lines = b"From: bob@example.net\r\nTo: ann@example.org\r\nSubject: number %d\r\n" % key
    return Parcel(key=key, sender="bounce@example.net", recipients=recipients, head=lines + head + b"\r\n", body=body)


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_mail_is_accepted_and_delivered(postfix: Postfix, security: str) -> None:
    transport = SmtpKind().open(account(postfix, security))
    user = f"plain-{security}"
    body = b".\r\n..dots\r\n.. and more\r\nlast\r\n"
    outcomes = list(transport.deliver(parcel(key, f"{user}@example.org", body=body) for key in range(5)))
    transport.close()
    assert [outcome.status for outcome in outcomes] == [Status.SENT] * 5
    assert all(outcome.provider_id and outcome.provider_id in postfix.log() for outcome in outcomes)
    mails = postfix.delivered(user, 5)
    assert all(mail.endswith(b"\n\n" + body.replace(b"\r\n", b"\n")) for mail in mails)
    assert {mail.split(b"Subject: number ")[1][:1] for mail in mails} == {b"0", b"1", b"2", b"3", b"4"}


def test_recipients_are_told_apart(postfix: Postfix) -> None:
    transport = SmtpKind().open(account(postfix))
    mixed = parcel(1, "mixed@example.org", "gone@example.org", "later@example.org")
    outcomes = {outcome.recipient: outcome for outcome in transport.deliver([mixed])}
    transport.close()
    assert outcomes["mixed@example.org"].status is Status.SENT
    assert outcomes["gone@example.org"].status is Status.REJECTED
    assert outcomes["gone@example.org"].reply.enhanced == "5.1.1"
    assert outcomes["later@example.org"].status is Status.DEFERRED
    assert outcomes["later@example.org"].retry_after == 300
    assert len(postfix.delivered("mixed")) == 1


def test_a_mail_refused_after_its_data_does_not_stop_the_next(postfix: Postfix) -> None:
    transport = SmtpKind().open(account(postfix))
    parcels = [
        parcel(1, "gone@example.org"),
        parcel(2, "after@example.org", head=b"X-Refuse-Me: please\r\n"),
        parcel(3, "after@example.org"),
    ]
    outcomes = list(transport.deliver(parcels))
    transport.close()
    assert [outcome.status for outcome in outcomes] == [Status.REJECTED, Status.REJECTED, Status.SENT]
    assert "not wanted here" in outcomes[1].reply.text
    assert len(postfix.delivered("after")) == 1


def test_a_large_mail_in_eight_bits_arrives_whole(postfix: Postfix) -> None:
    body = ("Grüße aus der Ferne.\r\n" * 100_000).encode()
    transport = SmtpKind().open(account(postfix, "tls"))
    outcomes = list(transport.deliver([parcel(1, "large@example.org", body=body)]))
    transport.close()
    assert [outcome.status for outcome in outcomes] == [Status.SENT]
    assert postfix.delivered("large")[0].endswith(body.replace(b"\r\n", b"\n"))


def test_letters_beyond_ascii_in_an_address_are_carried(postfix: Postfix) -> None:
    transport = SmtpKind().open(account(postfix))
    outcomes = list(transport.deliver([parcel(1, "jürgen@example.org")]))
    transport.close()
    assert [outcome.status for outcome in outcomes] == [Status.SENT]
    assert len(postfix.delivered("jürgen")) == 1


def test_the_connection_test_passes_each_step(postfix: Postfix) -> None:
    steps = list(SmtpKind().probe(account(postfix, default_from="probe@example.org")))
    assert [step.name for step in steps] == [
        "DNS",
        "TCP",
        "greeting",
        "capabilities",
        "STARTTLS",
        "TLS",
        "capabilities",
        "mechanisms",
        "sender and recipient",
    ]
    assert all(step.passed for step in steps)
    assert "PIPELINING" in steps[3].detail
    assert "largest message 20.0 MB" in steps[3].detail


@pytest.mark.dovecot
def test_postfix_hands_mail_on_to_dovecot(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    if reason := reason_missing():
        pytest.skip(reason)
    server = Postfix(lmtp_port=dovecot.lmtp)
    try:
        transport = SmtpKind().open(account(server))
        outcomes = list(transport.deliver([parcel(1, user, body=b"through both\r\n")]))
        transport.close()
        assert [outcome.status for outcome in outcomes] == [Status.SENT]
        assert b"through both" in _fetched(dovecot, user)
    finally:
        server.stop()


def _fetched(dovecot: Dovecot, user: str) -> bytes:
    with imaplib.IMAP4(dovecot.host, dovecot.imap) as client:
        client.login(user, dovecot.password)
        for _ in range(100):
            _, found = client.select("INBOX")
            if found[0] not in (b"0", None):
                _, data = client.fetch("1", "(RFC822)")
                assert isinstance(data[0], tuple)
                return data[0][1]
            time.sleep(0.05)
    raise AssertionError("nothing came")
