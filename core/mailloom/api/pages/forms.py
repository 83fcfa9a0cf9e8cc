"""Forms made from pydantic models: shown with `show_form`, read with `read_form`, shown again with what is wrong beside each field.

What was entered is kept, except secrets, which are never shown: a blank one leaves the stored one as it is, and `<name>!clear` takes it away.
Names of inputs are the field's path with dots.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from starlette.datastructures import FormData

from mailloom.api.pages.faults import as_sentence, plain_words
from mailloom.api.pages.fields import Input, Sort, bounds_of, extra_of, label_of, sort_of, unit_of
from mailloom.api.pages.visitor import visitor
from mailloom.errors import MailloomError

CLEAR = "!clear"
LONGEST_TEXT = 1_000_000

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One input, for the template `web/form.html`. Texts are English and translated there."""

    name: str
    input: Input
    label: str
    help: str
    value: Any
    """Text; a list of texts for `choices`; a boolean for `checkbox`."""
    error: str = ""
    unit: str = ""
    required: bool = False
    optional: bool = False
    options: Sequence[tuple[str, str]] = ()
    bounds: Mapping[str, Any] = field(default_factory=dict)
    secret_set: bool = False
    """Of secrets: one is stored."""
    step: str = "1"
    group: str = ""
    inner: Sequence[FieldView] = ()
    """Of a fieldset."""

    @property
    def id(self) -> str:
        return "field-" + self.name.replace(".", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fieldset:
    """Fields under one heading; '' for those before any."""

    title: str
    fields: Sequence[FieldView]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView(Generic[M]):
    """A form to show, and after reading: what it says."""

    fields: Sequence[FieldView]
    value: M | None = None
    """The model, where everything was right."""
    errors: Sequence[str] = ()
    """What concerns no single field, translated."""

    @property
    def sets(self) -> list[Fieldset]:
        groups = dict.fromkeys(each.group for each in self.fields)
        return [Fieldset(title=group, fields=[each for each in self.fields if each.group == group]) for group in groups]

    @property
    def wrong(self) -> bool:
        return bool(self.errors) or any(each.error for each in _all(self.fields))

    def refused(self, error: MailloomError, name: str = "") -> FormView[M]:
        """The same form with an error of what was done with it, at the field of that name where one is given."""
        said = f"{error} {error.remedy}".strip()
        if any(each.name == name for each in self.fields):
            marked = [replace(each, error=said) if each.name == name else each for each in self.fields]
            return replace(self, fields=marked, value=None)
        return replace(self, errors=(*self.errors, said), value=None)


def show_form(model: type[M], current: M | None = None, *, only: Sequence[str] | None = None) -> FormView[M]:
    """A form with the values of `current`, else the defaults. `only` names the fields to show, in that order."""
    return FormView(fields=list(_shown(model, current, "", only)))


def read_form(
    model: type[M], form: FormData | None, current: M | None = None, *, only: Sequence[str] | None = None
) -> FormView[M]:
    """What was submitted (`request.state.form`), validated; fields that the form does not show keep their values of `current`."""
    given = FormData() if form is None else form
    values = current.model_dump(exclude_unset=True) if current is not None else {}
    faults: dict[str, str] = {}
    values.update(_submitted(model, given, current, "", only, faults))
    value: M | None = None
    errors: list[str] = []
    try:
        value = model.model_validate(values)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            faults.setdefault(".".join(str(part) for part in fault["loc"]), plain_words(fault))
    fields = [_kept(each, given, faults) for each in _shown(model, current, "", only)]
    placed = {each.name for each in _all(fields) if each.error}
    errors += [f"{path}: {said}" if path else said for path, said in faults.items() if not _placed(path, placed)]
    return FormView(fields=fields, value=None if faults else value, errors=errors)


def _placed(path: str, names: set[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in names)


def _all(fields: Sequence[FieldView]) -> Iterator[FieldView]:
    for each in fields:
        yield each
        yield from _all(each.inner)


def _chosen(model: type[BaseModel], only: Sequence[str] | None) -> list[str]:
    names = [name for name in (only or model.model_fields) if name in model.model_fields]
    return [name for name in names if not extra_of(model.model_fields[name]).get("hidden")]


def _shown(
    model: type[BaseModel], current: BaseModel | None, prefix: str, only: Sequence[str] | None
) -> Iterator[FieldView]:
    for name in _chosen(model, only):
        info = model.model_fields[name]
        extra = extra_of(info)
        sort = sort_of(info.annotation, extra)
        value = getattr(current, name, None)
        if current is None and not info.is_required():
            value = info.get_default(call_default_factory=True)
        inner: list[FieldView] = []
        if sort.model is not None:
            inner = list(_shown(sort.model, value if isinstance(value, BaseModel) else None, f"{prefix}{name}.", None))
        yield FieldView(
            name=prefix + name,
            input=sort.input,
            label=label_of(name, info),
            help=info.description or "",
            value=_text(value, sort),
            unit=unit_of(name, info),
            required=info.is_required(),
            optional=sort.optional,
            options=sort.options,
            bounds=bounds_of(info),
            secret_set=sort.input is Input.SECRET and bool(value and value.get_secret_value()),
            step="1" if sort.whole else "any",
            group=str(extra.get("group", "")),
            inner=inner,
        )


def _text(value: Any, sort: Sort) -> Any:
    """As the input holds it."""
    if sort.input is Input.CHECKBOX:
        return bool(value)
    if sort.input is Input.SECRET or value is None:
        return [] if sort.input is Input.CHOICES else ""
    if sort.input is Input.CHOICES:
        return [_plain(each) for each in value]
    if sort.input is Input.LINES:
        return "\n".join(_plain(each) for each in value)
    if sort.input is Input.JSON:
        return json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    if isinstance(value, datetime):
        return value.astimezone(visitor().time_zone).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, bool):
        return "true" if value else "false"
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, BaseModel):
        return json.dumps(value.model_dump(mode="json"))
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, date) else str(value)


