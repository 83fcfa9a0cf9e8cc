"""What the addon adds to mailloom: access tokens for logins, the consent's commands and pages, and what keeps tokens fresh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from mailloom.api import Check, Job, Office, Pages, Routes, hookimpl
from mailloom.api.sasl import register_token_source, unregister_token_source
from mailloom.api.web import AccountPanel

from . import checking, commands, upkeep
from .renewing import Tokens
from .standing import standing

if TYPE_CHECKING:
    from fastapi import APIRouter

    from mailloom.api.pages import Toolkit

_sources: dict[int, Tokens] = {}
"""One for each running application, by its identity; a process has more than one only in tests."""


@hookimpl
def startup(app: Office) -> None:
    _sources[id(app)] = Tokens(app)
    register_token_source(_sources[id(app)])


@hookimpl
def shutdown(app: Office) -> None:
    if (source := _sources.pop(id(app), None)) is not None:
        unregister_token_source(source)


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [
        Job(
            name="oauth2",
            summary="Renews OAuth tokens ahead of their end and watches client secrets.",
            every_seconds=upkeep.EVERY_SECONDS,
            run=upkeep.keep_fresh,
        )
    ]


@hookimpl
def register_checks() -> Sequence[Check]:
    return [Check(name="oauth2", run=checking.look)]


@hookimpl
def register_routes() -> Sequence[Routes]:
    return [Routes(name="oauth2", make=_pages)]


@hookimpl
def register_pages() -> Sequence[Pages]:
    return [Pages(name="oauth2", make=_admin_pages)]


@hookimpl
def register_account_panels() -> Sequence[AccountPanel]:
    return [AccountPanel(name="oauth2", template="oauth2/panel.html", values=standing)]


@hookimpl
def register_account_commands(accounts: typer.Typer) -> None:
    commands.add_to(accounts)


def _admin_pages(office: Office, toolkit: Toolkit) -> APIRouter:
    from . import admin_pages

    return admin_pages.make(office, toolkit)


def _pages(office: Office) -> APIRouter:
    from .pages import make

    return make(office)
