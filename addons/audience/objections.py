"""Who must not be put on a list, whoever asks: those who opted out, who were erased, whose address is suppressed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.addons.bounce.models import Suppression

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
    """Those of these addresses that said no to all marketing or to this topic."""
    return set()


def erased(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of these addresses whose owners wanted to be forgotten."""
    return set()


def withdraw(session: Session, address: str, topic: str) -> None:
    """The owner of the address confirmed that he wants this topic again."""
