"""The verdict: which kind of report a message is, and what it says about each recipient.

Order: complaints, receipts and aggregate reports (their types are unmistakable), delivery status fields, failure
letters, automatic answers; everything else is ordinary mail. A report that stands inside message/rfc822 belongs to
whoever forwarded it, so only mail systems are looked into that far.
"""

from __future__ import annotations

from dataclasses import replace

from .absence import absence_in
from .addresses import addresses_in
from .autoreply import is_automatic
from .codes import permanent
from .containers import container_kind
from .dsn import read_dsn, status_leaves
from .feedback import Complaint, read_complaint
from .finding import Finding
from .judgement import Saying, is_hard, judge
from .layout import Fields, Page, enclosed, lay_out
from .letter import cover, split_letter
from .narrative import header_recipients, read_narrative
from .notification import Notification, read_notification
from .origin import RETURNED_TYPES, origin_of, recipients_of, returned_fields
from .phrases import plain
from .signs import (
    announces_failure,
    is_answer,
    null_path,
    sent_by_daemon,
    subject_says_delay,
    tells_delay,
    tells_failure,
)
from .values import Absence, Event, Kind, Origin, Reason, Report

_NEEDED = 4


def verdict(raw: bytes) -> Report:
    """The verdict on one message; see the package for the promises."""
    return _verdict(lay_out(raw), wrapped=False)


def _verdict(page: Page, wrapped: bool) -> Report:
    returned = returned_fields(page, "")
    if (complaint := read_complaint(page, returned)) is not None:
        return _complaint(complaint, returned)
    if (notification := read_notification(page.leaves[0].text if page.leaves else "")) is not None:
        return _notified(notification)
    if (container := container_kind(page)) is not None:
        kind, why = container
        return Report(kind=kind, origin=origin_of(returned, "", ""), why=(why,))
    report = _failure(page, wrapped) or (None if wrapped else _wrapped(page))
    if report is not None:
        return report
    if sign := is_automatic(page.fields):
        return _answer(page, sign)
    return Report()


def _complaint(complaint: Complaint, returned: Fields) -> Report:
    events = tuple(
        Event(recipient=recipient, action="complained", reason=Reason.FEEDBACK, hard=False, rule=complaint.rule)
        for recipient in complaint.recipients or ("",)
    )
    origin = origin_of(returned, "", complaint.envelope_id)
    return Report(
        kind=Kind.FEEDBACK, events=events, origin=origin, feedback_type=complaint.feedback_type, why=(complaint.rule,)
    )


def _notified(notification: Notification) -> Report:
    origin = Origin(message_id=notification.message_id, subject=notification.subject)
    rule = "Amazon SES notification"
    if notification.kind is Kind.FEEDBACK:
        recipients = tuple(finding.recipient for finding in notification.findings if finding.recipient)
        complaint = Complaint(feedback_type=notification.feedback_type, recipients=recipients, rule=rule)
        return replace(_complaint(complaint, Fields("")), origin=origin)
    events = tuple(_event(finding, [], "", finding.action, []) for finding in notification.findings)
    return Report(kind=notification.kind, events=events, origin=origin, why=(rule, *(event.rule for event in events)))


def _answer(page: Page, sign: str) -> Report:
    absence: Absence | None = absence_in(cover(page)[:8000], page.fields.get("subject"), page.fields.raw("date"))
    origin = Origin(message_id=page.fields.raw("in-reply-to"), subject=page.fields.get("subject"))
    return Report(kind=Kind.AUTOREPLY, origin=origin, absence=absence, why=(sign,))


def _wrapped(page: Page) -> Report | None:
    """A report that a gateway of the mail system enclosed in a message of its own."""
    if not sent_by_daemon(page.fields) and not null_path(page.fields):
        return None
    for leaf in page.leaves:
        if leaf.type == "message/rfc822":
            inner = _verdict(enclosed(leaf), wrapped=True)
            return inner if inner.kind in (Kind.BOUNCE, Kind.DELAY, Kind.SUCCESS) else None
    return None


def _failure(page: Page, wrapped: bool) -> Report | None:
    fields = page.fields
    subject = fields.get("subject")
    leaves = status_leaves(page.leaves)
    forwarded = is_answer(subject) and not sent_by_daemon(fields) and not null_path(fields)
    if forwarded:
        return None
    letter, behind = split_letter(cover(page))
    findings, status = read_dsn(leaves) if leaves else ([], None)
    score, signs = _score(page, subject, letter)
    if not findings and score < _NEEDED:
        return None
    if not leaves and not wrapped and (report := _wrapped(page)) is not None:
        return report
    returned = returned_fields(page, behind)
    addressees = recipients_of(returned)
    own = _own_addresses(fields, returned)
    told = read_narrative(fields, letter, own, addressees) if score >= _NEEDED or leaves else []
    if not any(finding.recipient for finding in findings):
        findings = [_completed(finding, findings) for finding in told] or findings
    if not findings:
        findings = [Finding(recipient="", diagnostic=letter[:2000], rule="letter without address")]
    action = _action_of_letter(subject, letter)
    events = tuple(_event(finding, told, letter, action, addressees) for finding in findings)
    envelope_id = status.message.get("original-envelope-id", "") if status else ""
    kind = _kind(events)
    why = ("delivery status fields",) if leaves else signs
    return Report(
        kind=kind,
        events=events,
        origin=origin_of(returned, letter, envelope_id),
        why=(*why, *(event.rule for event in events[:20])),
    )


