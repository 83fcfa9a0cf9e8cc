"""Tracking: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import Job, Office, Routes, hookimpl
from mailloom.api.composing import Decoration

from . import commands, judging, persons, rewriting
from .settings import TrackingSettings

if TYPE_CHECKING:
    from fastapi import APIRouter


@hookimpl
def register_settings() -> type[BaseModel]:
    return TrackingSettings


@hookimpl
def register_routes() -> Sequence[Routes]:
    return [Routes(name="tracking", make=_pages)]


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [judging.JOB]


@hookimpl
def register_commands(root: typer.Typer) -> None:
    commands.add_to(root)


@hookimpl
def decorate_marketing(message_id: int, session: Session) -> Decoration | None:
    return rewriting.decoration_for(session, message_id)


@hookimpl
def export_person(address: str, session: Session) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return persons.export(session, address)


@hookimpl
def erase_person(address: str, session: Session) -> Mapping[str, int]:
    return persons.erase(session, address)


def _pages(office: Office) -> APIRouter:
    from .pages import make

    return make(office)
