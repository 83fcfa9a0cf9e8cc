"""`temporary_app`: a whole application on a database of its own, gone at the end.

with temporary_app(addons=["alias", "catchall"], models=[Ticket]) as app:
    received = app.receive(raw, recipients=["support@example.org"])
    assert received.outcome == "routed"
    assert [mail.recipient for mail in app.outbox] == ["ann@example.com"]
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import inspect, select

from mailloom.api.dns import Resolver
from mailloom.api.drafts import Purpose
from mailloom.api.receiving import SourceKind
from mailloom.api.sending import TransportKind
from mailloom.api.threads import ThreadModel, mapped
from mailloom.app import App, create_app
from mailloom.mail.message import Message as Mail
from mailloom.mail.message import parse
from mailloom.place import Place, utc_now
from mailloom.store.base import Base
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.threads import Threaded
from mailloom.testing.dns import FakeResolver

ROUTING_ADDONS = ("alias", "catchall")
_HOOKS = '''"""What a test gives to its application."""

from mailloom.api import hookimpl
from mailloom.testing.application import given


@hookimpl
def register_thread_models():
    return given("{name}").models


@hookimpl
def register_sources():
    return given("{name}").sources


@hookimpl
def register_transports():
    return given("{name}").transports
'''
_MANIFEST = """name = "{name}"
title = "Parts of a test"
summary = "What a test gives to its application."
version = "1.0"
category = "example"
depends = []
requires_core = ">=0"
"""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a `temporary_app` was given to offer, besides its addons."""

    models: Sequence[ThreadModel]
    sources: Sequence[SourceKind]
    transports: Sequence[TransportKind]


_given: dict[str, Given] = {}


def given(name: str) -> Given:
    """For the addon that `temporary_app` writes: what it shall offer."""
    return _given[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A mail that waits in the outbox, as it would be sent to one recipient."""

    recipient: str
    envelope_from: str
    state: DeliveryState
    purpose: Purpose
    raw: bytes

    @property
    def mail(self) -> Mail:
        return parse(self.raw)


class TemporaryApp(App):
    """An `App` with the outbox at hand."""

    @property
    def outbox(self) -> list[Outgoing]:
        """Every delivery in the order it was queued, whatever its state."""
        with self.read() as session:
            return [
                Outgoing(
                    recipient=delivery.address,
                    envelope_from=delivery.envelope_from,
                    state=delivery.state,
                    purpose=Purpose(delivery.purpose),
                    raw=self.mail_as_sent(session, delivery),
                )
                for delivery in session.scalars(select(Delivery).order_by(Delivery.id)).all()
            ]


class Clock:
    """A clock that stands until it is told to move."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.time = start

    def __call__(self) -> datetime:
        return self.time


@contextmanager
def temporary_app(
    addons: Sequence[str] = ROUTING_ADDONS,
    *,
    models: Sequence[type[Any] | ThreadModel] = (),
    sources: Sequence[SourceKind] = (),
    transports: Sequence[TransportKind] = (),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    domain: str | None = "example.org",
    database_url: str | None = None,
    addons_path: Sequence[Path] = (),
    clock: Callable[[], datetime] = utc_now,
    resolver: Resolver | None = None,
) -> Iterator[TemporaryApp]:
    """An application with these addons (and what they need) installed.

    `models` are mapped classes with `Threaded` (those with `HasAlias` alone only get their table) or thread models of your own,
    `sources` and `transports` kinds of servers. `domain` is made as the first mail domain where
    the alias addon is installed. `resolver` stands for the DNS (`mailloom.testing.dns`); without it there
    are no names. `database_url` must name an empty database; SQLite in the temporary folder without it.
    """
    with TemporaryDirectory(prefix="mailloom-") as folder:
        data = Path(folder)
        where = Place(
            data_folder=data,
            database_url=database_url or f"sqlite:///{data / 'mailloom.db'}",
            addons_path=(*addons_path, data / "addons"),
        )
        (data / "addons").mkdir()
        name = _write_addon(data / "addons", models, sources, transports)
        app = create_app(where, TemporaryApp, clock=clock)
        app.resolver = resolver or FakeResolver()
        try:
            _create_tables(app, models)
            app.registry.install(*addons, name)
            for section, values in (settings or {}).items():
                app.save_settings(section, values)
            if domain and "alias" in app.registry.addons and app.registry.addons["alias"].at_work:
                _add_domain(app, domain)
            yield app
        finally:
            app.close()
            _given.pop(name, None)


def _write_addon(
    folder: Path,
    models: Sequence[type[Any] | ThreadModel],
    sources: Sequence[SourceKind],
    transports: Sequence[TransportKind],
) -> str:
    threaded = [mapped(cls, cls.__name__) for cls in models if isinstance(cls, type) and issubclass(cls, Threaded)]
    threaded += [model for model in models if not isinstance(model, type)]
    name = f"parts_of_test_{next(_numbers)}"
    _given[name] = Given(models=threaded, sources=sources, transports=transports)
    (folder / name).mkdir()
    (folder / name / "manifest.toml").write_text(_MANIFEST.format(name=name))
    (folder / name / "__init__.py").write_text('"""What a test gives to its application."""\n')
    (folder / name / "hooks.py").write_text(_HOOKS.format(name=name))
    return name


def _create_tables(app: App, models: Sequence[type[Any] | ThreadModel]) -> None:
    tables = [inspect(cls).local_table for cls in models if isinstance(cls, type)]
    Base.metadata.create_all(app.database.engine, tables=tables)


def _add_domain(app: App, name: str) -> None:
    from mailloom.store.domains import MailDomain

    with app.write() as session:
        session.add(MailDomain(name=name, shown=name, created_at=app.now()))
