"""Mail loops: two programs that answer each other without end.

Per sender (compared by normalised equality) within the window, the records made per model and the messages per thread are counted; the
mail that makes a record counts as a message of its thread. One looping route blocks the whole mail. An allow list lifts this limit, never
the loop tag.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailloom.api.routing import Action, Route
from mailloom.api.settings import CoreSettings
from mailloom.mail.address import normalise
from mailloom.store.messages import Message
from mailloom.store.threads import Thread


class LoopCounts:
    """How many records and messages each of some senders made within the window; what is on its way into the database is noted."""

    def __init__(self, session: Session, senders: Collection[str], now: datetime, settings: CoreSettings) -> None:
        self._settings = settings
        self._records: Counter[tuple[str, str]] = Counter()
        self._messages: Counter[tuple[str, int]] = Counter()
        wanted = {sender for sender in senders if sender and not is_listed(sender, settings.loop_allowed)}
        if wanted:
            self._count(session, wanted, now - timedelta(minutes=settings.loop_minutes))

    def why_looping(self, sender: str, routes: Sequence[Route]) -> str:
        """Why a mail is taken for part of a loop; '' when it is not."""
        if not sender or is_listed(sender, self._settings.loop_allowed):
            return ""
        for route in routes:
            creates = route.action is Action.CREATE
            count = self._records[sender, route.model] if creates else self._messages[sender, route.thread_id or 0]
            if count >= self._settings.loop_limit:
                what = f"records of {route.model}" if creates else "messages on this thread"
                limits = f"within {self._settings.loop_minutes} minutes (limit {self._settings.loop_limit})"
                return f"{sender} made {count} {what} {limits}"
        return ""

    def note_record(self, sender: str, model: str) -> None:
        """A mail of this sender made a record."""
        self._records[sender, model] += 1

    def note_message(self, sender: str, thread_id: int) -> None:
        """A mail of this sender was added to a thread."""
        self._messages[sender, thread_id] += 1

    def _count(self, session: Session, senders: Collection[str], since: datetime) -> None:
        recent = (Message.from_address.in_(senders), Message.created_at > since, Message.arrival_id.is_not(None))
        by_thread = (
            select(Message.from_address, Message.thread_id, Thread.model, Message.created_record, func.count())
            .join(Thread)
            .where(*recent)
            .group_by(Message.from_address, Message.thread_id, Thread.model, Message.created_record)
        )
        for sender, thread_id, model, created, count in session.execute(by_thread):
            self._messages[sender, thread_id or 0] += count
            if created:
                self._records[sender, model] += count


def is_listed(key: str, entries: Sequence[str]) -> bool:
    """Whether an address, or its domain, is among these entries (addresses, domains, @domains)."""
    domain = key.rpartition("@")[2]
    return any(
        normalise(entry) == key if "@" in entry.lstrip("@") else entry.lstrip("@").lower() == domain
        for entry in entries
    )
