"""Whole bodies in the shapes that mail programs, help desks and lists write them (tests/data/reply/programs.json)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailloom.mail.reply import visible_reply

PROGRAMS = json.loads((Path(__file__).parents[2] / "data/reply/programs.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in PROGRAMS])
def test_new_words_of_the_program_are_shown(case: dict[str, str]) -> None:
    assert visible_reply(plain=case.get("plain", ""), html=case.get("html", "")).text == case["text"]
