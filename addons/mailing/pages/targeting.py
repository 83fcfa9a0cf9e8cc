"""Whom a mailing goes to, as a form says it: lists or a model, and conditions in rows; what rows cannot say stands as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from mailloom.addons.audience.fields import MEMBER_FIELDS
from mailloom.addons.audience.filters import Op, read_filter
from mailloom.addons.audience.lists import living
from mailloom.addons.audience.selecting import can_be_written_to
from mailloom.api import Office
from mailloom.errors import ConfigurationError

from ..targets import Target, count_of, read_target

_MOST_ROWS = 20
_EMPTY_ROWS = 2
_ORDER = (Op.LESS, Op.AT_MOST, Op.GREATER, Op.AT_LEAST)
_WITHOUT_VALUE = (Op.EMPTY, Op.NOT_EMPTY)
_SEVERAL = (Op.IN, Op.NOT_IN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One row of the form."""

    field: str = ""
    op: str = "="
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetForm:
    """What the form shows. `written` is a filter that rows cannot say, as JSON."""

    lists: Sequence[str]
    model: str
    every: bool
    rows: Sequence[Condition]
    written: str

    @property
    def shown(self) -> Sequence[Condition]:
        return [*self.rows, *[Condition()] * _EMPTY_ROWS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What there is to choose from: (value, title)."""

    lists: Sequence[tuple[str, str]]
    models: Sequence[tuple[str, str]]
    fields: Sequence[str]
    ops: Sequence[str]


def choices(session: Session, office: Office) -> Choices:
    models = [(name, model.title) for name, model in office.thread_models.items() if can_be_written_to(model)]
    return Choices(
        lists=[(str(each.id), each.title) for each in living(session)],
        models=models,
        fields=sorted(MEMBER_FIELDS),
        ops=[op.value for op in Op],
    )


def shown(stored: Mapping[str, Any]) -> TargetForm:
    """From what a mailing keeps."""
    chosen = stored.get("filter")
    rows, every = _rows(chosen)
    return TargetForm(
        lists=[str(number) for number in stored.get("lists") or ()],
        model=str(stored.get("model") or ""),
        every=every,
        rows=rows,
        written=json.dumps(chosen, indent=2, ensure_ascii=False) if chosen and not rows else "",
    )


def submitted(form: FormData) -> TargetForm:
    columns = [_texts(form, name) for name in ("filter_field", "filter_op", "filter_value")]
    rows = [
        Condition(field=field.strip()[:100], op=op, value=value.strip())
        for field, op, value in zip(*columns, strict=False)
    ]
    return TargetForm(
        lists=_texts(form, "lists"),
        model=_text(form, "model"),
        every=_text(form, "filter_join") != "any",
        rows=[row for row in rows if row.field][:_MOST_ROWS],
        written=_text(form, "filter_json").strip(),
    )


def target_of(form: TargetForm) -> Target:
    """ConfigurationError when it does not fit."""
    lists = [int(each) for each in form.lists if each.isascii() and each.isdigit() and len(each) < 19]
    if not lists and not form.model:
        raise ConfigurationError("Nobody is chosen.", remedy="Tick a list.")
    if lists and form.model:
        raise ConfigurationError("Lists and records are chosen both.", remedy="Choose one of them.")
    return read_target({"lists": lists, "model": form.model, "filter": _filter(form)})


def people(session: Session, office: Office, form: TargetForm) -> int:
    return count_of(session, office, target_of(form))


def _filter(form: TargetForm) -> Any:
    if form.written:
        return read_filter(form.written).model_dump(mode="json", by_alias=True)
    parts = [_part(row) for row in form.rows]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"all" if form.every else "any": parts}


def _part(row: Condition) -> dict[str, Any]:
    part: dict[str, Any] = {"field": row.field, "op": row.op}
    if row.op in _WITHOUT_VALUE:
        return part
    if row.op in _SEVERAL:
        return {**part, "value": [each.strip() for each in row.value.split(",") if each.strip()]}
    return {**part, "value": _number(row.value) if row.op in _ORDER and "." in row.field else row.value}


def _number(text: str) -> float | str:
    """Attributes are compared as numbers by < and its like."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _rows(chosen: Any) -> tuple[list[Condition], bool]:
    """The rows that say this filter, and whether all must hold; none when rows cannot say it."""
    if not chosen:
        return [], True
    every = "any" not in chosen
    parts = chosen.get("all") or chosen.get("any") or [chosen]
    if any("field" not in part for part in parts):
        return [], True
    return [
        Condition(field=part["field"], op=part["op"], value=_shown_value(part.get("value"))) for part in parts
    ], every


def _shown_value(value: Any) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else "" if value is None else str(value)


def _texts(form: FormData, name: str) -> list[str]:
    return [each for each in form.getlist(name) if isinstance(each, str)]


def _text(form: FormData, name: str) -> str:
    return next(iter(_texts(form, name)), "")
