"""The REST face of an application on each sort of database, asked in this process, and tokens for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from mailloom.access.tokens import add_token
from mailloom.access.users import add_user, look_up
from mailloom.api.access import PERMISSIONS_OF, Permission
from mailloom.store.access import Role
from mailloom.store.database import Database
from mailloom.testing import Clock, TemporaryApp, temporary_app
from mailloom.testing.transports import MemoryKind, MemoryServer
from mailloom.web.application import Face
from mailloom.web.rest.application import PREFIX


@dataclass(slots=True)
class Api:
    """The face of one application, with a token that may do everything unless another is given."""

    app: TemporaryApp
    client: TestClient
    clock: Clock
    server: MemoryServer

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        return self.client.request(method, PREFIX + path, **options)

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """The body of an answer that must be a good one."""
        answer = self(method, path, **options)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def token(self, *scopes: Permission, role: Role = Role.ADMIN) -> dict[str, str]:
        """Headers with a new token of an administrator; without scopes, all of the role's."""
        with self.app.write() as session:
            user = look_up(session, role.value) or add_user(session, role.value, role, self.app.now())
            _, secret = add_token(
                session, user, f"program {next(_NUMBERS)}", scopes or PERMISSIONS_OF[role], self.app.now()
            )
        return {"Authorization": f"Bearer {secret}"}


ALL = (
    "helpdesk",
    "bounce",
    "optout",
    "audience",
    "mailing",
    "webhooks",
    "dkim",
    "deliverability",
    "presets",
    "senderauth",
)
_NUMBERS = iter(range(1, 1_000_000))


@pytest.fixture
def make_api(database: Database) -> Iterator[Callable[..., Api]]:
    """`make_api(addons=[…])`: the face of an application with these addons, on each sort of database."""
    yield from _makes(database)


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    return make_api()


@pytest.fixture
def plain_api(sqlite_database: Database) -> Iterator[Api]:
    """For what is decided before the database is asked."""
    for make in _makes(sqlite_database):
        yield make(())


@pytest.fixture
def api_of_all(sqlite_database: Database) -> Iterator[Api]:
    """With every addon whose resources the guide names."""
    for make in _makes(sqlite_database):
        yield make(ALL)


@pytest.fixture
def strict_api(make_database: Callable[[str, bool], Database]) -> Iterator[Api]:
    """As `api_of_all`, on the database that takes less for granted: no NUL, no number that is too large."""
    for make in _makes(make_database("postgres", True)):
        yield make(ALL)


def _makes(database: Database) -> Iterator[Callable[..., Api]]:
    opened = []

    def make(addons: tuple[str, ...] = ("helpdesk", "bounce"), **options: Any) -> Api:
        clock, server = Clock(), MemoryServer()
        url = database.url.render_as_string(hide_password=False)
        manager = temporary_app(
            addons=list(addons), database_url=url, clock=clock, transports=[MemoryKind(server)], **options
        )
        app = manager.__enter__()
        opened.append(manager)
        api = Api(app, TestClient(Face(app), raise_server_exceptions=False), clock, server)
        api.client.headers.update(api.token())
        return api

    yield make
    for manager in opened:
        manager.__exit__(None, None, None)
