"""Aliases, replies and forwards: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from pydantic import BaseModel
from sqlalchemy.orm import Session

from mailloom.api import Router, hookimpl

from . import commands, known, routers
from .settings import AliasSettings


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
def register_commands(root: typer.Typer) -> None:
    commands.add_to(root)
