"""Who may use the REST face, and how it says no: every route, every sort of refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.api.access import Permission
from mailloom.errors import ConfigurationError
from mailloom.store.access import ApiToken, AuditEntry, Role, WebUser
from mailloom.web.problems import MEDIA_TYPE
from mailloom.web.rest.application import checked, permissions

MAIL = b"From: ann@example.com\r\nTo: x@example.org\r\nSubject: Hello\r\n\r\nHello\r\n"


def _is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["remedy"]
    return body


def _some_path(path: str) -> str:
    return re.sub(r"\{[a-z_]*name\}|\{section\}", "x", re.sub(r"\{[a-z]+_id\}", "1", path))


def test_every_route_wants_a_token_and_the_scopes_it_declares(api_of_all: Any) -> None:
    api = api_of_all
    table = permissions(api.app)
    assert len(table) > 100
    for method, path in table:
        _is_problem(api(method, _some_path(path), headers={"Authorization": ""}), 401)
    for permission in sorted({each for wanted in table.values() for each in wanted}):
        others = api.token(*(each for each in Permission if each is not permission))
        for (method, path), wanted in table.items():
            if permission in wanted:
                said = _is_problem(api(method, _some_path(path), headers=others, content=b"no json"), 403)
                assert str(permission) in said["detail"]


def test_a_route_without_a_permission_is_not_served() -> None:
    from fastapi import APIRouter

    from mailloom.api.rest_routes import api_router

    for router in (APIRouter(), api_router()):
        router.add_api_route("/open", lambda: None)
        with pytest.raises(ConfigurationError, match="/open declares no permission"):
            checked(router)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer mlt_unknown", "Basic YTpi", "Bearer ü", "bearer " + "x" * 9000]
)
def test_a_token_that_is_none_is_refused_with_a_challenge(plain_api: Any, header: str) -> None:
    answer = plain_api("GET", "/accounts", headers={"Authorization": header.encode()})
    _is_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_tokens_end_with_their_time_and_their_user(api: Any) -> None:
    headers = api.token(Permission.ACCOUNTS_READ)
    assert api("GET", "/accounts", headers=headers).status_code == 200
    with api.app.write() as session:
        token = session.scalars(select(ApiToken).order_by(ApiToken.id.desc())).first()
        assert token.last_used_at == api.clock.time
        token.expires_at = api.clock.time + timedelta(hours=1)
    api.clock.time += timedelta(hours=1)
    _is_problem(api("GET", "/accounts", headers=headers), 401)
    with api.app.write() as session:
        session.scalars(select(WebUser)).one().disabled_at = api.clock.time
    _is_problem(api("GET", "/accounts"), 401)


def test_a_token_loses_what_its_user_loses(api: Any) -> None:
    headers = api.token(role=Role.OPERATOR)
    assert api("GET", "/audit", headers=headers).status_code == 200
    with api.app.write() as session:
        session.scalars(select(WebUser).where(WebUser.name == "operator")).one().role = Role.READ_ONLY
    _is_problem(api("GET", "/audit", headers=headers), 403)
    assert api("GET", "/accounts", headers=headers).status_code == 200


def test_who_is_in_a_hurry_waits(plain_api: Any) -> None:
    plain_api.app.save_settings("core", {"api_requests_per_minute": 3})
    for _ in range(3):
        assert plain_api("GET", "/alarms").status_code == 200
    answer = plain_api("GET", "/alarms")
    _is_problem(answer, 429)
    assert answer.headers["retry-after"] == "20"
    assert plain_api("GET", "/alarms", headers=plain_api.token()).status_code == 200
    plain_api.clock.time += timedelta(seconds=20)
    assert plain_api("GET", "/alarms").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        pytest.param("GET", "/nowhere", {}, 404, id="no such route"),
        pytest.param("GET", "/messages/1", {}, 404, id="no such message"),
        pytest.param("GET", "/messages/99999999999999999999", {}, 422, id="a number that is none here"),
        pytest.param("GET", "/messages/x", {}, 422, id="no number"),
        pytest.param("PUT", "/messages", {"json": {}}, 405, id="another method"),
        pytest.param("POST", "/messages", {"content": b"from=x"}, 415, id="no JSON"),
        pytest.param("POST", "/inbound", {"json": {}}, 415, id="no mail"),
        pytest.param("POST", "/messages", {"json": {"to": "ann"}}, 422, id="wrong type"),
        pytest.param("POST", "/messages", {"json": {"unknown": 1}}, 422, id="unknown field"),
        pytest.param("POST", "/contacts", {"json": {"addresses": ["a\x00b@x.org"]}}, 422, id="NUL"),
        pytest.param("GET", "/contacts?search=%00", {}, 422, id="NUL in the query"),
        pytest.param("GET", "/contacts?limit=201", {}, 422, id="too long a page"),
        pytest.param("GET", "/contacts?cursor=x", {}, 400, id="no cursor"),
        pytest.param("GET", "/users?cursor=%ff", {}, 400, id="no cursor of text"),
        pytest.param("POST", "/accounts", {"json": {"name": "a", "kind": "nothing"}}, 400, id="no such kind"),
        pytest.param("PATCH", "/settings/core", {"json": {"values": {"loop_limit": 0}}}, 400, id="setting out of range"),
        pytest.param("GET", "/settings/nothing", {}, 404, id="no such section"),
        pytest.param("POST", "/messages", {"headers": {"Idempotency-Key": "x" * 129}, "json": {}}, 400, id="long key"),
    ],
)  # fmt: skip
def test_errors_are_problems_with_a_remedy(plain_api: Any, method: str, path: str, options: Any, status: int) -> None:
    _is_problem(plain_api(method, path, **options), status)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="half"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b"1" * 10_000, id="a long number"),
        pytest.param(b'{"addresses": ["\\ud800@x.org"]}', id="half a character"),
        pytest.param(b'{"\\ud800": 1}', id="half a character as a name"),
        pytest.param(b'{"name": NaN}', id="not a number"),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(plain_api: Any, body: bytes) -> None:
    answer = plain_api("POST", "/contacts", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    _is_problem(answer, answer.status_code)


def test_a_body_that_is_too_large_is_refused(plain_api: Any) -> None:
    plain_api.app.save_settings("core", {"largest_request_bytes": 10_000})
    _is_problem(plain_api("POST", "/messages", json={"text": "x" * 10_001}), 413)


def test_what_a_program_does_is_in_the_audit_log(api: Any) -> None:
    api.ok("POST", "/contacts", json={"addresses": ["ann@example.com"]})
    with api.app.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.address) == ("contact.add", "testclient")
    assert re.fullmatch(r"token:program \d+ of admin", entry.actor)
    assert [each["action"] for each in api.ok("GET", "/audit")["items"]] == ["contact.add"]


def test_the_description_names_every_route_and_how_to_sign_in(plain_api: Any) -> None:
    document = plain_api.ok("GET", "/openapi.json")
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == set(permissions(plain_api.app))


# --- once and only once ---


def test_a_request_that_is_sent_again_is_answered_again_and_not_done_again(api: Any) -> None:
    mail = {"from": "us@example.org", "to": ["ann@example.com"], "subject": "Once", "text": "Once"}
    first = api("POST", "/messages", json=mail, headers={"Idempotency-Key": "order-7"})
    again = api("POST", "/messages", json=mail, headers={"Idempotency-Key": "order-7"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(api.app.outbox) == 1
    _is_problem(api("POST", "/messages", json={**mail, "text": "Other"}, headers={"Idempotency-Key": "order-7"}), 422)
    other = api("POST", "/messages", json=mail, headers={"Idempotency-Key": "order-7", **api.token()})
    assert other.json()["id"] != first.json()["id"]
    api.clock.time += timedelta(days=1, seconds=1)
    later = api("POST", "/messages", json=mail, headers={"Idempotency-Key": "order-7"})
    assert later.json()["repeated"] is True
    assert len(api.app.outbox) == 2


def test_of_requests_at_once_with_one_key_one_is_carried_out(api: Any) -> None:
    body, key = {"addresses": ["ann@example.com"]}, {"Idempotency-Key": "k"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: api("POST", "/contacts", json=body, headers=key), range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert len(api.ok("GET", "/contacts")["items"]) == 1


def test_a_request_that_failed_may_be_tried_again(api: Any) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"addresses": ["ann@example.com"]}
    assert api("POST", "/contacts", json={"addresses": ["nobody"]}, headers=key).status_code == 400
    assert api("POST", "/contacts", json=body, headers=key).status_code == 201
    assert api("POST", "/contacts", json=body, headers=key).headers["idempotency-replayed"] == "true"


def test_a_secret_is_not_kept_for_who_asks_again(api: Any) -> None:
    body = {"user": "admin", "name": "shop", "scopes": ["messages.write"]}
    made = api("POST", "/tokens", json=body, headers={"Idempotency-Key": "k"})
    assert made.json()["secret"].startswith("mlt_")
    again = api("POST", "/tokens", json=body, headers={"Idempotency-Key": "k"})
    assert "secret" not in _is_problem(again, 409)


def test_a_request_whose_process_died_is_free_again_after_a_while(api: Any) -> None:
    from mailloom.web.rest.repeating import Asked, begin, request_digest

    with api.app.read() as session:
        token_id = session.scalars(select(ApiToken)).one().id
    content = b'{"addresses": ["ann@example.com"]}'
    digest = request_digest("POST", "/api/v1/contacts?", content)
    with api.app.write() as session:
        begin(session, Asked(token_id=token_id, key="k", digest=digest), api.clock.time)
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    assert api("POST", "/contacts", content=content, headers=headers).headers["retry-after"] == "2"
    api.clock.time += timedelta(minutes=3)
    assert api("POST", "/contacts", content=content, headers=headers).status_code == 201


# --- nobody gives what they do not have ---


def test_a_token_cannot_make_a_mightier_one(api: Any) -> None:
    weak = api.token(Permission.USERS_WRITE, Permission.USERS_READ)
    wanted = {"user": "admin", "name": "more", "scopes": ["settings.write"]}
    _is_problem(api("POST", "/tokens", json=wanted, headers=weak), 403)
    _is_problem(api("POST", "/users", json={"name": "eve", "role": "admin"}, headers=weak), 403)
    _is_problem(api("PATCH", "/users/admin", json={"disabled": True}, headers=weak), 403)
    assert api("POST", "/tokens", json={**wanted, "scopes": ["users.read"]}, headers=weak).status_code == 201


Make = Callable[..., Any]


def test_an_addon_whose_routes_declare_no_permission_is_left_out(make_api: Make, addons_folder: Any) -> None:
    folder = addons_folder / "careless"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "manifest.toml").write_text(
        'name = "careless"\ntitle = "Careless"\nsummary = "Of a test."\nversion = "1.0"\ncategory = "example"\n'
    )
    (folder / "hooks.py").write_text(CARELESS)
    api = make_api(("careless",), addons_path=[addons_folder])
    assert api.ok("GET", "/hello") == "hello"
    _is_problem(api("GET", "/open"), 404)


CARELESS = """
from mailloom.api import hookimpl
from mailloom.api.access import Permission
from mailloom.api.rest import ApiRoutes


def _good(office):
    from mailloom.api.rest_routes import api_router, needs

    router = api_router()
    router.add_api_route("/hello", lambda: "hello", dependencies=[needs(Permission.SYSTEM_READ)])
    return router


def _open(office):
    from mailloom.api.rest_routes import api_router

    router = api_router()
    router.add_api_route("/open", lambda: "open")
    return router


@hookimpl
def register_api():
    return [ApiRoutes(name="open", make=_open), ApiRoutes(name="good", make=_good)]
"""
