"""An application that sends for example.org, its DNS, and a world that answers as a test wants."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from mailloom.addons.deliverability.answers import Page
from mailloom.addons.deliverability.checking import DomainReport, check_domain
from mailloom.addons.deliverability.findings import DomainFinding
from mailloom.api.checks import Severity
from mailloom.mail.dkim_keys import KeyKind, generate, load_key, public_record
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.store.system import AddonRow
from mailloom.testing import Clock, TemporaryApp, temporary_app
from mailloom.testing.dns import FakeResolver

DOMAIN = "example.org"
HEALTH = "https://mail.example.org/health"
GOOGLE = {
    ("_spf.google.com", "TXT"): ["v=spf1 include:_netblocks.google.com ~all"],
    ("_netblocks.google.com", "TXT"): ["v=spf1 ip4:35.190.247.0/24 ip4:64.233.160.0/19 ~all"],
    ("aspmx.l.google.com", "A"): ["142.250.0.26"],
}


class FakeProber:
    """Pages by URL and open ports by host; all else is refused."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.open: set[tuple[str, int]] = set()

    def serve(self, url: str, body: str, status: int = 200) -> None:
        self.pages[url] = Page(url=url, status=status, body=body)

    def page(self, url: str) -> Page:
        return self.pages.get(url, Page(url=url, failure="nobody answers"))

    def dial(self, host: str, port: int) -> str:
        return "" if (host, port) in self.open else "no answer in time"


class World:
    """The application, and everything that it asks."""

    def __init__(self, app: TemporaryApp, dns: FakeResolver, prober: FakeProber, clock: Clock) -> None:
        self.app, self.dns, self.prober, self.clock = app, dns, prober, clock

    def account(self, name: str, kind: str = "smtp", **settings: Any) -> int:
        """A confirmed outgoing account."""
        return self._add(name, kind, Direction.OUTGOING, settings)

    def mailbox(self, name: str, **settings: Any) -> int:
        return self._add(name, "imap", Direction.INCOMING, settings)

    def _add(self, name: str, kind: str, direction: Direction, settings: dict[str, Any]) -> int:
        with self.app.write() as session:
            row = AccountRow(
                name=name,
                kind=kind,
                direction=direction,
                state=AccountState.CONFIRMED,
                settings=settings,
                created_at=self.app.now(),
            )
            session.add(row)
            session.flush()
            return row.id

    def own_server(self) -> None:
        """A server of our own in front of the world, as it should be."""
        self.mailbox("inbox", host="mail.example.org")
        self.account("own", host="mail.example.org", security="tls", authentication="none")
        self.dns.publish("mail.example.org", "A", "203.0.113.5")
        self.dns.publish("5.113.0.203.in-addr.arpa", "PTR", "mail.example.org")
        self.dns.publish(DOMAIN, "MX", "10 mail.example.org")

    def look(self, domain: str = DOMAIN) -> DomainReport:
        return check_domain(self.app, domain, prober=self.prober)

    def finding(self, subject: str, domain: str = DOMAIN) -> DomainFinding:
        return next(each for each in self.look(domain).findings if each.subject == subject)

    def states(self, domain: str = DOMAIN) -> dict[str, Severity]:
        return {each.subject: each.severity for each in self.look(domain).findings}

    def publish_proposed(self) -> None:
        """What a person does who follows the advice."""
        for finding in self.look().findings:
            if finding.severity is not Severity.GOOD:
                for record in finding.records:
                    self.dns.publish(record.name, record.type, record.value)


def key_record(kind: KeyKind = KeyKind.RSA) -> str:
    return public_record(load_key(generate(kind), domain=DOMAIN, selector="x"))


@pytest.fixture(scope="session")
def public_key() -> str:
    """A key record as providers publish it, RSA with 2048 bits."""
    return key_record()


ADDONS = ["alias", "smtp", "deliverability"]


@contextmanager
def _world(url: str, addons: Sequence[str], domain: str | None) -> Iterator[World]:
    dns, clock = FakeResolver(dict(GOOGLE)), Clock(datetime.fromisoformat("2026-11-02T09:00:00+00:00"))
    with temporary_app(addons, domain=domain, database_url=url, clock=clock, resolver=dns) as app:
        yield World(app, dns, FakeProber(), clock)


@pytest.fixture(scope="session")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which the addons are installed already: each test gets a copy."""
    path = tmp_path_factory.mktemp("deliverability") / "mailloom.db"
    with _world(f"sqlite:///{path}", ADDONS, DOMAIN) as world, world.app.write() as session:
        session.execute(delete(AddonRow).where(AddonRow.name.startswith("parts_of_test")))
    return path


@pytest.fixture
def world(_installed: Path, tmp_path: Path) -> Iterator[World]:
    copied = shutil.copyfile(_installed, tmp_path / "mailloom.db")
    with _world(f"sqlite:///{copied}", [], None) as world:
        yield world


@pytest.fixture
def world_of_both(database: Database) -> Iterator[World]:
    """On SQLite and on PostgreSQL."""
    with _world(database.url.render_as_string(hide_password=False), ADDONS, DOMAIN) as world:
        yield world
