"""The pages that strangers see: a sign-up that tells nobody who is known, a link that one press confirms, and limits on what can be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from mailloom.addons.audience.lists import archive, list_named
from mailloom.addons.audience.models import State
from mailloom.addons.audience.pages import TRAP
from mailloom.web.serving import WebService

ANN = "ann@example.com"
GERMAN = {"Accept-Language": "de-AT,en;q=0.5"}


@pytest.fixture
def browser(audience: Any) -> Iterator[httpx.Client]:
    """At the web face, with a public list `news` and a private one `staff`."""
    audience.make_list()
    audience.make_list("staff", public=False)
    service = WebService("127.0.0.1", 0)
    service.start(audience.app)
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}") as client:
        yield client
    service.stop(5)


def sign_up(browser: httpx.Client, address: str = ANN, to: str = "news", **fields: str) -> httpx.Response:
    return browser.post(f"/audience/lists/{to}", data={"email": address, **fields})


def test_signing_up_and_confirming(audience: Any, browser: httpx.Client) -> None:
    form = browser.get("/audience/lists/news")
    assert (form.status_code, "set-cookie" in form.headers, "<script" in form.text) == (200, False, False)
    assert 'action="/audience/lists/news"' in form.text
    answer = sign_up(browser, name="Ann")
    assert answer.status_code == 200
    assert "Look into your mailbox" in answer.text
    assert audience.state(ANN) is State.PENDING
    link = audience.link()
    page = browser.get(link)
    assert (page.status_code, "Confirm: News" in page.text) == (200, True)
    assert browser.head(link).status_code == 200
    assert audience.state(ANN) is State.PENDING
    assert "Thank you" in browser.post(link).text
    assert audience.state(ANN) is State.SUBSCRIBED
    assert browser.post(link).status_code == 200
    assert audience.history(ANN) == ["asked", "confirmed"]
    assert audience.member(ANN).language == "en"


def test_the_answer_is_the_same_whether_somebody_is_known_or_not(audience: Any, browser: httpx.Client) -> None:
    audience.subscribe(ANN)
    answers = [sign_up(browser, address) for address in (ANN, "new@example.com", ANN)]
    assert len({answer.text for answer in answers}) == 1
    assert audience.state(ANN) is State.SUBSCRIBED
    told = [(mail.recipient, mail.mail.subject) for mail in audience.app.outbox]
    assert told[0] == (ANN, "You are on the list already: News")
    assert told[1] == ("new@example.com", "Please confirm: News")


def test_pages_and_mail_in_german(audience: Any, browser: httpx.Client) -> None:
    form = browser.get("/audience/lists/news", headers=GERMAN)
    assert '<html lang="de">' in form.text
    assert "Anmelden: News" in form.text
    browser.post("/audience/lists/news", data={"email": ANN}, headers=GERMAN)
    assert audience.app.outbox[-1].mail.subject == "Bitte bestätigen: News"


def test_only_public_lists_have_a_page(audience: Any, browser: httpx.Client) -> None:
    for name in ("staff", "nowhere", "1", "News", "%2e%2e", "x" * 500):
        assert browser.get(f"/audience/lists/{name}").status_code == 404, name
        assert sign_up(browser, to=name).status_code == 404, name
    assert audience.app.outbox == []


def test_where_no_mail_can_be_sent_the_page_says_that_it_takes_nobody(audience: Any, browser: httpx.Client) -> None:
    audience.app.save_settings("core", {"base_url": ""})
    assert browser.get("/audience/lists/news").status_code == 200
    answer = sign_up(browser)
    assert (answer.status_code, "Nothing to sign up for here" in answer.text) == (503, True)
    assert audience.state(ANN) is None


def test_an_archived_list_is_closed(audience: Any, browser: httpx.Client) -> None:
    with audience.app.write() as session:
        archive(session, list_named(session, "news"))
    assert sign_up(browser).status_code == 404


NO_ADDRESS = {
    "nothing": b"",
    "empty": b"email=",
    "no domain": b"email=ann",
    "an injection": b"email=ann%40example.com%0d%0aBcc%3a+eve%40example.com",
    "null": b"email=%00",
    "endless": b"email=" + b"a" * 30_000,
    "many fields": b"&".join(b"f%d=x" % number for number in range(200)),
    "no text": b"\xff\xfe\x00",
}


def test_what_is_no_address_gets_the_form_again(audience: Any, browser: httpx.Client) -> None:
    for name, form in NO_ADDRESS.items():
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = browser.post("/audience/lists/news", content=form, headers=headers)
        assert answer.status_code == 400, name
        assert "This is no e-mail address" in answer.text
    assert audience.app.outbox == []


def test_a_program_that_fills_in_the_hidden_field_changes_nothing(audience: Any, browser: httpx.Client) -> None:
    assert sign_up(browser, **{TRAP: "https://example.net"}).text == sign_up(browser, "other@example.com").text
    assert audience.state(ANN) is None


def test_names_that_people_type_are_text_on_pages_and_never_in_mail(audience: Any, browser: httpx.Client) -> None:
    with audience.app.write() as session:
        list_named(session, "news").title = "<b>News</b>"
    assert "&lt;b&gt;News&lt;/b&gt;" in browser.get("/audience/lists/news").text
    sign_up(browser, name="<a href=https://evil.example>Win!</a>")
    assert "evil" not in audience.app.outbox[-1].raw.decode()


def test_too_many_sign_ups_wait(audience: Any, browser: httpx.Client) -> None:
    audience.app.save_settings("audience", {"sign_ups_per_visitor": 2})
    answers = [sign_up(browser, f"p{number}@example.com") for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "600"
    assert audience.state("p2@example.com") is None
    audience.clock.time += timedelta(minutes=11)
    assert sign_up(browser, "p2@example.com").status_code == 200


def test_a_link_that_is_not_ours_has_one_answer(browser: httpx.Client) -> None:
    for token in ("x", "a0aaaaaaaa", "x" * 2000, "%00", "%F0%9F%92%A9"):
        for answer in (browser.get(f"/audience/confirm/{token}"), browser.post(f"/audience/confirm/{token}")):
            assert answer.status_code == 404, token
            assert "This link is not valid" in answer.text


def test_pages_obey_nothing_but_their_own_style(browser: httpx.Client) -> None:
    policy = browser.get("/audience/lists/news").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert re.search(r"style-src 'sha256-[^']+'", policy)
    assert "unsafe" not in policy
