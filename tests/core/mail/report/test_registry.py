"""The IANA registry of enhanced status codes: each code by its own description, and by its number alone."""

from __future__ import annotations

import pytest

from mailloom.mail.report import Reason, Saying, judge

_REGISTRY = (
    ("5.1.1", "Bad destination mailbox address", Reason.USER_UNKNOWN),
    ("5.1.2", "Bad destination system address", Reason.HOST_UNKNOWN),
    ("5.1.3", "Bad destination mailbox address syntax", Reason.USER_UNKNOWN),
    ("5.1.4", "Destination mailbox address ambiguous", Reason.FILTERED),
    ("5.1.6", "Destination mailbox has moved, No forwarding address", Reason.HAS_MOVED),
    ("5.1.7", "Bad sender's mailbox address syntax", Reason.REJECTED),
    ("5.1.8", "Bad sender's system address", Reason.REJECTED),
    ("5.1.9", "Message relayed to non-compliant mailer", Reason.SYSTEM_ERROR),
    ("5.1.10", "Recipient address has null MX", Reason.NOT_ACCEPT),
    ("5.2.0", "Other or undefined mailbox status", Reason.FILTERED),
    ("5.2.1", "Mailbox disabled, not accepting messages", Reason.SUSPEND),
    ("5.2.2", "Mailbox full", Reason.MAILBOX_FULL),
    ("5.2.3", "Message length exceeds administrative limit", Reason.EXCEED_LIMIT),
    ("5.2.4", "Mailing list expansion problem", Reason.FILTERED),
    ("5.3.0", "Other or undefined mail system status", Reason.SYSTEM_ERROR),
    ("4.3.1", "Mail system full", Reason.SYSTEM_FULL),
    ("5.3.2", "System not accepting network messages", Reason.NOT_ACCEPT),
    ("5.3.3", "System not capable of selected features", Reason.SYSTEM_ERROR),
    ("5.3.4", "Message too big for system", Reason.MESSAGE_TOO_BIG),
    ("5.3.5", "System incorrectly configured", Reason.SYSTEM_ERROR),
    ("5.4.0", "Other or undefined network or routing status", Reason.NETWORK_ERROR),
    ("4.4.1", "No answer from host", Reason.EXPIRED),
    ("4.4.2", "Bad connection", Reason.NETWORK_ERROR),
    ("5.4.4", "Unable to route", Reason.HOST_UNKNOWN),
    ("4.4.5", "Mail system congestion", Reason.SYSTEM_ERROR),
    ("5.4.6", "Routing loop detected", Reason.NETWORK_ERROR),
    ("5.4.7", "Delivery time expired", Reason.EXPIRED),
    ("5.5.2", "Syntax error", Reason.SYNTAX_ERROR),
    ("4.5.3", "Too many recipients", Reason.TOO_MANY_CONNECTIONS),
    ("5.6.0", "Other or undefined media error", Reason.CONTENT_ERROR),
    ("5.6.1", "Media not supported", Reason.CONTENT_ERROR),
    ("5.6.3", "Conversion required but not supported", Reason.CONTENT_ERROR),
    ("5.6.7", "Non-ASCII addresses not permitted for that sender/recipient", Reason.CONTENT_ERROR),
    ("5.6.9", "UTF-8 header message cannot be transferred", Reason.CONTENT_ERROR),
    ("5.7.0", "Other or undefined security status", Reason.POLICY_VIOLATION),
    ("5.7.1", "Delivery not authorized, message refused", Reason.SECURITY_ERROR),
    ("5.7.2", "Mailing list expansion prohibited", Reason.SECURITY_ERROR),
    ("5.7.3", "Security conversion required but not possible", Reason.SECURITY_ERROR),
    ("5.7.5", "Cryptographic failure", Reason.SECURITY_ERROR),
    ("5.7.7", "Message integrity failure", Reason.SECURITY_ERROR),
    ("5.7.8", "Authentication credentials invalid", Reason.SECURITY_ERROR),
    ("5.7.9", "Authentication mechanism is too weak", Reason.SECURITY_ERROR),
    ("5.7.10", "Encryption Needed", Reason.FAILED_STARTTLS),
    ("5.7.13", "User Account Disabled", Reason.SUSPEND),
    ("5.7.14", "Trust relationship required", Reason.SECURITY_ERROR),
    ("5.7.17", "Mailbox owner has changed", Reason.HAS_MOVED),
    ("5.7.18", "Domain owner has changed", Reason.HAS_MOVED),
    ("5.7.20", "No passing DKIM signature found", Reason.AUTH_FAILURE),
    ("5.7.23", "SPF validation failed", Reason.AUTH_FAILURE),
    ("5.7.25", "Reverse DNS validation failed", Reason.REQUIRE_PTR),
    ("5.7.26", "Multiple authentication checks failed", Reason.AUTH_FAILURE),
    ("5.7.27", "Sender address has null MX", Reason.NOT_ACCEPT),
    ("5.7.28", "Mail flood detected", Reason.SPEEDING),
    ("5.7.29", "ARC validation failure", Reason.AUTH_FAILURE),
    ("5.7.30", "REQUIRETLS support required", Reason.FAILED_STARTTLS),
)


@pytest.mark.parametrize(("status", "description", "reason"), [pytest.param(*row, id=row[0]) for row in _REGISTRY])
def test_a_registered_code_behind_the_prefix_that_says_nothing(status: str, description: str, reason: Reason) -> None:
    said = f"{status[0]}50 {status} <ann@example.org>: Recipient address rejected: {description}."
    judged = judge(Saying(diagnostic=said, status=status, recipient="ann@example.org"))
    assert judged.reason is reason, judged.rule
    assert judged.status == status


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param("5.1.1", Reason.USER_UNKNOWN, id="mailbox"),
        pytest.param("5.1.2", Reason.HOST_UNKNOWN, id="host"),
        pytest.param("4.2.1", Reason.SUSPEND, id="closed for now"),
        pytest.param("5.2.1", Reason.FILTERED, id="refused for this recipient"),
        pytest.param("5.2.2", Reason.MAILBOX_FULL, id="full"),
        pytest.param("5.3.4", Reason.MESSAGE_TOO_BIG, id="too big"),
        pytest.param("4.4.7", Reason.EXPIRED, id="expired"),
        pytest.param("4.7.1", Reason.BLOCKED, id="blocked"),
        pytest.param("5.7.1", Reason.SECURITY_ERROR, id="not authorised"),
        pytest.param("5.7.509", Reason.AUTH_FAILURE, id="DMARC"),
        pytest.param("5.0.0", Reason.UNDEFINED, id="nothing"),
    ],
)
def test_a_code_alone_decides_where_no_words_do(status: str, reason: Reason) -> None:
    assert judge(Saying(diagnostic=f"{status[0]}54 {status}", status=status)).reason is reason
