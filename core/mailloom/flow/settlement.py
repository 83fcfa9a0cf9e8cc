"""One mail on its way to a decision, and the record of what became of it.

A `KeptMail` is what was committed; a `Settlement` collects the record while the decision is carried out and is written to the arrival's
row in the end, once, whatever happened in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailloom.api.office import Received
from mailloom.flow.deciding import Decision
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.blobs import Blob

_LONGEST_SUBJECT = 1000
_LONGEST_ADDRESS = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMail:
    """An arrival as it was kept. `raw` None: retention has removed the bytes."""

    arrival_id: int
    raw: bytes | None
    raw_digest: str | None
    account_id: int | None
    envelope_from: str | None
    envelope_recipients: Sequence[str] | None
    fallback: str | None
    attempts: int


@dataclass(slots=True, kw_only=True)
class Settlement:
    """What the arrival's row will say. `key` is '' until the mail was read."""

    arrival_id: int
    attempts: int
    outcome: Outcome = Outcome.PARKED
    reason: str = ""
    key: str = ""
    duplicate_of: int | None = None
    message_id: str = ""
    from_address: str = ""
    subject: str = ""
    flags: list[str] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, str]] = field(default_factory=list)
    answer: dict[str, str] | None = None

    def take(self, decision: Decision) -> None:
        """The way to the decision, with what was noted since."""
        self.steps = [step.as_json() for step in decision.steps]

    def received(self) -> Received:
        return Received(
            arrival_id=self.arrival_id,
            outcome=self.outcome.value,
            reason=self.reason,
            routes=self.routes,
            steps=self.steps,
            answer=self.answer,
            flags=self.flags,
        )

    def values(self, now: datetime) -> dict[str, Any]:
        """The row's new values, its id included."""
        return {
            "id": self.arrival_id,
            "attempts": self.attempts,
            "settled_at": now,
            "outcome": self.outcome,
            "reason": storable(self.reason),
            "key": self.key or None,
            "duplicate_of": self.duplicate_of,
            "message_id": storable(self.message_id),
            "from_address": storable(self.from_address)[:_LONGEST_ADDRESS],
            "subject": storable(self.subject)[:_LONGEST_SUBJECT],
            "flags": self.flags,
            "routes": self.routes,
            "steps": [{name: storable(value) for name, value in step.items()} for step in self.steps],
            "answer": self.answer,
        }


def kept_mails(session: Session, ids: Sequence[int]) -> list[KeptMail]:
    """The arrivals among these that wait for a decision, oldest first, with their bytes."""
    columns = (
        Arrival.id,
        Arrival.raw_digest,
        Arrival.account_id,
        Arrival.envelope_from,
        Arrival.envelope_recipients,
        Arrival.fallback,
        Arrival.attempts,
    )
    chosen = select(*columns).where(Arrival.id.in_(ids), Arrival.outcome == Outcome.KEPT).order_by(Arrival.id)
    rows = session.execute(chosen).all()
    contents = _contents(session, {row.raw_digest for row in rows if row.raw_digest})
    return [
        KeptMail(
            arrival_id=row.id,
            raw=contents.get(row.raw_digest),
            raw_digest=row.raw_digest,
            account_id=row.account_id,
            envelope_from=row.envelope_from,
            envelope_recipients=row.envelope_recipients,
            fallback=row.fallback,
            attempts=row.attempts,
        )
        for row in rows
    ]


def hold(session: Session, ids: Sequence[int], *, wait: bool) -> list[int]:
    """Those of these arrivals that still wait for a decision, locked, oldest first. `wait` False passes over those another worker has in hand."""
    chosen = select(Arrival.id).where(Arrival.id.in_(ids), Arrival.outcome == Outcome.KEPT).order_by(Arrival.id)
    return list(session.scalars(chosen.with_for_update(skip_locked=not wait)))


def write_settlements(session: Session, settlements: Sequence[Settlement], now: datetime) -> None:
    """Into the arrivals' rows, in one statement."""
    if settlements:
        session.execute(update(Arrival), [settlement.values(now) for settlement in settlements])


def storable(text: str) -> str:
    """Text that both databases take: without NUL and lone surrogates."""
    if "\0" not in text and text.isascii():
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def received_of(arrival: Arrival) -> Received:
    """A settled arrival's record, as it is stored."""
    return Received(
        arrival_id=arrival.id,
        outcome=arrival.outcome.value,
        reason=arrival.reason,
        routes=list(arrival.routes),
        steps=list(arrival.steps),
        answer=arrival.answer,
        flags=list(arrival.flags),
    )


def _contents(session: Session, digests: set[str]) -> dict[str | None, bytes]:
    found: dict[str | None, bytes] = {}
    if digests:
        for row in session.execute(select(Blob.digest, Blob.content).where(Blob.digest.in_(digests))):
            found[row.digest] = row.content
    return found
