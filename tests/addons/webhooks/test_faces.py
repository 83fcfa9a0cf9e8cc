"""Webhooks by command and by REST, and the feed of events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient
from typer.testing import CliRunner

from mailloom.access.tokens import add_token
from mailloom.access.users import add_user
from mailloom.addons.webhooks import commands
from mailloom.addons.webhooks.feed import number_events
from mailloom.addons.webhooks.models import Event, EventKind
from mailloom.api.access import Permission
from mailloom.store.access import Role
from mailloom.web.application import Face


class Client:
    """The REST face of the shop's application."""

    def __init__(self, shop: Any) -> None:
        with shop.app.write() as session:
            user = add_user(session, "admin", Role.ADMIN, shop.app.now())
            _, secret = add_token(session, user, "test", Permission, shop.app.now())
        self._client = TestClient(Face(shop.app), headers={"Authorization": f"Bearer {secret}"})

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self._client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def rest(shop: Any) -> Client:
    return Client(shop)


def test_an_endpoint_is_kept_by_rest(shop: Any, rest: Client) -> None:
    body = {"name": "shop", "url": shop.receiver.url, "events": ["thread.created"], "takes_records": True}
    made = rest("POST", "/webhook-endpoints", body, 201)
    assert made["secret"].startswith("whsec_")
    rest("POST", "/webhook-endpoints", body, 409)
    assert rest("POST", "/webhook-endpoints/shop/test")["taken"] is True
    assert "secret" not in rest("GET", "/webhook-endpoints/shop")
    assert rest("POST", "/webhook-endpoints/shop/rotate")["secret"] != made["secret"]
    changed = rest("PATCH", "/webhook-endpoints/shop", {"events": ["delivery.bounced"], "paused": True})
    assert (changed["events"], changed["paused"]) == (["delivery.bounced"], True)
    shop.alias("orders", "webhooks.record")
    shop.mail(1)
    assert shop.tell() == ""
    [waiting] = rest("GET", "/webhook-endpoints/shop/deliveries?state=waiting")["items"]
    assert waiting["type"] == "thread.created"
    assert rest("PATCH", "/webhook-endpoints/shop", {"paused": False})["paused"] is False
    assert shop.tell() == "1 told, 0 failed"
    assert rest("POST", "/webhook-endpoints/shop/replay", {"ids": [waiting["id"]]})["changed"] == 1
    assert rest("POST", "/webhook-endpoints/shop/skip", {"ids": [waiting["id"]]})["changed"] == 1
    log = rest("GET", "/webhook-endpoints/shop/deliveries?limit=1")
    assert log["items"][0]["words"] == "HTTP 200: "
    assert rest("GET", f"/webhook-endpoints/shop/deliveries?cursor={log['next']}")["items"][0]["type"] == "test"
    assert rest("POST", "/records/bind", {"provisional": "shop:~1", "record": "77"})["record"] == "shop:77"
    rest("PATCH", "/webhook-endpoints/shop", {"takes_records": False}, 409)
    rest("DELETE", "/webhook-endpoints/shop", status=204)
    rest("GET", "/webhook-endpoints/shop", status=404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x", "url": "ftp://example.org"}, 400),
        ({"name": "x", "url": "https://u:p@example.org/"}, 400),
        ({"name": "X!", "url": "https://example.org/"}, 400),
        ({"name": "x", "url": "https://example.org/", "events": ["nothing"]}, 422),
        ({"name": "x", "url": "https://example.org/", "title": "a\nb"}, 400),
    ],
    ids=["not http", "a password", "no name", "no event", "two lines"],
)
def test_endpoints_that_cannot_be_are_refused(plain_shop: Any, body: dict[str, Any], status: int) -> None:
    Client(plain_shop)("POST", "/webhook-endpoints", body, status)


def test_the_feed_is_read_on_from_where_one_was(shop: Any, rest: Client) -> None:
    shop.alias("support", "helpdesk.ticket")
    start = rest("GET", "/events")
    assert start == {"items": [], "after": 0}
    for number in range(3):
        shop.mail(number, "support@example.org")
    first = rest("GET", "/events?after=0&limit=2")
    assert [each["data"]["message"]["subject"] for each in first["items"]] == ["Order 0", "Order 1"]
    second = rest("GET", f"/events?after={first['after']}&wait=1")
    assert [each["type"] for each in second["items"]] == ["thread.created"]
    assert rest("GET", f"/events?after={second['after']}") == {"items": [], "after": 3}
    assert rest("GET", "/events")["after"] == 3


def test_an_event_that_is_committed_late_is_not_passed_over(shop: Any) -> None:
    """Ids are given before the commit: 2 may be seen before 1 is there."""
    row = {"at": shop.app.now(), "kind": EventKind.OPTED_OUT, "payload": {}, "address": ""}
    rest = Client(shop)
    with shop.app.write() as session:
        session.execute(insert(Event).values(id=2, **row))
    assert [each["id"] for each in rest("GET", "/events?after=0")["items"]] == ["evt_2"]
    with shop.app.write() as session:
        session.execute(insert(Event).values(id=1, **row))
    number_events(shop.app)
    assert [each["id"] for each in rest("GET", "/events?after=1")["items"]] == ["evt_1"]


def test_what_nobody_reads_is_not_written(shop: Any) -> None:
    shop.app.save_settings("webhooks", {"feed": []})
    shop.alias("support", "helpdesk.ticket")
    shop.mail(1, "support@example.org")
    assert Client(shop)("GET", "/events?after=0")["items"] == []


def _run(shop: Any, *arguments: str, code: int = 0) -> Any:
    ran = CliRunner().invoke(commands.webhooks, [*arguments, "--json"], obj=shop.app)
    assert ran.exit_code == code, ran.output
    return json.loads(ran.output)


def test_an_endpoint_is_kept_by_command(shop: Any) -> None:
    added = _run(shop, "add", "shop", shop.receiver.url, "--event", "thread.created", "--records")
    assert added["secret"].startswith("whsec_")
    assert _run(shop, "test", "shop")["taken"] is True
    shop.receiver.answer(422)
    assert _run(shop, "test", "shop", code=1)["status"] == 422
    shop.receiver.answer(200)
    assert _run(shop, "edit", "shop", "--title", "The shop")["title"] == "The shop"
    assert _run(shop, "rotate", "shop")["secret"] != added["secret"]
    assert _run(shop, "pause", "shop")["paused"] is True
    shop.alias("orders", "webhooks.record")
    shop.mail(1)
    [listed] = _run(shop, "list")
    assert (listed["waiting"], listed["parked"]) == (1, 0)
    assert _run(shop, "resume", "shop")["paused"] is False
    assert shop.tell() == "1 told, 0 failed"
    told = _run(shop, "log", "shop", "--state", "delivered")
    assert [each["type"] for each in told] == ["thread.created", "test"]
    assert _run(shop, "replay", "shop", str(told[0]["id"]))["changed"] == 1
    assert _run(shop, "skip", "shop", str(told[0]["id"]))["changed"] == 1
    assert _run(shop, "bind", "shop:~1", "5")["record"] == "shop:5"
    assert _run(shop, "remove", "shop", "--yes") == {"removed": "shop"}
    assert _run(shop, "list") == []
