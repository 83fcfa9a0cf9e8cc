"""The registry of a running application: addons are told when they come and go, and what goes wrong at run time is noted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from mailloom.api import MessageKind, Office
from mailloom.registry import Registry
from mailloom.store.database import Database
from mailloom.store.messages import Message
from mailloom.store.system import AddonRow

Write = Callable[..., Path]
Make = Callable[[Database], Registry]

TELLS = """
    @hookimpl
    def startup(app):
        app.told.append("{name} up")

    @hookimpl
    def shutdown(app):
        app.told.append("{name} down")
"""


def _office() -> Any:
    return cast(Office, SimpleNamespace(told=[]))


def test_addons_are_told_when_they_come_and_go(registry: Registry, write_addon: Write) -> None:
    write_addon("one", TELLS.format(name="one"))
    write_addon("two", TELLS.format(name="two"), depends=["one"])
    office = _office()
    registry.install("one")
    registry.start(office)
    registry.install("two")
    registry.disable("two")
    registry.enable("two")
    registry.stop()
    registry.stop()
    assert office.told == ["one up", "two up", "two down", "two up", "two down", "one down"]


def test_a_reload_by_another_process_tells_them_too(
    registry: Registry, make_registry: Make, write_addon: Write
) -> None:
    write_addon("one", TELLS.format(name="one"))
    worker, office = make_registry(registry.database), _office()
    worker.start(office)
    registry.install("one")
    worker.reload_if_changed()
    assert office.told == ["one up"]


def test_an_observer_that_raises_is_noted_where_people_look(
    registry: Registry, write_addon: Write, now: datetime
) -> None:
    write_addon("nosy", "@hookimpl\ndef message_stored(message):\n    raise RuntimeError('oh')\n")
    write_addon("calm", "@hookimpl\ndef message_stored(message):\n    message.note = 'seen'\n")
    registry.install("nosy")
    registry.install("calm")
    with registry.database.write() as session:
        message = Message(kind=MessageKind.NOTE, created_at=now)
        session.add(message)
        registry.hooks.message_stored(message, None, session)
        assert message.note == "seen"
    assert registry.addons["nosy"].at_work
    assert registry.addons["nosy"].reason == "message_stored: RuntimeError: oh"
    assert registry.addons["calm"].reason == ""
    assert not registry.reload_if_changed()
    with registry.database.read() as session:
        assert session.get_one(AddonRow, "nosy").reason == "message_stored: RuntimeError: oh"


def test_a_thread_that_reads_keeps_its_snapshot_through_a_reload(registry: Registry, write_addon: Write) -> None:
    write_addon("one", "@hookimpl\ndef explain_failure(reply):\n    return None\n")
    registry.install("one")
    hooks = registry.hooks
    registry.disable("one")
    assert [each.addon for each in hooks.implementations.of("explain_failure")] == ["one"]
    assert registry.hooks.implementations.of("explain_failure") == ()
