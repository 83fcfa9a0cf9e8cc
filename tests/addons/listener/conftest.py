"""A running listener on free ports, in a temporary application."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.listener import ListenerService
from mailloom.store.arrivals import Arrival
from mailloom.store.blobs import read_blob
from mailloom.testing.application import TemporaryApp, temporary_app


class Listening:
    """An application whose listener runs; `known` are the recipients it takes."""

    def __init__(self, app: TemporaryApp) -> None:
        self.app = app
        self.known = {"support@example.org", "sales@example.org"}
        self.asked: list[str] = []
        app.recipients_known = self._known  # type: ignore[method-assign]  # what addons would answer is not what is tested
        service = app.registry.services["listener"]
        assert isinstance(service, ListenerService)
        self.service = service
        service.start(app)

    def _known(self, addresses: Any) -> dict[str, bool]:
        self.asked += addresses
        return {address: address in self.known for address in addresses}

    def port(self, protocol: str) -> int:
        return int(self.service.places[protocol].rpartition(":")[2])

    def smtp(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port("smtp"), timeout=10)

    def lmtp(self) -> smtplib.LMTP:
        client = smtplib.LMTP("127.0.0.1", self.port("lmtp"))
        assert client.sock is not None
        client.sock.settimeout(10)
        return client

    def arrivals(self) -> list[tuple[str | None, list[str] | None, bytes]]:
        """Envelope sender, recipients and bytes, in the order they came."""
        with self.app.read() as session:
            rows = session.scalars(select(Arrival).order_by(Arrival.id)).all()
            return [(row.envelope_from, row.envelope_recipients, read_blob(session, row.raw_digest)) for row in rows]


@pytest.fixture
def listening() -> Iterator[Callable[..., Listening]]:
    """`listening(setting=value, …)` starts an application with a listener; all are stopped afterwards."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Listening:
            values = {"lmtp": "127.0.0.1:0", "smtp": "127.0.0.1:0", "timeout_seconds": 5, **settings}
            app = stack.enter_context(temporary_app(addons=["listener"], settings={"listener": values}))
            running = Listening(app)
            stack.callback(running.service.stop, 0.5)
            return running

        yield start
