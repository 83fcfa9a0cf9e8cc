"""Deliverability: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import Check, Denial, Job, MenuEntry, MenuSection, Office, Pages, Permission, Routes, hookimpl
from mailloom.api.rest import ApiRoutes
from mailloom.api.web import SetupStep

from . import commands, doctor_commands, permitting
from .checking import recheck
from .checks import CHECK
from .setting_up import STEP
from .settings import DeliverabilitySettings

if TYPE_CHECKING:
    from fastapi import APIRouter

    from mailloom.api.pages import Toolkit

_HOUR = 3600.0


@hookimpl
def register_settings() -> type[BaseModel]:
    return DeliverabilitySettings


@hookimpl
def register_checks() -> Sequence[Check]:
    return [CHECK]


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="deliverability", make=_resources)]


def _resources(office: Office) -> APIRouter:
    from .rest import router

    return router


@hookimpl
def register_commands(root: typer.Typer) -> None:
    root.add_typer(commands.deliverability, name="deliverability")


@hookimpl
def register_doctor_commands(doctor: typer.Typer) -> None:
    doctor_commands.add_to_doctor(doctor)


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [
        Job(
            name="deliverability",
            summary="Look at sending domains that are due, and say what became worse or better.",
            every_seconds=_HOUR,
            run=recheck,
        )
    ]


@hookimpl
def register_routes() -> Sequence[Routes]:
    return [Routes(name="mta-sts", make=_routes)]


def _routes(office: Office) -> APIRouter:
    from .routes import make

    return make(office)


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="deliverability", make=_pages, place_of=_place_of)]


@hookimpl
def register_menu() -> Sequence[MenuEntry]:
    return [
        MenuEntry(
            name="deliverability",
            title="Deliverability",
            path="/deliverability",
            section=MenuSection.SERVERS,
            permission=Permission.DELIVERABILITY_READ,
            order=60,
            icon="shield",
        )
    ]


@hookimpl
def register_setup_steps() -> Sequence[SetupStep]:
    return [STEP]


def _pages(office: Office, toolkit: Toolkit) -> APIRouter:
    # Imported when the web face is made: without it nobody needs its libraries.
    from . import pages

    return pages.make(office, toolkit)


def _place_of(subject: str) -> str:
    """Of our own alarms and those of the keys, which our pages show."""
    kind, _, domain = subject.partition(" ")
    path = f"/deliverability/domains/{domain}"
    return {"deliverability": path, "dkim": f"{path}/keys"}.get(kind, "") if "." in domain else ""


@hookimpl
def permit_bulk(domain: str, per_day: int, session: Session) -> Denial | None:
    reason = permitting.why_blocked(session, domain, per_day)
    return None if reason is None else Denial(state="unready", reason=reason)
