"""A network made of dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from mailloom.addons.presets.asking import Service, Unanswered
from mailloom.api import Server


class PaperNetwork:
    """Answers what it was given, and notes every question."""

    def __init__(
        self,
        *,
        exchangers: Mapping[str, Sequence[str]] | None = None,
        services: Mapping[str, Sequence[Service]] | None = None,
        pages: Mapping[str, bytes] | None = None,
        servers: Sequence[str] = (),
    ) -> None:
        self._exchangers = exchangers or {}
        self._services = services or {}
        self._pages = pages or {}
        self._servers = servers
        self.asked: list[str] = []

    def exchangers(self, domain: str) -> Sequence[str]:
        self.asked.append(f"MX {domain}")
        return self._exchangers.get(domain, [])

    def services(self, name: str) -> Sequence[Service]:
        self.asked.append(f"SRV {name}")
        return self._services.get(name, [])

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self._pages:
            raise Unanswered("nothing there")
        return self._pages[url]

    def check(self, server: Server) -> None:
        self.asked.append(str(server))
        if f"{server.host}:{server.port}" not in self._servers:
            raise Unanswered("no answer in time")


@pytest.fixture
def network() -> Callable[..., PaperNetwork]:
    """`network(exchangers=…, services=…, pages=…, servers=["imap.example.org:993"])`."""
    return PaperNetwork
