"""From an event to its consequences: the row, the delivery's state, the suppression, the note, the alarm."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import MessageKind, Office
from mailloom.mail.report import Event, Kind
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.threads import Thread

from .effects import Rule, effect_of, rule_for
from .matching import Match, event_keys
from .models import BounceEvent, Effect, MatchedBy
from .settings import BounceSettings
from .suppressing import soft_bounces_add_up, suppress
from .wording import note_text, words_for

_UNPROVEN = frozenset({MatchedBy.RECIPIENT_AND_TIME, MatchedBy.NOTHING})
_UNDELIVERED = frozenset({Effect.HARD, Effect.SOFT, Effect.POLICY})
_FINAL = frozenset({DeliveryState.CANCELLED, DeliveryState.BOUNCED, DeliveryState.REJECTED, DeliveryState.FAILED})
_LONGEST_WORDS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An event with where it came from."""

    kind: Kind
    event: Event
    match: Match
    arrival_id: int | None = None
    feedback_type: str = ""
    provider_event: str | None = None


def record_event(session: Session, office: Office, reported: Reported) -> BounceEvent:
    """Write the event down and do what the policy table says; an event that was told before only counts. The caller commits.

    Of an event from which nothing follows the row may still be in the session only, so that those of many mails are written together.
    """
    known = _known(session, reported)
    if known is not None:
        known.repeats += 1
        return known
    row = _row(office, reported)
    session.add(row)
    if reported.match.by not in _UNPROVEN:
        session.flush()
        _follow(session, office, reported, row)
    return row


def _known(session: Session, reported: Reported) -> BounceEvent | None:
    if reported.provider_event:
        found = session.scalar(select(BounceEvent).where(BounceEvent.provider_event == reported.provider_event))
        if found is not None:
            return found
    if reported.match.delivery is None:
        return None
    same = select(BounceEvent).where(
        BounceEvent.delivery_id == reported.match.delivery.id,
        BounceEvent.kind == reported.kind,
        BounceEvent.status == reported.event.status[:16],
    )
    return session.scalar(same.limit(1))


def _row(office: Office, reported: Reported) -> BounceEvent:
    event, delivery = reported.event, reported.match.delivery
    keys = event_keys(event)
    return BounceEvent(
        at=office.now(),
        kind=reported.kind,
        effect=effect_of(reported.kind, event, reported.feedback_type),
        delivery_id=delivery.id if delivery else None,
        message_id=reported.match.message.id if reported.match.message else None,
        arrival_id=reported.arrival_id,
        key=(delivery.key if delivery is not None and _means(delivery, event) else keys[0] if keys else "")[:320],
        reported_recipient=event.recipient[:320],
        reason=event.reason,
        status=event.status[:16],
        reply_code=event.reply_code[:3],
        permanent=event.permanent,
        hard=event.hard,
        diagnostic=_storable(event.diagnostic),
        remote_mta=_storable(event.remote_mta)[:253],
        rule=_storable(event.rule),
        feedback_type=reported.feedback_type[:32],
        matched_by=reported.match.by,
        provider_event=reported.provider_event,
    )


def _means(delivery: Delivery, event: Event) -> bool:
    """Whether the event is about the very address we wrote to, and not about one that it was passed on to."""
    keys = event_keys(event)
    return not keys or delivery.key in keys


def _follow(session: Session, office: Office, reported: Reported, row: BounceEvent) -> None:
    delivery = reported.match.delivery
    rule = rule_for(session, row.effect)
    if delivery is None:
        return
    if row.effect in _UNDELIVERED and reported.kind is not Kind.FEEDBACK:
        _mark_undelivered(session, office, delivery, reported)
        if rule.note:
            _write_note(session, office, reported)
    if rule.alarm:
        _alarm(session, office, delivery, reported)
    _suppress(session, office, reported, row, rule)
    if row.effect is Effect.COMPLAINT and _means(delivery, reported.event):
        office.complaint_recorded(session, delivery, reported.feedback_type)


def _mark_undelivered(session: Session, office: Office, delivery: Delivery, reported: Reported) -> None:
    if delivery.state in _FINAL:
        return
    event = reported.event
    delivery.state, delivery.settled_at = DeliveryState.BOUNCED, office.now()
    delivery.status = event.status[:12]
    delivery.reply = _storable(event.diagnostic) or delivery.reply
    words = words_for(event.reason)
    delivery.explanation = f"{words.meaning[:1].upper()}{words.meaning[1:]}. {words.remedy}"
    session.flush()
    office.delivery_settled(session, delivery)


def _write_note(session: Session, office: Office, reported: Reported) -> None:
    message, delivery = reported.match.message, reported.match.delivery
    if message is None or delivery is None or message.thread_id is None:
        return
    thread = session.get(Thread, message.thread_id)
    if thread is None:
        return
    # A note about an undelivered note would bounce to the same place again, and so on.
    kind = MessageKind.LOG if message.internal or message.kind is not MessageKind.COMMENT else MessageKind.NOTE
    text = note_text(delivery.address, reported.event.reason, reported.event.diagnostic)
    office.write_on(session, thread, text=_storable(text), kind=kind, parent=message)


def _alarm(session: Session, office: Office, delivery: Delivery, reported: Reported) -> None:
    domain = delivery.envelope_from.rpartition("@")[2] or "unknown"
    message = reported.match.message
    if message is not None and message.from_address:
        domain = message.from_address.rpartition("@")[2]
    words = words_for(reported.event.reason)
    receiver = delivery.key.rpartition("@")[2]
    office.raise_alarm(
        session,
        f"domain:{domain}",
        f"Mail of {domain} was refused by {receiver}: {words.meaning}. {_storable(reported.event.diagnostic)[:300]}",
        words.remedy,
    )


def _suppress(session: Session, office: Office, reported: Reported, row: BounceEvent, rule: Rule) -> None:
    delivery = reported.match.delivery
    if rule.suppress is None or delivery is None or not _means(delivery, reported.event):
        return
    why = words_for(reported.event.reason).meaning
    if row.effect is Effect.COMPLAINT:
        why = f"complained about our mail ({reported.feedback_type or 'abuse'})"
    if row.effect is Effect.SOFT:
        settings = office.settings("bounce")
        assert isinstance(settings, BounceSettings)
        added = soft_bounces_add_up(session, delivery.key, office.now(), settings)
        if not added:
            return
        why = f"{added}, the last time because {why}"
    suppress(session, delivery.key, scope=rule.suppress, reason=why, by="policy", now=office.now(), event_id=row.id)


def _storable(text: str) -> str:
    """What a stranger said, as both databases take it: without NUL and lone surrogates, and of a bearable length."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:_LONGEST_WORDS]
