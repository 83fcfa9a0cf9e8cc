"""An application with webhooks, and a receiver on this machine that answers as it is told and keeps what it heard."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mailloom.addons.alias.managing import AliasForm, add_alias
from mailloom.addons.webhooks.endpoints import EndpointForm, add_endpoint
from mailloom.addons.webhooks.models import EventKind
from mailloom.addons.webhooks.sending import tell_all
from mailloom.store.database import Database
from mailloom.testing import Clock, TemporaryApp, temporary_app


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass(slots=True)
class Receiver:
    """Answers with `answers`, one after the other, and with the last of them from then on."""

    port: int = 0
    answers: list[tuple[int, bytes, Mapping[str, str]]] = field(default_factory=lambda: [(200, b"", {})])
    heard: list[Heard] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def types(self) -> list[str]:
        return [each.event["type"] for each in self.heard]

    def answer(self, *statuses: int | bytes, **headers: str) -> None:
        """A status, or the body of a 200."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers = [(200, each, named) if isinstance(each, bytes) else (each, b"", named) for each in statuses]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.heard.append(Heard(path=self.path, headers=headers, body=body))
            status, said, more = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join(5)


@dataclass(slots=True)
class Shop:
    """The application, and an endpoint called shop."""

    app: TemporaryApp
    clock: Clock
    receiver: Receiver
    secret: str = ""

    def connect(self, *kinds: EventKind, records: bool = False, name: str = "shop", url: str = "") -> str:
        form = EndpointForm(url=url or self.receiver.url, kinds=kinds, takes_records=records)
        with self.app.write() as session:
            _, self.secret = add_endpoint(session, name, form)
        return self.secret

    def alias(self, name: str, model: str, **defaults: Any) -> None:
        with self.app.write() as session:
            add_alias(session, AliasForm(name=name, model=model, defaults=defaults))

    def mail(self, number: int = 1, to: str = "orders@example.org", answers: int | None = None) -> Any:
        reference = f"In-Reply-To: <{answers}@example.com>\r\n" if answers else ""
        raw = (
            f"From: Ann <ann@example.com>\r\nTo: {to}\r\nSubject: Order {number}\r\nMessage-ID: <{number}@example.com>\r\n"
            f"{reference}\r\nText {number}.\r\n"
        )
        return self.app.receive(raw.encode(), recipients=[to])

    def tell(self) -> str:
        return tell_all(self.app)


@pytest.fixture
def make_shop(receiver: Receiver) -> Iterator[Callable[[Database], Shop]]:
    opened = []

    def make(database: Database) -> Shop:
        clock = Clock()
        url = database.url.render_as_string(hide_password=False)
        settings = {"core": {"private_networks": ["127.0.0.0/8"]}}
        manager = temporary_app(addons=["webhooks", "helpdesk"], settings=settings, database_url=url, clock=clock)
        opened.append(manager)
        return Shop(manager.__enter__(), clock, receiver)

    yield make
    for manager in opened:
        manager.__exit__(None, None, None)


@pytest.fixture
def shop(database: Database, make_shop: Callable[[Database], Shop]) -> Shop:
    return make_shop(database)


@pytest.fixture
def plain_shop(sqlite_database: Database, make_shop: Callable[[Database], Shop]) -> Shop:
    """For what the sort of database plays no part in."""
    return make_shop(sqlite_database)
