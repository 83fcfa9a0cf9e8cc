"""Whom a mailing goes to: members of lists, or records of a model with an address, both by a filter that is data; read a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Select, func, inspect, select
from sqlalchemy.orm import Session

from mailloom.addons.audience.filters import Filter
from mailloom.addons.audience.models import Member, topic_of
from mailloom.addons.audience.selecting import members_of, records_of
from mailloom.api import Office
from mailloom.api.threads import MappedThreadModel
from mailloom.errors import ConfigurationError

_MOST_LISTS = 100


class Target(BaseModel):
    """Members of `lists`, or records of `model`; `filter` chooses among them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lists: tuple[int, ...] = Field((), max_length=_MOST_LISTS)
    model: str = Field("", max_length=128)
    filter: Filter | None = None

    @property
    def topic(self) -> str:
        """What a recipient of this target opts out of: the list, where it is one."""
        return topic_of(self.lists[0]) if len(self.lists) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who was found, before anything is said about the address."""

    source: str
    address: str
    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some candidates. `cursor` continues after them; None: there are no more."""

    candidates: Sequence[Candidate]
    cursor: str | None


def read_target(stored: Mapping[str, Any]) -> Target:
    """From JSON; ConfigurationError when it does not fit."""
    try:
        target = Target.model_validate(dict(stored))
    except ValidationError as error:
        said = error.errors()[0]
        where = ".".join(str(part) for part in said["loc"])
        raise ConfigurationError(
            f"The target does not fit: {where}: {said['msg']}.", remedy='Write it like {"lists": [1]}.'
        ) from None
    if bool(target.lists) == bool(target.model):
        raise ConfigurationError(
            "A mailing goes to lists or to the records of one model.", remedy="Name --list, or --model."
        )
    return target


def page_of(session: Session, office: Office, target: Target, cursor: str, size: int) -> Page:
    """The candidates after `cursor` ('' is the beginning), at most `size`, in the order of their ids."""
    if target.lists:
        return _members(session, target, cursor, size)
    return _records(session, office, target, cursor, size)


def count_of(session: Session, office: Office, target: Target) -> int:
    """How many candidates there are now."""
    chosen = members_of(target.lists, chosen=target.filter) if target.lists else _chosen_records(office, target)
    return session.scalar(select(func.count()).select_from(chosen.order_by(None).subquery())) or 0


def _members(session: Session, target: Target, cursor: str, size: int) -> Page:
    statement = members_of(target.lists, chosen=target.filter).limit(size)
    if cursor:
        statement = statement.where(Member.id > int(cursor))
    rows = session.execute(statement).all()
    found = [
        Candidate(
            source=f"member {number}",
            address=address,
            name=name,
            values={"language": language, "time_zone": time_zone, **attributes},
        )
        for number, address, _, name, attributes, language, time_zone in rows
    ]
    return Page(candidates=found, cursor=str(rows[-1][0]) if len(rows) == size else None)


def _records(session: Session, office: Office, target: Target, cursor: str, size: int) -> Page:
    model = _model(office, target)
    key = inspect(model.cls).primary_key[0]
    statement: Select[Any] = _chosen_records(office, target).limit(size)
    if cursor:
        statement = statement.where(key > key.type.python_type(cursor))
    rows = session.execute(statement).all()
    found = [
        Candidate(source=f"{target.model} {row.id}"[:64], address=row.address or "", name=row.name or "", values={})
        for row in rows
    ]
    return Page(candidates=found, cursor=str(rows[-1].id) if len(rows) == size else None)


def _chosen_records(office: Office, target: Target) -> Select[Any]:
    return records_of(_model(office, target), chosen=target.filter, also_without_address=True)


def _model(office: Office, target: Target) -> MappedThreadModel:
    model = office.thread_models.get(target.model)
    if not isinstance(model, MappedThreadModel):
        raise ConfigurationError(
            f"There is no model {target.model!r} whose records could be written to.",
            remedy="Enable the addon that brings it, or name another model.",
        )
    return model
