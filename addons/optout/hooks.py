"""Opt-out: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import (
    Check,
    Denial,
    Draft,
    MenuEntry,
    MenuSection,
    Office,
    Pages,
    Permission,
    Purpose,
    Recipient,
    Router,
    Routes,
    hookimpl,
    office_of,
)
from mailloom.api.rest import ApiRoutes
from mailloom.store.outbox import Delivery

from . import asking, checks, commands, complaints, erasure, headers, router
from .settings import OptOutSettings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from mailloom.api.pages import Toolkit


@hookimpl
def register_settings() -> type[BaseModel]:
    return OptOutSettings


@hookimpl
def register_routers() -> Sequence[Router]:
    return [router.UnsubscribeRouter()]


@hookimpl
def register_routes() -> Sequence[Routes]:
    return [Routes(name="optout", make=_pages)]


@hookimpl
def register_checks() -> Sequence[Check]:
    return [checks.CHECK]


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="optout", make=_resources)]


def _resources(office: Office) -> APIRouter:
    from .rest import router

    return router


@hookimpl
def register_commands(root: typer.Typer) -> None:
    commands.add_to(root)


@hookimpl
def recipient_known(address: str, session: Session) -> bool | None:
    return True if router.is_unsubscribe_address(office_of(session), session, address) else None


@hookimpl
def deny_recipients(
    addresses: Sequence[str], purpose: Purpose, topic: str, session: Session
) -> Mapping[str, Denial] | None:
    return asking.denials(session, addresses, topic) if purpose is Purpose.MARKETING else None


@hookimpl
def prepare_message(
    draft: Draft, recipient: Recipient, delivery_id: int, session: Session
) -> Sequence[tuple[str, str]] | None:
    return headers.lines_for(office_of(session), session, draft, recipient, delivery_id)


@hookimpl
def complained(delivery: Delivery, feedback_type: str, session: Session) -> None:
    complaints.take_as_no(session, delivery, feedback_type)


@hookimpl
def export_person(address: str, session: Session) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return erasure.export(session, address)


@hookimpl
def erase_person(address: str, session: Session) -> Mapping[str, int]:
    return erasure.erase(session, address)


@hookimpl
def addon_installed(session: Session) -> None:
    erasure.make_key(session)


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="optout", make=_admin_pages)]


@hookimpl
def register_menu() -> Sequence[MenuEntry]:
    return [
        MenuEntry(
            name="optouts",
            title="Opt-outs",
            path="/optouts",
            section=MenuSection.MARKETING,
            permission=Permission.PEOPLE_READ,
            order=50,
            icon="shield",
        )
    ]


def _admin_pages(office: Office, toolkit: Toolkit) -> APIRouter:
    from .admin_pages import make

    return make(office, toolkit)


def _pages(office: Office) -> APIRouter:
    from .pages import make

    return make(office)
