"""Which of several variants is the better one: found on a sample, by what people did with it, or said by a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError, Refused

from .counting import VARIANT, sums
from .drafting import variants_of
from .history import OURSELVES, found, note
from .models import Mailing, MailingState, Winner

MEASURES = {Winner.OPENS: "opened", Winner.CLICKS: "clicked", Winner.REPLIES: "replied"}
_OPEN = (MailingState.SENDING, MailingState.PAUSED)


def choose_by_hand(session: Session, mailing_id: int, label: str, *, actor: str, why: str, now: datetime) -> None:
    """The variant that all others get. The caller commits."""
    mailing = found(session, mailing_id)
    if label not in {variant.label for variant in variants_of(session, mailing_id)}:
        raise ConfigurationError(f"Mailing {mailing_id} has no variant {label!r}.")
    if mailing.state not in _OPEN or mailing.sample_percent == 100:
        raise Refused(
            f"Mailing {mailing_id} waits for no winner.",
            remedy="A winner is chosen while a mailing with a sample is sent.",
        )
    if mailing.winner:
        raise Refused(f"Variant {mailing.winner} has won already.")
    _won(session, mailing, label, actor=actor, why=why or "chosen by hand", now=now)


def choose_if_due(session: Session, mailing: Mailing, now: datetime) -> bool:
    """Called when the whole sample is settled; True when a winner was chosen now."""
    if mailing.sampled_at is None:
        mailing.sampled_at = now
        mailing.reason = _waits_for(mailing)
        note(session, mailing.id, "sampled", actor=OURSELVES, why=mailing.reason, now=now)
    if mailing.winner_by is Winner.HAND or now < mailing.sampled_at + timedelta(hours=mailing.winner_hours):
        return False
    measure = MEASURES[mailing.winner_by]
    rates = rates_of(session, mailing, measure)
    best = max(sorted(rates), key=lambda label: rates[label])
    told = ", ".join(f"{label} {rate:.2%}" for label, rate in sorted(rates.items()))
    _won(session, mailing, best, actor=OURSELVES, why=f"{measure} of those sent: {told}", now=now)
    return True


def _waits_for(mailing: Mailing) -> str:
    if mailing.winner_by is Winner.HAND:
        return f"The sample was sent; the others wait for: mailloom mailing winner {mailing.id} LABEL"
    return f"The sample was sent; the others wait {mailing.winner_hours} hours for the winner by {mailing.winner_by}."


def rates_of(session: Session, mailing: Mailing, measure: str) -> dict[str, float]:
    """What part of those who were sent a variant did it, by label."""
    counted = sums(session, mailing.id, [VARIANT])
    rates = {}
    for variant in variants_of(session, mailing.id):
        measures = counted.get((VARIANT, variant.label), {})
        rates[variant.label] = measures.get(measure, 0) / max(measures.get("sent", 0), 1)
    return rates


def _won(session: Session, mailing: Mailing, label: str, *, actor: str, why: str, now: datetime) -> None:
    mailing.winner, mailing.reason = label, f"variant {label} has won: {why}"
    note(session, mailing.id, f"winner {label}", actor=actor, why=why, now=now)
