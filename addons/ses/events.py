"""From what SES publishes to events of deliveries: identity notifications and event publishing have the same parts.

Amazon adds fields and kinds as it likes, so nothing here insists: what is not there is left out, what is not known is no event. What SES
calls `Permanent` is not taken for a dead address by itself: where the receiving server was quoted, its words decide, as for any bounce.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from mailloom.api import ProviderEvent
from mailloom.mail.address import parse_addresses
from mailloom.mail.report import Event, Kind, Reason, Saying, is_hard, judge

_MOST_RECIPIENTS: Final = 500
_MOST_HEADERS: Final = 500
_LONGEST: Final = 2000
_OWN_ID: Final = "x-mailloom-id"

_Part = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a subtype says, whatever the server said."""

    reason: Reason
    hard: bool = False


_BOUNCES: Final = {
    "NoEmail": _Verdict(Reason.USER_UNKNOWN, hard=True),
    # On Amazon's own list, for having bounced as unknown for somebody not long ago.
    "Suppressed": _Verdict(Reason.SUPPRESSED, hard=True),
    # On the list of the AWS account, by a bounce or by a complaint; which of them is not said.
    "OnAccountSuppressionList": _Verdict(Reason.SUPPRESSED),
    "MailboxFull": _Verdict(Reason.MAILBOX_FULL),
    "MessageTooLarge": _Verdict(Reason.MESSAGE_TOO_BIG),
    "CustomTimeoutExceeded": _Verdict(Reason.EXPIRED),
    "ContentRejected": _Verdict(Reason.CONTENT_ERROR),
    "AttachmentRejected": _Verdict(Reason.CONTENT_ERROR),
}
_DELAYS: Final = {
    "MailboxFull": Reason.MAILBOX_FULL,
    "SpamDetected": Reason.SPAM_DETECTED,
    "RecipientServerError": Reason.SYSTEM_ERROR,
    "IPFailure": Reason.RATE_LIMITED,
    "TransientCommunicationFailure": Reason.NETWORK_ERROR,
    "InternalFailure": Reason.MAILER_ERROR,
}
_PERMANENT: Final = {"Permanent": True, "Transient": False}
_BY_CLASS: Final = {"5": True, "4": False}


def events_in(message: str, sns_id: str, received_at: datetime) -> list[ProviderEvent]:
    """The events in the message of a verified call; none for what is about no delivery. Never raises."""
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        return []
    if not isinstance(told, dict):
        return []
    name = _text(told, "notificationType") or _text(told, "eventType")
    reader = _READERS.get(name)
    if reader is None:
        return []
    part_name, read = reader
    mail, part = _part(told, "mail"), _part(told, part_name)
    happened_at = _moment(_text(part, "timestamp")) or _moment(_text(mail, "timestamp")) or received_at
    identity, raw = _identity(mail), message.encode("utf-8", "replace")
    feedback_type = _text(part, "complaintFeedbackType")[:32]
    return [
        ProviderEvent(
            event_id=f"ses:{sns_id}:{position}",
            kind=kind,
            event=event,
            identity=identity,
            happened_at=happened_at,
            feedback_type=feedback_type if kind is Kind.FEEDBACK else "",
            raw=raw,
        )
        for position, (kind, event) in enumerate(read(part, mail))
    ]


_Read = Callable[[_Part, _Part], Iterator[tuple[Kind, Event]]]


def _bounces(part: _Part, mail: _Part) -> Iterator[tuple[Kind, Event]]:
    kind, subtype = _text(part, "bounceType"), _text(part, "bounceSubType")
    for recipient in _parts(part, "bouncedRecipients"):
        said = _text(recipient, "diagnosticCode"), _text(recipient, "status")
        # Automatic answers come back as bounces without anything a server said; the mail has arrived.
        if kind == "Transient" and subtype == "General" and not any(said):
            continue
        yield Kind.BOUNCE, _bounce(recipient, kind, subtype)


def _bounce(recipient: _Part, kind: str, subtype: str) -> Event:
    address, diagnostic = _address(_text(recipient, "emailAddress")), _text(recipient, "diagnosticCode")
    status, action = _text(recipient, "status"), _text(recipient, "action") or "failed"
    said = judge(Saying(diagnostic=diagnostic, status=status, recipient=address, action=action))
    rule = f"ses: {kind}/{subtype}"
    verdict = _BOUNCES.get(subtype)
    if verdict is None and (diagnostic or status):
        verdict, rule = _Verdict(said.reason, hard=is_hard(said.reason, said.reply)), f"{rule}; {said.rule}"
    if verdict is None:
        verdict = _Verdict(Reason.UNDEFINED, hard=kind == "Permanent")
    return Event(
        recipient=address,
        action=action.lower(),
        status=said.status,
        reply_code=said.reply,
        reason=verdict.reason,
        permanent=_BY_CLASS.get((said.status or said.reply)[:1], _PERMANENT.get(kind)),
        hard=verdict.hard,
        diagnostic=diagnostic,
        rule=rule,
    )


