"""The same by REST: lists, subscribers, filters; each route with its scope."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from mailloom.access.tokens import add_token
from mailloom.access.users import add_user
from mailloom.api.access import Permission
from mailloom.store.access import Role
from mailloom.web.application import Face

ANN = "ann@example.com"
Ask = Callable[..., Any]


@pytest.fixture
def ask(audience: Any) -> Iterator[Ask]:
    """`ask(method, path, …)` answers with the status and the body."""
    with audience.app.write() as session:
        user = add_user(session, "shop", Role.ADMIN, audience.app.now())
        scopes = (Permission.PEOPLE_READ, Permission.PEOPLE_WRITE)
        _, secret = add_token(session, user, "shop", scopes, audience.app.now())
        _, other = add_token(session, user, "other", (Permission.PEOPLE_READ,), audience.app.now())
    client = TestClient(Face(audience.app), raise_server_exceptions=False)

    def call(method: str, path: str, *, reader: bool = False, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {other if reader else secret}"}
        answer = client.request(method, f"/api/v1{path}", headers=headers, **options)
        return answer.status_code, answer.json() if answer.content else None

    yield call
    client.close()


def test_lists_are_made_changed_and_archived(ask: Ask) -> None:
    status, made = ask("POST", "/lists", json={"name": "news", "title": "News"})
    assert (status, made["double_opt_in"], made["public"]) == (201, True, False)
    assert ask("POST", "/lists", json={"name": "news", "title": "News"})[0] == 409
    assert ask("POST", "/lists", json={"name": "No!", "title": "News"})[0] == 400
    status, changed = ask("PATCH", "/lists/news", json={"public": True, "archived": True})
    assert (status, changed["public"], changed["title"], changed["archived_at"] is None) == (200, True, "News", False)
    assert ask("GET", "/lists")[1]["items"] == []
    assert ask("GET", "/lists?archived=true")[1]["items"] == [changed]
    assert ask("GET", "/lists/nowhere")[0] == 404


def test_people_come_and_go(audience: Any, ask: Ask) -> None:
    audience.make_list(double_opt_in=True)
    status, done = ask("POST", "/lists/news/subscribers", json={"address": ANN, "attributes": {"age": 42}})
    assert (status, done) == (200, {"state": "pending", "changed": True, "asked": True})
    vouched = {"address": ANN, "agreed": "in the shop"}
    assert ask("POST", "/lists/news/subscribers", json=vouched)[1]["state"] == "subscribed"
    _, shown = ask("GET", f"/subscribers/{ANN}")
    assert shown["attributes"] == {"age": 42}
    assert shown["subscriptions"][0]["evidence"] == {"by": "shop", "agreed": "in the shop"}
    assert [line["event"] for line in shown["history"]] == ["asked", "subscribed"]
    wanted = json.dumps({"field": "attributes.age", "op": ">", "value": 40})
    assert len(ask("GET", "/lists/news/subscribers", params={"filter": wanted})[1]["items"]) == 1
    assert ask("GET", "/lists/news/subscribers", params={"filter": "1=1"})[0] == 400
    assert ask("GET", "/lists/news/subscribers?state=pending")[1]["items"] == []
    assert ask("DELETE", f"/lists/news/subscribers/{ANN}?reason=moved")[0] == 204
    assert ask("POST", "/lists/news/subscribers", json=vouched)[1] == {
        "state": "pending",
        "changed": True,
        "asked": True,
    }
    assert ask("GET", "/subscribers/bob@example.com")[0] == 404


def test_a_token_that_may_only_read_changes_nothing(audience: Any, ask: Ask) -> None:
    audience.make_list()
    assert ask("GET", "/lists", reader=True)[0] == 200
    for method, path in (
        ("POST", "/lists"),
        ("PATCH", "/lists/news"),
        ("POST", "/lists/news/subscribers"),
        ("DELETE", f"/lists/news/subscribers/{ANN}"),
    ):
        assert ask(method, path, reader=True, json={})[0] == 403, path
