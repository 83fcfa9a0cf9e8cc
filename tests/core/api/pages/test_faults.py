"""What a form says of a value that cannot be taken."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

import pytest
from pydantic import BaseModel, Field, field_validator
from starlette.datastructures import FormData

from mailloom.api.pages import read_form


class Colour(StrEnum):
    RED = "red"


class Entry(BaseModel):
    name: str = Field("x", min_length=1, max_length=3)
    code: str = Field("ab", min_length=2, pattern="^[a-z]+$")
    count: int = Field(5, ge=1, le=60)
    part: float = Field(0.5, gt=0, lt=1)
    lines: list[str] = Field(default_factory=lambda: ["a"], min_length=1, max_length=2)
    day: date = date(2026, 1, 1)
    colour: Colour = Colour.RED
    mode: Literal["fast"] = "fast"
    place: str = "here"

    @field_validator("place")
    @classmethod
    def _is_here(cls, place: str) -> str:
        if place != "here":
            raise ValueError("it is elsewhere")
        return place


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("name", "", "This must be filled in."),
        ("name", "long", "Write at most 3 characters."),
        ("code", "a", "Write at least 2 characters."),
        ("code", "A1", "This does not have the form that is wanted here."),
        ("count", "0", "Give 1 or more."),
        ("count", "61", "Give 60 or less."),
        ("count", "many", "Give a whole number."),
        ("count", "1.5", "Give a whole number."),
        ("part", "0", "Give more than 0.0."),
        ("part", "1", "Give less than 1.0."),
        ("part", "half", "Give a number."),
        ("lines", "a\nb\nc", "Give at most 2."),
        ("lines", "", "Give at least 1."),
        ("day", "soon", "Give a date."),
        ("colour", "blue", "Choose one of the values that are offered."),
        ("mode", "slow", "Choose one of the values that are offered."),
        ("place", "there", "It is elsewhere"),
    ],
)
def test_a_fault_is_said_in_plain_words(name: str, given: str, said: str) -> None:
    form = read_form(Entry, FormData([(name, given)]), only=[name])
    assert form.value is None
    assert [(each.name, each.error) for each in form.fields] == [(name, said)]
