"""What strangers wrote, in files that a spreadsheet opens."""

from __future__ import annotations

import pytest

from mailloom.api.audit import audit
from mailloom.api.spreadsheets import escaped, unescaped
from mailloom.store.access import Role
from mailloom.testing.application import temporary_app
from mailloom.testing.pages import browsing

FORMULAS = ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "'=1", "''=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_text_and_come_back_as_they_were(text: str) -> None:
    assert escaped(text) == f"'{text}"
    assert unescaped(escaped(text)) == text


@pytest.mark.parametrize("text", ["", "ann@example.com", "1-1", "it's", "'twas"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert escaped(text) == text
    assert unescaped(text) == text


def test_tables_hand_out_no_formulas() -> None:
    with temporary_app(addons=[], domain=None) as app:
        with app.write() as session:
            audit(session, "=HYPERLINK(0)", "thing.change", "\uff1dcmd")
        with browsing(app, Role.ADMIN) as browser:
            written = browser.get("/admin/audit?export=csv").text
    assert "'=HYPERLINK(0)" in written
    assert "'\uff1dcmd" in written
