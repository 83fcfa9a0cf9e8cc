"""The pages as a person meets them: at a desk, on a telephone, in the dark, by keyboard; nothing blocked, nothing too wide, all of it accessible."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from mailloom.access.signing_in import make_link
from mailloom.access.users import add_user
from mailloom.api.audit import audit
from mailloom.store.access import Role
from mailloom.store.system import Alarm

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

PAGES = [
    "/",
    "/users",
    "/users/1",
    "/users/new",
    "/tokens",
    "/tokens/new",
    "/audit",
    "/settings",
    "/settings/core",
    "/profile",
]
Shown = Callable[[Any, str], None]
Check = Callable[[Any], None]


@pytest.fixture
def furnished(site: Any) -> Any:
    """With people, a past and an alarm."""
    app = site.app
    with app.write() as session:
        for number in range(60):
            add_user(session, f"user{number:02}", list(Role)[number % 4], app.now(), email=f"user{number}@example.com")
            audit(session, "user00", "user.add", f"user:user{number:02}", {"role": "operator"})
        session.add(
            Alarm(subject="account:3", text="Sending by provider fails.", raised_at=app.now(), last_at=app.now())
        )
    return site


@pytest.mark.parametrize("width", ["desk", "telephone"])
def test_pages_are_accessible_and_fit(furnished: Any, shown: Shown, assert_accessible: Check, width: str) -> None:
    with furnished.page(width) as page:
        for path in PAGES:
            page.goto(f"/admin{path}")
            shown(page, path.strip("/").replace("/", "-") or "overview")
            assert_accessible(page)


def test_pages_are_accessible_in_the_dark(furnished: Any, assert_accessible: Check) -> None:
    with furnished.page(color_scheme="dark") as page:
        for path in ("/", "/users", "/settings/core"):
            page.goto(f"/admin{path}")
            assert_accessible(page)


def test_the_first_user_comes_by_a_link_chooses_a_password_and_signs_in(site: Any, shown: Shown) -> None:
    with site.app.write() as session:
        link = make_link(session, add_user(session, "ann", Role.ADMIN, site.app.now()), site.app.now())
    with site.page(role=None) as page:
        page.goto(f"/admin/link/{link}")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("New password").fill("quite a few words")
        page.get_by_role("button", name="Change password").click()
        assert page.get_by_role("status").filter(has_text="password is changed").is_visible()
        page.locator(".user-menu summary").click()
        page.get_by_role("button", name="Sign out").click()
        shown(page, "login")
        page.get_by_label("Name or mail address").fill("ann")
        page.get_by_label("Password").fill("quite a few words")
        page.get_by_role("button", name="Sign in").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Overview"


def test_a_table_is_searched_sorted_and_paged_without_a_reload(furnished: Any) -> None:
    with furnished.page() as page:
        page.goto("/admin/users")
        page.evaluate("window.notReloaded = true")
        page.get_by_role("link", name="Next").click()
        page.get_by_role("cell", name="user55", exact=True).wait_for()
        page.get_by_role("link", name="Name").click()
        page.locator('th[aria-sort="descending"]').wait_for()
        page.get_by_label("Search", exact=True).fill("user07")
        page.get_by_text("1 row", exact=True).wait_for()
        assert "q=user07" in page.url
        assert page.evaluate("window.notReloaded")
        assert page.evaluate("document.activeElement.name") == "q", "one can go on typing"


def test_a_dialog_asks_and_the_deed_can_be_undone(furnished: Any, assert_accessible: Check, shown: Shown) -> None:
    with furnished.page() as page:
        page.goto("/admin/users/2")
        page.get_by_role("button", name="Disable").click()
        shown(page, "dialog")
        assert_accessible(page)
        page.get_by_role("dialog").get_by_role("button", name="Disable").click()
        page.get_by_text("disabled and signed out").wait_for()
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("may sign in again").wait_for()


def test_on_a_telephone_the_menu_opens_and_leads_on(site: Any, shown: Shown, assert_accessible: Check) -> None:
    with site.page("telephone") as page:
        page.goto("/admin/")
        assert not page.locator("#sidebar").is_visible()
        page.get_by_role("button", name="Menu").click()
        shown(page, "menu")
        assert_accessible(page)
        page.get_by_role("link", name="Settings").click()
        page.wait_for_url(re.compile("/admin/settings$"))


def test_the_look_can_be_chosen(site: Any) -> None:
    with site.page() as page:
        page.goto("/admin/profile")
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Dark").click()
        page.locator('html[data-theme="dark"]').wait_for()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_the_first_stop_of_the_keyboard_skips_the_menu(site: Any) -> None:
    with site.page() as page:
        page.goto("/admin/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
