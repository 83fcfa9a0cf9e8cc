"""Raw bytes, kept once by their SHA-256.

They live in the database on purpose: bytes and the row that points at them are committed together, so there is never a message without its mail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import LargeBinary, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailloom.errors import NotFound
from mailloom.store.base import Base, BigId, Moment


class Blob(Base):
    __tablename__ = "blob"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigId)
    stored_at: Mapped[Moment]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


_TABLE = cast(Table, Blob.__table__)  # declared as FromClause
_INSERTS = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(index_elements=["digest"]),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(index_elements=["digest"]),
}


def keep_blobs(session: Session, contents: Sequence[bytes], now: datetime) -> list[str]:
    """Store each of the contents that is not there yet, in one statement; digests (64 hex digits) in the same order. The caller commits."""
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    # Sorted, so that two writers with common bytes lock them in the same order.
    rows = [
        {"digest": digest, "size": len(content), "stored_at": now, "content": content}
        for digest, content in sorted(dict(zip(digests, contents, strict=True)).items())
    ]
    session.connection().execute(_INSERTS[session.get_bind().dialect.name], rows)
    return digests


def read_blob(session: Session, digest: str) -> bytes:
    """The bytes; NotFound when retention has removed them."""
    content = session.scalar(select(Blob.content).where(Blob.digest == digest))
    if content is None:
        raise NotFound(
            f"The raw bytes {digest[:12]}… are not stored any more.",
            remedy="Retention removed them; lengthen it in the settings.",
        )
    return content
