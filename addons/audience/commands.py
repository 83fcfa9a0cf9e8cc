"""`mailloom lists` and `mailloom subscribers`, joined to the command line."""

from __future__ import annotations

import typer

from .list_commands import lists
from .subscriber_commands import subscribers


def add_to(root: typer.Typer) -> None:
    root.add_typer(lists, name="lists")
    root.add_typer(subscribers, name="subscribers")
