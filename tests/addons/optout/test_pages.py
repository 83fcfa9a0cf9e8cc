"""The pages: one click, looking that changes nothing, choosing, undoing, and what strangers try."""

from __future__ import annotations

import base64
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from mailloom.addons.optout.links import unsubscribe_url
from mailloom.addons.optout.look import masked, readable_on
from mailloom.addons.optout.wording import words_for

ANN = "ann@example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def url(house) -> str:
    return unsubscribe_url(house.app, ANN, "list:7", "mailing:12")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"data": ONE_CLICK}, id="form"),
        pytest.param({"files": {"List-Unsubscribe": (None, "One-Click")}}, id="multipart"),
    ],
)
def test_one_click_is_enough_and_may_be_repeated(house, browser, url, sent):
    for _ in range(3):
        answer = browser("POST", url, headers={"User-Agent": "Mailbox/1"}, **sent)
        assert answer.status_code == 200
        assert not answer.has_redirect_location
        assert "set-cookie" not in answer.headers
        assert answer.text == "You are unsubscribed."
    [said] = house.said()
    assert (said.key, said.topic, said.source.value, said.mailing) == (ANN, "list:7", "one-click", "mailing:12")
    assert said.evidence == {"client": "127.0.0.1", "browser": "Mailbox/1"}


def test_one_click_works_a_year_later_and_from_another_site(house, browser, url):
    house.clock.time += timedelta(days=400)
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site", "Cookie": "x=y"}
    assert browser("POST", url, data=ONE_CLICK, headers=foreign).status_code == 200
    assert len(house.said()) == 1


def test_two_clicks_at_once_are_one(house, browser, url):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: browser("POST", url, data=ONE_CLICK).status_code, range(8)))
    assert answers == [200] * 8
    assert len(house.said()) == 1
    assert len(house.told) == 1


def test_scanners_that_open_links_change_nothing(house, browser, url):
    for method in ("GET", "HEAD"):
        for page in ("", "/preferences"):
            assert browser(method, url + page).status_code == 200
    assert house.said() == []


def test_the_button_unsubscribes_and_the_next_one_takes_it_back(house, browser, url):
    asked = browser("GET", url)
    assert "Stop mail on “Garden news” to a***@example.com." in asked.text
    assert asked.text.count("<button") == 1
    done = browser("POST", _action(asked.text))
    assert "gets no more mail on “Garden news”" in done.text
    assert house.said()[0].source.value == "page"
    assert "You are unsubscribed" in browser("GET", url).text
    again = next(action for action in _actions(done.text) if action.endswith("/again"))
    assert "You are subscribed again" in browser("POST", again).text
    assert house.said()[0].ended_by == "page"
    assert house.told[-1] == ("in", ANN, "list:7")


def test_a_reason_can_be_given_once(house, browser, url):
    done = browser("POST", url)
    reason = next(action for action in _actions(done.text) if action.endswith("/reason"))
    assert browser("POST", reason, data={"reason": "too many", "comment": "Every day!\0"}).status_code == 200
    browser("POST", reason, data={"reason": "other"})
    assert house.said()[0].reason == "too many: Every day!"


def test_the_page_of_preferences_shows_what_holds_and_saves_what_is_ticked(house, browser, url):
    page = browser("GET", f"{url}/preferences").text
    assert _ticks(page) == {"list:7": True, "list:8": False}
    assert "&lt;Offers&gt;" in page
    saved = browser("POST", f"{url}/preferences", data={"shown": ["list:7", "list:8"], "topic": ["list:8"]})
    assert "Your choice is saved." in saved.text
    assert _ticks(saved.text) == {"list:7": False, "list:8": True}
    assert list(house.told) == [("out", ANN, "list:7", "page"), ("in", ANN, "list:8")]


