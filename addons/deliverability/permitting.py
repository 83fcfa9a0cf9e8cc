"""Whether a big mailing may go out from a domain: answered from the last look, never from a network; a person may override it, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Office, office_of
from mailloom.errors import NotFound, Refused

from .checking import settings_of
from .findings import from_text
from .models import DomainLook, Override
from .readiness import blocking

LONGEST_OVERRIDE = timedelta(days=30)


def why_blocked(session: Session, domain: str, per_day: int) -> str | None:
    """A sentence with what to do, or None when a mailing of so many mails a day may go out from this domain of From (A-labels)."""
    office = office_of(session)
    settings, now = settings_of(office), office.now()
    if per_day < settings.bulk_per_day or current_override(session, domain, now) is not None:
        return None
    look = f"Run: mailloom doctor domain {domain}"
    row = session.get(DomainLook, domain)
    if row is None:
        return f"Whether mail of {domain} arrives was never checked. Check first. {look}"
    if now - row.at > timedelta(days=settings.trust_days):
        return f"The last check of {domain} is older than {settings.trust_days} days. Check again. {look}"
    red = blocking(from_text(row.findings))
    if not red:
        return None
    items = "; ".join(f"{each.requirement} ({each.text})" for each in red)
    return f"{domain} does not fulfil what large receivers demand of {settings.bulk_per_day} mails a day and more: {items}. {look}"


def current_override(session: Session, domain: str, now: datetime) -> Override | None:
    """The one that holds now and ends last."""
    chosen = select(Override).where(Override.domain == domain, Override.undone_at.is_(None), Override.until > now)
    return session.scalar(chosen.order_by(Override.until.desc()).limit(1))


def override(session: Session, office: Office, domain: str, *, reason: str, by: str, lasts: timedelta) -> Override:
    """Let big mailings go out in spite of red items; the reason is kept for good. Refused without one, or for more than 30 days."""
    if len(reason.strip()) < 10:
        raise Refused("An override needs a reason that others will understand.", remedy='Say it: --reason "…"')
    if not timedelta(0) < lasts <= LONGEST_OVERRIDE:
        raise Refused(f"An override lasts at most {LONGEST_OVERRIDE.days} days.", remedy="Name fewer days.")
    now = office.now()
    row = Override(domain=domain, reason=reason.strip(), by=by[:64], since=now, until=now + lasts)
    session.add(row)
    session.flush()
    return row


def end_override(session: Session, office: Office, domain: str) -> None:
    """NotFound when none holds."""
    if current_override(session, domain, office.now()) is None:
        raise NotFound(f"There is no override for {domain}.")
    for row in overrides(session, domain):
        row.undone_at = row.undone_at or office.now()


def overrides(session: Session, domain: str) -> Sequence[Override]:
    """All there ever were, oldest first."""
    return session.scalars(select(Override).where(Override.domain == domain).order_by(Override.id)).all()
