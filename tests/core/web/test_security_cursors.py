"""Cursors of tables as a hostile hand writes them: each is a page, from the beginning where the cursor is none of ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from mailloom.testing.application import temporary_app
from mailloom.testing.pages import Browser, browsing

VALUES = ["2024-01-01", "2024-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
          "\ud800", "a\x00b", 2**62, 2**70, 1e400, True, None, [], {}]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with temporary_app(addons=[], domain=None) as app, browsing(app) as browser:
        yield browser


@pytest.mark.parametrize("sort", ["", "-name", "email", "role", "created_at"])
@pytest.mark.parametrize("way", ["before", "after"])
def test_a_cursor_that_is_none_of_ours_breaks_nothing(browser: Browser, sort: str, way: str) -> None:
    for value in VALUES:
        for key in (1, "\ud800", 2**70, None):
            cursor = base64.urlsafe_b64encode(json.dumps([value, key]).encode()).decode()
            answer = browser.get("/admin/users", params={"sort": sort, way: cursor})
            assert answer.status_code == 200, (value, key)
