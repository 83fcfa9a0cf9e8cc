"""The core's own pages: users, tokens, settings, audit, profile, static files, errors."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from mailloom.access.tokens import token_of
from mailloom.access.users import add_user, find_user, has_users
from mailloom.store.access import AuditEntry, Role
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing


def _actions(app: TemporaryApp) -> list[str]:
    with app.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_user_is_added_and_signs_in_by_the_link_shown(app: TemporaryApp, browser: Browser) -> None:
    added = browser.submit("/admin/users/new", {"name": "Bob", "role": "operator", "email": "bob@example.com"})
    assert added.status_code == 201
    found = re.search(r"http://[^<]+/admin/link/([\w-]+)", added.text)
    assert found
    with browsing(app, None) as other:
        assert other.post(f"/admin/link/{found[1]}").status_code == 303
        assert other.get("/admin/users").status_code == 403
    assert _actions(app)[:2] == ["user.add", "session.open"]


def test_what_is_wrong_stands_beside_its_field_and_what_was_entered_stays(browser: Browser) -> None:
    refused = browser.submit("/admin/users/new", {"name": "b b <b>", "role": "nobody", "email": "bob@example.com"})
    assert refused.status_code == 422
    assert 'id="field-role-error"' in refused.text
    assert 'value="b b &lt;b&gt;"' in refused.text
    assert 'value="bob@example.com"' in refused.text
    taken = browser.submit("/admin/users/new", {"name": "test-admin", "role": "operator"})
    assert (taken.status_code, "There is a user test-admin already" in taken.text) == (422, True)


def test_disabling_says_so_and_can_be_undone(app: TemporaryApp, browser: Browser) -> None:
    with app.write() as session:
        user_id = add_user(session, "bob", Role.OPERATOR, app.now()).id
    browser.submit(f"/admin/users/{user_id}/disable")
    page = browser.get(f"/admin/users/{user_id}").text
    assert "bob is disabled" in page
    assert f'action="/admin/users/{user_id}/enable"' in page
    assert "bob is disabled" not in browser.get(f"/admin/users/{user_id}").text, "said once"
    browser.submit(f"/admin/users/{user_id}/enable")
    with app.read() as session:
        assert find_user(session, "bob").disabled_at is None


def test_a_forged_flash_message_is_not_shown(browser: Browser) -> None:
    browser.cookies.set("mailloom-flash", "abcd0aaaaaaaaaaaaaaaaaaaaaaaa")
    assert browser.get("/admin/").status_code == 200


def test_a_token_is_shown_once_and_works(app: TemporaryApp, browser: Browser) -> None:
    made = browser.submit("/admin/tokens/new", {"name": "shop", "scopes": ["messages.read", "audit.read"], "days": "7"})
    assert made.status_code == 201
    secret = re.search(r"mlt_[\w-]+", made.text)
    assert secret
    with app.read() as session:
        found = token_of(session, secret[0], app.now())
        assert found is not None
        assert found[0].expires_at == app.now() + timedelta(days=7)
    token_id = found[0].id
    assert secret[0] not in browser.get(f"/admin/tokens/{token_id}").text
    browser.submit(f"/admin/tokens/{token_id}/revoke")
    with app.read() as session:
        assert token_of(session, secret[0], app.now()) is None
    assert browser.submit("/admin/tokens/new", {"name": "shop"}).status_code == 422


def test_settings_are_found_changed_and_audited(app: TemporaryApp, browser: Browser) -> None:
    assert "Organisation" in browser.fragment("/admin/settings?q=organisation", "sections").text
    page = browser.get("/admin/settings/core").text
    fields = dict(re.findall(r'<input type="(?:text|number)" id="[^"]+" name="([^"]+)" value="([^"]*)"', page))
    changed = {**fields, "organisation": "Bolts & Co", "uncertain": "retry", "admin_pages": "1"}
    changed |= {"metrics_clients": "127.0.0.0/8\n\n10.0.0.0/8\n", "loop_allowed": "", "trusted_proxies": ""}
    assert browser.submit("/admin/settings/core", changed).status_code == 303
    assert app.core_settings.organisation == "Bolts & Co"
    assert app.core_settings.metrics_clients == ["127.0.0.0/8", "10.0.0.0/8"]
    assert "Bolts &amp; Co" in browser.get("/admin/settings/core").text
    with app.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "settings.change")).one()
    assert entry.details["organisation"] == {"before": "", "after": "Bolts & Co"}
    wrong = browser.submit("/admin/settings/core", {**changed, "loop_limit": "0", "base_url": "ftp://x"})
    assert wrong.status_code == 422
    assert {"field-loop_limit-error", "field-base_url-error"} <= set(re.findall(r'id="([\w-]+-error)"', wrong.text))
    assert app.core_settings.loop_limit == 20


def test_who_may_only_look_at_settings_gets_no_form(operator: Browser) -> None:
    page = operator.get("/admin/settings/core")
    assert page.status_code == 200
    assert 'action="/admin/settings/core"' not in page.text


def test_the_audit_log_is_searched_and_exported(app: TemporaryApp, browser: Browser) -> None:
    browser.submit("/admin/users/new", {"name": "bob", "role": "operator"})
    browser.submit("/admin/users/new", {"name": "eve", "role": "operator"})
    assert "user:eve" not in browser.fragment("/admin/audit?q=user:bob", "audit").text
    written = browser.get("/admin/audit?q=bob&export=csv")
    assert written.headers["content-type"].startswith("text/csv")
    assert "user:bob" in written.text
    assert "user:eve" not in written.text
    assert _actions(app)[-1] == "table.export"


def test_a_person_changes_their_profile(app: TemporaryApp, browser: Browser) -> None:
    given = {"email": "me@example.com", "time_zone": "Asia/Tokyo", "language": "de"}
    assert browser.submit("/admin/profile", given).status_code == 303
    page = browser.get("/admin/profile").text
    assert '<html lang="de"' in page
    assert "Passwort" in page
    assert browser.submit("/admin/profile", {**given, "time_zone": "Mars/Olympus"}).status_code == 422
    assert browser.submit("/admin/profile/password", {"new": "short"}).status_code == 422
    assert browser.submit("/admin/profile/password", {"new": "quite a few words"}).status_code == 303
    assert browser.get("/admin/").status_code == 200, "this browser stays signed in"
    assert browser.submit("/admin/profile/password", {"current": "x", "new": "some other words"}).status_code == 422


@pytest.mark.parametrize(
    ("accept", "language"),
    [("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr, en;q=0.1", "en"), ("en, de;q=0.9", "en"), ("x;q=nonsense,,;", "en"), ("", "en")],
)  # fmt: skip
def test_strangers_are_greeted_in_their_language(stranger: Browser, accept: str, language: str) -> None:
    page = stranger.get("/admin/login", headers={"Accept-Language": accept}).text
    assert f'<html lang="{language}"' in page


def test_errors_look_as_pages_do(browser: Browser) -> None:
    for path in ("/admin/nothing", "/admin/users/99", "/admin/users/99999999999999999999", "/admin/settings/nothing"):
        answer = browser.get(path)
        assert (answer.status_code, "<nav" in answer.text) == (404, True), path
    assert browser.get("/admin/users/x").status_code == 422
    notice = browser.get("/admin/users/99", headers={"HX-Request": "true"})
    assert (notice.status_code, notice.headers["hx-retarget"]) == (404, "#notices")
    assert "<nav" not in notice.text


def test_static_files_are_kept_for_ever_under_their_digest(browser: Browser) -> None:
    [address] = set(re.findall(r"/static/\w+/core/look\.css", browser.get("/admin/").text))
    kept = browser.get(address)
    assert (kept.status_code, kept.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in kept.headers["cache-control"]
    stale = browser.get("/static/0000/core/look.css")
    assert (stale.status_code, stale.headers["cache-control"]) == (200, "no-store")
    for path in ("core/../base.html", "core/%2e%2e/base.html", "core/nothing.css", "..%2f..%2fpyproject.toml"):
        assert browser.get(f"/static/0000/{path}").status_code == 404


def test_every_file_that_pages_name_is_there_with_its_licence() -> None:
    from mailloom.registry.templates import CORE_TEMPLATES

    vendor = CORE_TEMPLATES / "web" / "static" / "vendor"
    assert sorted(folder.name for folder in vendor.iterdir()) == ["htmx-2.0.11", "htmx-ext-sse-2.2.4", "uplot-1.6.32"]
    assert all((folder / "LICENSE").is_file() for folder in vendor.iterdir())


def test_the_roots_lead_to_the_pages(stranger: Browser) -> None:
    for path in ("/", "/admin"):
        assert stranger.get(path).headers["location"] == "/admin/"


def test_without_users_the_application_is_as_closed_as_with() -> None:
    with temporary_app(addons=[], domain=None) as app, browsing(app, None) as stranger:
        assert stranger.get("/admin/").status_code == 303
        with app.read() as session:
            assert not has_users(session)
