"""Helpdesk: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from mailloom.api import ThreadModel, hookimpl, mapped

from . import commands
from .models import Ticket, follow_conversation


@hookimpl
def register_thread_models() -> Sequence[ThreadModel]:
    return [mapped(Ticket, "Ticket", on_message=follow_conversation)]


@hookimpl
def register_commands(root: typer.Typer) -> None:
    root.add_typer(commands.helpdesk, name="helpdesk")
