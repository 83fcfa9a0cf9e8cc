"""The pages of apps (addons) and of the guided set-up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from mailloom.store.access import AuditEntry, Role
from mailloom.store.system import AddonState
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing

MANIFEST = """name = "{name}"
title = "{title}"
summary = "Does <b>things</b>."
version = "1.0"
category = "example"
depends = [{depends}]
extra = "{extra}"
"""
README = (
    "# base\n\nHello **you**. <script>alert(1)</script> [x](javascript:alert(1)) ![p](https://evil.example/p.png)\n"
)


def _write(folder: Path, name: str, title: str, hooks: str, depends: str = "", extra: str = "") -> None:
    home = folder / name
    home.mkdir(parents=True)
    (home / "manifest.toml").write_text(MANIFEST.format(name=name, title=title, depends=depends, extra=extra))
    (home / "__init__.py").write_text("")
    (home / "hooks.py").write_text(hooks)
    (home / "README.md").write_text(README)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[TemporaryApp]:
    _write(tmp_path, "webtest_base", "Base", "")
    _write(tmp_path, "webtest_more", "More", "", depends='"webtest_base"')
    _write(tmp_path, "webtest_lacking", "Lacking", "import a_library_that_nobody_has\n", extra="lacking")
    with temporary_app(addons=[], domain=None, addons_path=[tmp_path]) as app:
        yield app


def _state(app: TemporaryApp, name: str) -> AddonState:
    return app.registry.addons[name].state


def test_apps_are_found_by_words_and_category(browser: Browser) -> None:
    page = browser.get("/admin/apps").text
    assert "Mail servers" in page
    assert "Does &lt;b&gt;things&lt;/b&gt;." in page
    found = browser.get("/admin/apps?q=webtest_more").text
    assert ("/apps/webtest_more" in found, "/apps/webtest_base" in found) == (True, False)
    assert "/apps/webtest_more" not in browser.get("/admin/apps?category=server").text
    assert "Nothing fits" in browser.get("/admin/apps?q=no-such-thing").text


def test_an_app_is_installed_with_what_it_needs_rests_and_goes(app: TemporaryApp, browser: Browser) -> None:
    assert "Installed along with it: Base." in browser.get("/admin/apps/webtest_more").text
    browser.submit("/admin/apps/webtest_more/install")
    assert _state(app, "webtest_base") is AddonState.INSTALLED
    page = browser.get("/admin/apps/webtest_base").text
    assert "Disable More too?" in page
    browser.submit("/admin/apps/webtest_base/disable")
    assert (_state(app, "webtest_base"), _state(app, "webtest_more")) == (AddonState.DISABLED,) * 2
    browser.submit("/admin/apps/webtest_base/enable")
    assert _state(app, "webtest_base") is AddonState.INSTALLED
    asked = browser.get("/admin/apps/webtest_base/uninstall").text
    assert "uninstalled along with it: More" in asked
    browser.submit("/admin/apps/webtest_base/uninstall", {"data": "keep"})
    assert _state(app, "webtest_more") is AddonState.AVAILABLE
    with app.read() as session:
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["addon.install", "addon.disable", "addon.enable", "addon.uninstall"]


def test_data_is_purged_only_by_whoever_says_so_twice(app: TemporaryApp, browser: Browser) -> None:
    app.registry.install("webtest_base")
    refused = browser.submit("/admin/apps/webtest_base/uninstall", {"data": "purge"})
    assert (refused.status_code, 'id="field-sure-error"' in refused.text) == (422, True)
    assert _state(app, "webtest_base") is AddonState.INSTALLED
    assert browser.submit("/admin/apps/webtest_base/uninstall", {"data": "purge", "sure": "1"}).status_code == 303
    assert _state(app, "webtest_base") is AddonState.AVAILABLE


def test_a_missing_library_is_named_with_the_command_that_brings_it(app: TemporaryApp, browser: Browser) -> None:
    refused = browser.submit("/admin/apps/webtest_lacking/install")
    assert refused.status_code == 409
    assert 'data-copy="pip install &#34;mailloom[lacking]&#34;"' in refused.text
    assert _state(app, "webtest_lacking") is AddonState.AVAILABLE


def test_a_readme_is_shown_without_anything_that_acts(browser: Browser) -> None:
    page = browser.get("/admin/apps/webtest_base").text
    assert "Hello <strong>you</strong>." in page
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert '<img src="https' not in page


def test_who_may_only_look_at_apps_gets_no_buttons(app: TemporaryApp) -> None:
    with browsing(app, Role.READ_ONLY) as reader:
        page = reader.get("/admin/apps/webtest_base")
        assert (page.status_code, "/install" in page.text) == (200, False)
        assert reader.submit("/admin/apps/webtest_base/install").status_code == 403
    assert _state(app, "webtest_base") is AddonState.AVAILABLE


def test_an_app_that_is_not_there_is_said_so(browser: Browser) -> None:
    assert browser.get("/admin/apps/nothing").status_code == 404
    assert browser.submit("/admin/apps/nothing/install").status_code == 404


def test_the_set_up_says_what_is_left_and_takes_name_and_address(app: TemporaryApp, browser: Browser) -> None:
    assert "0 of 5 steps" in browser.get("/admin/").text
    form = browser.get("/admin/setup/organisation").text
    assert f'value="{str(browser.base_url).rstrip("/")}"' in form, "the address by which one came is proposed"
    assert browser.submit("/admin/setup/organisation", {"base_url": "ftp://x"}).status_code == 422
    given = {"organisation": "Bolts & Co", "base_url": "http://mail.example.org"}
    assert browser.submit("/admin/setup/organisation", given).status_code == 303
    assert app.core_settings.organisation == "Bolts & Co"
    assert "1 of 5 steps" in browser.get("/admin/setup").text


def test_steps_are_skipped_and_taken_up_again(app: TemporaryApp, browser: Browser) -> None:
    for name in ("password", "organisation", "sending", "receiving", "apps"):
        assert browser.submit(f"/admin/setup/{name}/skip").status_code == 303
    assert "All is set up." in browser.get("/admin/setup").text
    assert "Go through the set-up" not in browser.get("/admin/").text
    browser.submit("/admin/setup/sending/resume")
    assert app.core_settings.setup_skipped == ["password", "organisation", "receiving", "apps"]
    assert browser.submit("/admin/setup/nothing/skip").status_code == 404


def test_nobody_is_asked_for_steps_that_they_may_not_take(app: TemporaryApp) -> None:
    with browsing(app, Role.OPERATOR) as operator:
        assert "Go through the set-up" not in operator.get("/admin/").text
        assert operator.get("/admin/setup").status_code == 403
