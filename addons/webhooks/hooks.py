"""Webhooks: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import Check, Job, MenuEntry, MenuSection, Office, Pages, Permission, Settled, ThreadModel, hookimpl
from mailloom.api.rest import ApiRoutes
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery
from mailloom.store.threads import Thread

from . import commands, persons, recording
from .checks import CHECK
from .remote import RemoteModel
from .sending import tell_all
from .settings import WebhookSettings

if TYPE_CHECKING:
    from mailloom.api.pages import APIRouter, Toolkit

_EVERY_SECONDS = 5.0


@hookimpl
def register_settings() -> type[BaseModel]:
    return WebhookSettings


@hookimpl
def register_thread_models() -> Sequence[ThreadModel]:
    return [RemoteModel()]


@hookimpl
def register_checks() -> Sequence[Check]:
    return [CHECK]


@hookimpl
def register_commands(root: typer.Typer) -> None:
    commands.add_to(root)


@hookimpl
def register_jobs() -> Sequence[Job]:
    summary = "Tells webhook endpoints what has happened."
    return [Job(name="webhooks", summary=summary, every_seconds=_EVERY_SECONDS, run=tell_all)]


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="webhooks", make=_resources)]


def _resources(office: Office) -> Any:
    from .rest import router

    return router


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="webhooks", make=_pages, place_of=_place_of)]


@hookimpl
def register_menu() -> Sequence[MenuEntry]:
    return [
        MenuEntry(
            name="webhooks",
            title="Webhooks",
            path="/webhooks",
            section=MenuSection.ADMINISTRATION,
            permission=Permission.SETTINGS_READ,
            order=45,
            icon="external",
        )
    ]


def _pages(office: Office, toolkit: Toolkit) -> APIRouter:
    # Imported when the web face is made: without it nobody needs its libraries.
    from . import pages

    return pages.make(office, toolkit)


def _place_of(subject: str) -> str:
    kind, _, name = subject.partition(":")
    return f"/webhooks/{name}" if kind == "webhooks" and name else ""


@hookimpl
def message_stored(message: Message, thread: Thread | None, session: Session) -> None:
    recording.message_happened(session, message, thread)


@hookimpl
def deliveries_recorded(deliveries: Sequence[Settled], session: Session) -> None:
    recording.deliveries_happened(session, deliveries)


@hookimpl
def complained(delivery: Delivery, feedback_type: str, session: Session) -> None:
    recording.complaint_happened(session, delivery, feedback_type)


@hookimpl
def opted_out(address: str, topic: str, source: str, session: Session) -> None:
    recording.choice_happened(session, address, topic, out=True, source=source)


@hookimpl
def opted_in_again(address: str, topic: str, session: Session) -> None:
    recording.choice_happened(session, address, topic, out=False)


@hookimpl
def export_person(address: str, session: Session) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return persons.export(session, address)


@hookimpl
def erase_person(address: str, session: Session) -> Mapping[str, int]:
    return persons.erase(session, address)
