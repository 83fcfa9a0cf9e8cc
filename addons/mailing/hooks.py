"""Mailings: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import (
    Composer,
    Job,
    MenuEntry,
    MenuSection,
    Office,
    Pages,
    Permission,
    Router,
    Settled,
    hookimpl,
    office_of,
)
from mailloom.api.rest import ApiRoutes
from mailloom.store.outbox import Delivery

from . import answers, commands, marks, persons, results
from .composer import MailingComposer
from .replies import ReplyCounter
from .running import JOB
from .settings import MailingSettings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from mailloom.api.pages import Toolkit


@hookimpl
def register_settings() -> type[BaseModel]:
    return MailingSettings


@hookimpl
def register_composers() -> Sequence[Composer]:
    return [MailingComposer()]


@hookimpl
def register_routers() -> Sequence[Router]:
    return [ReplyCounter()]


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [JOB]


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="mailing", make=_resources)]


def _resources(office: Office) -> APIRouter:
    from .rest import router

    return router


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="mailings", make=_pages)]


@hookimpl
def register_menu() -> Sequence[MenuEntry]:
    return [
        MenuEntry(
            name="mailings",
            title="Mailings",
            path="/mailings",
            section=MenuSection.MARKETING,
            permission=Permission.MAILING_READ,
            order=10,
            icon="megaphone",
        )
    ]


def _pages(office: Office, toolkit: Toolkit) -> APIRouter:
    # Imported when the web face is made: without it nobody needs its libraries.
    from . import pages

    return pages.make(office, toolkit)


@hookimpl
def register_commands(root: typer.Typer) -> None:
    commands.add_to(root)


@hookimpl
def deliveries_recorded(deliveries: Sequence[Settled], session: Session) -> None:
    results.note_settled(session, deliveries)


@hookimpl
def complained(delivery: Delivery, feedback_type: str, session: Session) -> None:
    marks.note_complained(session, delivery.id, office_of(session).now())


@hookimpl
def opted_out(address: str, topic: str, source: str, session: Session) -> None:
    answers.note_opt_out(session, address, topic, source)


@hookimpl
def export_person(address: str, session: Session) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return persons.export(session, address)


@hookimpl
def erase_person(address: str, session: Session) -> Mapping[str, int]:
    return persons.erase(session, address)
