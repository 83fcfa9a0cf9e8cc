"""The circuit breaker: a mailing that a domain sends back in numbers stops itself, before the domain stops listening to us altogether.

It looks at the latest results to one domain since the mailing began, or since a person last let it go on, and stops at more than so many percent of
the whole window: a few bounces among the first ten mails stop nothing.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from mailloom.api import office_of

from .models import LedgerRow, Mailing, Standing
from .pausing import stop
from .settings import MailingSettings

_SETTLED = text("mailing_recipient.settled_at IS NOT NULL")


def break_circuit(session: Session, mailing_id: int, domain: str, now: datetime) -> bool:
    """Stop the mailing if too much came back from the domain; whether it did. The caller commits."""
    settings = office_of(session).settings("mailing")
    assert isinstance(settings, MailingSettings)
    counts = _latest(session, mailing_id, domain, settings.breaker_window)
    limits = {
        Standing.HARD: (settings.breaker_hard_percent, "addresses that do not exist"),
        Standing.POLICY: (settings.breaker_policy_percent, "mails that it refuses because of us"),
    }
    for standing, (percent, words) in limits.items():
        if counts[standing] * 100 > percent * settings.breaker_window:
            why = (
                f"{domain} sent back {counts[standing]} of the last {counts.total()} mails, {words}: more than {percent} % of "
                f"{settings.breaker_window}. Look at the reasons (`mailloom mailing recipients {mailing_id} --state {standing}`), "
                "clean the list, then resume."
            )
            if stop(session, mailing_id, why=why, now=now):
                return True
    return False


def _latest(session: Session, mailing_id: int, domain: str, window: int) -> Counter[Standing]:
    chosen = select(LedgerRow.state).where(LedgerRow.mailing_id == mailing_id, LedgerRow.domain == domain, _SETTLED)
    since = session.scalar(select(Mailing.watched_from).where(Mailing.id == mailing_id))
    if since is not None:
        chosen = chosen.where(LedgerRow.settled_at >= since)
    return Counter(session.scalars(chosen.order_by(LedgerRow.settled_at.desc()).limit(window)))