def _score(page: Page, subject: str, letter: str) -> tuple[int, tuple[str, ...]]:
    fields = page.fields
    text = plain(letter[:4000])
    signs = {
        "sent by a mail system": 2 * sent_by_daemon(fields),
        "empty return path": int(null_path(fields)),
        "subject of a failure report": 2 * (announces_failure(subject) and not is_answer(subject)),
        "letter of a failure report": 2 * (tells_failure(text) or tells_delay(text)),
        "failed recipients in the header": 4 * bool(header_recipients(fields)),
        "returned message enclosed": int(
            null_path(fields) and any(leaf.type in RETURNED_TYPES for leaf in page.leaves)
        ),
        "multipart/report": 2 * (page.report_type == "delivery-status"),
    }
    if is_automatic_only(fields):
        return 0, ()
    return sum(signs.values()), tuple(name for name, value in signs.items() if value)


def is_automatic_only(fields: Fields) -> bool:
    """True when the header calls the message an answer of a person's mailbox and no mail system sent it."""
    if sent_by_daemon(fields) or header_recipients(fields) or announces_failure(fields.get("subject")):
        return False
    return bool(is_automatic(fields))


def _own_addresses(fields: Fields, returned: Fields) -> frozenset[str]:
    """Addresses of our side: who the report was sent to, who sent the returned message."""
    values = [fields.raw("to"), returned.raw("from"), returned.raw("return-path"), returned.raw("sender")]
    own = {address.lower() for value in values for address in addresses_in(value)}
    return frozenset(own - {address.lower() for address in addresses_in(returned.raw("to"))})


def _completed(finding: Finding, fields: list[Finding]) -> Finding:
    """A finding of the letter with the outcome that anonymous status fields tell."""
    if not fields:
        return finding
    first = fields[0]
    return Finding(
        recipient=finding.recipient,
        alternatives=finding.alternatives,
        action=first.action,
        status=first.status,
        diagnostic=first.diagnostic or finding.diagnostic,
        comment=finding.comment,
        hosts=first.hosts or finding.hosts,
        remote_mta=first.remote_mta,
        reporter=first.reporter,
        rule="delivery status fields and letter",
    )


def _action_of_letter(subject: str, letter: str) -> str:
    text = plain(letter[:4000])
    if subject_says_delay(subject) and not tells_final(subject):
        return "delayed"
    return "delayed" if tells_delay(text) and not tells_final(text) else "failed"


_FINAL = (
    "permanent error",
    "permanent failure",
    "failed permanently",
    "permanent fatal",
    "given up",
    "cannot send message for",
)
_FINAL += ("returned mail", "undelivered mail returned", "will be deleted from queue")


def tells_final(text: str) -> bool:
    """True when the wording rules out further attempts."""
    lowered = text.lower()
    return any(phrase in lowered for phrase in _FINAL)


def _event(finding: Finding, told: list[Finding], letter: str, action: str, addressees: list[str]) -> Event:
    addresses = [a for a in (finding.recipient, *finding.alternatives) if a]
    own_words = next((t for t in told if t.recipient.lower() in {a.lower() for a in addresses}), None)
    if own_words is None and len(told) == 1:
        own_words = told[0]
    diagnostic, narrative = _words(finding, own_words, letter)
    told_hosts = own_words.hosts if own_words else ()
    hosts = tuple(host for host in (finding.remote_mta, *finding.hosts, *told_hosts) if host)
    outcome = finding.action or action
    saying = Saying(
        diagnostic=diagnostic,
        status=finding.status,
        hosts=hosts,
        reporter=finding.reporter,
        recipient=finding.recipient,
        narrative=narrative,
        letter=letter,
        action=outcome,
    )
    judged = judge(saying)
    reason = Reason.DELIVERED if outcome in ("delivered", "relayed", "expanded") else judged.reason
    recipient = _addressed(addresses, addressees if finding.status or finding.remote_mta else [])
    alternatives = [*addresses, *(own_words.alternatives if own_words else ())]
    return Event(
        recipient=recipient,
        alternatives=tuple(a for a in dict.fromkeys(alternatives) if a.lower() != recipient.lower()),
        action=outcome,
        status=judged.status,
        reply_code=judged.reply,
        reason=reason,
        permanent=permanent(judged.status, judged.reply),
        hard=is_hard(reason, judged.reply),
        diagnostic=diagnostic,
        remote_mta=finding.remote_mta or next(iter(hosts), ""),
        rule=f"{finding.rule}; {judged.rule}",
    )


def _words(finding: Finding, own_words: Finding | None, letter: str) -> tuple[str, str]:
    """The server's words, and the reporter's own for when the server said nothing that helps."""
    diagnostic = finding.diagnostic
    narrative = finding.comment
    if own_words is not None and own_words is not finding:
        if not diagnostic.strip():
            diagnostic = own_words.diagnostic
        narrative = "\n".join((finding.comment, own_words.diagnostic, own_words.comment))
    return diagnostic, narrative or letter[:3000]


def _addressed(addresses: list[str], addressees: list[str]) -> str:
    """Of the addresses given for one recipient, the one we wrote to (RFC 3464 §2.3.1: the original one)."""
    known = {address.lower() for address in addressees}
    return next((address for address in addresses if address.lower() in known), addresses[0] if addresses else "")


def _kind(events: tuple[Event, ...]) -> Kind:
    actions = {event.action for event in events}
    if "failed" in actions:
        return Kind.BOUNCE
    if "delayed" in actions:
        return Kind.DELAY
    return Kind.SUCCESS if actions & {"delivered", "relayed", "expanded"} else Kind.BOUNCE
