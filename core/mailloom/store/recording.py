"""Writing what became of deliveries, many at a time, and only where the pass that reports still holds the row.

A row that was given up as `uncertain` still takes the result of the pass that held it: a late answer is better than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from mailloom.store.messages import IdentifierOrigin, MessageIdentifier, identifier_key
from mailloom.store.outbox import Delivery, DeliveryAttempt, DeliveryState

_HELD = (DeliveryState.LEASED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
_DELIVERIES = Delivery.__table__
_LONGEST_REPLY = 20_000
_LONGEST_PROVIDER_ID = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One delivery after a try. `due` None: it is settled."""

    id: int
    attempt: str
    message_id: int
    state: DeliveryState
    attempts: int
    due: datetime | None = None
    status: str = ""
    reply: str = ""
    explanation: str = ""
    provider_id: str | None = None
    provider_message_id: str | None = None
    tried: bool = True
    """False when nothing was sent, so that no attempt is listed."""


_SETTLE = (
    update(_DELIVERIES)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    .where(_DELIVERIES.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("tries"),
        status=bindparam("code"),
        reply=bindparam("words"),
        explanation=bindparam("why"),
        provider_id=bindparam("provider"),
        settled_at=bindparam("at"),
        lease_until=None,
    )
)
_POSTPONE = (
    update(_DELIVERIES)  # type: ignore[arg-type]  # see above
    .where(_DELIVERIES.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("tries"),
        status=bindparam("code"),
        reply=bindparam("words"),
        explanation=bindparam("why"),
        due=bindparam("next_due"),
        settled_at=None,
        attempt=None,
        lease_until=None,
    )
)


def record(session: Session, results: Sequence[Result], *, account_id: int, now: datetime) -> list[Result]:
    """Write results in groups; returns those that were written. The caller commits."""
    held = _held(session, results)
    written = [result for result in results if result.id in held]
    settled = [_settled_row(result, now) for result in written if result.due is None]
    postponed = [_postponed_row(result) for result in written if result.due is not None]
    if settled:
        session.execute(_SETTLE, settled)
    if postponed:
        session.execute(_POSTPONE, postponed)
    if tried := [_attempt_row(result, account_id, now) for result in written if result.tried]:
        session.execute(insert(DeliveryAttempt.__table__), tried)  # type: ignore[arg-type]  # see above
    if renamed := [_identifier_row(result) for result in written if result.provider_message_id]:
        session.execute(insert(MessageIdentifier.__table__), renamed)  # type: ignore[arg-type]  # see above
    return written


def _held(session: Session, results: Sequence[Result]) -> set[int]:
    ids: dict[str, list[int]] = {}
    for result in results:
        ids.setdefault(result.attempt, []).append(result.id)
    held: set[int] = set()
    for attempt, wanted in ids.items():
        chosen = select(_DELIVERIES.c.id).where(
            _DELIVERIES.c.id.in_(wanted), _DELIVERIES.c.attempt == attempt, _DELIVERIES.c.state.in_(_HELD)
        )
        held.update(session.execute(chosen.with_for_update()).scalars())
    return held


def _settled_row(result: Result, now: datetime) -> dict[str, object]:
    provider = result.provider_id
    return {
        "row": result.id,
        "new_state": result.state,
        "tries": result.attempts,
        "code": result.status[:12],
        "words": result.reply[:_LONGEST_REPLY],
        "why": result.explanation,
        "provider": provider[:_LONGEST_PROVIDER_ID] if provider else None,
        "at": now,
    }


def _postponed_row(result: Result) -> dict[str, object]:
    return {
        "row": result.id,
        "new_state": result.state,
        "tries": result.attempts,
        "code": result.status[:12],
        "words": result.reply[:_LONGEST_REPLY],
        "why": result.explanation,
        "next_due": result.due,
    }


def _attempt_row(result: Result, account_id: int, now: datetime) -> dict[str, object]:
    return {
        "delivery_id": result.id,
        "account_id": account_id,
        "at": now,
        "state": result.state,
        "status": result.status[:12],
        "reply": result.reply[:_LONGEST_REPLY],
    }


def _identifier_row(result: Result) -> dict[str, object]:
    return {
        "value": identifier_key(result.provider_message_id or ""),
        "message_id": result.message_id,
        "origin": IdentifierOrigin.PROVIDER,
    }
