"""Forms from models: what they show, what they read, what they say is wrong, and that secrets stay where they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, Field, SecretStr, model_validator
from starlette.datastructures import FormData

from mailloom.api.pages import FormView, read_form, show_form
from mailloom.api.pages.fields import Input
from mailloom.api.pages.forms import FieldView
from mailloom.api.pages.visitor import Visitor, set_visitor, visitor
from mailloom.api.settings import CoreSettings
from mailloom.errors import Refused
from mailloom.registry.discovery import find_addons
from mailloom.registry.loader import load_hooks


class Colour(StrEnum):
    RED = "red"
    DEEP_BLUE = "deep_blue"


class Limits(BaseModel):
    per_minute: int | None = Field(None, ge=1, description="Blank: no limit.")
    burst: int = Field(5, ge=1)


class Sample(BaseModel):
    name: str = Field(min_length=1, max_length=20, description="What it is called.")
    note: str = Field("", json_schema_extra={"multiline": True, "group": "Words"})
    wait_minutes: int = Field(5, ge=1, le=60)
    ratio: float = Field(0.5)
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    active: bool = True
    tri: bool | None = None
    colour: Colour = Colour.RED
    mode: Literal["fast", "slow"] = "fast"
    password: SecretStr | None = None
    hosts: list[str] = Field(default_factory=list)
    colours: list[Colour] = Field(default_factory=list)
    since: date | None = None
    begins: datetime | None = None
    limits: Limits = Field(default_factory=Limits)
    extra: dict[str, int] = Field(default_factory=dict)
    inner_id: int = Field(7, json_schema_extra={"hidden": True})

    @model_validator(mode="after")
    def _together(self) -> Sample:
        if self.mode == "slow" and self.wait_minutes < 5:
            raise ValueError("slow things need five minutes")
        return self


GIVEN = {
    "name": " thing ",
    "note": "two\r\nlines",
    "wait_minutes": "7",
    "ratio": "0.25",
    "port": "25",
    "active": "1",
    "tri": "false",
    "colour": "deep_blue",
    "mode": "slow",
    "hosts": "a.example\r\n\r\n b.example \r\n",
    "colours": "red",
    "since": "2026-03-02",
    "begins": "2026-07-01T12:00",
    "limits.per_minute": "3",
    "limits.burst": "9",
    "extra": '{"a": 1}',
}


@pytest.fixture(autouse=True)
def _in_berlin() -> Iterator[None]:
    before = visitor()
    set_visitor(Visitor(time_zone=ZoneInfo("Europe/Berlin")))
    yield
    set_visitor(before)


def _read(given: dict[str, str], current: Sample | None = None) -> FormView[Sample]:
    return read_form(Sample, FormData(list(given.items())), current)


def _field(form: FormView[Any], name: str) -> FieldView:
    found = [each for parent in form.fields for each in (parent, *parent.inner)]
    return next(each for each in found if each.name == name)


def test_all_sorts_of_fields_are_read() -> None:
    value = _read(GIVEN).value
    assert value == Sample(
        name="thing",
        note="two\nlines",
        wait_minutes=7,
        ratio=0.25,
        port=25,
        active=True,
        tri=False,
        colour=Colour.DEEP_BLUE,
        mode="slow",
        hosts=["a.example", "b.example"],
        colours=[Colour.RED],
        since=date(2026, 3, 2),
        begins=datetime(2026, 7, 1, 10, 0, tzinfo=UTC),
        limits=Limits(per_minute=3, burst=9),
        extra={"a": 1},
    )


def test_a_form_shown_and_sent_back_as_it_is_changes_nothing() -> None:
    value = _read(GIVEN).value
    assert value is not None
    sent: list[tuple[str, str]] = []
    for each in [inner for field in show_form(Sample, value).fields for inner in (field.inner or [field])]:
        if each.input is Input.CHECKBOX:
            sent += [(each.name, "1")] if each.value else []
        elif each.input is Input.CHOICES:
            sent += [(each.name, chosen) for chosen in each.value]
        else:
            sent.append((each.name, each.value))
    assert read_form(Sample, FormData(sent), value).value == value


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("name", Input.TEXT),
        ("note", Input.TEXTAREA),
        ("wait_minutes", Input.NUMBER),
        ("port", Input.NUMBER),
        ("active", Input.CHECKBOX),
        ("tri", Input.SELECT),
        ("colour", Input.SELECT),
        ("mode", Input.SELECT),
        ("password", Input.SECRET),
        ("hosts", Input.LINES),
        ("colours", Input.CHOICES),
        ("since", Input.DATE),
        ("begins", Input.MOMENT),
        ("limits", Input.FIELDSET),
        ("limits.burst", Input.NUMBER),
        ("extra", Input.JSON),
    ],
)
def test_each_type_has_its_input(name: str, shown: Input) -> None:
    assert _field(show_form(Sample), name).input is shown


def test_labels_units_bounds_and_groups_come_from_the_model() -> None:
    form = show_form(Sample)
    wait = _field(form, "wait_minutes")
    assert (wait.label, wait.unit, wait.bounds) == ("Wait minutes", "minutes", {"min": 1, "max": 60})
    assert _field(form, "port").bounds == {"min": 1, "max": 65535}
    assert _field(form, "name").bounds == {"maxlength": 20}
    assert _field(form, "name").required
    assert _field(form, "colour").options == (("red", "red"), ("deep_blue", "deep blue"))
    assert [each.title for each in form.sets] == ["", "Words"]
    assert "inner_id" not in [each.name for each in form.fields]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 21}, "name"),
        ({"wait_minutes": "0"}, "wait_minutes"),
        ({"wait_minutes": "many"}, "wait_minutes"),
        ({"wait_minutes": ""}, "wait_minutes"),
        ({"colour": "green"}, "colour"),
        ({"colours": "green"}, "colours"),
        ({"since": "yesterday"}, "since"),
        ({"begins": "never"}, "begins"),
        ({"begins": "0001-01-01T00:00"}, "begins"),
        ({"limits.burst": "0"}, "limits.burst"),
        ({"extra": "{"}, "extra"),
        ({"extra": "[" * 100_000}, "extra"),
        ({"extra": '{"a": "x"}'}, "extra"),
        ({"note": "a\x00b"}, "note"),
        ({"port": "99999999999999999999999"}, "port"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_entered_stays(changes: dict[str, str], name: str) -> None:
    form = _read({**GIVEN, **changes})
    assert form.value is None
    assert _field(form, name).error
    assert [each for each in form.fields if each.error and each.name != name] == []
    assert _field(form, "name").value == changes.get("name", " thing ")
    assert form.wrong


def test_what_concerns_the_whole_is_said_above() -> None:
    form = _read({**GIVEN, "wait_minutes": "2"})
    assert (form.value, form.errors) == (None, ["Slow things need five minutes"])


def test_secrets_are_kept_changed_and_cleared_but_never_shown() -> None:
    current = Sample(name="x", password=SecretStr("hunter2"))
    shown = show_form(Sample, current)
    assert "hunter2" not in repr(shown)
    assert _field(shown, "password").secret_set
    for given, expected in (({}, "hunter2"), ({"password": "other"}, "other"), ({"password!clear": "1"}, None)):
        value = _read({**GIVEN, **given}, current).value
        assert value is not None
        assert (value.password and value.password.get_secret_value()) == expected
    wrong = _read({**GIVEN, "name": "", "password": "typed"}, current)
    assert "typed" not in repr(wrong)
    assert "hunter2" not in repr(wrong)


def test_fields_that_are_not_shown_keep_their_values() -> None:
    current = Sample(name="x", ratio=0.75, inner_id=99)
    form = read_form(Sample, FormData([("name", "y"), ("ratio", "0.1"), ("inner_id", "1")]), current, only=["name"])
    assert form.value is not None
    assert (form.value.name, form.value.ratio, form.value.inner_id) == ("y", 0.75, 99)
    assert [each.name for each in form.fields] == ["name"]


def test_a_refusal_of_the_deed_is_shown_at_its_field_or_above() -> None:
    form = _read(GIVEN)
    error = Refused("Taken.", remedy="Choose another.")
    assert _field(form.refused(error, "name"), "name").error == "Taken. Choose another."
    assert form.refused(error).errors == ("Taken. Choose another.",)
    assert form.refused(error).value is None


def test_files_instead_of_texts_are_passed_over() -> None:
    form = read_form(Sample, FormData([("name", object()), ("hosts", object())]))  # type: ignore[list-item]  # as an upload
    assert form.value is None
    assert _field(form, "name").error


def test_nothing_submitted_is_an_empty_form() -> None:
    assert _field(read_form(Sample, None), "name").error


MODELS = {"core": CoreSettings}
for _name, _found in find_addons(entry_points=False).items():
    if (_found.folder / "settings.py").is_file():
        _offer = getattr(load_hooks(_found), "register_settings", None)
        if _offer is not None:
            MODELS[_name] = _offer()


@pytest.mark.parametrize("section", sorted(MODELS))
def test_every_section_of_settings_survives_its_form(section: str) -> None:
    model: type[BaseModel] = MODELS[section]
    defaults = model()
    sent: list[tuple[str, str]] = []
    for each in [inner for field in show_form(model, defaults).fields for inner in (field.inner or [field])]:
        if each.input is Input.CHECKBOX:
            sent += [(each.name, "1")] if each.value else []
        elif each.input is Input.CHOICES:
            sent += [(each.name, chosen) for chosen in each.value]
        else:
            sent.append((each.name, str(each.value)))
    form = read_form(model, FormData(sent), defaults)
    assert form.value == defaults, [replace(each, help="") for each in form.fields if each.error]
