"""An integrator's first hour in a real browser: from the one-time link to servers that work, by way of a wrong password and what helps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mailloom.access.signing_in import make_link
from mailloom.access.users import add_user
from mailloom.store.access import Role
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.oauth_provider import OAuthProvider
from mailloom.testing.smtp_server import FakeSmtpServer
from mailloom.working import accounts_of
from servers.dovecot import Dovecot

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

Shown = Callable[[Any, str], None]
Check = Callable[[Any], None]
SECRET = "open-sesame"
ADDONS = ["smtp", "imap", "pop3", "presets", "oauth2", "alias", "helpdesk"]


@pytest.fixture
def outgoing() -> Iterator[FakeSmtpServer]:
    with FakeSmtpServer(users={"ann@example.org": SECRET}) as server:
        yield server


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    with temporary_app(addons=ADDONS, domain=None) as app:
        yield app


def _enter(page: Any, fields: dict[str, str]) -> None:
    """Into the form at hand; the folded parts are opened first."""
    page.evaluate("document.querySelectorAll('details.group').forEach((each) => { each.open = true; })")
    for name, value in fields.items():
        field = page.locator(f'[name="{name}"]')
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


@pytest.mark.dovecot
def test_from_the_link_to_working_servers_past_a_wrong_password(
    app: TemporaryApp,
    make_site: Callable[..., Any],
    outgoing: FakeSmtpServer,
    dovecot: Dovecot,
    shown: Shown,
    assert_accessible: Check,
) -> None:
    with app.write() as session:
        link = make_link(session, add_user(session, "admin", Role.ADMIN, app.now()), app.now())
    with make_site(app) as site, site.page(role=None) as page:
        page.goto(f"/admin/link/{link}")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("New password").fill("quite a few words")
        page.get_by_role("button", name="Change password").click()
        page.goto("/admin/")
        page.get_by_role("link", name="Go through the set-up").click()
        shown(page, "setup")
        assert_accessible(page)

        page.get_by_role("link", name="Name and address").click()
        page.get_by_label("Organisation").fill("Bolts & Co")
        page.get_by_role("button", name="Save").click()

        page.get_by_role("link", name="Add a server").click()
        page.locator("#address").fill("ann@gmail.com")
        page.get_by_role("button", name="Find").click()
        page.locator(".offers").get_by_role("link", name="Gmail").wait_for()
        shown(page, "server-new")
        assert_accessible(page)
        page.get_by_role("link", name="SMTP server", exact=True).click()
        server = {"host": outgoing.host, "port": str(outgoing.port), "security": "none", "user": "ann@example.org"}
        _enter(page, {"name": "post", **server, "password": "guessed", "timeout_seconds": "10"})
        shown(page, "server-form")
        assert_accessible(page)
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Test connection").click()
        page.get_by_text("Not yet: mend what is marked above").wait_for()
        assert page.get_by_text("535 5.7.8 authentication failed").is_visible()
        assert page.locator(".remedy").count() == 1, "what helps is said"
        shown(page, "server-test-failed")
        assert_accessible(page)

        page.get_by_role("link", name="Change", exact=True).click()
        page.get_by_label("Password", exact=True).fill(SECRET)
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Test connection").click()
        page.get_by_text("Passed: the server can be used.").wait_for()
        shown(page, "server-test-passed")

        page.goto("/admin/servers/new/incoming")
        page.get_by_role("link", name="IMAP mailbox").click()
        box = {"host": dovecot.host, "port": str(dovecot.imap), "security": "none"}
        _enter(page, {"name": "box", **box, "user": dovecot.new_user(), "password": dovecot.password})
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Test connection").click()
        page.get_by_text("Passed: the server can be used.").wait_for()

        page.goto("/admin/setup")
        assert [each.inner_text() for each in page.locator("li:not(.done) h2").all()] == [
            "Name your mail domain",
            "Make the first address",
        ]
        page.get_by_role("link", name="Add a domain").click()
        page.locator("#field-name").fill("example.org")
        page.get_by_role("button", name="Save").or_(page.get_by_role("button", name="Add")).first.click()
        page.goto("/admin/setup")
        assert page.locator(".setup .done").count() == 6
    with app.read() as session:
        states = {row.name: row.state for row in session.query(AccountRow)}
    assert states == {"post": AccountState.CONFIRMED, "box": AccountState.CONFIRMED}


def test_an_account_is_connected_at_its_provider_and_back(
    app: TemporaryApp, make_site: Callable[..., Any], shown: Shown, assert_accessible: Check
) -> None:
    with OAuthProvider() as provider, make_site(app) as site:
        provider.address = "ann@example.org"
        app.save_settings("core", {"base_url": site.base})
        with app.write() as session:
            values = {"host": "127.0.0.1", "user": provider.address, **provider.settings()}
            number = accounts_of(app).add(session, "post", "smtp", values).id
        with site.page() as page:
            page.goto(f"/admin/servers/{number}")
            assert page.get_by_text(f"{site.base}/email/oauth2/post/callback").is_visible()
            shown(page, "oauth-before")
            assert_accessible(page)
            page.get_by_role("button", name="Connect", exact=True).click()
            shown(page, "oauth-leaving")
            assert_accessible(page)
            page.get_by_role("link", name="Get access token").click()
            page.get_by_text("Signed in as ann@example.org.").wait_for()
            page.get_by_role("link", name="Back to mailloom").click()
            page.wait_for_url(re.compile(f"/admin/servers/{number}$"))
            assert page.get_by_role("button", name="Connect again").is_visible()
            shown(page, "oauth-connected")
            page.get_by_role("button", name="Forget the tokens").click()
            page.get_by_role("dialog").get_by_role("button", name="Forget the tokens").click()
            page.get_by_text("Not connected yet.").wait_for()
        site.wrong[:] = [line for line in site.wrong if "404" not in line]  # public pages have no icon


def test_a_test_is_shown_without_scripts_too(
    app: TemporaryApp, make_site: Callable[..., Any], outgoing: FakeSmtpServer
) -> None:
    values = {
        "host": outgoing.host,
        "port": outgoing.port,
        "security": "none",
        "user": "ann@example.org",
        "password": SECRET,
    }
    with app.write() as session:
        number = accounts_of(app).add(session, "post", "smtp", values).id
    with make_site(app) as site, site.page(java_script_enabled=False) as page:
        page.goto(f"/admin/servers/{number}")
        page.get_by_role("button", name="Test connection").click()
        page.get_by_text("Passed: the server can be used.").wait_for()


@pytest.mark.parametrize(("width", "scheme"), [("desk", "light"), ("telephone", "dark")])
def test_pages_of_servers_and_apps_are_accessible_and_fit(
    app: TemporaryApp, make_site: Callable[..., Any], shown: Shown, assert_accessible: Check, width: str, scheme: str
) -> None:
    with app.write() as session:
        accounts = accounts_of(app)
        failing = accounts.add(session, "newsletter", "smtp", {"host": "mail.example.net", "user": "news@example.org"})
        failing.state, failing.last_error = AccountState.FAILING, "421 4.7.0 Too many connections from your address"
        failing.first_error_at = failing.last_error_at = app.now()
        values = {"host": "imap.example.net", "user": "support@example.org", "after_fetch": "delete"}
        box = accounts.add(session, "support", "imap", values, direction=Direction.INCOMING)
        numbers = (failing.id, box.id)
    pages = {
        "servers": "/servers",
        "servers-incoming": "/servers/incoming",
        "server": f"/servers/{numbers[0]}",
        "server-box": f"/servers/{numbers[1]}",
        "server-edit": f"/servers/{numbers[0]}/edit",
        "server-gmail": "/servers/new/outgoing/smtp?preset=gmail&address=ann@gmail.com",
        "server-choices": "/servers/new/outgoing/smtp?preset=own-server",
        "server-choose": "/servers/choose?from=ann@example.org",
        "server-letter": f"/servers/{numbers[0]}/letter",
        "apps": "/apps",
        "app": "/apps/helpdesk",
        "app-uninstall": "/apps/alias/uninstall",
        "setup-organisation": "/setup/organisation",
    }
    with make_site(app) as site, site.page(width, color_scheme=scheme) as page:
        for name, path in pages.items():
            page.goto(f"/admin{path}")
            shown(page, name)
            assert_accessible(page)