def _complaints(part: _Part, mail: _Part) -> Iterator[tuple[Kind, Event]]:
    rule = f"ses: complaint {_text(part, 'complaintSubType')}".strip()
    for recipient in _parts(part, "complainedRecipients"):
        address = _address(_text(recipient, "emailAddress"))
        diagnostic = _text(part, "userAgent")
        yield Kind.FEEDBACK, Event(recipient=address, reason=Reason.FEEDBACK, diagnostic=diagnostic, rule=rule)


def _deliveries(part: _Part, mail: _Part) -> Iterator[tuple[Kind, Event]]:
    for address in _texts(part, "recipients"):
        yield (
            Kind.SUCCESS,
            Event(
                recipient=_address(address),
                action="delivered",
                reason=Reason.DELIVERED,
                diagnostic=_text(part, "smtpResponse"),
                remote_mta=_text(part, "remoteMtaIp"),
                rule="ses: delivery",
            ),
        )


def _delays(part: _Part, mail: _Part) -> Iterator[tuple[Kind, Event]]:
    kind = _text(part, "delayType")
    for recipient in _parts(part, "delayedRecipients"):
        address, diagnostic = _address(_text(recipient, "emailAddress")), _text(recipient, "diagnosticCode")
        status = _text(recipient, "status")
        said = judge(Saying(diagnostic=diagnostic, status=status, recipient=address, action="delayed"))
        yield (
            Kind.DELAY,
            Event(
                recipient=address,
                action="delayed",
                status=said.status,
                reply_code=said.reply,
                reason=_DELAYS.get(kind, said.reason),
                permanent=False,
                hard=False,
                diagnostic=diagnostic,
                rule=f"ses: delay {kind}",
            ),
        )


def _rejects(part: _Part, mail: _Part) -> Iterator[tuple[Kind, Event]]:
    """SES took the mail, found a virus in it and sent it to nobody."""
    for address in _texts(mail, "destination"):
        words = _text(part, "reason")
        yield (
            Kind.BOUNCE,
            Event(
                recipient=_address(address),
                action="failed",
                reason=Reason.VIRUS_DETECTED if words == "Bad content" else Reason.CONTENT_ERROR,
                hard=False,
                diagnostic=words,
                rule="ses: reject",
            ),
        )


_READERS: Final[Mapping[str, tuple[str, _Read]]] = {
    "Bounce": ("bounce", _bounces),
    "Complaint": ("complaint", _complaints),
    "Delivery": ("delivery", _deliveries),
    "DeliveryDelay": ("deliveryDelay", _delays),
    "Reject": ("reject", _rejects),
}
"""By notificationType or eventType: where the rest stands, and what reads it."""


def _identity(mail: _Part) -> Sequence[str]:
    """Our signed id where SES includes the headers, its own id, and our Message-ID."""
    headers = _parts(mail, "headers", _MOST_HEADERS)
    own = [_text(each, "value") for each in headers if _text(each, "name").lower() == _OWN_ID]
    original = [_text(each, "value") for each in headers if _text(each, "name").lower() == "message-id"]
    common = _text(_part(mail, "commonHeaders"), "messageId")
    found = [*own[:1], _text(mail, "messageId"), *original[:1], common]
    return tuple(dict.fromkeys(each.strip() for each in found if each.strip()))


def _address(text: str) -> str:
    """The bare address; SES repeats names where they were given."""
    if "<" not in text:
        return text
    found = parse_addresses(text)
    return found[0].address if found else text


def _part(told: _Part, name: str) -> _Part:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def _parts(told: _Part, name: str, most: int = _MOST_RECIPIENTS) -> list[_Part]:
    value = told.get(name)
    return [each for each in value[:most] if isinstance(each, dict)] if isinstance(value, list) else []


def _texts(told: _Part, name: str) -> list[str]:
    value = told.get(name)
    found = value[:_MOST_RECIPIENTS] if isinstance(value, list) else []
    return [_storable(each) for each in found if isinstance(each, str) and each]


def _text(told: _Part, name: str) -> str:
    value = told.get(name)
    return _storable(value) if isinstance(value, str) else ""


def _storable(text: str) -> str:
    """Amazon passes on what strangers' servers say: without NUL and half characters, which databases do not take."""
    return text[:_LONGEST].replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
