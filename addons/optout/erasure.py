"""Those who asked to be forgotten: a keyed digest of the address is all that stays, so that no import can bring them back.

The digest is HMAC-SHA-256 (RFC 2104) by a key of its own, which is stored sealed: whoever has the database alone cannot try addresses.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from mailloom.api import office_of

from .models import ErasedMark, ErasureKey, Statement

KEYS_AT_ONCE = 500
_KEY_ROW = 1
_SECRET_OCTETS = 32


def make_key(session: Session) -> None:
    """Once, when the addon is installed."""
    secret = base64.b64encode(secrets.token_bytes(_SECRET_OCTETS)).decode()
    if session.get(ErasureKey, _KEY_ROW) is None:
        session.add(ErasureKey(id=_KEY_ROW, secret=office_of(session).seal(secret)))
        session.flush()


def is_erased(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of these normalised addresses that asked to be forgotten; a statement per 500."""
    if not keys or session.scalar(select(ErasedMark.digest).limit(1)) is None:
        return set()
    secret = _secret(session)
    by_digest = {_digest(secret, key): key for key in keys}
    digests = list(by_digest)
    found: set[str] = set()
    for start in range(0, len(digests), KEYS_AT_ONCE):
        chosen = select(ErasedMark.digest).where(ErasedMark.digest.in_(digests[start : start + KEYS_AT_ONCE]))
        found.update(by_digest[digest] for digest in session.scalars(chosen))
    return found


def erase(session: Session, key: str) -> Mapping[str, int]:
    """Put the mark in place of all that the address said. The caller commits."""
    removed = session.execute(delete(Statement).where(Statement.key == key))
    digest = _digest(_secret(session), key)
    if session.get(ErasedMark, digest) is None:
        session.add(ErasedMark(digest=digest, erased_at=office_of(session).now()))
        session.flush()
    return {"opt-out statements": removed.rowcount if isinstance(removed, CursorResult) else 0}


def forget_mark(session: Session, key: str) -> bool:
    """The person came back by a word of their own; False when there was no mark."""
    if key not in is_erased(session, [key]):
        return False
    session.execute(delete(ErasedMark).where(ErasedMark.digest == _digest(_secret(session), key)))
    return True


def export(session: Session, key: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What the address said, for the person who asks what we know."""
    said = session.scalars(select(Statement).where(Statement.key == key).order_by(Statement.id))
    return {"opt-out statements": [record(statement) for statement in said]}


def record(statement: Statement) -> dict[str, Any]:
    """A statement as plain values."""
    return {
        "address": statement.key,
        "topic": statement.topic or "all marketing",
        "answer": statement.answer.value,
        "source": statement.source.value,
        "since": statement.since,
        "reason": statement.reason,
        "mailing": statement.mailing,
        "evidence": dict(statement.evidence),
        "ended_at": statement.ended_at,
        "ended_by": statement.ended_by,
    }


def _secret(session: Session) -> bytes:
    row = session.get_one(ErasureKey, _KEY_ROW)
    return base64.b64decode(office_of(session).unseal(row.secret))


def _digest(secret: bytes, key: str) -> str:
    return hmac.digest(secret, key.encode("utf-8", "surrogatepass"), "sha256").hex()
