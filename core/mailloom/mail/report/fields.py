"""A report as plain fields for JSON, the way `mailloom inspect` prints it."""

from __future__ import annotations

from typing import Any

from .values import Event, Report


def report_fields(report: Report) -> dict[str, Any]:
    """Keys kind, recipients, status, reason, hard, events, original_message_id, feedback_type, why.

    status, reason and hard repeat the first event; absent values are None, so that JSON says null and not "".
    """
    first = report.events[0] if report.events else None
    return {
        "kind": str(report.kind),
        "recipients": [event.recipient for event in report.events if event.recipient],
        "status": (first.status or None) if first else None,
        "reason": str(first.reason) if first else None,
        "hard": first.hard if first else None,
        "events": [_event_fields(event) for event in report.events],
        "original_message_id": report.origin.message_id or None,
        "feedback_type": report.feedback_type or None,
        "why": list(report.why),
    }


def _event_fields(event: Event) -> dict[str, Any]:
    return {
        "recipient": event.recipient or None,
        "alternatives": list(event.alternatives),
        "action": event.action or None,
        "status": event.status or None,
        "reply_code": event.reply_code or None,
        "reason": str(event.reason),
        "permanent": event.permanent,
        "hard": event.hard,
        "diagnostic": event.diagnostic,
        "remote_mta": event.remote_mta or None,
        "rule": event.rule,
    }
