"""Bounces and suppression: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import (
    Denial,
    Draft,
    MenuEntry,
    MenuSection,
    Office,
    Pages,
    Permission,
    ProviderEvent,
    Purpose,
    Recipient,
    Router,
    Settled,
    hookimpl,
    office_of,
)
from mailloom.api.recorded import Remark
from mailloom.api.rest import ApiRoutes
from mailloom.mail.message import Message as Mail
from mailloom.mail.report import Report, classify

from . import commands, persons, refusals, remarks, return_paths, suppressing, webhooks
from .router import ReportRouter
from .settings import BounceSettings

if TYPE_CHECKING:
    from mailloom.api.pages import APIRouter, Toolkit


@hookimpl
def register_settings() -> type[BaseModel]:
    return BounceSettings


@hookimpl
def register_routers() -> Sequence[Router]:
    return [ReportRouter()]


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="bounce", make=_resources)]


def _resources(office: Office) -> APIRouter:
    from .rest import router

    return router


@hookimpl
def register_commands(root: typer.Typer) -> None:
    commands.add_to(root)


@hookimpl
def classify_message(message: Mail) -> Report | None:
    return classify(message)


@hookimpl
def deny_recipients(addresses: Sequence[str], purpose: Purpose, session: Session) -> Mapping[str, Denial]:
    settings = office_of(session).settings("bounce")
    assert isinstance(settings, BounceSettings)
    return suppressing.denials(session, addresses, purpose, settings)


@hookimpl
def return_path(draft: Draft, recipient: Recipient, delivery_id: int, account_id: int, session: Session) -> str | None:
    return return_paths.return_path(session, draft, delivery_id, account_id)


@hookimpl
def deliveries_recorded(deliveries: Sequence[Settled], session: Session) -> None:
    refusals.note_refusals(session, deliveries)


@hookimpl
def remark_on_deliveries(delivery_ids: Sequence[int], session: Session) -> Sequence[Remark]:
    return remarks.on_deliveries(session, delivery_ids)


@hookimpl
def provider_events(events: Sequence[ProviderEvent], session: Session) -> None:
    webhooks.record_provider_events(session, office_of(session), events)


@hookimpl
def export_person(address: str, session: Session) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return persons.export(session, address)


@hookimpl
def erase_person(address: str, session: Session) -> Mapping[str, int]:
    return persons.erase(session, address)


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="bounces", make=_pages)]


@hookimpl
def register_menu() -> Sequence[MenuEntry]:
    read = Permission.DELIVERABILITY_READ
    return [
        MenuEntry(
            name="bounces",
            title="Bounces",
            path="/bounces",
            section=MenuSection.MAIL,
            permission=read,
            order=70,
            icon="refresh",
        ),
    ]


def _pages(office: Office, toolkit: Toolkit) -> APIRouter:
    # Imported when the web face is made: without it nobody needs its libraries.
    from . import pages

    return pages.make(office, toolkit)
