"""What the search asks of the network, so that tests can answer from dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailloom.api import Server


class Unanswered(Exception):
    """Nobody answered, or the answer may not be used; the text says why, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An SRV record (RFC 2782). `target` '' means: decidedly not offered here."""

    target: str
    port: int
    priority: int = 0
    weight: int = 0


class Network(Protocol):
    """Every method raises Unanswered, and nothing else, when there is no answer."""

    def exchangers(self, domain: str) -> Sequence[str]:
        """Mail exchangers of a domain, the preferred first; empty when it has none."""
        ...

    def services(self, name: str) -> Sequence[Service]:
        """SRV records of a name such as `_imaps._tcp.example.org`; empty when there are none."""
        ...

    def fetch(self, url: str) -> bytes:
        """What an https address holds, if it is not large."""
        ...

    def check(self, server: Server) -> None:
        """Connect, check the certificate for the server's name, and hear its greeting; nothing is logged in."""
        ...
