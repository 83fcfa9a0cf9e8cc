"""What filters may ask about: columns by their type, plain values inside the attributes of a member, and the lists somebody is on.

A missing value answers no question but `is empty`, `!=` and `not in`. Text is compared as written, while `contains`, `begins with` and
`ends with` ignore case (on SQLite that of ASCII letters only). Moments are written as in ISO 8601, UTC where no zone is given; `2026-03-01`
is the day's first moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Numeric,
    String,
    case,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from mailloom.errors import ConfigurationError
from mailloom.store.types import EnumText, UtcDateTime

from .filters import Fields, Filterable, Op
from .models import AudienceList, Member, State, Subscription

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]{0,49}\Z")
_ORDER: Mapping[Op, Callable[[Any, Any], ColumnElement[bool]]] = {
    Op.LESS: lambda column, value: column < value,
    Op.AT_MOST: lambda column, value: column <= value,
    Op.GREATER: lambda column, value: column > value,
    Op.AT_LEAST: lambda column, value: column >= value,
}
_SEARCH: Mapping[Op, Callable[[Any, str], ColumnElement[bool]]] = {
    Op.CONTAINS: lambda column, value: column.icontains(value, autoescape=True),
    Op.BEGINS: lambda column, value: column.istartswith(value, autoescape=True),
    Op.ENDS: lambda column, value: column.iendswith(value, autoescape=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnField:
    """A column, with what its type allows. `read` makes a value of the column's sort or raises ValueError."""

    column: ColumnElement[Any]
    read: Callable[[Any], Any]
    wants: str
    """What a value must be, for the message."""
    ordered: bool = False
    text: bool = False

    def ask(self, op: Op, value: Any) -> ColumnElement[bool]:
        column = self.column
        if op in (Op.EMPTY, Op.NOT_EMPTY):
            empty = column.is_(None) if not self.text else or_(column.is_(None), column == "")
            return empty if op is Op.EMPTY else not_(empty)
        if op in (Op.IS_NOT, Op.NOT_IN):
            return not_(self.ask(Op.IS if op is Op.IS_NOT else Op.IN, value))
        if op is Op.IN:
            return _sure(column.in_([self._value(each) for each in value]))
        if op is Op.IS:
            return _sure(column == self._value(value))
        if op in _ORDER and self.ordered:
            return _sure(_ORDER[op](column, self._value(value)))
        if op in _SEARCH and self.text:
            return _sure(_SEARCH[op](column, self._value(value)))
        raise ConfigurationError(f"there is no such question about {self.wants}", remedy=_QUESTIONS)

    def _value(self, value: Any) -> Any:
        try:
            return self.read(value)
        except (ValueError, TypeError, OverflowError):
            raise ConfigurationError(f"{value!r} is not {self.wants}", remedy=_QUESTIONS) from None


_QUESTIONS = "Text knows contains, begins with and ends with; numbers and times know < <= > >=; all know = != in, not in, is empty, is not empty."


