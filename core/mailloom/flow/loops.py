"""Mail loops: two programs that answer each other without end.

Per sender (compared by normalised equality) within the window, the records made per model and the messages per thread are counted; the
mail that makes a record counts as a message of its thread. One looping route blocks the whole mail. An allow list lifts this limit, never
the loop tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailloom.api.routing import Action, Incoming, Route
from mailloom.api.settings import CoreSettings
from mailloom.mail.address import normalise
from mailloom.store.messages import Message
from mailloom.store.threads import Thread


def why_looping(session: Session, incoming: Incoming, routes: Sequence[Route], settings: CoreSettings) -> str:
    """Why this mail is taken for part of a loop; '' when it is not."""
    sender = incoming.from_key
    if not sender or is_listed(sender, settings.loop_allowed):
        return ""
    for route in routes:
        count = _count(session, sender, route, incoming, settings)
        if count >= settings.loop_limit:
            what = f"records of {route.model}" if route.action is Action.CREATE else "messages on this thread"
            return f"{sender} made {count} {what} within {settings.loop_minutes} minutes (limit {settings.loop_limit})"
    return ""


def _count(session: Session, sender: str, route: Route, incoming: Incoming, settings: CoreSettings) -> int:
    since = incoming.now - timedelta(minutes=settings.loop_minutes)
    statement = select(func.count(Message.id)).where(Message.from_address == sender, Message.created_at > since)
    if route.action is Action.CREATE:
        statement = statement.join(Thread).where(Thread.model == route.model, Message.created_record.is_(True))
    else:
        statement = statement.where(Message.thread_id == route.thread_id, Message.arrival_id.is_not(None))
    return session.scalar(statement) or 0


def is_listed(key: str, entries: Sequence[str]) -> bool:
    """Whether an address, or its domain, is among these entries (addresses, domains, @domains)."""
    domain = key.rpartition("@")[2]
    return any(
        normalise(entry) == key if "@" in entry.lstrip("@") else entry.lstrip("@").lower() == domain
        for entry in entries
    )
