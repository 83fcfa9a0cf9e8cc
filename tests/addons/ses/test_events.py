"""From what SES publishes to events: as documented, and as nobody documented it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailloom.addons.ses.events import events_in
from mailloom.api import ProviderEvent
from mailloom.mail.report import Kind, Reason

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAIL: dict[str, Any] = {
    "timestamp": "2026-03-02T08:59:00.000Z",
    "messageId": "0102-1",
    "source": "support@example.org",
    "destination": ["ann@example.com", "bob@example.com"],
    "headersTruncated": False,
    "headers": [
        {"name": "From", "value": "support@example.org"},
        {"name": "Message-ID", "value": "<ours@example.org>"},
        {"name": "X-Mailloom-Id", "value": "token"},
    ],
    "commonHeaders": {"messageId": "<ours@example.org>"},
}


def read(**parts: Any) -> list[ProviderEvent]:
    return events_in(json.dumps({"mail": MAIL, **parts}), "id-of-call", NOW)


def bounce(kind: str, subtype: str, **recipient: Any) -> list[ProviderEvent]:
    part = {
        "bounceType": kind,
        "bounceSubType": subtype,
        "bouncedRecipients": [{"emailAddress": "ann@example.com", **recipient}],
        "timestamp": "2026-03-02T08:59:30.000Z",
        "feedbackId": "0102-f",
    }
    return read(notificationType="Bounce", bounce=part)


UNKNOWN = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 <ann@example.com>: user unknown"}


@pytest.mark.parametrize(
    ("kind", "subtype", "recipient", "reason", "permanent", "hard"),
    [
        pytest.param("Permanent", "General", UNKNOWN, Reason.USER_UNKNOWN, True, True, id="unknown user, quoted"),
        pytest.param("Permanent", "NoEmail", {}, Reason.USER_UNKNOWN, True, True, id="no such address"),
        pytest.param("Permanent", "General", {}, Reason.UNDEFINED, True, True, id="permanent, nothing said"),
        pytest.param("Permanent", "Suppressed", {}, Reason.SUPPRESSED, True, True, id="on Amazon's list"),
        pytest.param(
            "Permanent", "OnAccountSuppressionList", {}, Reason.SUPPRESSED, True, False, id="on the account's list"
        ),
        pytest.param(
            "Permanent",
            "General",
            {"status": "5.7.1", "diagnosticCode": "smtp; 554 5.7.1 blocked using zen.spamhaus.org"},
            Reason.BLOCKED,
            True,
            False,
            id="we are blocked",
        ),
        pytest.param("Transient", "MailboxFull", {"status": "4.2.2"}, Reason.MAILBOX_FULL, False, False, id="full"),
        pytest.param(
            "Transient", "MessageTooLarge", {"status": "5.3.4"}, Reason.MESSAGE_TOO_BIG, True, False, id="too large"
        ),
        pytest.param("Transient", "ContentRejected", {}, Reason.CONTENT_ERROR, False, False, id="content"),
        pytest.param("Transient", "AttachmentRejected", {}, Reason.CONTENT_ERROR, False, False, id="attachment"),
        pytest.param("Transient", "CustomTimeoutExceeded", {}, Reason.EXPIRED, False, False, id="given up"),
        pytest.param("Undetermined", "Undetermined", {}, Reason.UNDEFINED, None, False, id="undetermined"),
        pytest.param("Newish", "Other", {}, Reason.UNDEFINED, None, False, id="a type that is not known"),
    ],
)
def test_a_bounce_says_why_and_whether_the_address_is_dead(
    kind: str, subtype: str, recipient: dict[str, str], reason: Reason, permanent: bool | None, hard: bool
) -> None:
    [found] = bounce(kind, subtype, **recipient)
    assert found.kind is Kind.BOUNCE
    assert (found.event.reason, found.event.permanent, found.event.hard) == (reason, permanent, hard)
    assert (found.event.recipient, found.event.action) == ("ann@example.com", "failed")
    assert found.happened_at == datetime(2026, 3, 2, 8, 59, 30, tzinfo=UTC)


def test_an_automatic_answer_is_not_taken_for_a_bounce() -> None:
    assert bounce("Transient", "General") == []
    assert len(bounce("Transient", "General", status="4.0.0", diagnosticCode="smtp; 451 later")) == 1


def test_the_delivery_is_found_by_our_own_id_first() -> None:
    [found] = bounce("Permanent", "NoEmail")
    assert list(found.identity) == ["token", "0102-1", "<ours@example.org>"]


def test_a_complaint_names_its_type() -> None:
    part = {
        "complainedRecipients": [{"emailAddress": '"Ann" <ann@example.com>'}],
        "complaintFeedbackType": "abuse",
        "userAgent": "Example/1.0",
        "timestamp": "2026-03-02T08:59:30Z",
    }
    [found] = read(eventType="Complaint", complaint=part)
    assert (found.kind, found.feedback_type, found.event.recipient) == (Kind.FEEDBACK, "abuse", "ann@example.com")


def test_a_delivery_comes_for_each_recipient() -> None:
    part = {"recipients": ["ann@example.com", "bob@example.com"], "smtpResponse": "250 ok", "remoteMtaIp": "192.0.2.1"}
    found = read(eventType="Delivery", delivery=part)
    assert [each.event_id for each in found] == ["ses:id-of-call:0", "ses:id-of-call:1"]
    assert {each.kind for each in found} == {Kind.SUCCESS}
    assert (found[1].event.recipient, found[1].event.action, found[1].event.diagnostic) == (
        "bob@example.com",
        "delivered",
        "250 ok",
    )


def test_a_delay_is_no_bounce() -> None:
    recipients = [{"emailAddress": "ann@example.com", "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 full"}]
    [found] = read(
        eventType="DeliveryDelay", deliveryDelay={"delayType": "MailboxFull", "delayedRecipients": recipients}
    )
    assert (found.kind, found.event.action, found.event.reason) == (Kind.DELAY, "delayed", Reason.MAILBOX_FULL)
    assert found.event.hard is False


def test_a_rejected_mail_reached_none_of_its_recipients() -> None:
    found = read(eventType="Reject", reject={"reason": "Bad content"})
    assert [(each.event.recipient, each.event.reason) for each in found] == [
        ("ann@example.com", Reason.VIRUS_DETECTED),
        ("bob@example.com", Reason.VIRUS_DETECTED),
    ]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("Successfully validated SNS topic for Amazon SES event publishing.", id="test message"),
        pytest.param('{"eventType": "Open", "mail": {}, "open": {}}', id="open"),
        pytest.param('{"eventType": "Send", "mail": {}, "send": {}}', id="send"),
        pytest.param('{"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "x"}', id="subscription"),
        pytest.param('{"notificationType": "Bounce"}', id="bounce of nobody"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param("[]", id="list"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_about_no_delivery_is_no_event(message: str) -> None:
    assert events_in(message, "id-of-call", NOW) == []


def test_words_that_databases_do_not_take_are_made_storable() -> None:
    [found] = bounce("Permanent", "NoEmail", diagnosticCode="550 \0\ud800 no")
    assert found.event.diagnostic == "550 ? no"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(["Bounce", "Complaint", "Delivery", "DeliveryDelay", "Reject"]),
    part=JSON | st.lists(JSON),
    recipients=JSON | st.lists(st.dictionaries(st.sampled_from(["emailAddress", "status", "diagnosticCode"]), JSON)),
    mail=JSON,
)
def test_any_shape_gives_events_or_none_and_never_raises(name: str, part: Any, recipients: Any, mail: Any) -> None:
    body = {
        name[0].lower() + name[1:]: {
            "bouncedRecipients": recipients,
            "complainedRecipients": recipients,
            "delayedRecipients": recipients,
            "recipients": recipients,
            "timestamp": part,
        },
        "eventType": name,
        "mail": mail,
    }
    for message in (json.dumps(body), json.dumps({**body, name.lower(): part})):
        assert all(each.event_id.startswith("ses:") for each in events_in(message, "id-of-call", NOW))
