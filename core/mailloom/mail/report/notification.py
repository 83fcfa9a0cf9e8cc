"""Provider notifications that arrive as mail with JSON inside: Amazon SES through SNS.

Source: Amazon SES developer guide, "Amazon SNS notification contents". The text must begin with the JSON object; what
SNS adds below it (unsubscribe advice) is ignored. Nothing in it is fetched or trusted beyond reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .addresses import typed_address
from .codes import status_value
from .finding import Finding
from .values import Kind

_MAXIMUM = 400_000
_KINDS = {"bounce": Kind.BOUNCE, "complaint": Kind.FEEDBACK, "delivery": Kind.SUCCESS, "deliverydelay": Kind.DELAY}
_LISTS = {
    Kind.BOUNCE: ("bounce", "bouncedRecipients", "failed"),
    Kind.FEEDBACK: ("complaint", "complainedRecipients", "complained"),
    Kind.SUCCESS: ("delivery", "recipients", "delivered"),
    Kind.DELAY: ("deliveryDelay", "delayedRecipients", "delayed"),
}


class Notification:
    """What one notification says."""

    __slots__ = ("feedback_type", "findings", "kind", "message_id", "subject")

    def __init__(self, kind: Kind, body: Mapping[str, Any], mail: Mapping[str, Any]) -> None:
        self.kind = kind
        self.findings = _findings(kind, body)
        self.feedback_type = _text(body.get("complaintFeedbackType")) or ("abuse" if kind is Kind.FEEDBACK else "")
        common = _mapping(mail.get("commonHeaders"))
        self.message_id = _text(common.get("messageId")) or _text(mail.get("messageId"))
        self.subject = _text(common.get("subject"))


def read_notification(text: str) -> Notification | None:
    """The notification that a text is, or None."""
    start = text[:200].lstrip()
    if not start.startswith("{") or len(text) > _MAXIMUM:
        return None
    value = _mapping(_parsed(text))
    if isinstance(value.get("Message"), str):
        value = _mapping(_parsed(value["Message"]))
    kind = _KINDS.get(_text(value.get("notificationType") or value.get("eventType")).lower().replace(" ", ""))
    if kind is None:
        return None
    return Notification(kind, _mapping(value.get(_LISTS[kind][0])), _mapping(value.get("mail")))


def _parsed(text: str) -> object:
    try:
        return json.JSONDecoder(strict=False).raw_decode(text.strip().replace("\n", ""))[0]
    except (ValueError, RecursionError):
        return None


def _findings(kind: Kind, body: Mapping[str, Any]) -> list[Finding]:
    _, name, action = _LISTS[kind]
    entries = body.get(name)
    findings = []
    for entry in entries[:200] if isinstance(entries, list) else []:
        fields = entry if isinstance(entry, dict) else {"emailAddress": entry}
        diagnostic = _text(fields.get("diagnosticCode")) or _text(body.get("smtpResponse"))
        sub_type = _text(body.get("bounceSubType"))
        findings.append(
            Finding(
                recipient=typed_address(_text(fields.get("emailAddress"))),
                action=action,
                status=status_value(_text(fields.get("status"))) or status_value(diagnostic),
                diagnostic=diagnostic.removeprefix("smtp;").strip(),
                comment=_SUB_TYPES.get(sub_type, ""),
                reporter=_text(body.get("reportingMTA")).removeprefix("dsn;").removeprefix("dns;").strip(),
                rule="Amazon SES notification",
            )
        )
    return findings


# In the words of the general table, for notifications without a diagnostic.
_SUB_TYPES = {
    "NoEmail": "no such address",
    "Suppressed": "suppression list",
    "OnAccountSuppressionList": "suppression list",
    "MailboxFull": "mailbox full",
    "MessageTooLarge": "message too large",
    "ContentRejected": "content rejected",
    "AttachmentRejected": "attachment not allowed",
}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
