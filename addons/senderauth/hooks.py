"""Sender authentication: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import Incoming, Office, Router, SenderVerdict, hookimpl, office_of
from mailloom.api.rest import ApiRoutes

from . import commands
from .authenticating import authenticate
from .router import DmarcReportRouter
from .settings import SenderAuthSettings

if TYPE_CHECKING:
    from fastapi import APIRouter


@hookimpl
def register_settings() -> type[BaseModel]:
    return SenderAuthSettings


@hookimpl
def register_routers() -> Sequence[Router]:
    return [DmarcReportRouter()]


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="senderauth", make=_resources)]


def _resources(office: Office) -> APIRouter:
    from .rest import router

    return router


@hookimpl
def register_commands(root: typer.Typer) -> None:
    root.add_typer(commands.dmarc, name="dmarc")


@hookimpl
def authenticate_sender(incoming: Incoming, session: Session) -> SenderVerdict | None:
    office = office_of(session)
    settings = office.settings("senderauth")
    assert isinstance(settings, SenderAuthSettings)
    return authenticate(incoming.mail, incoming.envelope_from, settings, office.resolver, incoming.now).verdict
