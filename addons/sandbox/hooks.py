"""The sandbox: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from pydantic import BaseModel

from mailloom.api import ThreadModel, hookimpl, mapped
from mailloom.api.services import Service

from . import commands
from .models import Order
from .service import SandboxService
from .settings import SandboxSettings


@hookimpl
def register_settings() -> type[BaseModel]:
    return SandboxSettings


@hookimpl
def register_services() -> Sequence[Service]:
    return [SandboxService()]


@hookimpl
def register_thread_models() -> Sequence[ThreadModel]:
    return [mapped(Order, "Order")]


@hookimpl
def register_commands(root: typer.Typer) -> None:
    root.add_typer(commands.sandbox, name="sandbox")
