"""Adding the mails of a batch to their threads: collected, stored a table at a time, and then told.

What is collected is stored as soon as something depends on it: a mail that answers a collected one, an effect that is not an addition,
the end. So each mail finds what the earlier ones left, as if they had been handled one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.office import Office
from mailloom.api.routing import Action, Incoming, Route
from mailloom.api.threads import ThreadModel
from mailloom.flow.keeping import claim_many
from mailloom.flow.lookahead import Lookahead
from mailloom.flow.posting import (
    Addition,
    foreign_cc,
    identifier_row,
    message_of,
    recipient_rows,
    record_of,
    records_of,
    thread_for_route,
)
from mailloom.flow.telling import Letter, tell_thread
from mailloom.flow.threads import follow, keep_apart
from mailloom.registry.calls import Hooks
from mailloom.store.messages import Message, identifier_key
from mailloom.store.queueing import add_identifiers, add_recipients, new_ids
from mailloom.store.threads import Follower, Thread


@dataclass(slots=True)
class Batch:
    """Additions on their way, in one session."""

    session: Session
    office: Office
    hooks: Hooks
    models: Mapping[str, ThreadModel]
    lookahead: Lookahead
    together: bool = False
    """Records may be made together at the end: who fails then cannot be told, and the caller does each mail by itself."""
    _pending: list[Addition] = field(default_factory=list)
    _claims: list[tuple[str, str, int]] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _threads: set[int] = field(default_factory=set)

    def claim_later(self, key: str, target: str, arrival_id: int) -> None:
        """Serve a target of a message that nobody else can be serving: its first arrival is this one."""
        self._claims.append((key, target, arrival_id))

    def depends(self, identifiers: Sequence[str]) -> bool:
        """Whether one of these ids is that of a collected mail."""
        return bool(self._ids) and not self._ids.isdisjoint(identifiers)

    def add(self, incoming: Incoming, route: Route, raw_digest: str | None, shown: dict[str, Any]) -> None:
        """Carry a route out; what is not written now follows with `store`, which completes `shown`."""
        model = self.models[route.model]
        one = Addition(incoming=incoming, route=route, model=model, raw_digest=raw_digest, shown=shown)
        if route.action is Action.CREATE:
            if not (self.together and hasattr(model, "create_many")):
                self._begin_thread(one, record_of(self.session, one))
            self.lookahead.loops.note_record(incoming.from_key, model.name)
        else:
            one.thread = self._present_thread(route)
            self._threads.add(one.thread.id)
        self._ids.add(identifier_key(incoming.mail.message_id))
        self._pending.append(one)

    def _present_thread(self, route: Route) -> Thread:
        if route.thread_id in self._threads:
            self.store()
        found = self.session.get(Thread, route.thread_id) if route.thread_id is not None else None
        if found is None:
            raise LookupError(f"the thread {route.thread_id} of {route.model} is gone")
        return found

    def _begin_thread(self, one: Addition, record: str) -> None:
        one.thread = thread_for_route(self.session, one.model, record, one.incoming)

    def store(self) -> None:
        """Write what was collected, then tell whom it concerns."""
        claims, self._claims = self._claims, []
        if claims:
            claim_many(self.session, claims)
        additions, self._pending = self._pending, []
        self._ids.clear()
        self._threads.clear()
        if not additions:
            return
        self._make_records([one for one in additions if one.thread is None])
        self._store_threads([one for one in additions if one.created])
        self._store_messages(additions)
        followed = self._followed(additions)
        for one in additions:
            self._tell(one, followed=one.on.id in followed)

    def _make_records(self, additions: Sequence[Addition]) -> None:
        by_model: dict[str, list[Addition]] = defaultdict(list)
        for one in additions:
            by_model[one.model.name].append(one)
        for alike in by_model.values():
            for one, record in zip(alike, records_of(self.session, alike), strict=True):
                self._begin_thread(one, record)

    def _store_threads(self, additions: Sequence[Addition]) -> None:
        if not additions:
            return
        keep_apart(self.session, {(one.on.model, one.on.record_id) for one in additions})
        for number, one in zip(new_ids(self.session, Thread, len(additions)), additions, strict=True):
            one.on.id = number
        self.session.add_all(one.on for one in additions)
        self.session.flush()

    def _store_messages(self, additions: Sequence[Addition]) -> None:
        session, hooks = self.session, self.hooks
        for one in additions:
            one.message, one.author = message_of(session, hooks, one)
        for number, one in zip(new_ids(session, Message, len(additions)), additions, strict=True):
            one.stored.id = number
        session.add_all(one.stored for one in additions)
        session.flush()
        add_identifiers(session, [row for one in additions if (row := identifier_row(one.stored))])
        add_recipients(session, [row for one in additions for row in recipient_rows(session, one)])
        for one in additions:
            self.lookahead.note(identifier_key(one.stored.message_id), one.stored)
            self.lookahead.loops.note_message(one.incoming.from_key, one.on.id)
            one.shown.update(record=one.on.record_id, thread=one.on.id, message=one.stored.id)
            if one.created and one.author is not None and one.author.internal:
                follow(session, one.on, one.author.id, notes=True)

    def _followed(self, additions: Sequence[Addition]) -> set[int]:
        threads = {one.on.id for one in additions}
        return set(self.session.scalars(select(Follower.thread_id).where(Follower.thread_id.in_(threads)).distinct()))

    def _tell(self, one: Addition, *, followed: bool) -> None:
        session, thread, message = self.session, one.on, one.stored
        if not one.created:
            one.model.merge_cc(session, thread.record_id, foreign_cc(session, self.hooks, one.incoming))
        one.model.message_posted(session, thread.record_id, message, thread)
        self.hooks.message_stored(message, thread, session)
        if one.route.settled is not None:
            one.route.settled(session, None)
        if followed and not one.route.automatic:
            tell_thread(session, self.office, self.hooks, thread, message, Letter(text=message.text))
