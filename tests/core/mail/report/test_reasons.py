"""Each reason in the words of many servers, inside a real notification."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailloom.mail.report import Kind, Reason, Saying, classify, is_hard, judge

_SAYINGS: dict[Reason, tuple[str, ...]] = {
    Reason.USER_UNKNOWN: (
        "550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
        "550 5.1.1 unknown or illegal alias: ann@example.org",
        "550 #5.1.0 Address rejected.",
        "550 No such user here",
        "553 sorry, no mailbox here by that name (#5.7.1)",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "550 5.4.1 Recipient address rejected: Access denied",
        "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient.",
        "550 Benutzer unbekannt",
        "550 5.1.1 El destinatario no existe: usuario desconocido",
    ),
    Reason.HOST_UNKNOWN: (
        "550 5.1.2 Host unknown (Name server: nowhere.test: host not found)",
        "Host or domain name not found. Name service error for name=nowhere.test type=MX: Host not found",
        "550 Unrouteable mail domain nowhere.test",
        "550 Domain does not exist",
    ),
    Reason.HAS_MOVED: (
        "551 5.1.6 Destination mailbox has moved, no forwarding address",
        "550 5.7.17 Mailbox owner has changed",
        "551 User not local; please try bob@example.com",
    ),
    Reason.NOT_ACCEPT: (
        "556 5.1.10 Recipient address has null MX",
        "521 5.3.2 mail.example.org does not accept mail",
        "Domain example.org does not accept mail (nullMX)",
    ),
    Reason.FILTERED: (
        "550 5.2.0 Message filtered",
        "550 Mail rejected by recipient: due to recipient preferences",
    ),
    Reason.SUSPEND: (
        "550 5.7.13 User Account Disabled",
        "550 The account has been suspended",
        "554 30 Sorry, your message cannot be delivered. This mailbox is disabled",
        "450 4.2.1 mailbox temporarily disabled: account is temporarily locked",
    ),
    Reason.MAILBOX_FULL: (
        "552 5.2.2 The email account that you tried to reach is over quota",
        "552 Requested mail action aborted: exceeded storage allocation",
        "550 5.2.2 <ann@example.org>... Mailbox Full",
        "552 5.2.2 Boite du destinataire pleine",
        "452 4.2.2 Mailbox size limit exceeded",
    ),
    Reason.MESSAGE_TOO_BIG: (
        "552 5.3.4 Message size exceeds fixed limit",
        "552 message file too big",
        "523 message too large for this server",
    ),
    Reason.EXCEED_LIMIT: ("552 5.2.3 Message length exceeds administrative limit",),
    Reason.SYSTEM_FULL: (
        "452 4.3.1 Insufficient system storage",
        "431 no space left on device",
    ),
    Reason.SYSTEM_ERROR: (
        "554 5.3.5 Local configuration error",
        "451 4.3.0 Internal server error",
        "mail for mail.example.org loops back to myself",
    ),
    Reason.MAILER_ERROR: ("Command died with status 75: procmail",),
    Reason.SYNTAX_ERROR: ("501 5.5.4 Syntax error in parameters", "500 5.5.2 unrecognized command"),
    Reason.NETWORK_ERROR: (
        "554 5.4.6 Too many hops 26 (25 max)",
        "lost connection with mail.example.org[192.0.2.4] while sending RCPT TO",
        "Host not found, try again",
    ),
    Reason.EXPIRED: (
        "550 4.4.7 QUEUE.Expired; message expired",
        "554 5.4.7 Delivery expired (message too old) timeout",
        "connect to mail.example.org[192.0.2.4]:25: Connection timed out",
    ),
    Reason.TOO_MANY_CONNECTIONS: (
        "421 4.7.0 Too many connections from your host",
        "452 4.5.3 Too many recipients",
    ),
    Reason.SPEEDING: (
        "450 4.7.1 Error: too much mail from 192.0.2.1",
        "451 4.7.1 Rate limit exceeded, please slow down",
    ),
    Reason.BLOCKED: (
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example.net",
        "550 5.7.1 Your IP address 192.0.2.1 has been blocked: see https://www.spamhaus.org/query/ip/192.0.2.1",
        "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
        "550 Dynamic IP addresses are not accepted",
    ),
    Reason.BAD_REPUTATION: (
        "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.",
        "421 4.7.0 very low reputation of the sending domain",
    ),
    Reason.REQUIRE_PTR: (
        "550 5.7.25 Reverse DNS validation failed",
        "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
        "554 No PTR record found for 192.0.2.1",
    ),
    Reason.AUTH_FAILURE: (
        "550 5.7.26 Multiple authentication checks failed",
        "550 5.7.1 Message rejected due to SPF check failed",
        "550 5.7.1 Email rejected per DMARC policy for example.net",
        "550 5.7.20 No passing DKIM signature found",
    ),
    Reason.REJECTED: (
        "553 5.1.8 <sender@example.net>... Domain of sender address sender@example.net does not exist",
        "550 5.7.1 <sender@example.net>: Sender address rejected: undeliverable address: user unknown",
        "550 sender verify failed",
    ),
    Reason.NO_RELAYING: (
        "554 5.7.1 <ann@example.org>: Relay access denied",
        "550 5.7.1 Unable to relay for ann@example.org",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    ),
    Reason.SPAM_DETECTED: (
        "554 5.7.1 Message considered spam: rejected as spam",
        "550 5.7.1 Our system has detected that this message is likely unsolicited mail",
        "554 5.7.1 Spam score too high: Blacklisted URL in message",
    ),
    Reason.VIRUS_DETECTED: (
        "554 5.7.1 Virus found: message infected with Eicar-Test-Signature",
        "550 Virus Detected; Content Rejected",
    ),
    Reason.POLICY_VIOLATION: (
        "550 5.7.0 Local Policy Violation",
        "554 5.7.9 Message not accepted for policy reasons",
        "552 5.7.0 This message was blocked because its content presents a potential security issue",
    ),
    Reason.SECURITY_ERROR: (
        "550 5.7.1 Delivery not authorized, message refused",
        "530 5.7.0 Authentication required",
        "550 5.7.6 Failed to delivery",
    ),
    Reason.CONTENT_ERROR: (
        "550 5.6.0 Media error",
        "554 5.6.1 Body type not supported by remote host",
        "553 5.6.7 SMTPUTF8 is required, but was not offered by host",
    ),
    Reason.NOT_COMPLIANT: (
        "550 5.7.1 Messages missing a valid Message-ID are not accepted: not RFC 5322 compliant",
        "554 Transaction failed: Duplicate header 'DKIM-Signature'.",
        "550 bare LF is not allowed",
    ),
    Reason.FAILED_STARTTLS: (
        "530 5.7.0 Must issue a STARTTLS command first",
        "523 5.7.10 Encryption Needed",
    ),
    Reason.SUPPRESSED: ("550 5.1.1 address is on the suppression list",),
    Reason.UNDEFINED: ("550 5.0.0 nope",),
}
_HARD = {Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.HAS_MOVED, Reason.NOT_ACCEPT}


@pytest.mark.parametrize(
    ("reason", "saying"),
    [pytest.param(reason, saying, id=f"{reason}: {saying}") for reason, said in _SAYINGS.items() for saying in said],
)
def test_the_reason_of_a_refusal(reason: Reason, saying: str, notification: Callable[..., bytes]) -> None:
    report = classify(notification(saying))
    assert report.kind is Kind.BOUNCE
    (event,) = report.events
    assert event.reason is reason, event.rule
    assert event.hard is (reason in _HARD)
    assert event.recipient == "ann@example.org"


def test_every_reason_of_the_vocabulary_is_tried() -> None:
    elsewhere = {Reason.DELIVERED, Reason.FEEDBACK, Reason.VACATION, Reason.ON_HOLD, Reason.RATE_LIMITED}
    assert set(_SAYINGS) | elsewhere == set(Reason)


@pytest.mark.parametrize(
    ("command", "status", "saying", "reason"),
    [
        pytest.param("RCPT TO", "5.0.0", "550 user unknown", Reason.USER_UNKNOWN, id="at RCPT"),
        pytest.param("end of DATA", "5.0.0", "550 user unknown", Reason.FILTERED, id="after the message"),
        pytest.param("end of DATA", "5.1.1", "550 5.1.1 user unknown", Reason.USER_UNKNOWN, id="with its code"),
    ],
)
def test_an_address_is_given_up_only_on_two_signs(
    command: str, status: str, saying: str, reason: Reason, notification: Callable[..., bytes]
) -> None:
    (event,) = classify(notification(saying, command=command, status=status)).events
    assert event.reason is reason


@pytest.mark.parametrize(
    ("saying", "permanent", "hard"),
    [
        pytest.param("550 5.1.1 user unknown", True, True, id="dead"),
        pytest.param("552 5.2.2 mailbox full", True, False, id="permanent but alive"),
        pytest.param("451 4.7.1 greylisted, try later", False, False, id="for now"),
    ],
)
def test_permanent_and_hard_are_different_questions(
    saying: str, permanent: bool, hard: bool, notification: Callable[..., bytes]
) -> None:
    (event,) = classify(notification(saying, status="")).events
    assert (event.permanent, event.hard) == (permanent, hard)


def test_a_code_is_never_invented(notification: Callable[..., bytes]) -> None:
    (event,) = classify(notification("no such user", status="")).events
    assert (event.status, event.reply_code, event.permanent) == ("", "", None)


def test_a_reply_of_our_own_session_is_judged_by_the_same_tables() -> None:
    heard = judge(Saying(diagnostic="550 no such user", recipient="ann@example.org", at_recipient=True))
    assert (heard.reason, heard.reply, is_hard(heard.reason, heard.reply)) == (Reason.USER_UNKNOWN, "550", True)
    later = judge(Saying(diagnostic="550 no such user", recipient="ann@example.org"))
    assert (later.reason, is_hard(later.reason, later.reply)) == (Reason.FILTERED, False)
