"""`mailloom init`: a new installation, or the one that is there, brought up to date."""

from __future__ import annotations

import typer

from mailloom.app import App, create_app, place
from mailloom.cli.opening import data_folder
from mailloom.cli.output import AsJson, print_json, say


def register_commands(root: typer.Typer) -> None:
    root.command("init")(init)


def init(context: typer.Context, as_json: AsJson = False) -> None:
    """Make keys and tables where there are none, and bring old tables up to date. Safe to repeat."""
    where = place(data_folder(context))
    app = create_app(where, App)
    try:
        installed = app.registry.install_automatic()
        at_work = [addon.name for addon in app.registry.addons.values() if addon.at_work]
    finally:
        app.close()
    if as_json:
        print_json({"data_folder": str(where.data_folder), "installed": installed, "at_work": at_work})
        return
    say(f"mailloom is ready in {where.data_folder}.")
    say(f"Keep a copy of {where.key_file} apart from the database's backup: without it stored passwords are lost.")
    say("Next: mailloom addons list, mailloom addons install NAME")
