"""Tables: declared once in Python, shown a page at a time, sorted, searched and filtered by the database, written as CSV.

Pages are found by the last row's values (keyset paging) and not by counting rows from the start, so that page 20 000 of a million rows costs what the
first does. Counting stops at `COUNT_AT_MOST`. Everything in the address is a stranger's: what makes no sense is passed over.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.pages import formats
from mailloom.api.pages.keyset import Key, cursor_of
from mailloom.api.pages.visitor import _
from mailloom.api.spreadsheets import escaped

COUNT_AT_MOST = 10_000
PER_PAGE = 50
MOST_SELECTED = 1000
_EXPORT_STEP = 1000
_LONGEST_SEARCH = 200


class Kind(StrEnum):
    """How a column's values look."""

    TEXT = "text"
    MOMENT = "moment"
    NUMBER = "number"
    BYTES = "bytes"
    STATE = "state"
    CODE = "code"
    YES_NO = "yes-no"


_LOOKS: Mapping[Kind, Callable[[Any], Markup | str]] = {
    Kind.TEXT: formats.words_of,
    Kind.MOMENT: formats.moment,
    Kind.NUMBER: formats.number,
    Kind.BYTES: formats.bytes_text,
    Kind.STATE: formats.badge,
    Kind.CODE: formats.code,
    Kind.YES_NO: formats.yes_no,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    label: str
    """English; translated when shown."""
    value: Any
    """What the database is asked for: a mapped attribute or an SQL expression."""
    kind: Kind = Kind.TEXT
    look: Callable[[Any, Mapping[str, Any]], Markup | str] | None = None
    """Instead of `kind`: the cell from its value and the row (by column name). Text is escaped, Markup is not."""
    link: Callable[[Mapping[str, Any]], str] | None = None
    """Where the cell leads, from the row."""
    sort: bool = False
    """Give the expression an index with it where the table may grow."""
    shown: bool = True
    """False: asked for (for `link` and `look`) and not shown."""
    wide: bool = False
    """Takes the room that is left, and may wrap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A choice above the table."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    """(value in the address, English label). An address with another value filters nothing."""
    condition: Callable[[str], ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAction:
    """Something to do with the rows that are ticked: their keys are posted to `path` as `selected`."""

    path: str
    """Below /admin."""
    label: str
    permission: Permission
    confirm: str = ""
    """A question to ask first; '' asks nothing."""
    danger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    """The id of its element: letters and -."""
    columns: Sequence[Column]
    key: Any
    """A unique, never empty attribute, such as the id."""
    where: Callable[[Select[Any]], Select[Any]] = lambda chosen: chosen
    """Adds joins and conditions to the statement."""
    search: Sequence[Any] = ()
    """Text attributes that the search box looks into: every row is read, unless `latest` says how many."""
    latest: int = 0
    """The search box looks into so many of the newest rows (by key) alone, which the page says; 0: into all, so only for tables that stay small."""
    find: Callable[[str], ColumnElement[bool]] | None = None
    """Instead of `search`, for tables that grow: the condition for what was typed, which should have an index."""
    filters: Sequence[Filter] = ()
    sort: str = ""
    """Column to begin with, `-` before it for the largest first; '' is the newest first, by key."""
    bulk: Sequence[BulkAction] = ()
    per_page: int = PER_PAGE
    empty_title: str = "Nothing here yet"
    empty_text: str = ""
    """What to do next."""
    export: bool = True

    def page(self, session: Session, query: Mapping[str, str]) -> TableView:
        """The page that the address (its query) asks for."""
        key = self._key(query)
        chosen = self._filtered(query)
        backwards = "before" in query
        cursor = key.read(query.get("before") or query.get("after") or "")
        found = session.execute(key.page(chosen, cursor, self.per_page + 1, backwards=backwards)).all()
        more, rows = len(found) > self.per_page, list(found[: self.per_page])
        if backwards:
            rows.reverse()
        first, last = (cursor_of(rows[0]), cursor_of(rows[-1])) if rows else ("", "")
        return TableView(
            table=self,
            rows=[self._row(row) for row in rows],
            query=self._meant(query),
            count=self._count(session, query),
            sorted_by=key.written,
            before=first if (more if backwards else cursor is not None) else "",
            after=last if (more or backwards) and rows else "",
        )

    def selected(self, form: Any) -> list[str]:
        """The keys that were ticked, at most MOST_SELECTED."""
        return [value for value in form.getlist("selected") if isinstance(value, str)][:MOST_SELECTED]

    def csv(
        self, open_session: Callable[[], AbstractContextManager[Session]], query: Mapping[str, str]
    ) -> Iterator[str]:
        """All rows that the address asks for, in pieces. Cells that a spreadsheet would execute begin with an apostrophe (OWASP, "CSV Injection")."""
        columns = [column for column in self.columns if column.shown]
        yield _csv_line([_(column.label) for column in columns])
        key, cursor = self._key(query), None
        while True:
            with open_session() as session:
                found = session.execute(key.page(self._filtered(query), cursor, _EXPORT_STEP)).all()
            lines = (self._row(row) for row in found)
            yield "".join(_csv_line([formats.text_of(row[column.name]) for column in columns]) for row in lines)
            if len(found) < _EXPORT_STEP:
                return
            cursor = key.read(cursor_of(found[-1]))

    def _key(self, query: Mapping[str, str]) -> Key:
        wanted = query.get("sort", "")
        sortable = {column.name: column.value for column in self.columns if column.sort}
        written = wanted if wanted.removeprefix("-") in sortable else self.sort
        name = written.removeprefix("-")
        return Key(
            value=sortable.get(name, self.key),
            row_key=self.key,
            descending=written[:1] == "-" or not name,
            written=written,
        )

    def _filtered(self, query: Mapping[str, str]) -> Select[Any]:
        chosen = self.where(select(*[column.value.label(f"c_{column.name}") for column in self.columns]))
        words = query.get("q", "")[:_LONGEST_SEARCH].replace("\x00", "").strip()
        if words and self.find:
            chosen = chosen.where(self.find(words))
        elif words and self.search:
            chosen = chosen.where(or_(*[each.icontains(words, autoescape=True) for each in self.search]))
            if self.latest:
                newest = select(self.key.label("key")).order_by(self.key.desc()).limit(self.latest).subquery()
                chosen = chosen.where(self.key >= select(func.min(newest.c.key)).scalar_subquery())
        for each in self.filters:
            value = query.get(each.name, "")
            if value in {option for option, _label in each.options}:
                chosen = chosen.where(each.condition(value))
        return chosen

    def _count(self, session: Session, query: Mapping[str, str]) -> int:
        bounded = self._filtered(query).with_only_columns(self.key).limit(COUNT_AT_MOST + 1).subquery()
        return session.scalar(select(func.count()).select_from(bounded)) or 0

    def _row(self, row: Any) -> dict[str, Any]:
        values = row._mapping
        return {"_key": values["key"], **{column.name: values[f"c_{column.name}"] for column in self.columns}}

    def _meant(self, query: Mapping[str, str]) -> dict[str, str]:
        known = {"q", "sort", *(each.name for each in self.filters)}
        return {name: value[:_LONGEST_SEARCH] for name, value in query.items() if name in known and value}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """One page of a table, for the template `web/table.html`."""

    table: Table
    rows: Sequence[Mapping[str, Any]]
    query: Mapping[str, str]
    count: int
    sorted_by: str
    before: str
    """Cursor of the page before; '' on the first."""
    after: str

    @property
    def columns(self) -> list[Column]:
        return [column for column in self.table.columns if column.shown]

    @property
    def filtered(self) -> bool:
        return any(name != "sort" for name in self.query)

    def cell(self, column: Column, row: Mapping[str, Any]) -> Markup | str:
        value = row[column.name]
        shown = column.look(value, row) if column.look else _LOOKS[column.kind](value) if value is not None else "–"
        if column.link is None:
            return shown
        return Markup('<a href="{}">{}</a>').format(column.link(row), shown)

    def counted(self) -> str:
        return formats.number(self.count) if self.count <= COUNT_AT_MOST else f"{formats.number(COUNT_AT_MOST)}+"

    def address(self, **changes: str) -> str:
        """The query of this page with changes; '' takes a name out. Paging begins anew unless a cursor is given."""
        changed = {name: value for name, value in {**self.query, **changes}.items() if value}
        return "?" + urlencode(changed)

    def sort_address(self, column: Column) -> str:
        return self.address(sort=f"-{column.name}" if self.sorted_by == column.name else column.name)

    def sort_state(self, column: Column) -> str:
        """As `aria-sort` wants it."""
        return {column.name: "ascending", f"-{column.name}": "descending"}.get(self.sorted_by, "none")


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([escaped(cell) for cell in cells])
    return line.getvalue()
