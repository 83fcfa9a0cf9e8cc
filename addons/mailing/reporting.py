"""The report of a mailing: how many, of whom, by domain, hour, link and variant, beside earlier mailings; read from sums, not from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from mailloom.store.outbox import Delivery, DeliveryState

from .counting import ALL, DOMAIN, HOUR, LINK, VARIANT, standings, sums
from .feeding import queued_now
from .history import found
from .measures import COUNTS, PARTS, RATES
from .models import EXCLUDED, LedgerRow, Mailing, MailingState, Standing

_QUEUED = text("mailing_recipient.state = 'queued'")
_EARLIER = 10
_MOST_VALUES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number and what it means."""

    name: str
    count: int
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A part of a whole, between 0 and 1. `earlier`: the median of earlier mailings; None when there are none to compare with."""

    name: str
    value: float
    meaning: str
    earlier: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Counts of one domain, hour, link or variant."""

    value: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    mailing: int
    name: str
    state: MailingState
    reason: str
    started_at: datetime | None
    finished_at: datetime | None
    figures: Sequence[Figure]
    parts: Sequence[Figure]
    """These add up to all recipients, once the whole target was read."""
    rates: Sequence[Rate]
    domains: Sequence[Row]
    """The biggest first."""
    hours: Sequence[Row]
    links: Sequence[Row]
    variants: Sequence[Row]
    compared_with: Sequence[int]
    """The earlier mailings behind `Rate.earlier`."""


def report_of(session: Session, mailing_id: int) -> Report:
    """NotFound when there is no such mailing."""
    mailing = found(session, mailing_id)
    counted = sums(session, mailing_id, [ALL, DOMAIN, HOUR, LINK, VARIANT])
    parts = _parts(session, mailing_id, counted.get((ALL, ""), {}).get("recipients", 0))
    counts = _counts(counted.get((ALL, ""), {}), parts, _deferred(session, mailing_id))
    earlier = _earlier(session, mailing)
    return Report(
        mailing=mailing.id,
        name=mailing.name,
        state=mailing.state,
        reason=mailing.reason,
        started_at=mailing.started_at,
        finished_at=mailing.finished_at,
        figures=[Figure(name=name, count=counts.get(name, 0), meaning=COUNTS[name]) for name in COUNTS],
        parts=[Figure(name=name, count=parts[Standing(name)], meaning=PARTS[name]) for name in PARTS],
        rates=_rates(counts, earlier),
        domains=_rows(counted, DOMAIN, biggest=True),
        hours=_rows(counted, HOUR),
        links=_rows(counted, LINK, biggest=True),
        variants=_rows(counted, VARIANT),
        compared_with=[number for number, _ in earlier],
    )


def _parts(session: Session, mailing_id: int, recipients: int) -> dict[Standing, int]:
    """Where everybody is now. What waits is the rest: it changes too often to be counted."""
    settled = standings(session, mailing_id)
    queued = queued_now(session, mailing_id)
    parts = {standing: settled.get(standing, 0) for standing in Standing}
    parts[Standing.QUEUED] = queued
    parts[Standing.PENDING] = recipients - queued - sum(settled.values())
    return parts


def _counts(counted: Mapping[str, int], parts: Mapping[Standing, int], deferred: int) -> dict[str, int]:
    counts = {**dict.fromkeys(COUNTS, 0), **counted}
    counts["excluded"] = sum(parts[standing] for standing in EXCLUDED)
    counts["delivered"] = counts["sent"] - counts["returned"]
    counts["deferred"] = deferred
    counts["bounced"] = counts["hard"] + counts["soft"] + counts["policy"]
    counts["tried"] = counts["sent"] + counts["bounced"] - counts["returned"]
    return counts


def _deferred(session: Session, mailing_id: int) -> int:
    chosen = select(LedgerRow.delivery_id).where(LedgerRow.mailing_id == mailing_id, _QUEUED)
    put_off = Delivery.id.in_(chosen) & (Delivery.state == DeliveryState.DEFERRED)
    return session.scalar(select(func.count()).select_from(Delivery).where(put_off)) or 0


def _earlier(session: Session, mailing: Mailing) -> list[tuple[int, Mapping[str, float]]]:
    """The rates of the mailings that ended before this one began."""
    before = mailing.started_at or mailing.created_at
    chosen = select(Mailing.id).where(Mailing.state == MailingState.DONE, Mailing.started_at < before)
    numbers = session.scalars(chosen.order_by(Mailing.started_at.desc()).limit(_EARLIER)).all()
    return [(number, _rates_alone(session, number)) for number in numbers if number != mailing.id]


def _rates_alone(session: Session, mailing_id: int) -> Mapping[str, float]:
    counted = sums(session, mailing_id, [ALL]).get((ALL, ""), {})
    counts = _counts(counted, dict.fromkeys(Standing, 0), 0)
    return {name: _part(counts, part, whole) for name, (part, whole) in RATES.items()}


def _rates(counts: Mapping[str, int], earlier: Sequence[tuple[int, Mapping[str, float]]]) -> list[Rate]:
    return [
        Rate(
            name=name,
            value=_part(counts, part, whole),
            meaning=f"{part} of {whole}",
            earlier=median(rates[name] for _, rates in earlier) if earlier else None,
        )
        for name, (part, whole) in RATES.items()
    ]


def _part(counts: Mapping[str, int], part: str, whole: str) -> float:
    return counts.get(part, 0) / counts[whole] if counts.get(whole) else 0.0


def _rows(counted: Mapping[tuple[str, str], Mapping[str, int]], dimension: str, *, biggest: bool = False) -> list[Row]:
    rows = [Row(value=value, counts=counts) for (kind, value), counts in counted.items() if kind == dimension]
    rows.sort(key=lambda row: row.value)
    if biggest:
        rows.sort(key=lambda row: -max(row.counts.values(), default=0))
    return rows[:_MOST_VALUES] if biggest else rows
