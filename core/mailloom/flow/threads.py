"""Threads: finding them, following them, taking part in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from mailloom.store.messages import Message, MessageKind, MessageRecipient
from mailloom.store.threads import Follower, Thread

_ANCESTOR_KINDS = (MessageKind.COMMENT, MessageKind.MAIL)


def open_thread(
    session: Session, model: str, record: str, *, private: bool, now: datetime, domain_id: int | None = None
) -> Thread:
    """The record's thread, made when it has none."""
    found = session.scalar(select(Thread).where(Thread.model == model, Thread.record_id == record))
    if found is None:
        found = Thread(model=model, record_id=record, private=private, created_at=now, domain_id=domain_id)
        session.add(found)
        session.flush()
    return found


def keep_apart(session: Session, records: Collection[tuple[str, str]]) -> None:
    """Let records (model, id) that were made this moment begin without a conversation.

    Databases give the number of a deleted record away again (SQLite, rowid): a thread that bears the number belongs to the record that is gone, and
    its conversation must not show up on a stranger's.
    """
    models, numbers = {model for model, _ in records}, {record for _, record in records}
    left = session.scalars(select(Thread).where(Thread.model.in_(models), Thread.record_id.in_(numbers)))
    for thread in left:
        if (thread.model, thread.record_id) in records:
            thread.record_id = f"{thread.record_id}~{thread.id}"
    session.flush()


def follow(
    session: Session,
    thread: Thread,
    contact_id: int,
    *,
    comments: bool = True,
    notes: bool = False,
    activities: bool = False,
) -> Follower:
    """Make a contact follow a thread; what it is told of is replaced when it follows already."""
    follower = session.get(Follower, (thread.id, contact_id))
    if follower is None:
        follower = Follower(thread_id=thread.id, contact_id=contact_id)
        session.add(follower)
    follower.comments, follower.notes, follower.activities = comments, notes, activities
    session.flush()
    return follower


def last_of_thread(session: Session, thread_id: int) -> Message | None:
    """The thread's last comment or mail: the parent of what comes without a reference."""
    statement = select(Message).where(Message.thread_id == thread_id, Message.kind.in_(_ANCESTOR_KINDS))
    return session.scalar(statement.order_by(Message.id.desc()).limit(1))


def ancestor_ids(session: Session, message: Message, most: int = 3) -> list[str]:
    """Message-IDs of up to `most` ancestors of a message to be, oldest first: comments and mails, not logs or notes."""
    found: list[str] = []
    parent_id, seen = message.parent_id, {message.id}
    while parent_id is not None and len(found) < most and parent_id not in seen:
        seen.add(parent_id)
        parent = session.get(Message, parent_id)
        if parent is None:
            break
        if parent.kind in _ANCESTOR_KINDS and not (parent.internal and not message.internal) and parent.message_id:
            found.append(parent.message_id)
        parent_id = parent.parent_id
    return found[::-1]


def takes_part(session: Session, thread_id: int, key: str, contact_ids: Sequence[int]) -> bool:
    """Whether an address wrote to the thread, was written to, or follows it."""
    if not key:
        return False
    wrote = exists().where(Message.thread_id == thread_id, Message.from_address == key)
    written_to = exists().where(
        MessageRecipient.message_id == Message.id, MessageRecipient.key == key, Message.thread_id == thread_id
    )
    follows = exists().where(Follower.thread_id == thread_id, Follower.contact_id.in_(contact_ids))
    return bool(session.scalar(select(wrote | written_to | follows)))


def correspondents(session: Session, thread_id: int) -> set[str]:
    """Addresses of those outside who wrote to the thread by mail."""
    statement = select(Message.from_address).where(
        Message.thread_id == thread_id, Message.kind == MessageKind.MAIL, Message.from_address != ""
    )
    return set(session.scalars(statement.distinct()))
