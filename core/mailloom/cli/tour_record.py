"""What the scenes of the tour look for: read from the tables that any installation has, one short look at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.mail.address import normalise
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery, DeliveryAttempt, DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A record that a mail made."""

    model: str
    record: str
    thread_id: int
    why: str
    """The router's words."""


def opened_by(session: Session, sender: str) -> Opened | None:
    """The first record that this sender's mail made; None as long as there is none."""
    arrivals = select(Arrival).where(Arrival.from_address == normalise(sender), Arrival.outcome == Outcome.ROUTED)
    for arrival in session.scalars(arrivals.order_by(Arrival.id)):
        for route in arrival.routes:
            if route["action"] == "create":
                return Opened(
                    model=route["model"], record=route["record"], thread_id=route["thread"], why=arrival.reason
                )
    return None


def arrivals_of(session: Session, sender: str, outcome: Outcome) -> Sequence[Arrival]:
    """This sender's mails with this outcome, oldest first."""
    chosen = select(Arrival).where(Arrival.from_address == normalise(sender), Arrival.outcome == outcome)
    return session.scalars(chosen.order_by(Arrival.id)).all()


def later_words(session: Session, opened: Opened, kind: MessageKind) -> Message | None:
    """The newest message of a kind on the record's thread, the one that made it apart."""
    chosen = select(Message).where(
        Message.thread_id == opened.thread_id, Message.kind == kind, Message.created_record.is_(False)
    )
    return session.scalar(chosen.order_by(Message.id.desc()).limit(1))


def delivery_to(session: Session, address: str) -> Delivery | None:
    """The newest delivery to an address."""
    chosen = select(Delivery).where(Delivery.key == normalise(address)).order_by(Delivery.id.desc()).limit(1)
    return session.scalar(chosen)


def nothing_in_hand(session: Session) -> bool | None:
    """True when no delivery is being sent, so that no lease runs out when the clock is turned; else None."""
    in_hand = select(Delivery.id).where(Delivery.state.in_((DeliveryState.LEASED, DeliveryState.SENDING))).limit(1)
    return True if session.scalar(in_hand) is None else None


def attempts_of(session: Session, delivery: Delivery) -> Sequence[DeliveryAttempt]:
    chosen = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery.id).order_by(DeliveryAttempt.id)
    return session.scalars(chosen).all()


def reason_of(session: Session, message: Message) -> str:
    """Why the mail behind a message was put where it is; '' for what was not mail."""
    arrival = session.get(Arrival, message.arrival_id) if message.arrival_id is not None else None
    return arrival.reason if arrival is not None else ""
