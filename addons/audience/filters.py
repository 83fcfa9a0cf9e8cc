"""Choosing people by conditions: a filter is data, never text that a database would run.

    {"all": [{"field": "language", "op": "=", "value": "de"}, {"not": {"field": "attributes.city", "op": "contains", "value": "wien"}}]}

Three rules: a field must be offered by whoever owns the table (`fields.py`), a value travels as a bound parameter, and size and depth are bounded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, and_, not_, or_

from mailloom.errors import ConfigurationError

LONGEST_FILTER = 20_000
MOST_PARTS = 200
DEEPEST_NESTING = 10
_LONGEST_VALUE = 1000
_MOST_VALUES = 500
_LARGEST_NUMBER = 10**15


class Op(StrEnum):
    """What a condition asks of a field."""

    IS = "="
    IS_NOT = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    IN = "in"
    NOT_IN = "not in"
    CONTAINS = "contains"
    BEGINS = "begins with"
    ENDS = "ends with"
    EMPTY = "is empty"
    NOT_EMPTY = "is not empty"


class Filterable(Protocol):
    """A field that may be asked about."""

    def ask(self, op: Op, value: Any) -> ColumnElement[bool]:
        """True or false, never NULL. ConfigurationError when the field has no such question or the value does not fit."""
        ...


Fields = Mapping[str, Filterable]

Text = Annotated[str, Field(max_length=_LONGEST_VALUE, pattern=r"^[^\x00]*$")]
Number = Annotated[int | float, Field(ge=-_LARGEST_NUMBER, le=_LARGEST_NUMBER)]
Value = bool | Number | Text
Values = Annotated[list[Value], Field(min_length=1, max_length=_MOST_VALUES)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Condition(_Part):
    """One question about one field; `is empty` and `is not empty` have no value."""

    field: str = Field(max_length=100)
    op: Op = Field(strict=False)
    value: Value | Values | None = None


class AllOf(_Part):
    all: list[Filter] = Field(min_length=1)


class AnyOf(_Part):
    any: list[Filter] = Field(min_length=1)


class NotOf(_Part):
    none: Filter = Field(alias="not")


def _sort_of(part: Any) -> str:
    """Of what was written, and of what was made of it: pydantic asks about both."""
    written = part if isinstance(part, Mapping) else type(part).model_fields if isinstance(part, _Part) else ()
    if isinstance(part, NotOf):
        return "not"
    return next((sort for sort in ("all", "any", "not") if sort in written), "condition")


Filter = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NotOf, Tag("not")]
    | Annotated[Condition, Tag("condition")],
    Discriminator(_sort_of),
]
for _recursive in (AllOf, AnyOf, NotOf):
    _recursive.model_rebuild()
_FILTER: TypeAdapter[Filter] = TypeAdapter(Filter)


def read_filter(written: str | Mapping[str, Any]) -> Filter:
    """A filter from its JSON, checked in form but not against any fields. ConfigurationError says where it is wrong."""
    try:
        if isinstance(written, str):
            _refuse_length(written)
            written = json.loads(written)
        _refuse_size(written)
        return _FILTER.validate_python(written)
    except ValidationError as error:
        raise _wrong(_first_fault(error)) from None
    except (ValueError, RecursionError):
        raise _wrong("it is no JSON") from None


def compiled(chosen: Filter, fields: Fields) -> ColumnElement[bool]:
    """The filter as an expression over these fields. ConfigurationError names an unknown field or a question that does not fit it."""
    match chosen:
        case AllOf():
            return and_(*(compiled(part, fields) for part in chosen.all))
        case AnyOf():
            return or_(*(compiled(part, fields) for part in chosen.any))
        case NotOf():
            return not_(compiled(chosen.none, fields))
        case Condition():
            return _question(chosen, fields)


def _question(condition: Condition, fields: Fields) -> ColumnElement[bool]:
    try:
        field = fields[condition.field]
    except KeyError:
        raise ConfigurationError(
            f"There is no field {condition.field!r} to filter by.", remedy=f"Fields are: {', '.join(sorted(fields))}."
        ) from None
    if (condition.value is None) != (condition.op in (Op.EMPTY, Op.NOT_EMPTY)):
        raise _wrong(
            f"{condition.field} {condition.op.value!r}: a value is {'missing' if condition.value is None else 'too many'}"
        )
    if isinstance(condition.value, list) != (condition.op in (Op.IN, Op.NOT_IN)):
        raise _wrong(
            f"{condition.field}: {Op.IN.value!r} and {Op.NOT_IN.value!r} want a list of values, the others one"
        )
    try:
        return field.ask(condition.op, condition.value)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"The filter, {condition.field} {condition.op.value!r}: {error}", remedy=error.remedy
        ) from None


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = [str(step) for step in first["loc"] if step not in ("condition", "all", "any", "not")]
    if "value" in place:
        return f"a value is text of up to {_LONGEST_VALUE} characters, a number, true or false, or a list of up to {_MOST_VALUES} of these"
    return f"{'.'.join(place)}: {first['msg']}" if place else str(first["msg"])


def _refuse_length(written: str) -> None:
    if len(written) > LONGEST_FILTER:
        raise _wrong(f"it is longer than {LONGEST_FILTER} characters")


def _refuse_size(written: Any) -> None:
    """Bound what is looked at, without recursion."""
    waiting = [(written, 1)]
    parts = 0
    while waiting:
        part, depth = waiting.pop()
        parts += isinstance(part, Mapping)
        if depth > 2 * DEEPEST_NESTING or parts > MOST_PARTS:
            raise _wrong(f"it has more than {MOST_PARTS} conditions or nests deeper than {DEEPEST_NESTING}")
        if isinstance(part, Mapping):
            waiting.extend((each, depth + 1) for each in part.values())
        elif isinstance(part, (list, tuple)) and depth <= 2 * DEEPEST_NESTING:
            waiting.extend((each, depth + 1) for each in part)


def _wrong(why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The filter: {why}.", remedy=f"Write it as in {_EXAMPLE}; docs/audience.md has the rest."
    )


_EXAMPLE = '{"all": [{"field": "language", "op": "=", "value": "de"}]}'
