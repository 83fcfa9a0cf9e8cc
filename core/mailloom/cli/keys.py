"""`mailloom keys`: the key ring that secrets are stored under."""

from __future__ import annotations

from typing import Annotated

import typer

from mailloom.cli.opening import data_folder, opened
from mailloom.cli.output import AsJson, print_json, say
from mailloom.place import place
from mailloom.registry.rotation import rotate
from mailloom.store.secrets import create_keys

keys = typer.Typer(help="The keys that stored secrets are encrypted with.", no_args_is_help=True)


def register_commands(root: typer.Typer) -> None:
    root.add_typer(keys, name="keys")


@keys.command("create")
def create(context: typer.Context, as_json: AsJson = False) -> None:
    """Make the key file of a new installation; never touches one that is there."""
    path = place(data_folder(context)).key_file
    create_keys(path)
    _said({"created": str(path)}, f"Created {path}. Keep a copy apart from the database's backup.", as_json)


@keys.command("rotate")
def rotate_keys(
    context: typer.Context,
    keep: Annotated[int, typer.Option(min=1, max=50, help="Former keys that stay readable.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Make a new key and encrypt every stored secret with it."""
    app = opened(context)
    count = rotate(app.database, app.keys, keep=keep)
    said = f"Encrypted {count} secret(s) with a new key. Restart the running processes, so that they know it too."
    _said({"encrypted": count, "path": str(app.keys.path)}, said, as_json)


@keys.command("show-path")
def show_path(context: typer.Context, as_json: AsJson = False) -> None:
    """Where the key file of this installation is."""
    path = place(data_folder(context)).key_file
    _said({"path": str(path), "exists": path.exists()}, str(path), as_json)


def _said(record: dict[str, object], text: str, as_json: bool) -> None:
    if as_json:
        print_json(record)
    else:
        say(text)
