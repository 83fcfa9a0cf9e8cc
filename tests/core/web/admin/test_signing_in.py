"""Signing in, staying, and being kept out: sessions, links, throttling, forged requests, redirects, headers."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from mailloom.access.signing_in import make_link
from mailloom.access.users import add_user
from mailloom.store.access import AuditEntry, Role, WebSession
from mailloom.testing.application import Clock, TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing
from mailloom.web.admin.signing_in import own_path

PASSWORD = "four words in a row"
COOKIE = "mailloom-session"


@pytest.fixture
def ann(app: TemporaryApp) -> None:
    with app.write() as session:
        add_user(session, "ann", Role.ADMIN, app.now(), email="ann@example.com", password=PASSWORD)


def _sign_in(browser: Browser, name: str = "ann", password: str = PASSWORD, target: str = "") -> httpx.Response:
    return browser.post("/admin/login", data={"name": name, "password": password, "next": target})


@pytest.mark.usefixtures("ann")
def test_a_person_signs_in_goes_on_and_signs_out(app: TemporaryApp, stranger: Browser) -> None:
    asked = stranger.get("/admin/settings?q=mail")
    assert (asked.status_code, asked.headers["location"]) == (303, "/admin/login?next=%2Fadmin%2Fsettings%3Fq%3Dmail")
    entered = _sign_in(stranger, target="/admin/settings?q=mail")
    assert (entered.status_code, entered.headers["location"]) == (303, "/admin/settings?q=mail")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = stranger.get("/admin/settings")
    assert page.status_code == 200
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    left = stranger.post("/admin/logout", data={"csrf": token})
    assert (left.status_code, left.headers["location"]) == (303, "/admin/login")
    with app.read() as session:
        assert session.scalars(select(WebSession)).unique().all() == []
        assert [entry.action for entry in session.scalars(select(AuditEntry))] == ["session.open"]


@pytest.mark.usefixtures("ann")
def test_each_sign_in_makes_a_new_session(app: TemporaryApp, stranger: Browser) -> None:
    planted = {"Cookie": f"{COOKIE}=planted-by-somebody-else"}
    body = {"name": "ann", "password": PASSWORD}
    first = stranger.post("/admin/login", data=body, headers=planted).cookies[COOKIE]
    second = _sign_in(stranger).cookies[COOKIE]
    assert len({first, second, "planted-by-somebody-else"}) == 3
    with app.read() as session:
        assert len(session.scalars(select(WebSession)).unique().all()) == 1


@pytest.mark.usefixtures("ann")
def test_a_session_ends_by_itself(clock: Clock, stranger: Browser) -> None:
    _sign_in(stranger)
    for _ in range(3):
        clock.time += timedelta(minutes=100)
        assert stranger.get("/admin/").status_code == 200
    clock.time += timedelta(minutes=121)
    assert stranger.get("/admin/").status_code == 303


@pytest.mark.usefixtures("ann")
def test_wrong_and_unknown_look_alike_and_tries_run_out(stranger: Browser) -> None:
    said = {_sign_in(stranger, name, "wrong password").text.replace(name, "") for name in ("ann", "bob")}
    assert len(said) == 1
    answers = [_sign_in(stranger, "ann", "wrong password") for _ in range(12)]
    assert {answer.status_code for answer in answers[:9]} == {422}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert _sign_in(stranger).status_code == 429, "not even the right password now"


def test_a_link_signs_in_once_after_a_press_of_the_button(app: TemporaryApp, stranger: Browser) -> None:
    with app.write() as session:
        link = make_link(session, add_user(session, "ann", Role.ADMIN, app.now()), app.now())
    for _ in range(2):
        assert stranger.get(f"/admin/link/{link}").status_code == 200, "looking does not use it up"
    entered = stranger.post(f"/admin/link/{link}")
    assert (entered.status_code, entered.headers["location"]) == (303, "/admin/profile")
    assert "no password yet" in stranger.get("/admin/profile").text
    stranger.cookies.clear()
    again = stranger.post(f"/admin/link/{link}")
    assert (again.status_code, "used already" in again.text) == (403, True)


def test_strangers_find_no_way_to_become_the_first_user(app: TemporaryApp, stranger: Browser) -> None:
    assert _sign_in(stranger, "admin", "").status_code == 422
    assert stranger.post("/admin/users/new", data={"name": "me", "role": "admin"}).status_code == 303
    assert stranger.post("/admin/link/").status_code in (303, 404, 405)
    with app.read() as session:
        assert session.scalars(select(WebSession)).unique().all() == []


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/admin/", "/\\evil.example", "/admin/../../x", "javascript:alert(1)",
     "/elsewhere", "/administrator", "/admin/login", "\t/admin/", "http:/admin/", "/admin\\@evil.example", ""],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(target: str) -> None:
    assert own_path(target) == "/admin/"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        pytest.param({"Sec-Fetch-Site": "same-origin"}, True, id="our page"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, False, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, False, id="a sister host"),
        pytest.param({"Origin": "https://evil.example"}, False, id="another origin"),
        pytest.param({"Origin": "null"}, False, id="hidden origin"),
        pytest.param({}, True, id="no browser"),
    ],
)
def test_forms_of_other_sites_are_refused(browser: Browser, headers: dict[str, str], allowed: bool) -> None:
    answer = browser.submit("/admin/profile/theme", {"theme": "dark"}, headers=headers)
    assert (answer.status_code == 303) is allowed


def test_htmx_may_bring_the_token_as_a_header(browser: Browser) -> None:
    answer = browser.post("/admin/profile/theme", data={"theme": "dark"}, headers={"X-CSRF-Token": browser.csrf})
    assert answer.status_code == 303
    assert 'data-theme="dark"' in browser.get("/admin/").text


def test_pages_allow_no_script_or_style_but_our_files(browser: Browser) -> None:
    headers = browser.get("/admin/").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


def test_under_https_cookies_are_secure_and_bound_to_the_host() -> None:
    with temporary_app(addons=[], domain=None, settings={"core": {"base_url": "https://mail.example.org"}}) as app:
        with app.write() as session:
            add_user(session, "ann", Role.ADMIN, app.now(), password=PASSWORD)
        with browsing(app, None) as stranger:
            cookie = _sign_in(stranger).headers["set-cookie"]
    assert cookie.startswith("__Host-mailloom-session=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"))
    assert "Domain" not in cookie


def test_the_pages_can_be_switched_off() -> None:
    with (
        temporary_app(addons=[], domain=None, settings={"core": {"admin_pages": False}}) as app,
        browsing(app, None) as stranger,
    ):
        assert stranger.get("/admin/login").status_code == 404
        assert stranger.get("/").status_code == 404
        assert stranger.get("/health").status_code == 200