def _sure(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """False instead of NULL, so that `not` turns it."""
    return func.coalesce(condition, false())


def column_field(column: ColumnElement[Any]) -> Filterable:
    """The field for a column of text, numbers, truths, days, moments or an enumeration. ConfigurationError for other types, such as secrets."""
    match column.type:
        case EnumText() as enumeration:
            values = ", ".join(each.value for each in enumeration.kind)
            return ColumnField(column=column, read=enumeration.kind, wants=f"one of {values}")
        case UtcDateTime():
            return ColumnField(
                column=column, read=_moment, wants="a time such as 2026-03-01 or 2026-03-01T09:30+01:00", ordered=True
            )
        case Date():
            return ColumnField(
                column=column, read=lambda value: _moment(value).date(), wants="a day such as 2026-03-01", ordered=True
            )
        case Boolean():
            return ColumnField(column=column, read=_truth, wants="true or false")
        case Integer() | Numeric():
            return ColumnField(column=column, read=_number, wants="a number", ordered=True)
        case String():
            return ColumnField(column=column, read=_text, wants="text", text=True)
    raise ConfigurationError(
        f"{column.type!r} is nothing to filter by.", remedy="Name columns of text, numbers, truths or times."
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


class json_sort(GenericFunction[str]):
    """The sort of a value inside JSON: `json_sort(column, key)`, by the database's own word; NULL where there is none."""

    type = String()
    inherit_cache = True


@compiles(json_sort, "sqlite")
def _sort_on_sqlite(element: json_sort, compiler: SQLCompiler, **options: Any) -> str:
    column, key = element.clauses
    return f"json_type({compiler.process(column, **options)}, '$.' || {compiler.process(key, **options)})"


@compiles(json_sort, "postgresql")
def _sort_on_postgresql(element: json_sort, compiler: SQLCompiler, **options: Any) -> str:
    column, key = element.clauses
    return f"json_typeof({compiler.process(column, **options)} -> CAST({compiler.process(key, **options)} AS TEXT))"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeField:
    """A plain value inside `Member.attributes`. The sort of the value that is asked for decides how it is compared."""

    key: str

    def ask(self, op: Op, value: Any) -> ColumnElement[bool]:
        if op in (Op.EMPTY, Op.NOT_EMPTY):
            empty = or_(self._sort.is_(None), self._sort == "null", self._as_text == "")
            return func.coalesce(empty, true()) if op is Op.EMPTY else not_(func.coalesce(empty, true()))
        if op in (Op.IN, Op.NOT_IN):
            found = or_(*(self.ask(Op.IS, each) for each in value))
            return found if op is Op.IN else not_(found)
        return self._field(value).ask(op, value)

    def _field(self, value: Any) -> ColumnField:
        if isinstance(value, bool):
            said = case(
                (self._sort == "boolean", self._as_text == "true"),
                (self._sort.in_(["true", "false"]), self._sort == "true"),
            )
            return ColumnField(column=said, read=_truth, wants="true or false")
        if isinstance(value, (int, float)):
            number = case((self._sort.in_(["number", "integer", "real"]), Member.attributes[self.key].as_float()))
            return ColumnField(column=number, read=_number, wants="a number", ordered=True)
        return ColumnField(column=self._as_text, read=_text, wants="text", text=True)

    @property
    def _sort(self) -> ColumnElement[str]:
        return json_sort(Member.attributes, self.key)

    @property
    def _as_text(self) -> ColumnElement[str]:
        # SQLite would tell the number 1 from the text 1.
        return cast(Member.attributes[self.key].as_string(), String)


class ListField:
    """The names of the lists that a member is subscribed to."""

    def ask(self, op: Op, value: Any) -> ColumnElement[bool]:
        names = value if isinstance(value, list) else [value]
        if op not in (Op.IS, Op.IS_NOT, Op.IN, Op.NOT_IN) or not all(isinstance(name, str) for name in names):
            raise ConfigurationError("a list is asked for by name", remedy="Ask with =, !=, in or not in.")
        on_one = (
            exists()
            .where(Subscription.list_id == AudienceList.id, AudienceList.name.in_(names))
            .where(Subscription.member_id == Member.id, Subscription.state == State.SUBSCRIBED)
            .correlate(Member)
        )
        return on_one if op in (Op.IS, Op.IN) else not_(on_one)


class MemberFields(Mapping[str, Filterable]):
    """The columns of a member, `list`, and `attributes.<key>` for whatever key."""

    _NAMES = ("address", "name", "language", "time_zone", "source", "created_at")

    def __init__(self) -> None:
        columns = Member.__table__.c
        self._fields: dict[str, Filterable] = {name: column_field(columns[name]) for name in self._NAMES}
        self._fields["list"] = ListField()

    def __getitem__(self, name: str) -> Filterable:
        prefix, dot, key = name.partition(".")
        if prefix == "attributes" and dot and _ATTRIBUTE.match(key):
            return AttributeField(key=key)
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._fields
        yield "attributes.<key>"

    def __len__(self) -> int:
        return len(self._fields) + 1


MEMBER_FIELDS: Fields = MemberFields()


def fields_of(columns: Mapping[str, ColumnElement[Any]], names: Iterable[str]) -> Fields:
    """The fields of another table, for its columns of these names."""
    return {name: column_field(columns[name]) for name in names}
