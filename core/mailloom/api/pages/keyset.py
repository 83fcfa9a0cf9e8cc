"""Where a page of a sorted table begins: after the row with a certain value and key. NULL comes last, whatever the direction.

A cursor is the two values as JSON in base64. It is not signed: it can say nothing that a filter could not. What cannot be read begins at
the start.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Select, and_, literal, or_, tuple_
from sqlalchemy.types import TypeDecorator

_LONGEST_CURSOR = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    value: Any
    key: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a table is sorted by: a value, then the row's own key in the same direction."""

    value: Any
    row_key: Any
    descending: bool
    written: str

    @property
    def _nullable(self) -> bool:
        return bool(getattr(self.value, "nullable", True)) and self.value is not self.row_key

    def page(self, chosen: Select[Any], cursor: Cursor | None, limit: int, *, backwards: bool = False) -> Select[Any]:
        """Rows after the cursor (`backwards`: before it, the nearest first), each with its `sort` value and `key`."""
        descending = self.descending is not backwards
        if cursor is not None:
            chosen = chosen.where(self._beyond(cursor, descending, backwards))
        order = [self.value.is_(None).desc() if backwards else self.value.is_(None)] if self._nullable else []
        order += [each.desc() if descending else each.asc() for each in (self.value, self.row_key)]
        return chosen.add_columns(self.value.label("sort"), self.row_key.label("key")).order_by(*order).limit(limit)

    def _beyond(self, cursor: Cursor, descending: bool, backwards: bool) -> Any:
        if cursor.value is None:
            key = self.row_key < cursor.key if descending else self.row_key > cursor.key
            in_nulls = and_(self.value.is_(None), key)
            return or_(self.value.is_not(None), in_nulls) if backwards else in_nulls
        here = tuple_(self.value, self.row_key)
        there = tuple_(literal(cursor.value, self.value.type), literal(cursor.key, self.row_key.type))
        beyond = here < there if descending else here > there
        return or_(beyond, self.value.is_(None)) if self._nullable and not backwards else beyond

    def read(self, text: str) -> Cursor | None:
        """None for '' and for whatever is no cursor of this table."""
        if not text or len(text) > _LONGEST_CURSOR:
            return None
        try:
            value, key = json.loads(base64.urlsafe_b64decode(text.encode("ascii", "strict")))
            return Cursor(value=_typed(self.value, value), key=_typed(self.row_key, key, optional=False))
        except (ValueError, TypeError, binascii.Error, ArithmeticError, RecursionError):
            return None


def cursor_of(row: Any) -> str:
    """Of a row that `Key.page` gave."""
    values = row._mapping
    plain = json.dumps([_plain(values["sort"]), _plain(values["key"])])
    return base64.urlsafe_b64encode(plain.encode()).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _typed(expression: Any, value: Any, *, optional: bool = True) -> Any:
    """The value as its column takes it; ValueError or TypeError when it does not."""
    if value is None:
        if optional:
            return None
        raise ValueError("a key is never empty")
    column_type = expression.type
    plain_type = column_type.impl_instance if isinstance(column_type, TypeDecorator) else column_type
    kind = getattr(column_type, "kind", None) or plain_type.python_type
    if kind is datetime:
        # A moment without a zone is none of ours, and one at the edge of the calendar has no UTC.
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("no moment")
        return moment.astimezone(UTC)
    if kind is date:
        return date.fromisoformat(value)
    if kind is int:
        if not isinstance(value, int) or abs(value) >= 2**63:
            raise ValueError("no number of a row")
        return value
    if kind is str:
        if not isinstance(value, str) or "\x00" in value:
            raise ValueError("no text")
        value.encode()
    return kind(value)
