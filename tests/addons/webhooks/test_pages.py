"""Pages of webhooks, as somebody in a browser would use them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.webhooks.endpoints import find_endpoint
from mailloom.addons.webhooks.models import DeliveryState, EventKind, WebhookDelivery
from mailloom.errors import NotFound
from mailloom.store.access import AuditEntry, Role
from mailloom.testing.pages import browsing

BASE = "/admin/webhooks/shop"


def _states(shop: Any) -> list[DeliveryState]:
    with shop.app.read() as session:
        return list(session.scalars(select(WebhookDelivery.state).order_by(WebhookDelivery.id)))


def test_an_application_is_added_and_its_secret_is_shown_once(shop: Any) -> None:
    entry = {"name": "shop", "url": shop.receiver.url, "title": "The <shop>", "events": ["thread.created"]}
    with browsing(shop.app) as browser:
        assert "Nobody is told yet" in browser.get("/admin/webhooks").text
        assert browser.submit("/admin/webhooks/new", {**entry, "url": "ftp://nowhere"}).status_code == 422
        assert browser.submit("/admin/webhooks/new", {**entry, "events": ["bogus"]}).status_code == 422
        added = browser.submit("/admin/webhooks/new", entry)
        assert added.status_code == 201
        assert added.headers["cache-control"] == "no-store"
        [secret] = set(re.findall(r"whsec_[\w+/=]+", added.text))
        assert browser.submit("/admin/webhooks/new", entry).status_code == 422, "the name is taken"
        page = browser.get(BASE).text
        assert "The &lt;shop&gt;" in page
        assert secret not in page + browser.get(f"{BASE}/edit").text + browser.get("/admin/webhooks").text
    with shop.app.read() as session:
        assert not any(secret in str(each.details) for each in session.scalars(select(AuditEntry)))


def test_a_test_says_what_was_answered(shop: Any) -> None:
    shop.connect(EventKind.CREATED)
    with browsing(shop.app) as browser:
        browser.submit(f"{BASE}/test")
        assert "Taken: HTTP 200" in browser.get(BASE).text
        shop.receiver.answer(500)
        browser.submit(f"{BASE}/test")
        assert "Not taken: HTTP 500" in browser.get(BASE).text
        assert browser.submit("/admin/webhooks/nobody/test").status_code == 404


def test_what_was_not_taken_is_told_again_or_passed_over(shop: Any) -> None:
    shop.connect(EventKind.CREATED)
    shop.alias("support", "helpdesk.ticket")
    shop.receiver.answer(400)
    for number in (1, 2):
        shop.mail(number, to="support@example.org")
    shop.tell()
    with shop.app.write() as session:
        for each in session.scalars(select(WebhookDelivery)):
            each.state = DeliveryState.PARKED
    with browsing(shop.app, Role.OPERATOR) as browser:
        page = browser.get(f"{BASE}?state=parked").text
        assert "HTTP 400" in page
        assert page.count("thread.created") >= 2
        browser.submit(f"{BASE}/skip", {"selected": ["1", "nonsense", "9" * 30]})
        assert _states(shop) == [DeliveryState.SKIPPED, DeliveryState.PARKED]
        browser.submit(f"{BASE}/skip")
        assert "Tell again what is parked" in browser.get(BASE).text
        browser.submit(f"{BASE}/replay")
        assert "Tell again what is parked" not in browser.get(BASE).text
        assert _states(shop) == [DeliveryState.SKIPPED, DeliveryState.WAITING]
        assert browser.submit(f"{BASE}/rotate").status_code == 403, "an operator mends, and decides nothing"
        assert "Send a test" not in browser.get(BASE).text


def test_an_endpoint_is_changed_paused_resumed_rotated_and_removed(shop: Any) -> None:
    secret = shop.connect(EventKind.CREATED)
    entry = {"url": shop.receiver.url, "title": "Shop", "events": ["delivery.bounced", "thread.appended"]}
    with browsing(shop.app) as browser:
        assert browser.submit(f"{BASE}/edit", {**entry, "url": ""}).status_code == 422
        assert browser.submit(f"{BASE}/edit", entry).status_code == 303
        assert "delivery.bounced" in browser.get(BASE).text
        browser.submit(f"{BASE}/pause")
        page = browser.get(BASE).text
        assert f'action="{BASE}/resume"' in page
        browser.submit(f"{BASE}/resume")
        rotated = browser.submit(f"{BASE}/rotate").text
        assert "whsec_" in rotated
        assert secret not in rotated
        browser.submit(f"{BASE}/remove")
        assert browser.get(BASE).status_code == 404
    with shop.app.read() as session, pytest.raises(NotFound):
        find_endpoint(session, "shop")


def test_marketing_sees_nothing_of_it(shop: Any) -> None:
    shop.connect(EventKind.CREATED)
    with browsing(shop.app, Role.MARKETING) as browser:
        for path in ("/admin/webhooks", BASE, "/admin/webhooks/new"):
            assert browser.get(path).status_code == 403
