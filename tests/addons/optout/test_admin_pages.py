"""Opt-outs in the browser of somebody from marketing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import mailloom.addons.optout.admin_pages  # noqa: F401 - known before the folder of test addons is looked at
from mailloom.addons.optout.asking import who_is_out
from mailloom.addons.optout.models import Source
from mailloom.store.access import Role
from mailloom.testing.pages import Browser, browsing


@pytest.fixture
def marketing(house: Any) -> Iterator[Browser]:
    with browsing(house.app, Role.MARKETING) as browser:
        yield browser


def test_somebody_is_opted_out_by_hand_and_comes_back_for_a_reason(house: Any, marketing: Browser) -> None:
    def out() -> bool:
        with house.app.read() as session:
            return bool(who_is_out(session, ["ann@example.com"], "list:7"))

    given = {"address": "Ann@Example.com", "topic": "list:7", "reason": "by telephone"}
    assert marketing.submit("/admin/optouts/new", given).status_code == 303
    assert out()
    page = marketing.get("/admin/optouts/1").text
    assert "No to Garden news" in page
    assert "by telephone" in page
    assert marketing.submit("/admin/optouts/1/undo", {"reason": "  "}).status_code == 400
    assert out()
    assert marketing.submit("/admin/optouts/1/undo", {"reason": "wrote so on Monday"}).status_code == 303
    assert not out()
    assert "taken back" in marketing.get("/admin/optouts/1").text
    assert marketing.submit("/admin/optouts/99/undo", {"reason": "x"}).status_code == 404


def test_the_table_finds_by_address_state_and_way(house: Any, marketing: Browser) -> None:
    house.no("ann@example.com", source=Source.PAGE)
    house.no("bob@example.com", source=Source.ONE_CLICK)
    for query, shown, hidden in (
        ("q=ann", "ann@", "bob@"),
        ("source=one-click", "bob@", "ann@"),
        ("state=holds", "bob@", "nobody@"),
    ):
        page = marketing.get(f"/admin/optouts?{query}").text
        assert shown in page, query
        assert hidden not in page, query
    assert "Nothing fits" in marketing.get("/admin/optouts?state=over").text


def test_what_is_no_address_is_told_so(house: Any, marketing: Browser) -> None:
    page = marketing.submit("/admin/optouts/new", {"address": "nobody"})
    assert page.status_code == 422
    assert "is no e-mail address" in page.text


def test_what_was_said_is_only_text(house: Any, marketing: Browser) -> None:
    house.no(reason="<script>1</script>", evidence={"browser": "<img src=x>"})
    page = marketing.get("/admin/optouts/1").text
    assert "<script>1" not in page
    assert "<img src=x>" not in page


def test_who_may_only_read_takes_nothing_back(house: Any) -> None:
    house.no()
    with browsing(house.app, Role.READ_ONLY) as reader:
        assert "Take it back" not in reader.get("/admin/optouts/1").text
        assert reader.submit("/admin/optouts/1/undo", {"reason": "x"}).status_code == 403
