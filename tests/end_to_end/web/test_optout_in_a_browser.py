"""Opting out as a person meets it: on a telephone in the dark and at a desk, by keyboard and without scripts, every page accessible."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from mailloom.addons.optout.asking import who_is_out
from mailloom.addons.optout.links import unsubscribe_url
from mailloom.testing.application import temporary_app

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

BASE = "https://mail.example.org"
ANN = "ann@example.com"


@pytest.mark.parametrize(
    ("width", "options"),
    [
        pytest.param("telephone", {"color_scheme": "dark"}, id="telephone"),
        pytest.param("desk", {"color_scheme": "light"}, id="desk"),
    ],
)
def test_a_person_unsubscribes_says_why_and_comes_back(
    make_site: Callable[..., Any],
    shown: Callable[[Any, str], None],
    assert_accessible: Callable[[Any], None],
    width: str,
    options: dict[str, Any],
) -> None:
    settings = {"core": {"base_url": BASE, "organisation": "Green & Sons"}, "optout": {"colour": "#1b7f3b"}}
    with temporary_app(addons=["optout"], domain=None, settings=settings) as app, make_site(app) as site:
        path = unsubscribe_url(app, ANN, "list:7", "mailing:1").removeprefix(BASE)

        def out() -> bool:
            with app.read() as session:
                return bool(who_is_out(session, [ANN], "list:7"))

        with site.page(width, role=None, **options) as page:

            def looked_at(name: str) -> None:
                shown(page, f"optout-{name}")
                # axe is a script, which the pages' own policy forbids: it looks at a copy without the policy.
                with site.page(width, role=None, bypass_csp=True, **options) as copy:
                    copy.set_content(page.content())
                    assert_accessible(copy)

            page.goto(path)
            looked_at("asked")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            page.wait_for_selector("select")
            assert out()
            looked_at("out")
            page.get_by_label("In your own words").fill("Too many of them")
            page.get_by_role("button", name="Send").click()
            page.wait_for_selector("text=Thank you")
            page.get_by_role("link").click()
            looked_at("preferences")
            page.get_by_role("checkbox").check()
            page.get_by_role("button", name="Save").click()
            page.wait_for_selector("text=Your choice is saved.")
            assert not out()
            page.goto("/u/nothing")
            assert re.search("does not work", page.content())
            looked_at("unknown")
        site.wrong[:] = [line for line in site.wrong if "404" not in line]
