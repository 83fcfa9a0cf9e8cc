"""What a field of a pydantic model looks like in a form: its kind of input, label, help, bounds and choices.

`json_schema_extra` of a field may say more: `unit` (shown behind it), `multiline`, `group` (a heading), `hidden`.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from mailloom.api.pages.formats import spoken

_UNITS = {
    "seconds": "seconds",
    "minutes": "minutes",
    "hours": "hours",
    "days": "days",
    "bytes": "bytes",
    "percent": "%",
    "per_second": "per second",
    "per_minute": "per minute",
    "per_day": "per day",
}
_ABBREVIATIONS = frozenset({"api", "arc", "dns", "html", "id", "lmtp", "smtp", "url"})


class Input(StrEnum):
    TEXT = "text"
    TEXTAREA = "textarea"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    SELECT = "select"
    CHOICES = "choices"
    """Several of a few: check boxes."""
    LINES = "lines"
    """A list, one value a line."""
    SECRET = "secret"  # noqa: S105 - a kind of input
    DATE = "date"
    MOMENT = "datetime-local"
    FIELDSET = "fieldset"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """What an annotation comes down to."""

    input: Input
    optional: bool = False
    options: Sequence[tuple[str, str]] = ()
    """(value, English label)."""
    model: type[BaseModel] | None = None
    whole: bool = True
    """Of numbers: without a fraction."""


def sort_of(annotation: Any, extra: Mapping[str, Any]) -> Sort:
    inner, optional = _without_none(annotation)
    if inner is bool:
        if optional:
            return Sort(input=Input.SELECT, optional=True, options=(("true", "yes"), ("false", "no")))
        return Sort(input=Input.CHECKBOX)
    if options := _options(inner):
        return Sort(input=Input.SELECT, optional=optional, options=options)
    if get_origin(inner) in (list, tuple, set, frozenset, Sequence):
        arguments = [each for each in get_args(inner) if each is not Ellipsis]
        item, _ = _without_none(arguments[0]) if arguments else (str, False)
        if isinstance(item, type) and issubclass(item, BaseModel):
            return Sort(input=Input.JSON, optional=optional)
        choices = _options(item)
        return Sort(input=Input.CHOICES if choices else Input.LINES, optional=optional, options=choices)
    if get_origin(inner) is dict or inner is dict:
        return Sort(input=Input.JSON, optional=optional)
    if isinstance(inner, type):
        if issubclass(inner, BaseModel):
            return Sort(input=Input.FIELDSET, optional=optional, model=inner)
        for kind, shown in _BY_TYPE:
            if issubclass(inner, kind):
                return Sort(input=shown, optional=optional, whole=inner is int)
    return Sort(input=Input.TEXTAREA if extra.get("multiline") else Input.TEXT, optional=optional)


_BY_TYPE: tuple[tuple[type, Input], ...] = (
    (SecretStr, Input.SECRET),
    (int, Input.NUMBER),
    (float, Input.NUMBER),
    (datetime, Input.MOMENT),
    (date, Input.DATE),
)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _without_none(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        arguments = [each for each in get_args(annotation) if each is not type(None)]
        inner = _without_none(arguments[0])[0] if len(arguments) == 1 else str
        return inner, len(arguments) < len(get_args(annotation))
    return annotation, False


def _options(annotation: Any) -> tuple[tuple[str, str], ...]:
    if get_origin(annotation) is Literal:
        return tuple((str(value), spoken(str(value))) for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple((str(each.value), spoken(str(each.value))) for each in annotation)
    return ()


def label_of(name: str, field: FieldInfo) -> str:
    """English; abbreviations in capitals."""
    words = " ".join(word.upper() if word in _ABBREVIATIONS else word for word in spoken(name).split())
    return field.title or words[:1].upper() + words[1:]


def extra_of(field: FieldInfo) -> Mapping[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def unit_of(name: str, field: FieldInfo) -> str:
    """English; '' where there is none."""
    if "unit" in extra_of(field):
        return str(extra_of(field)["unit"])
    return next((unit for ending, unit in _UNITS.items() if name == ending or name.endswith(f"_{ending}")), "")


def bounds_of(field: FieldInfo) -> dict[str, Any]:
    """`min`, `max`, `maxlength` as HTML wants them."""
    found: dict[str, Any] = {}
    for rule in [*field.metadata, *_inner_metadata(field.annotation)]:
        for attribute, name in (("ge", "min"), ("le", "max"), ("max_length", "maxlength")):
            value = getattr(rule, attribute, None)
            if value is not None:
                found[name] = value
        if isinstance(rule, FieldInfo):
            found |= bounds_of(rule)
    return found


def _inner_metadata(annotation: Any) -> Sequence[Any]:
    """Bounds that stand inside an optional: `Annotated[int, Field(ge=1)] | None`."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [rule for each in get_args(annotation) for rule in _inner_metadata(each)]
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