def _submitted(
    model: type[BaseModel],
    form: FormData,
    current: BaseModel | None,
    prefix: str,
    only: Sequence[str] | None,
    faults: dict[str, str],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in _chosen(model, only):
        info = model.model_fields[name]
        sort = sort_of(info.annotation, extra_of(info))
        path = prefix + name
        before = getattr(current, name, None)
        if sort.model is not None:
            inner = _submitted(
                sort.model, form, before if isinstance(before, BaseModel) else None, f"{path}.", None, faults
            )
            values[name] = inner if not sort.optional or any(inner.values()) else None
        elif sort.input is Input.SECRET:
            _read_secret(values, name, path, form, before, sort)
        else:
            try:
                _read_plain(values, name, path, form, sort)
            except ValueError as error:
                faults[path] = as_sentence(str(error))
    return values


def _read_secret(values: dict[str, Any], name: str, path: str, form: FormData, before: Any, sort: Sort) -> None:
    given = form.get(path)
    if isinstance(given, str) and given:
        values[name] = SecretStr(given[:LONGEST_TEXT])
    elif form.get(path + CLEAR):
        values[name] = None if sort.optional else SecretStr("")
    elif before is not None:
        values[name] = before


def _read_plain(values: dict[str, Any], name: str, path: str, form: FormData, sort: Sort) -> None:
    if sort.input is Input.CHECKBOX:
        values[name] = bool(form.get(path))
        return
    if sort.input is Input.CHOICES:
        values[name] = [each for each in form.getlist(path) if isinstance(each, str)]
        return
    given = form.get(path)
    if not isinstance(given, str):
        return
    text = given[:LONGEST_TEXT].replace("\r\n", "\n")
    if "\x00" in text:
        raise ValueError("it holds a character that no text may hold")
    if sort.input is Input.LINES:
        values[name] = [line.strip() for line in text.splitlines() if line.strip()]
    elif sort.optional and not text.strip():
        values[name] = None
    elif sort.input is Input.JSON:
        values[name] = _json(text)
    elif sort.input is Input.MOMENT:
        values[name] = _moment(text)
    else:
        values[name] = text if sort.input is Input.TEXTAREA else text.strip()


def _json(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise ValueError("this is no JSON") from error


def _moment(text: str) -> datetime:
    """What was typed is meant in the visitor's zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=visitor().time_zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("this is no date and time") from error


def _kept(view: FieldView, form: FormData, faults: Mapping[str, str]) -> FieldView:
    """The field as it was submitted, with what is wrong with it."""
    error = next((said for path, said in faults.items() if path == view.name or path.startswith(f"{view.name}.")), "")
    if view.inner:
        inner = [_kept(each, form, faults) for each in view.inner]
        return replace(view, inner=inner, error="" if any(each.error for each in inner) else error)
    value = view.value
    if view.input is Input.CHECKBOX:
        value = bool(form.get(view.name))
    elif view.input is Input.CHOICES:
        value = [each for each in form.getlist(view.name) if isinstance(each, str)]
    elif view.input is not Input.SECRET and isinstance(given := form.get(view.name), str):
        value = given
    return replace(view, value=value, error=error)
