"""Pages of aliases and domains, as somebody in a browser would use them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailloom.store.access import Role
from mailloom.store.database import Database
from mailloom.testing import TemporaryApp, temporary_app
from mailloom.testing.pages import browsing

ALIAS = {"name": "sales", "domain": "example.org", "model": "helpdesk.ticket", "policy": "everyone", "machines": "1"}


@pytest.fixture
def app(database: Database) -> Iterator[TemporaryApp]:
    url = database.url.render_as_string(hide_password=False)
    with temporary_app(["alias", "catchall", "helpdesk"], database_url=url) as application:
        yield application


def test_an_alias_made_on_the_page_takes_mail(app: TemporaryApp) -> None:
    with browsing(app, Role.OPERATOR) as browser:
        made = browser.submit("/admin/aliases/new", ALIAS)
        assert made.status_code == 303, made.text
        assert "sales@example.org" in browser.get("/admin/aliases").text
        tried = browser.submit("/admin/routing", {"recipient": "sales@example.org", "sender": "ann@example.com"})
    assert "helpdesk.ticket" in tried.text
    received = app.receive(
        b"From: ann@example.com\r\nSubject: hello\r\n\r\nhello\r\n", recipients=["sales@example.org"]
    )
    assert received.outcome == "routed"


def test_a_name_that_is_taken_is_refused_beside_what_was_entered(app: TemporaryApp) -> None:
    with browsing(app, Role.OPERATOR) as browser:
        browser.submit("/admin/aliases/new", ALIAS)
        again = browser.submit("/admin/aliases/new", ALIAS)
    assert again.status_code == 422
    assert "sales@example.org is taken" in again.text
    assert 'value="sales"' in again.text


def test_what_the_form_does_not_show_survives_a_change(app: TemporaryApp) -> None:
    with browsing(app, Role.OPERATOR) as browser:
        browser.submit("/admin/aliases/new", ALIAS)
        changed = browser.submit("/admin/aliases/1", {**ALIAS, "name": "shop", "machines": ""})
        assert changed.status_code == 303
        page = browser.get("/admin/aliases/1").text
    assert "shop@example.org" in page


def test_an_alias_can_be_removed(app: TemporaryApp) -> None:
    with browsing(app, Role.OPERATOR) as browser:
        browser.submit("/admin/aliases/new", ALIAS)
        assert browser.submit("/admin/aliases/1/remove", {}).status_code == 303
        assert browser.get("/admin/aliases/1").status_code == 404


IMPOSSIBLE = (
    ({"name": ""}, "name"),
    ({"name": "@@@"}, "cannot be the name"),
    ({"defaults": "{not json"}, "JSON"),
    ({"defaults": '{"nonsense": 1}'}, "nonsense"),
    ({"forced_record": "999"}, "There is no record 999"),
    ({"policy": "followers"}, "followers"),
    ({"model": "no.model"}, "Becomes"),
)


def test_what_cannot_be_is_said_and_nothing_is_made(app: TemporaryApp) -> None:
    with browsing(app, Role.OPERATOR) as browser:
        for entered, said in IMPOSSIBLE:
            refused = browser.submit("/admin/aliases/new", {**ALIAS, **entered})
            assert refused.status_code == 422, entered
            assert said in refused.text, entered
        assert "sales@example.org" not in browser.get("/admin/aliases").text


def test_a_domain_is_made_changed_and_kept_while_it_is_used(app: TemporaryApp) -> None:
    domain = {"name": "example.net", "catchall": "all", "bounce": "back", "default_from": "post", "plus_addresses": "1"}
    with browsing(app, Role.OPERATOR) as browser:
        assert browser.submit("/admin/aliases/domains/new", domain).status_code == 303
        assert "all@example.net" in browser.get("/admin/aliases/domains").text
        clash = browser.submit("/admin/aliases/domains/2", {**domain, "bounce": "all"})
        assert clash.status_code == 422
        browser.submit("/admin/aliases/new", {**ALIAS, "domain": "example.net"})
        kept = browser.submit("/admin/aliases/domains/2/remove", {})
        assert kept.status_code == 409
        assert "is used by 1 aliases" in kept.text


def test_readers_see_and_cannot_change(app: TemporaryApp) -> None:
    with browsing(app, Role.READ_ONLY) as browser:
        assert browser.get("/admin/aliases").status_code == 200
        assert "Add alias" not in browser.get("/admin/aliases").text
        assert browser.submit("/admin/aliases/new", ALIAS).status_code == 403
