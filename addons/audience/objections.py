"""Who must not be put on a list, whoever asks: those who opted out, who were erased, whose address is suppressed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.addons.bounce.models import Suppression
from mailloom.addons.optout.asking import who_is_out
from mailloom.addons.optout.erasure import is_erased
from mailloom.addons.optout.models import Source
from mailloom.addons.optout.statements import opt_in_again

from .models import Evidence

AT_ONCE = 500
"""Addresses in one statement; SQLite bounds how many values one may hold."""


def suppressed(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of these addresses that are on the suppression list."""
    found: set[str] = set()
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        statement = select(Suppression.key).where(Suppression.key.in_(part), Suppression.undone_at.is_(None))
        found.update(session.scalars(statement))
    return found


def opted_out(session: Session, keys: Sequence[str], topic: str) -> set[str]:
    """Those of these addresses that said no to all marketing or to this topic, or were erased."""
    return who_is_out(session, keys, topic)


def erased(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of these addresses whose owners wanted to be forgotten."""
    return is_erased(session, keys)


def withdraw(session: Session, key: str, topic: str, evidence: Evidence) -> None:
    """The owner of the address confirmed that he wants this topic: what he said against it, and that he was erased, ends."""
    opt_in_again(session, key, topic=topic, source=Source.PAGE, reason="confirmed a subscription", evidence=evidence)