def test_everything_can_be_stopped_and_one_list_kept(house, browser, url):
    page = browser("POST", f"{url}/preferences", data={"all": "no"}).text
    assert _ticks(page) == {"list:7": False, "list:8": False}
    assert "You get no newsletters and offers from us." in page
    browser("POST", next(action for action in _actions(page) if action.endswith("/reason")), data={"reason": "other"})
    assert house.said()[0].reason == "other"
    kept = browser("POST", f"{url}/preferences", data={"shown": ["list:7", "list:8"], "topic": ["list:7"]}).text
    assert _ticks(kept) == {"list:7": True, "list:8": False}
    back = browser("POST", f"{url}/preferences", data={"all": "yes"}).text
    assert "You get no newsletters" not in back


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"topic": ["list:7"]}, id="nothing was shown"),
        pytest.param({"shown": ["list:99"], "topic": ["list:99"]}, id="a list that is not offered"),
        pytest.param({"shown": ["x"] * 2000}, id="too many fields"),
        pytest.param({"shown": ["\0\r\n" * 50]}, id="no text"),
    ],
)
def test_a_form_changes_only_what_its_page_showed_and_offered(house, browser, url, form):
    assert browser("POST", f"{url}/preferences", data=form).status_code == 200
    assert (house.said(), list(house.told)) == ([], [])


def test_a_body_that_is_no_form_is_a_press_of_the_button_and_no_fault(house, browser, url):
    for body in (b"\xff\xfe" * 2000, b"--x\r\nbroken", b""):
        answer = browser("POST", url, content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
        assert answer.status_code == 200
    assert len(house.said()) == 1


FORGED = ("abcd.AAAAAAAAAAAAAAAAAAAAAAAA", "x", "%00", "..%2f..", "a" * 3000, "abcd." + "%C3%A9" * 30)


def test_a_link_that_we_did_not_make_gets_one_page_and_changes_nothing(house, browser):
    for token in FORGED:
        for page in ("", "/again", "/reason", "/preferences"):
            assert browser("POST", f"/u/{token}{page}", data=ONE_CLICK).status_code == 404, token
        assert browser("GET", f"/u/{token}").status_code == 404
    assert house.said() == []


def test_pages_hold_to_a_policy_that_allows_only_their_own_style(browser, url):
    answer = browser("GET", url)
    policy = answer.headers["content-security-policy"]
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "script" not in answer.text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_pages_show_the_organisation_its_colour_and_its_logo(house, browser, url):
    logo = "data:image/png;base64,iVBORw0KGgo="
    house.app.save_settings("optout", {"colour": "#ffcc00", "logo": logo})
    page = browser("GET", url).text
    assert "Green &amp; Sons" in page
    assert f'<img src="{logo}" alt="">' in page
    assert "--own:#ffcc00;--on:#000" in page


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"logo": "https://elsewhere.example/logo.png"}, id="remote"),
        pytest.param({"logo": 'data:image/png;base64,"><script>'}, id="markup"),
        pytest.param({"logo": "data:text/html;base64,AAAA"}, id="no image"),
        pytest.param({"colour": "red;}body{display:none"}, id="style"),
        pytest.param({"mailbox": "a b@c"}, id="mailbox"),
    ],
)
def test_a_look_that_could_bring_in_something_is_refused(house, value):
    from mailloom.errors import ConfigurationError

    with pytest.raises(ConfigurationError):
        house.app.save_settings("optout", value)


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        pytest.param("", "en", id="none"),
        pytest.param("de", "de", id="german"),
        pytest.param("de-AT,de;q=0.9,en;q=0.5", "de", id="austrian"),
        pytest.param("fr,en;q=0.3,de;q=0.8", "de", id="by weight"),
        pytest.param("fr-FR, es", "en", id="neither"),
        pytest.param("de;q=0", "en", id="not at all"),
        pytest.param("DE;Q=x,,;;;" + "z" * 5000, "en", id="no list"),
    ],
)
def test_the_browser_chooses_the_language(wish, language):
    assert words_for(wish).language == language


def test_pages_speak_german(browser, url):
    page = browser("GET", url, headers={"Accept-Language": "de"}).text
    assert '<html lang="de">' in page
    assert "<h1>Abmelden?</h1>" in page


def test_the_text_on_a_button_can_be_read_on_any_colour():
    assert readable_on("#1d4ed8") == "#fff"
    assert readable_on("#ffff66") == "#000"


def test_an_address_is_shown_in_part():
    assert masked("ann.smith@example.com") == "a***@example.com"


def _actions(page: str) -> list[str]:
    return re.findall(r'action="([^"]+)"', page)


def _action(page: str) -> str:
    [action] = _actions(page)
    return action


def _ticks(page: str) -> dict[str, bool]:
    return {key: bool(tick) for key, tick in re.findall(r'name="topic" value="([^"]+)"( checked)?', page)}
