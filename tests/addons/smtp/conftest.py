"""Accounts, parcels and deliveries to the scripted server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.addons.smtp.settings import SmtpSettings
from mailloom.api import Account, Outcome, Parcel
from mailloom.errors import MailloomError
from mailloom.testing.certificates import CertificateFiles, make_certificate
from mailloom.testing.smtp_server import FakeSmtpServer


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def account_of(server: FakeSmtpServer, **more: object) -> Account[SmtpSettings]:
    values: dict[str, object] = {
        "host": server.host,
        "port": server.port,
        "security": "none",
        "authentication": "none",
        "timeout_seconds": 2,
        "final_timeout_seconds": 2,
        "domain": "client.example.org",
    }
    return Account(id=1, name="test", kind="smtp", settings=SmtpSettings.model_validate({**values, **more}))


@pytest.fixture
def account() -> Callable[..., Account[SmtpSettings]]:
    return account_of


@pytest.fixture
def parcel() -> Callable[..., Parcel]:
    """A parcel with this key for these recipients."""

    def make(key: int, *recipients: str, **more: Any) -> Parcel:
        values: dict[str, Any] = {
            "sender": "bounce@example.org",
            "recipients": recipients or ("ann@example.org",),
            "head": b"From: bob@example.org\r\nSubject: %d\r\n\r\n" % key,
            "body": b"Hello\r\n",
            **more,
        }
        return Parcel(key=key, **values)

    return make


@dataclass(slots=True)
class Delivered:
    outcomes: list[Outcome] = field(default_factory=list)
    error: MailloomError | None = None

    def words(self) -> list[tuple[int, str, str]]:
        return [(outcome.key, outcome.recipient, outcome.status.value) for outcome in self.outcomes]


@pytest.fixture
def deliver() -> Callable[..., Delivered]:
    """Send parcels over a connection of their own; an error of the connection is kept, not raised."""

    def run(server: FakeSmtpServer, parcels: Iterable[Parcel], **settings: object) -> Delivered:
        done = Delivered()
        transport = SmtpKind().open(account_of(server, **settings))
        try:
            for outcome in transport.deliver(parcels):
                done.outcomes.append(outcome)
        except MailloomError as error:
            done.error = error
        finally:
            transport.close()
        return done

    return run
