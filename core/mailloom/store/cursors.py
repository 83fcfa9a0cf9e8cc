"""How far each folder of an incoming account has been read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.store.accounts import SourceCursor


def read_cursors(session: Session, account_id: int) -> dict[str, str]:
    """The newest safe position by folder, in the words of the source."""
    chosen = select(SourceCursor.folder, SourceCursor.cursor).where(SourceCursor.account_id == account_id)
    return dict(session.execute(chosen).all())


def write_cursors(session: Session, account_id: int, positions: Iterable[tuple[str, str]], now: datetime) -> None:
    """Remember (folder, position) pairs; the last one of a folder counts. The caller commits."""
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    for folder, text in dict(positions).items():
        fresh = build(SourceCursor).values(account_id=account_id, folder=folder, cursor=text, updated_at=now)
        session.execute(
            fresh.on_conflict_do_update(
                index_elements=[SourceCursor.account_id, SourceCursor.folder],
                set_={"cursor": text, "updated_at": now},
            )
        )
