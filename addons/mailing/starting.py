"""Letting a mailing go: what is checked before, and who overrode what."""

from __future__ import annotations

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.errors import ConfigurationError, Refused

from .checking import check
from .history import found, must_move, note
from .models import Mailing, MailingState

_LOOKED_AT = 200
"""Recipients whose mail is written for a try before a mailing may begin; `check` looks at all."""
_LONGEST_LATE = 24 * 30


def start(session: Session, office: Office, mailing_id: int, *, actor: str, why: str = "", override: str = "") -> None:
    """Let a draft begin at its time, or at once. Refused when a check finds a fault, unless `override` gives a reason, which is kept."""
    mailing, now = found(session, mailing_id), office.now()
    faults = check(session, office, mailing, most=_LOOKED_AT).faults
    if faults and not override:
        raise Refused(
            f"Mailing {mailing_id} is not ready: {' '.join(faults)}",
            remedy=f"See: mailloom mailing check {mailing_id}. Give --override REASON to send it all the same.",
        )
    if faults:
        note(session, mailing_id, "overridden", actor=actor, why=f"{override} — {' '.join(faults)}", now=now)
    begins = "at once" if mailing.due is None else f"at {mailing.due:%Y-%m-%d %H:%M} UTC"
    must_move(
        session,
        mailing_id,
        (MailingState.DRAFT,),
        MailingState.QUEUED,
        actor=actor,
        why=why or f"begins {begins}",
        now=now,
    )


def schedule(
    session: Session, mailing_id: int, at: str, zone: str, latest_hours: int | None, *, actor: str, now: datetime
) -> Mailing:
    """Set when a mailing begins: `at` as people write it (2026-03-01 09:00) in a zone of the IANA database; '' is at once."""
    mailing = found(session, mailing_id)
    if mailing.state not in (MailingState.DRAFT, MailingState.QUEUED):
        raise Refused(
            f"Mailing {mailing_id} is {mailing.state}.", remedy="Only one that has not begun can be scheduled."
        )
    if latest_hours is not None and not 0 < latest_hours <= _LONGEST_LATE:
        raise ConfigurationError(f"A mailing may be 1 to {_LONGEST_LATE} hours late.")
    mailing.due = moment(at, zone) if at else None
    mailing.time_zone, mailing.latest_hours = zone, latest_hours
    late = f", at most {latest_hours} hours late" if latest_hours is not None else ""
    note(
        session,
        mailing_id,
        "scheduled",
        actor=actor,
        why=f"{at or 'at once'} {zone if at else ''}{late}".strip(),
        now=now,
    )
    return mailing


def moment(text: str, zone: str) -> datetime:
    """A local time as a moment. A time that the clocks skip or show twice is refused, since nobody can know which was meant."""
    local = zone_named(zone)
    try:
        naive = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigurationError(f"{text[:40]!r} is no time.", remedy="Write it like 2026-03-01 09:00.") from None
    if naive.tzinfo is not None:
        return naive
    first, second = naive.replace(tzinfo=local, fold=0), naive.replace(tzinfo=local, fold=1)
    if first.utcoffset() != second.utcoffset():
        raise ConfigurationError(
            f"{text} does not happen, or happens twice, in {zone}: the clocks change.", remedy="Choose another hour."
        )
    return first


def zone_named(zone: str) -> tzinfo:
    """Of the IANA database; ConfigurationError when it has none of that name."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"There is no time zone {zone[:60]!r}.", remedy="Write it like Europe/Vienna."
        ) from None
