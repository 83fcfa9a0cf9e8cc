"""DKIM signing: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel

from mailloom.api import Check, Envelope, Job, Office, hookimpl
from mailloom.api.rest import ApiRoutes

from . import commands
from .checks import CHECK
from .rotating import advance
from .settings import DkimSettings
from .signing import Signer

if TYPE_CHECKING:
    from fastapi import APIRouter

_HOUR = 3600.0

# `sign_message` gets no session to find its office by: it is called for every delivery while none is open.
_signers: list[Signer] = []


@hookimpl
def register_settings() -> type[BaseModel]:
    return DkimSettings


@hookimpl
def register_checks() -> Sequence[Check]:
    return [CHECK]


@hookimpl
def register_api() -> Sequence[ApiRoutes]:
    return [ApiRoutes(name="dkim", make=_resources)]


def _resources(office: Office) -> APIRouter:
    from .rest import router

    return router


@hookimpl
def register_commands(root: typer.Typer) -> None:
    root.add_typer(commands.dkim, name="dkim")


@hookimpl
def register_jobs() -> Sequence[Job]:
    return [
        Job(
            name="dkim",
            summary="Look for DKIM keys in the DNS and take the steps of their rotation that are due.",
            every_seconds=_HOUR,
            run=lambda office: "; ".join(advance(office)) or "nothing to do",
        )
    ]


@hookimpl
def startup(app: Office) -> None:
    _signers[:] = [Signer(app)]


@hookimpl
def shutdown(app: Office) -> None:
    _signers.clear()


@hookimpl
def sign_message(envelope: Envelope, message: bytes) -> bytes | None:
    return _signers[0].sign(envelope, message) if _signers else None
