"""The pages in a real browser: Debian's chromium, somebody signed in, at the widths of a desk and of a telephone.

`shown(page, name)` keeps a screenshot in tests/artefacts/ for people to look at; `assert_accessible(page)` asks axe-core (WCAG 2.1 AA).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mailloom.store.access import Role
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing, sign_in

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = {"desk": 1280, "telephone": 360}
ARTEFACTS = Path(__file__).parents[2] / "artefacts"


@dataclass
class Site:
    """A served application and a browser for it. `wrong` collects what the console of any page complained about."""

    app: TemporaryApp
    base: str
    chromium: Any
    strangers: Browser
    wrong: list[str] = field(default_factory=list)

    @contextmanager
    def page(self, width: str = "desk", role: Role | None = Role.ADMIN, **options: Any) -> Iterator[Any]:
        """A page of a fresh browser in which somebody of that role is signed in."""
        size = {"width": WIDTHS[width], "height": 800}
        context = self.chromium.new_context(viewport=size, base_url=self.base, locale="en-GB", **options)
        if role is not None:
            with Browser(base_url=self.base) as signed:
                sign_in(self.app, signed, role)
                cookies = [{"name": each.name, "value": each.value, "url": self.base} for each in signed.cookies.jar]
            context.add_cookies(cookies)
        page = context.new_page()
        page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        try:
            yield page
        finally:
            context.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium; Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def _site(app: TemporaryApp, chromium: Any) -> Iterator[Site]:
    with browsing(app, None) as strangers:
        site = Site(app=app, base=str(strangers.base_url).rstrip("/"), chromium=chromium, strangers=strangers)
        yield site
        assert site.wrong == [], "the console of a page complains"


@pytest.fixture(scope="session")
def make_site(chromium: Any) -> Callable[[TemporaryApp], Any]:
    """`with make_site(app) as site:` for an application of your own."""
    return lambda app: _site(app, chromium)


@pytest.fixture
def site(chromium: Any) -> Iterator[Site]:
    """An application with the helpdesk and nothing in it."""
    with temporary_app(addons=["helpdesk"]) as app, _site(app, chromium) as site:
        yield site


@pytest.fixture
def shown() -> Callable[[Any, str], None]:
    """`shown(page, "users")`: keep a screenshot; the page must not be wider than the window."""

    def keep(page: Any, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        width = page.viewport_size["width"]
        page.screenshot(path=str(ARTEFACTS / f"{name}-{width}.png"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width} px"

    return keep


@pytest.fixture
def assert_accessible() -> Callable[[Any], None]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe looks at pages").Axe()

    def check(page: Any) -> None:
        found = axe.run(page).response["violations"]
        said = [(each["id"], each["help"], [node["target"] for node in each["nodes"]][:3]) for each in found]
        assert said == []

    return check
