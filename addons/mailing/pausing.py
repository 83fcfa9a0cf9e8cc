"""Stopping a mailing and letting it go on: what waits in the outbox is taken back at once, so that a pause holds from its commit on.

Taken back is what is queued, deferred or claimed; what is marked as sending is finished by its pass and counted. A delivery that was taken back
is held in the outbox (cancelled, and not settled) until the mailing goes on, and keeps its number of tries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.errors import Refused
from mailloom.store.outbox import Delivery, DeliveryState

from .among import among
from .counting import Tally
from .history import OURSELVES, moved, must_move, note
from .models import LedgerRow, Mailing, MailingState, Standing

_WAITING = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.LEASED)
_AT_ONCE = 1000
_AT_WORK = (MailingState.QUEUED, MailingState.SENDING)


def pause(session: Session, mailing_id: int, *, actor: str, why: str, now: datetime) -> None:
    """As a person asks for it; Refused when it is not at work."""
    must_move(session, mailing_id, _AT_WORK, MailingState.PAUSED, actor=actor, why=why, now=now, resume_at=None)
    take_back(session, mailing_id, why=f"Held: mailing {mailing_id} is paused.")


def stop(session: Session, mailing_id: int, *, why: str, now: datetime, resume_at: datetime | None = None) -> bool:
    """As the mailing itself does, with an alarm where it does not go on by itself at `resume_at`. False when it was stopped already."""
    done = moved(
        session, mailing_id, _AT_WORK, MailingState.PAUSED, actor=OURSELVES, why=why, now=now, resume_at=resume_at
    )
    if done:
        take_back(session, mailing_id, why=f"Held: mailing {mailing_id} is paused.")
    if done and resume_at is None:
        remedy = f"See: mailloom mailing show {mailing_id}"
        office_of(session).raise_alarm(session, _alarm(mailing_id), f"Mailing {mailing_id} stopped: {why}", remedy)
    return done


def resume(session: Session, mailing_id: int, *, actor: str, why: str, now: datetime) -> None:
    """Go on where it stopped. The circuit breaker begins to count anew when a person does this."""
    mailing = session.get_one(Mailing, mailing_id)
    values: dict[str, Any] = {"resume_at": None}
    if actor != OURSELVES:
        values["watched_from"] = now
    to = MailingState.SENDING if mailing.started_at is not None else MailingState.QUEUED
    must_move(session, mailing_id, (MailingState.PAUSED,), to, actor=actor, why=why, now=now, **values)
    office_of(session).close_alarms(session, _alarm(mailing_id))


def cancel(session: Session, mailing_id: int, *, actor: str, why: str, now: datetime) -> None:
    """End it for good: who was not written to never is."""
    wanted = (MailingState.DRAFT, *_AT_WORK, MailingState.PAUSED)
    must_move(
        session,
        mailing_id,
        wanted,
        MailingState.CANCELLED,
        actor=actor,
        why=why,
        now=now,
        finished_at=now,
        resume_at=None,
    )
    office_of(session).close_alarms(session, _alarm(mailing_id))
    take_back(session, mailing_id, why=f"Mailing {mailing_id} was cancelled.")
    waiting = update(LedgerRow).where(LedgerRow.mailing_id == mailing_id, LedgerRow.state == Standing.PENDING)
    values = {"state": Standing.CANCELLED, "reason": "the mailing was cancelled", "settled_at": now}
    ended = session.execute(waiting.values(values), execution_options={"synchronize_session": False})
    tally = Tally()
    tally.moved(mailing_id, Standing.PENDING, Standing.CANCELLED, ended.rowcount)  # type: ignore[attr-defined]  # of a CursorResult
    tally.write(session)
    given_up = select(LedgerRow.delivery_id).where(
        LedgerRow.mailing_id == mailing_id, LedgerRow.state == Standing.CANCELLED, LedgerRow.delivery_id.is_not(None)
    )
    _end_held(session, list(session.scalars(given_up)), f"Mailing {mailing_id} was cancelled.", now)


def _alarm(mailing_id: int) -> str:
    """The subject under which a person is called."""
    return f"mailing:{mailing_id}"


def take_back(session: Session, mailing_id: int, *, why: str) -> None:
    """Out of the outbox, back to pending. What is being sent at this moment stays queued in the ledger and settles by itself."""
    queued = select(LedgerRow.delivery_id).where(LedgerRow.mailing_id == mailing_id, LedgerRow.state == Standing.QUEUED)
    numbers = [number for number in session.scalars(queued) if number is not None]
    held = _held_back(session, numbers, why)
    rows = update(LedgerRow).where(among(session, LedgerRow.delivery_id, held), LedgerRow.state == Standing.QUEUED)
    session.execute(rows.values(state=Standing.PENDING), execution_options={"synchronize_session": False})


def _held_back(session: Session, numbers: list[int], why: str) -> list[int]:
    waiting = update(Delivery).where(among(session, Delivery.id, numbers), Delivery.state.in_(_WAITING))
    values = {"state": DeliveryState.CANCELLED, "attempt": None, "lease_until": None, "explanation": why}
    done = session.execute(
        waiting.values(values).returning(Delivery.id), execution_options={"synchronize_session": False}
    )
    return list(done.scalars())


def _end_held(session: Session, numbers: Sequence[int | None], why: str, now: datetime) -> None:
    """What was held will never go out: settle it, and tell whoever waits for word of it."""
    office = office_of(session)
    for start in range(0, len(numbers), _AT_ONCE):
        held = among(session, Delivery.id, numbers[start : start + _AT_ONCE])
        held = held & (Delivery.state == DeliveryState.CANCELLED) & Delivery.settled_at.is_(None)
        ending = update(Delivery).where(held).values(settled_at=now, explanation=why).returning(Delivery.id)
        ended = list(session.execute(ending, execution_options={"synchronize_session": False}).scalars())
        chosen = select(Delivery).where(among(session, Delivery.id, ended)).order_by(Delivery.id)
        office.deliveries_settled(session, session.scalars(chosen, execution_options={"populate_existing": True}).all())


def skip(session: Session, mailing_id: int, key: str, *, actor: str, why: str, now: datetime) -> None:
    """Do not write to one recipient, known by the normalised address. Refused when the mail is on its way, or nobody waits there."""
    row = session.scalar(select(LedgerRow).where(LedgerRow.mailing_id == mailing_id, LedgerRow.key == key))
    held = f"{key} is skipped in mailing {mailing_id}."
    waits = row is not None and (
        row.state is Standing.PENDING
        or (row.state is Standing.QUEUED and bool(_held_back(session, [row.delivery_id or 0], held)))
    )
    if row is None or not waits:
        state = row.state if row is not None else "not in it"
        raise Refused(f"{key} is {state} in mailing {mailing_id}.", remedy="Only who still waits can be skipped.")
    tally = Tally()
    tally.moved(mailing_id, row.state, Standing.CANCELLED)
    tally.write(session)
    row.state, row.reason, row.settled_at = Standing.CANCELLED, why, now
    _end_held(session, [row.delivery_id], held, now)
    note(session, mailing_id, "skipped", actor=actor, why=f"{key}: {why}", now=now)


def retry(
    session: Session, mailing_id: int, standings: tuple[Standing, ...], *, actor: str, why: str, now: datetime
) -> int:
    """Let those whose mail failed be written to once more; returns how many. An uncertain mail may arrive twice."""
    tally, count = Tally(), 0
    for standing in standings:
        rows = update(LedgerRow).where(LedgerRow.mailing_id == mailing_id, LedgerRow.state == standing)
        values = {"state": Standing.PENDING, "reason": "", "settled_at": None}
        done = session.execute(rows.values(values), execution_options={"synchronize_session": False})
        changed = done.rowcount  # type: ignore[attr-defined]  # of a CursorResult
        tally.moved(mailing_id, standing, Standing.PENDING, changed)
        count += changed
    tally.write(session)
    note(session, mailing_id, "retry", actor=actor, why=f"{why} ({count} recipients)", now=now)
    if count:
        moved(
            session, mailing_id, (MailingState.DONE,), MailingState.SENDING, actor=actor, why="retry", now=now,
            finished_at=None, watched_from=now,
        )  # fmt: skip
    return count
