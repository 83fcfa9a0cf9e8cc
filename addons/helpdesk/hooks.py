"""Helpdesk: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from sqlalchemy.orm import Session

from mailloom.api import MenuEntry, MenuSection, Office, Pages, Permission, ThreadModel, hookimpl, mapped

from . import commands, persons
from .models import Ticket, follow_conversation

if TYPE_CHECKING:
    from mailloom.api.pages import APIRouter, Toolkit


@hookimpl
def register_thread_models() -> Sequence[ThreadModel]:
    return [mapped(Ticket, "Ticket", on_message=follow_conversation, page="/helpdesk/tickets/{record}")]


@hookimpl
def register_commands(root: typer.Typer) -> None:
    root.add_typer(commands.helpdesk, name="helpdesk")


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="helpdesk", make=_pages)]


@hookimpl
def register_menu() -> Sequence[MenuEntry]:
    return [
        MenuEntry(
            name="tickets",
            title="Tickets",
            path="/helpdesk/tickets",
            section=MenuSection.MAIL,
            permission=Permission.MESSAGES_READ,
            order=80,
            icon="inbox",
        )
    ]


@hookimpl
def export_person(address: str, session: Session) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return persons.export(session, address)


@hookimpl
def erase_person(address: str, session: Session) -> Mapping[str, int]:
    return persons.erase(session, address)


def _pages(office: Office, toolkit: Toolkit) -> APIRouter:
    # Imported when the web face is made: without it nobody needs its libraries.
    from . import pages

    return pages.make(office, toolkit)
