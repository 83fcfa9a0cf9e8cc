"""Audience: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import Job, MenuEntry, MenuSection, Office, Pages, Permission, Routes, Topic, hookimpl
from mailloom.api.rest import ApiRoutes

from . import answers, commands, upkeep
from .settings import AudienceSettings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from mailloom.api.pages import Toolkit


@hookimpl
def register_settings() -> type[BaseModel]:
    return AudienceSettings


@hookimpl
def register_routes() -> Sequence[Routes]:
    return [Routes(name="audience", make=_pages)]


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="audience", make=_resources)]


@hookimpl
def register_jobs() -> Sequence[Job]:
    summary = "Drops sign-ups that nobody confirmed and old results of imports."
    return [Job(name="audience-upkeep", summary=summary, every_seconds=upkeep.EVERY_SECONDS, run=upkeep.tidy)]


@hookimpl
def register_commands(root: typer.Typer) -> None:
    commands.add_to(root)


@hookimpl
def offer_topics(address: str, session: Session) -> Sequence[Topic]:
    return answers.topics(session, address)


@hookimpl
def opted_out(address: str, topic: str, source: str, session: Session) -> None:
    answers.said_no(session, address, topic, source)


@hookimpl
def opted_in_again(address: str, topic: str, session: Session) -> None:
    answers.said_yes(session, address, topic)


@hookimpl
def export_person(address: str, session: Session) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return answers.export(session, address)


@hookimpl
def erase_person(address: str, session: Session) -> Mapping[str, int]:
    return answers.erase(session, address)


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="audience", make=_admin_pages)]


@hookimpl
def register_menu() -> Sequence[MenuEntry]:
    entries = (("lists", "Lists", "list", 20), ("people", "People", "users", 30), ("imports", "Imports", "upload", 40))
    return [
        MenuEntry(
            name=name,
            title=title,
            path=f"/{name}",
            section=MenuSection.MARKETING,
            permission=Permission.PEOPLE_READ,
            order=order,
            icon=icon,
        )
        for name, title, icon, order in entries
    ]


def _admin_pages(office: Office, toolkit: Toolkit) -> APIRouter:
    from .admin import make

    return make(office, toolkit)


def _pages(office: Office) -> APIRouter:
    from .pages import make

    return make(office)


def _resources(office: Office) -> APIRouter:
    from .rest import router

    return router
