"""The verdict: which kind of report a message is.

Order: complaints, notifications, receipts and aggregate reports (their types are unmistakable), delivery status fields,
failure letters, automatic answers; everything else is ordinary mail. A report that stands inside message/rfc822 belongs
to whoever forwarded it, so only into mail of mail systems the search goes that far.
"""

from __future__ import annotations

from dataclasses import replace

from .absence import absence_in
from .containers import acknowledged_id, container_kind
from .evidence import Evidence
from .failure import judged_event, read_failure
from .feedback import Complaint, read_complaint
from .finding import Finding
from .judgement import Saying, judge
from .layout import Page, enclosed, lay_out
from .notification import Notification, read_notification
from .origin import origin_of
from .values import Event, Kind, Origin, Reason, Report


def verdict(raw: bytes) -> Report:
    """The verdict on one message; see the package for the promises."""
    return _verdict(lay_out(raw), wrapped=False)


def _verdict(page: Page, wrapped: bool) -> Report:
    evidence = Evidence(page)
    if (complaint := read_complaint(page, evidence)) is not None:
        origin = origin_of(evidence.returned, evidence.addressees, complaint.envelope_id)
        return _complaint(complaint, origin)
    if page.type == "text/plain" and (notification := read_notification(page.leaves[0].text)) is not None:
        return _notified(notification)
    if (container := container_kind(page)) is not None:
        kind, why = container
        origin = origin_of(evidence.returned, evidence.addressees)
        if kind is Kind.RECEIPT and not origin.message_id:
            origin = replace(origin, message_id=acknowledged_id(page))
        return Report(kind=kind, origin=origin, why=(why,))
    report = (None if wrapped else _wrapped(evidence)) or read_failure(evidence)
    if report is not None:
        return report
    return _answer(evidence) if evidence.automatic else Report()


def _complaint(complaint: Complaint, origin: Origin) -> Report:
    events = tuple(
        Event(recipient=recipient, action="complained", reason=Reason.FEEDBACK, hard=False, rule=complaint.rule)
        for recipient in complaint.recipients or ("",)
    )
    return Report(
        kind=Kind.FEEDBACK,
        events=events,
        origin=origin,
        feedback_type=complaint.feedback_type,
        why=(complaint.rule,),
    )


def _notified(notification: Notification) -> Report:
    origin = Origin(message_id=notification.message_id, subject=notification.subject)
    rule = "Amazon SES notification"
    if notification.kind is Kind.FEEDBACK:
        recipients = tuple(finding.recipient for finding in notification.findings if finding.recipient)
        return _complaint(Complaint(feedback_type=notification.feedback_type, recipients=recipients, rule=rule), origin)
    events = tuple(_notified_event(finding) for finding in notification.findings)
    return Report(kind=notification.kind, events=events, origin=origin, why=(rule, *(event.rule for event in events)))


def _notified_event(finding: Finding) -> Event:
    saying = Saying(
        diagnostic=finding.diagnostic,
        status=finding.status,
        reporter=finding.reporter,
        recipient=finding.recipient,
        narrative=finding.comment,
        action=finding.action,
    )
    return judged_event(finding, saying, judge(saying), [], finding.recipient)


def _answer(evidence: Evidence) -> Report:
    fields = evidence.fields
    absence = absence_in(evidence.cover[:8000], evidence.subject, fields.raw("date"))
    origin = Origin(message_id=fields.raw("in-reply-to"), subject=evidence.subject)
    return Report(kind=Kind.AUTOREPLY, origin=origin, absence=absence, why=(evidence.automatic,))


def _wrapped(evidence: Evidence) -> Report | None:
    """A report that a gateway of the mail system enclosed in a message of its own."""
    leaf = evidence.returned_leaf
    if leaf is None or leaf.type != "message/rfc822" or not (evidence.from_daemon or evidence.null_path):
        return None
    if evidence.status_leaves:
        return None
    page = enclosed(leaf)
    if not Evidence(page).from_daemon:
        return None
    inner = _verdict(page, wrapped=True)
    return inner if inner.kind in (Kind.BOUNCE, Kind.DELAY, Kind.SUCCESS) else None
