"""Whoever may change mail servers may not read their secrets, nor have them shown to a server of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailloom.errors import ConfigurationError
from mailloom.flow.account_values import opened_secrets
from mailloom.store.access import Role
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing
from mailloom.working import accounts_of

FIELDS = {"name": "post", "host": "mail.example.org", "security": "tls", "authentication": "password", "user": "ann"}
SECRET = "correct horse"


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    with temporary_app(addons=["smtp"], domain=None) as app:
        with app.write() as session:
            values = {"host": "mail.example.org", "user": "ann", "password": SECRET}
            accounts_of(app).add(session, "post", "smtp", values)
        yield app


@pytest.fixture
def operator(app: TemporaryApp) -> Iterator[Browser]:
    with browsing(app, Role.OPERATOR) as browser:
        yield browser


def _stored(app: TemporaryApp) -> tuple[str, dict[str, str]]:
    with app.read() as session:
        row = accounts_of(app).find(session, "post")
        return row.settings["host"], opened_secrets(row, app.keys)


@pytest.mark.parametrize(
    ("changes", "status", "host", "secrets"),
    [
        pytest.param({"host": "mail.evil.example"}, 422, "mail.example.org", {"password": SECRET}, id="another server"),
        pytest.param(
            {"host": "mail2.example.org", "password": "new"}, 303, "mail2.example.org", {"password": "new"}, id="entered again"
        ),
        pytest.param({"host": "mail.evil.example", "password!clear": "1"}, 303, "mail.evil.example", {}, id="taken away"),
        pytest.param({"user": "bob"}, 303, "mail.example.org", {"password": SECRET}, id="the same server"),
    ],
)  # fmt: skip
def test_a_stored_password_is_not_sent_to_another_server(
    app: TemporaryApp, operator: Browser, changes: dict[str, str], status: int, host: str, secrets: dict[str, str]
) -> None:
    with app.read() as session:
        number = accounts_of(app).find(session, "post").id
    answer = operator.submit(f"/admin/servers/{number}/edit", {**FIELDS, **changes})
    assert answer.status_code == status, answer.text
    assert _stored(app) == (host, secrets)


def test_programs_cannot_send_it_elsewhere_either(app: TemporaryApp) -> None:
    with app.write() as session, pytest.raises(ConfigurationError, match="given for another host"):
        accounts_of(app).edit(session, "post", {"host": "mail.evil.example"})
    with app.write() as session:
        accounts_of(app).edit(session, "post", {"host": "mail2.example.org"}, secrets_move=True)
    assert _stored(app) == ("mail2.example.org", {"password": SECRET})
