"""Lists: making them, finding them by name, changing and archiving them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.errors import ConfigurationError, NotFound, Refused

from .models import AudienceList, State, Subscription

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_LONGEST_DESCRIPTION = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """What is to be different; None leaves it as it is."""

    title: str | None = None
    description: str | None = None
    public: bool | None = None
    double_opt_in: bool | None = None


def add_list(session: Session, name: str, *, title: str, change: ListChange | None = None) -> AudienceList:
    """A new list, flushed. ConfigurationError for a name that cannot be one, Refused when it is taken."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name[:70]!r} is no name of a list.",
            remedy="Use up to 64 lower-case letters, digits and -, such as news-de.",
        )
    if session.scalar(select(AudienceList.id).where(AudienceList.name == name)) is not None:
        raise Refused(f"There is a list {name!r} already.", remedy="Choose another name.")
    made = AudienceList(name=name, title=_titled(title), created_at=office_of(session).now())
    session.add(made)
    change_list(made, change or ListChange())
    session.flush()
    return made


def change_list(changed: AudienceList, change: ListChange) -> None:
    if change.title is not None:
        changed.title = _titled(change.title)
    if change.description is not None:
        changed.description = _described(change.description)
    if change.public is not None:
        changed.public = change.public
    if change.double_opt_in is not None:
        changed.double_opt_in = change.double_opt_in


def archive(session: Session, archived: AudienceList, *, undo: bool = False) -> None:
    """Let a list rest: nobody is added and no mailing goes to it; who is on it stays known."""
    archived.archived_at = None if undo else archived.archived_at or office_of(session).now()


def list_named(session: Session, name: str) -> AudienceList:
    """By name or id, archived or not; NotFound."""
    wanted = AudienceList.id == int(name) if name.isdecimal() and len(name) < 16 else AudienceList.name == name
    found = session.scalar(select(AudienceList).where(wanted))
    if found is None:
        raise NotFound(f"There is no list {name!r}.", remedy="`mailloom lists list` shows them all.")
    return found


def living(session: Session) -> Sequence[AudienceList]:
    """All that are not archived, by title."""
    statement = select(AudienceList).where(AudienceList.archived_at.is_(None))
    return session.scalars(statement.order_by(AudienceList.title, AudienceList.id)).all()


def counts(session: Session, of: int | None = None) -> dict[tuple[int, State], int]:
    """How many are in each state, by list; `of` one list alone."""
    statement = select(Subscription.list_id, Subscription.state, func.count())
    if of is not None:
        statement = statement.where(Subscription.list_id == of)
    rows = session.execute(statement.group_by(Subscription.list_id, Subscription.state))
    return {(list_id, state): count for list_id, state, count in rows}


def _titled(title: str) -> str:
    tidy = " ".join(title.split())
    if not tidy or len(tidy) > 200 or not tidy.isprintable():
        raise ConfigurationError("A list needs a title of 1 to 200 characters on one line.", remedy="Write another.")
    return tidy


def _described(description: str) -> str:
    if len(description) > _LONGEST_DESCRIPTION or "\x00" in description:
        raise ConfigurationError(
            f"The description is longer than {_LONGEST_DESCRIPTION} characters or holds a null character.",
            remedy="Shorten it.",
        )
    return description.strip()
