"""The `report` router: reports about our mail, automatic answers, receipts. None of them makes a record, none is answered."""

from __future__ import annotations

from functools import partial

from sqlalchemy.orm import Session

from mailloom.addons.alias.replying import find_conversation
from mailloom.api import Action, Ignored, Incoming, Pass, Reported, Route, Routed, Verdict, office_of
from mailloom.mail.report import Absence, Kind, Report
from mailloom.store.domains import all_domains
from mailloom.store.messages import Message
from mailloom.store.threads import Thread

from . import recording
from .matching import Match, match_event, match_report
from .models import MatchedBy
from .settings import BounceSettings

_ABOUT_DELIVERIES = frozenset({Kind.BOUNCE, Kind.DELAY, Kind.SUCCESS, Kind.FEEDBACK})
_CONTAINERS = frozenset({Kind.TLSRPT, Kind.DMARC})


class ReportRouter:
    name = "report"
    order = 30
    summary = (
        "Takes bounces, delays, complaints, receipts and automatic answers; mail to a bounce address goes no further."
    )

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        report = incoming.report()
        if report is None:
            return Pass(why="no addon reads reports")
        if report.kind in _ABOUT_DELIVERIES:
            why = f"{report.kind}: {'; '.join(report.why[:3]) or 'as its form says'}"
            return Reported(why=why, carry_out=partial(record_report, incoming, report))
        if report.kind is Kind.RECEIPT:
            return Reported(why="a receipt", carry_out=partial(_note_receipt, incoming, report))
        if report.kind in _CONTAINERS:
            return Reported(why=f"an aggregate report ({report.kind})")
        if report.kind is Kind.AUTOREPLY:
            return self._automatic(incoming, session, report)
        return self._ordinary(incoming, session)

    def _automatic(self, incoming: Incoming, session: Session, report: Report) -> Verdict:
        thread, parent, by = _answered(session, incoming, report)
        why = f"an automatic answer ({'; '.join(report.why[:2])})"
        if thread is None:
            return Ignored(why=f"{why} to no conversation of ours")
        if thread.model not in office_of(session).thread_models:
            return Ignored(why=f"{why} to a conversation of {thread.model}, which no addon offers now")
        route = Route(
            action=Action.APPEND,
            model=thread.model,
            router=self.name,
            record=thread.record_id,
            thread_id=thread.id,
            parent_id=parent.id if parent else None,
            target=f"thread:{thread.id}",
            automatic=True,
            internal=bool(parent and parent.internal),
            note=absence_note(report.absence),
            why=by,
        )
        return Routed(routes=[route], why=f"{why}; {by}")

    def _ordinary(self, incoming: Incoming, session: Session) -> Verdict:
        hit = _bounce_address(session, incoming)
        if hit:
            return Ignored(why=f"ordinary mail to the bounce address {hit}")
        sender = incoming.mail.from_
        if sender is not None and sender.localpart.lower() == "mailer-daemon":
            return Ignored(why="mail from MAILER-DAEMON that reports nothing")
        return Pass(why="no report")


def record_report(incoming: Incoming, report: Report, session: Session) -> None:
    """Write down what a report says, event by event, with what follows."""
    office = office_of(session)
    settings = office.settings("bounce")
    assert isinstance(settings, BounceSettings)
    matches = match_report(session, incoming, report.origin)
    for event in report.events:
        recording.record_event(
            session,
            office,
            recording.Reported(
                kind=report.kind,
                event=event,
                match=match_event(session, incoming, event, matches, settings.match_days),
                arrival_id=incoming.arrival_id,
                feedback_type=report.feedback_type,
            ),
        )


def absence_note(absence: Absence | None) -> str:
    """When the sender is back, as far as the answer says."""
    if absence is None or absence.end is None:
        return ""
    return f"away from {absence.start} to {absence.end}" if absence.start else f"away until {absence.end}"


def _answered(session: Session, incoming: Incoming, report: Report) -> tuple[Thread | None, Message | None, str]:
    """The conversation that an automatic answer belongs to: by token, by reference, or by the return path it came to."""
    found = find_conversation(session, incoming)
    if found is not None:
        return found.thread, found.parent, found.by
    match = next(iter(match_report(session, incoming, report.origin)), Match(by=MatchedBy.NOTHING))
    message = match.message
    if message is None or message.thread_id is None:
        return None, None, ""
    return session.get(Thread, message.thread_id), message, f"it came back by the {match.by} of message {message.id}"


def _note_receipt(incoming: Incoming, report: Report, session: Session) -> None:
    message = next((match.message for match in match_report(session, incoming, report.origin) if match.message), None)
    if message is not None:
        reader = incoming.from_key or "somebody"
        line = f"read by {reader} on {incoming.now:%Y-%m-%d %H:%M} UTC"
        if line not in message.note:
            message.note = "\n".join(filter(None, [message.note, line]))


def _bounce_address(session: Session, incoming: Incoming) -> str:
    ours = {domain.bounce_address for domain in all_domains(session)}
    for key in incoming.to:
        localpart, _, domain = key.rpartition("@")
        if f"{localpart.partition('+')[0]}@{domain}" in ours:
            return key
    return ""
