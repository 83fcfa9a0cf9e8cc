"""An application that sends marketing mail, an addon with two lists, and a browser for the pages."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

# Known before `addons_folder` looks, which forgets all modules of addons that come later.
import mailloom.addons.alias.hooks
import mailloom.addons.bounce.hooks
import mailloom.addons.optout.hooks
import mailloom.addons.optout.pages  # noqa: F401
from mailloom.addons.optout.models import Source, Statement
from mailloom.addons.optout.statements import opt_out
from mailloom.api import Draft, Purpose, Queued, Recipient
from mailloom.jobs.duties import Duties
from mailloom.mail.address import Address, parse_addresses
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.store.outbox import Delivery
from mailloom.testing import Clock, TemporaryApp, temporary_app
from mailloom.testing.transports import MemoryKind, MemoryServer
from mailloom.web.serving import WebService

BASE = "https://mail.example.org"
LISTS = """
    from mailloom.api import Topic, hookimpl

    told = []
    subscribed = {"list:7": True, "list:8": False}


    @hookimpl
    def offer_topics(address):
        return [
            Topic(key="list:7", title="Garden news", description="Once a month", subscribed=subscribed["list:7"]),
            Topic(key="list:8", title="<Offers>", subscribed=subscribed["list:8"]),
        ]


    @hookimpl
    def opted_out(address, topic, source):
        told.append(("out", address, topic, source))
        for key in [topic] if topic else list(subscribed):
            subscribed[key] = False


    @hookimpl
    def opted_in_again(address, topic):
        told.append(("in", address, topic))
        if topic:
            subscribed[topic] = True
"""


class House:
    """The application, and what these tests do with it."""

    def __init__(self, app: TemporaryApp, clock: Clock, server: MemoryServer) -> None:
        self.app, self.clock, self.server = app, clock, server

    def draft(self, *addresses: str, topic: str = "list:7", **fields: Any) -> Draft:
        values: dict[str, Any] = {
            "sender": Address(name="News", localpart="news", domain="example.org"),
            "recipients": [Recipient(address=parse_addresses(address)[0]) for address in addresses],
            "subject": "Spring",
            "text": "Everything is green.\n",
            "purpose": Purpose.MARKETING,
            "topic": topic,
            "individually": True,
        }
        return Draft(**{**values, **fields})

    def queue(self, *addresses: str, topic: str = "list:7", **fields: Any) -> Queued:
        with self.app.write() as session:
            return self.app.enqueue(session, self.draft(*addresses, topic=topic, **fields))

    def send(self) -> None:
        Duties(self.app, self.app.database, self.app.registry, self.app.keys, self.app.inbound).sending.send_due()

    def no(self, address: str = "ann@example.com", topic: str = "", source: Source = Source.ADMIN, **more: Any) -> bool:
        with self.app.write() as session:
            return opt_out(session, address, topic=topic, source=source, **more)

    def said(self) -> list[Statement]:
        with self.app.read() as session:
            return list(session.scalars(select(Statement).order_by(Statement.id)))

    def deliveries(self) -> dict[str, Delivery]:
        with self.app.read() as session:
            return {delivery.address: delivery for delivery in session.scalars(select(Delivery))}

    @property
    def told(self) -> Sequence[tuple[str, ...]]:
        """What the addon with the lists heard."""
        from mailloom.addons.lists import hooks  # type: ignore[import-not-found]  # a test's own

        told: Sequence[tuple[str, ...]] = hooks.told
        return told


@pytest.fixture
def lists(addons_folder: Path) -> Path:
    """A folder with the addon `lists`."""
    folder = addons_folder / "lists"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "hooks.py").write_text(textwrap.dedent(LISTS))
    (folder / "manifest.toml").write_text(
        'name = "lists"\ntitle = "Lists"\nsummary = "Of a test."\nversion = "1.0"\ncategory = "example"\n'
    )
    return addons_folder


@pytest.fixture
def house(database: Database, lists: Path) -> Iterator[House]:
    clock, server = Clock(), MemoryServer()
    with temporary_app(
        ["alias", "bounce", "optout", "lists"],
        transports=[MemoryKind(server)],
        settings={"core": {"base_url": BASE, "organisation": "Green & Sons"}},
        database_url=database.url.render_as_string(hide_password=False),
        addons_path=[lists],
        clock=clock,
    ) as app:
        with app.write() as session:
            session.add(
                AccountRow(
                    name="out",
                    kind="memory",
                    direction=Direction.OUTGOING,
                    state=AccountState.CONFIRMED,
                    created_at=clock(),
                )
            )
        yield House(app, clock, server)


@pytest.fixture
def browser(house: House) -> Iterator[Callable[..., httpx.Response]]:
    """`browser("GET", url, …)`: ask the web face, which the world knows as https://mail.example.org."""
    service = WebService("127.0.0.1", 0)
    service.start(house.app)
    with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=10) as client:

        def ask(method: str, url: str, **more: Any) -> httpx.Response:
            return client.request(method, url.removeprefix(BASE), **more)

        yield ask
    service.stop(5)
