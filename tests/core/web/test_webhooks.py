"""Calls of providers: handed on as they came, and answered with success only when what they report is kept."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from mailloom.store.system import Counter
from mailloom.testing.application import TemporaryApp, temporary_app

Served = Callable[[TemporaryApp], AbstractContextManager[httpx.Client]]

PROVIDER = """
    from datetime import UTC, datetime

    from mailloom.api import ProviderEvent, WebhookAnswer, hookimpl
    from mailloom.mail.report import Event, Kind
    from mailloom.store.system import Counter


    class Acme:
        name = "acme"

        def receive(self, call):
            if call.headers.get("x-signature") != call.query.get("key"):
                return WebhookAnswer(status=403)
            event = ProviderEvent(
                event_id=call.body.decode(), kind=Kind.BOUNCE, event=Event(recipient="ann@example.org"), identity=[], happened_at=call.received_at
            )
            return WebhookAnswer(status=200, events=[event], text=f"{call.method} {call.path}")


    @hookimpl
    def register_webhooks():
        return [Acme()]


    @hookimpl
    def provider_events(events, session):
        session.add(Counter(name=f"event {events[0].event_id}", value=len(events)))
        session.flush()
        if events[0].event_id == "bad":
            raise RuntimeError("cannot take it")
"""


@pytest.fixture
def app(addons_folder: Path) -> Iterator[TemporaryApp]:
    folder = addons_folder / "acme"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "hooks.py").write_text(textwrap.dedent(PROVIDER))
    (folder / "manifest.toml").write_text(
        'name = "acme"\ntitle = "Acme"\nsummary = "Of a test."\nversion = "1.0"\ncategory = "example"\n'
    )
    with temporary_app(addons=["acme"], domain=None, addons_path=[addons_folder]) as app:
        yield app


def _counted(app: TemporaryApp) -> list[str]:
    with app.read() as session:
        return [name for name in session.scalars(select(Counter.name)) if name.startswith("event")]


def test_what_a_verified_call_reports_is_kept_before_it_is_answered(app: TemporaryApp, browser: httpx.Client) -> None:
    answer = browser.post("/webhooks/acme?key=k", content=b"e1", headers={"X-Signature": "k"})
    assert (answer.status_code, answer.text) == (200, "POST /webhooks/acme")
    assert _counted(app) == ["event e1"]


def test_a_call_that_cannot_be_verified_changes_nothing(app: TemporaryApp, browser: httpx.Client) -> None:
    assert browser.post("/webhooks/acme?key=k", content=b"e1").status_code == 403
    assert browser.post("/webhooks/nobody", content=b"e1").status_code == 404
    assert _counted(app) == []


def test_a_provider_is_asked_to_call_again_when_an_addon_cannot_take_it(
    app: TemporaryApp, browser: httpx.Client
) -> None:
    answer = browser.post("/webhooks/acme?key=k", content=b"bad", headers={"X-Signature": "k"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert _counted(app) == []
