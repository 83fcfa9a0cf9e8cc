"""What a session has looked up and may look up again: contacts by address, aliases by name, domains.

A memory is a dict that lives as long as its session and is emptied as soon as the session writes a row of one of the classes it rests on,
or rolls back.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

_KEY = "mailloom_memory"


class Memory:
    """A named kind of memory. Make one at module level; `of(session)` is the session's own dict."""

    def __init__(self, *rests_on: type[Any]) -> None:
        self._rests_on = rests_on
        _ALL.append(self)

    def of(self, session: Session) -> dict[Any, Any]:
        memories: dict[Memory, dict[Any, Any]] = session.info.setdefault(_KEY, {})
        return memories.setdefault(self, {})

    def concerns(self, changed: type[Any]) -> bool:
        return issubclass(changed, self._rests_on)


_ALL: list[Memory] = []


@event.listens_for(Session, "after_flush")
def _forget_flushed(session: Session, _: object) -> None:
    if _KEY in session.info:
        _forget(session, {type(one) for one in (*session.new, *session.dirty, *session.deleted)})


@event.listens_for(Session, "do_orm_execute")
def _forget_executed(state: ORMExecuteState) -> None:
    if not state.is_select and _KEY in state.session.info and state.bind_mapper is not None:
        _forget(state.session, {state.bind_mapper.class_})


@event.listens_for(Session, "after_soft_rollback")
def _forget_undone(session: Session, _: object) -> None:
    session.info.pop(_KEY, None)


def _forget(session: Session, changed: set[type[Any]]) -> None:
    memories = session.info[_KEY]
    for memory in [memory for memory in memories if any(memory.concerns(one) for one in changed)]:
        del memories[memory]
