"""A sandbox whose people write to a server that remembers."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from mailloom.addons.sandbox import Internet
from mailloom.testing.smtp_server import FakeSmtpServer, Say

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class World:
    """The sandbox and the server at home."""

    def __init__(self, home: FakeSmtpServer, internet: Internet) -> None:
        self.home = home
        self.internet = internet

    def client(self) -> smtplib.SMTP:
        return smtplib.SMTP(self.internet.host, self.internet.port, "client.example", 10)

    def send(self, recipient: str, raw: bytes, sender: str = "bounce+1@example.org") -> None:
        with self.client() as client:
            client.sendmail(sender, [recipient], raw)

    def answers(self, count: int = 1) -> list[bytes]:
        """What has come home, once it is so many."""
        until = time.monotonic() + 10
        while len(self.home.mails) < count:
            assert time.monotonic() < until, f"{len(self.home.mails)} of {count} came"
            time.sleep(0.01)
        return [mail.data for mail in self.home.mails]


@pytest.fixture
def open_world() -> Iterator[Callable[[int], World]]:
    """`open_world(seed)`: a fresh sandbox, closed at the end."""
    made: list[World] = []

    def opened(seed: int = 1) -> World:
        home = FakeSmtpServer(
            recipients={
                "nobody@example.org": [Say("550 5.1.1 Nobody here")],
                "later@example.org": [Say("451 4.3.0 Later, please")],
            }
        )
        home.start()
        internet = Internet(home=(home.host, home.port), seed=seed, clock=lambda: NOON)
        internet.start()
        made.append(World(home, internet))
        return made[-1]

    yield opened
    for world in made:
        world.internet.stop()
        world.home.stop()


@pytest.fixture
def world(open_world: Callable[[int], World]) -> World:
    return open_world(1)
