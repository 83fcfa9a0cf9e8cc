"""`mailloom init`: a new installation: data folder, key, tables, the standard addons. Run again, it completes what is missing."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailloom.app import App, create_app
from mailloom.cli.first_user import first_link, first_link_text
from mailloom.cli.opening import data_folder
from mailloom.cli.output import AsJson, print_json, say
from mailloom.errors import MailloomError
from mailloom.place import place
from mailloom.store.system import AddonState

STANDARD_ADDONS = ("smtp", "sendmail", "imap", "pop3", "alias", "catchall", "bounce")
"""Installed where they are on this machine and what they need is there; everything else by `mailloom addons install`.

The listener is not among them: to open a port is a decision."""


def register_commands(root: typer.Typer) -> None:
    root.command("init")(init)


def init(
    context: typer.Context,
    bare: Annotated[bool, typer.Option("--bare", help="Install no addons.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make data folder, key and tables where there are none, bring old tables up to date, install the standard addons. Safe to repeat."""
    where = place(data_folder(context))
    fresh = not where.key_file.exists()
    app = create_app(where, App)
    try:
        records = [] if bare else [_installed(app, name) for name in STANDARD_ADDONS if name in app.registry.addons]
        installed = app.registry.install_automatic()
        at_work = [addon.name for addon in app.registry.addons.values() if addon.at_work]
        link = first_link(app)
    finally:
        app.close()
    database = app.database.url.render_as_string(hide_password=True)
    if as_json:
        print_json(
            {
                "data_folder": where.data_folder,
                "new": fresh,
                "database": database,
                "addons": records,
                "installed": [*(record["addon"] for record in records if record["fresh"]), *installed],
                "at_work": at_work,
                "sign_in": link or None,
            }
        )
        return
    say(f"{'A new mailloom' if fresh else 'The mailloom'} in {where.data_folder}, database {database}.")
    for record in records:
        say(f"  {record['addon']:<10}{record['state']}{': ' + record['reason'] if record['reason'] else ''}")
    say("")
    say("What to do next:")
    for line in _NEXT:
        say(f"  {line}")
    if link:
        say(f"The web face: start `mailloom serve`. {first_link_text(link)}")
    say(
        f"Keep a copy of {where.key_file} where the backup of the database is not: without it stored passwords are lost."
    )


_NEXT = (
    "mailloom accounts add            a server to send by, and one to fetch from",
    "mailloom accounts test NAME      try it, step by step",
    "mailloom addons list             what else there is to install",
    "mailloom serve                   send and fetch from now on",
    "mailloom doctor                  is all well?",
)


def _installed(app: App, name: str) -> dict[str, Any]:
    """Install one addon unless it is; one that cannot work here is told of and stops nothing."""
    addon = app.registry.addons[name]
    if addon.state is not AddonState.AVAILABLE:
        return {"addon": name, "state": addon.state, "reason": addon.reason, "fresh": False}
    try:
        app.registry.install(name)
    except MailloomError as error:
        return {"addon": name, "state": "not installed", "reason": f"{error} {error.remedy}".strip(), "fresh": False}
    addon = app.registry.addons[name]
    return {"addon": name, "state": addon.state, "reason": addon.reason, "fresh": True}
