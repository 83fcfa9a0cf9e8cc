"""Aliases, replies and forwards: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import MenuEntry, MenuSection, Office, Pages, Permission, Router, hookimpl
from mailloom.api.rest import ApiRoutes
from mailloom.api.web import SetupStep

from . import commands, known, routers, setting_up
from .settings import AliasSettings

if TYPE_CHECKING:
    from mailloom.api.pages import APIRouter, Toolkit


@hookimpl
def register_settings() -> type[BaseModel]:
    return AliasSettings


@hookimpl
def register_routers() -> Sequence[Router]:
    return routers.all_routers()


@hookimpl
def recipient_known(address: str, session: Session) -> bool | None:
    return known.takes_mail(session, address)


@hookimpl
def reply_address(thread: known.Thread, session: Session) -> str | None:
    return known.reply_address(session, thread)


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="alias", make=_resources)]


def _resources(office: Office) -> APIRouter:
    from .rest import router

    return router


@hookimpl
def register_commands(root: typer.Typer) -> None:
    commands.add_to(root)


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="aliases", make=_pages)]


@hookimpl
def register_menu() -> Sequence[MenuEntry]:
    return [
        MenuEntry(
            name="aliases",
            title="Aliases",
            path="/aliases",
            section=MenuSection.MAIL,
            permission=Permission.ROUTING_READ,
            order=60,
            icon="at",
        )
    ]


@hookimpl
def register_setup_steps() -> Sequence[SetupStep]:
    return setting_up.STEPS


def _pages(office: Office, toolkit: Toolkit) -> APIRouter:
    # Imported when the web face is made: without it nobody needs its libraries.
    from . import pages

    return pages.make(office, toolkit)
