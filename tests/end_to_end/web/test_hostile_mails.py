"""A hundred hostile mails in a real browser: nothing of theirs runs, nothing is fetched, nothing navigates, and our page is as it was.

All walls together first; then each alone, so that one that falls is not hidden by the others.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from end_to_end.web.hostile import HTML, mail_of
from mailloom.addons.alias.managing import own_alias
from mailloom.addons.helpdesk.models import Team
from mailloom.store.access import Role
from mailloom.testing.application import temporary_app
from mailloom.testing.pages import Browser, sign_in
from mailloom.web.admin.harmless import safe_html
from mailloom.web.admin.letters import policy

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

IN_FRAMES = """(sources) => Promise.all(sources.map((source) => new Promise((done) => {
  const frame = document.createElement("iframe");
  for (const [name, value] of Object.entries(source)) frame.setAttribute(name, value);
  frame.addEventListener("load", done);
  setTimeout(done, 3000);
  document.body.append(frame);
})))"""


class Watched:
    """A page of which everything is noted that hostile contents could bring about."""

    def __init__(self, page: Any, base: str) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.context.route(lambda url: not url.startswith((base, "http://wall.example")), self._refuse)
        page.context.on("page", lambda opened: self.wrong.append(f"opened {opened.url}"))
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("download", lambda download: self.wrong.append(f"download {download.url}"))

    def _refuse(self, route: Any) -> None:
        self.wrong.append(f"asked for {route.request.url}")
        route.abort()

    def check(self, url: str) -> None:
        self.page.wait_for_timeout(300)
        assert self.wrong == []
        assert self.page.evaluate("typeof window.pwned") == "undefined"
        assert self.page.url == url


@pytest.fixture(scope="module")
def full(make_site: Callable[..., Any]) -> Iterator[Any]:
    """With every mail on a thread of its own."""
    with temporary_app(addons=["helpdesk"]) as app, make_site(app) as site:
        with app.write() as session:
            team = Team(name="Support")
            session.add(team)
            session.flush()
            own_alias(session, team, "support")
        for number, (name, text) in enumerate(HTML.items(), 1):
            raw = mail_of(text, number, charset="utf-7" if name == "utf-7" else "utf-8")
            assert app.receive(raw, recipients=["support@example.org"]).outcome == "routed", name
        yield site
        # What a policy refuses, Chromium says in its console; here that is wanted.
        site.wrong.clear()


@pytest.fixture
def watched(full: Any) -> Iterator[Watched]:
    with full.page() as page:
        yield Watched(page, full.base)


def test_there_are_many() -> None:
    assert len(HTML) >= 60


def test_without_walls_they_do_run_and_fetch(watched: Watched) -> None:
    """Else the other tests would prove nothing."""
    page = watched.page
    page.route("http://wall.example/", lambda route: route.fulfill(body="<body>", content_type="text/html"))
    page.goto("http://wall.example/")
    harmless = ("meta-refresh", "a-top")
    page.evaluate(IN_FRAMES, [{"srcdoc": text} for name, text in HTML.items() if name not in harmless])
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") == 1
    assert "asked for http://evil.example/run" in watched.wrong
    assert len(set(watched.wrong)) > 20


@pytest.mark.parametrize("sandbox", [True, False], ids=["frame-with-sandbox", "frame-without"])
def test_a_mail_in_its_frame_does_nothing(full: Any, watched: Watched, sandbox: bool) -> None:
    page, url = watched.page, f"{full.base}/admin/profile"
    page.goto(url)
    title = page.title()
    attributes = {"sandbox": "allow-popups allow-popups-to-escape-sandbox"} if sandbox else {}
    sources = [{"src": f"/admin/messages/{number}/html", **attributes} for number in range(1, len(HTML) + 1)]
    page.evaluate(IN_FRAMES, sources)
    watched.check(url)
    assert page.title() == title
    frames = page.frames[1:]
    assert len(frames) == len(HTML), "each mail stands in its frame, and none has frames of its own"
    assert {frame.url.partition("?")[0] for frame in frames} == {full.base + each["src"] for each in sources}


def test_what_is_left_of_the_html_is_harmless_by_itself(watched: Watched) -> None:
    page = watched.page
    page.route("http://wall.example/", lambda route: route.fulfill(body="<body>", content_type="text/html"))
    page.goto("http://wall.example/")
    page.evaluate(IN_FRAMES, [{"srcdoc": safe_html(text, {}, images=False)} for text in HTML.values()])
    watched.check("http://wall.example/")
    for name, text in HTML.items():
        left = html.unescape(safe_html(text, {}, images=True)).lower()
        elements = re.findall(r"<[a-z][^>]*", safe_html(text, {}, images=True).lower())
        assert not any(
            re.search(r"\son\w+\s*=|srcdoc|javascript:|<script|<style|<svg|<form|<meta|<base", each)
            for each in elements
        ), name
        assert "position:fixed" not in left, name


def test_the_policy_alone_keeps_the_mails_from_doing_anything(watched: Watched) -> None:
    page = watched.page
    texts = list(HTML.values())
    headers = {**policy(images=False), "Content-Type": "text/html; charset=utf-8"}

    def answer(route: Any) -> None:
        number = re.search(r"/(\d+)$", route.request.url)
        if number is None:
            route.fulfill(body="<body>", content_type="text/html")
        else:
            route.fulfill(body=texts[int(number[1])], headers=headers)

    page.route("http://wall.example/**", answer)
    page.goto("http://wall.example/")
    page.evaluate(IN_FRAMES, [{"src": f"/{number}"} for number in range(len(texts))])
    watched.check("http://wall.example/")
    assert {frame.url for frame in page.frames[1:]} >= {f"http://wall.example/{number}" for number in range(len(texts))}


def test_the_pages_around_the_mails_show_what_they_say_as_text(full: Any, watched: Watched) -> None:
    page = watched.page
    paths = ["/conversations", "/arrivals", "/helpdesk/tickets", "/helpdesk/tickets/1", "/conversations/1"]
    paths += [f"/messages/{number}{view}" for number, view in enumerate(["", "?view=headers", "?view=source"] * 4, 1)]
    for path in [*paths, "/arrivals/1"]:
        page.goto(f"{full.base}/admin{path}")
        assert page.evaluate("typeof window.pwned") == "undefined", path
        assert page.locator("main script, main [onerror]").count() == 0, path
    assert watched.wrong == []


def test_images_come_only_when_asked_for_and_scripts_never(full: Any, watched: Watched) -> None:
    number = list(HTML).index("img-outside") + 1
    page = watched.page
    page.goto(f"{full.base}/admin/messages/{number}?view=formatted")
    page.frame_locator("iframe").locator("body").wait_for()
    assert watched.wrong == []
    page.get_by_role("link", name="Show images from outside").click()
    page.frame_locator("iframe").locator("img").wait_for(state="attached")
    page.wait_for_timeout(300)
    assert watched.wrong == ["asked for http://evil.example/pixel.gif"]


def test_files_are_stored_and_never_shown(full: Any) -> None:
    with Browser(base_url=full.base) as browser:
        sign_in(full.app, browser, Role.OPERATOR)
        for number in range(1, 13):
            answer = browser.get(f"/admin/messages/{number}/files/0")
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in answer.headers["content-security-policy"]
            disposition = answer.headers["content-disposition"]
            assert re.fullmatch(r"attachment; filename=\"[^\"\\/%<>]*\"; filename\*=UTF-8''[\w.%~!-]*", disposition), (
                disposition
            )
            assert "x-evil" not in answer.headers
