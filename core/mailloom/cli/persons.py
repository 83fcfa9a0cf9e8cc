"""`mailloom person`: what is known of somebody, handed out or forgotten (GDPR, Articles 15 and 17)."""

from __future__ import annotations

from typing import Annotated

import typer

from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_json, say
from mailloom.errors import ConfigurationError
from mailloom.mail.address import normalise

person = typer.Typer(help="What is known of a person: export, erase.", no_args_is_help=True)

Address = Annotated[str, typer.Argument(help="The person's mail address.", show_default=False)]


def register_commands(root: typer.Typer) -> None:
    root.add_typer(person, name="person")


@person.command("export")
def export(
    context: typer.Context,
    address: Address,
    as_json: AsJson = False,
) -> None:
    """Print all that the core and the addons keep about a person; with --json as a file to hand out."""
    app = opened(context)
    with app.read() as session:
        found = app.export_person(session, _key(address))
    if as_json:
        print_json(found)
        return
    for name, records in found.items():
        say(f"{name}: {len(records)}")
        for record in records:
            say("  " + "; ".join(f"{field}: {value}" for field, value in record.items() if value not in ("", None)))


@person.command("erase")
def erase(
    context: typer.Context,
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person for good, in the core and in every addon. What was handed to other systems must be erased there."""
    app = opened(context)
    key = _key(address)
    if not yes:
        typer.confirm(f"Erase all that is known of {key}? It cannot be undone", abort=True)
    with app.write() as session:
        counts = app.erase_person(session, key)
    if as_json:
        print_json({"erased": counts})
        return
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    say(f"Erased: {said or 'nothing was known'}.")


def _key(address: str) -> str:
    key = normalise(address)
    if not key:
        raise ConfigurationError(f"{address!r} is no e-mail address.", remedy="Write it like ann@example.org.")
    return key
