"""The sign-up in a real browser: on a telephone's screen, without scripts, and as axe judges accessibility."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from mailloom.addons.audience.models import State
from mailloom.web.serving import WebService

CHROMIUM = shutil.which("chromium")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

pytestmark = [pytest.mark.chromium, pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no chromium")]


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def served(audience: Any) -> Iterator[str]:
    audience.make_list()
    service = WebService("127.0.0.1", 0)
    service.start(audience.app)
    yield f"http://127.0.0.1:{service.port}"
    service.stop(5)


def test_signing_up_on_a_telephone_without_scripts(audience: Any, served: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page.goto(f"{served}/audience/lists/news")
    page.get_by_label("E-mail address").fill("ann@example.com")
    page.get_by_role("button", name="Sign up").click()
    assert page.title() == "Look into your mailbox"
    page.goto(served + audience.link())
    page.get_by_role("button", name="Yes, I want these mails").click()
    assert page.title() == "Thank you"
    assert audience.state("ann@example.com") is State.SUBSCRIBED


def test_the_page_fits_and_is_accessible(served: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740}, locale="de-DE")
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.goto(f"{served}/audience/lists/news")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert Axe().run(page).violations_count == 0
    assert not page.locator("[name=website]").is_visible()
    assert faults == []
