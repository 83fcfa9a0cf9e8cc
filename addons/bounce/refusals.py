"""What a server said while we were sending counts like a bounce that came later."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from mailloom.api import Settled, office_of
from mailloom.mail.report import Event, Kind, Reason, Saying, is_hard, judge
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryState

from .matching import Match
from .models import MatchedBy
from .recording import Reported, record_event

_GIVEN_UP = frozenset({DeliveryState.REJECTED, DeliveryState.FAILED})


def note_refusals(session: Session, deliveries: Sequence[Settled]) -> None:
    """Record those that their server refused, or that were given up; one that we did not try (no server's words) is none."""
    refused = [each.delivery_id for each in deliveries if each.state in _GIVEN_UP and each.reply]
    for number in refused:
        _note_refusal(session, session.get_one(Delivery, number, populate_existing=True))


def _note_refusal(session: Session, delivery: Delivery) -> None:
    match = Match(by=MatchedBy.SESSION, delivery=delivery, message=session.get(Message, delivery.message_id))
    record_event(session, office_of(session), Reported(kind=Kind.BOUNCE, event=event_of(delivery), match=match))


def event_of(delivery: Delivery) -> Event:
    """The delivery's last reply, judged by the tables that judge reports."""
    found = judge(
        Saying(
            diagnostic=delivery.reply,
            status=delivery.status,
            recipient=delivery.address,
            action="failed",
            at_recipient=True,
        )
    )
    given_up = delivery.state is DeliveryState.FAILED
    reason = Reason.EXPIRED if given_up and found.reason is Reason.UNDEFINED else found.reason
    return Event(
        recipient=delivery.address,
        action="failed",
        status=found.status,
        reply_code=found.reply,
        reason=reason,
        permanent=found.status.startswith("5")
        if found.status
        else found.reply.startswith("5")
        if found.reply
        else None,
        # What was put off again and again is no proof that the address is dead.
        hard=is_hard(reason, found.reply) and not given_up,
        diagnostic=delivery.reply,
        rule=found.rule,
    )
