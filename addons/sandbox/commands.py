"""`mailloom sandbox`: who lives there, let somebody write, run it by itself."""

from __future__ import annotations

import json
import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from mailloom.api import Office
from mailloom.api.output import AsJson, print_json, print_records, say
from mailloom.errors import ConfigurationError, TemporaryFailure

from .characters import CHARACTERS
from .publishing import publish, published
from .service import internet_of

sandbox = typer.Typer(help="A small internet on this machine, for trying things.", no_args_is_help=True)


@sandbox.command("people")
def people(as_json: AsJson = False) -> None:
    """How the last word of a local part decides what happens to a mail."""
    rows = [
        {"address": f"somebody.{character.word}@example.com", "what_happens": character.summary}
        for character in CHARACTERS
    ]
    print_records(rows, ("address", "what_happens"), as_json=as_json)


@sandbox.command("write")
def write(
    context: typer.Context,
    sender: Annotated[str, typer.Argument(help="Who writes, such as ann.replies@example.com.")],
    to: Annotated[str, typer.Argument(help="An address of ours.")],
    subject: Annotated[str, typer.Option(help="Subject.")] = "A question",
    text: Annotated[str, typer.Option(help="What it says.")] = "Can you help me?",
    times: Annotated[int, typer.Option(min=1, max=1000, help="How often.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Let somebody in the sandbox write to us; a running listener takes it."""
    office: Office = context.obj
    internet = internet_of(office)
    for _ in range(times):
        # Commands know nothing of each other, so the clock keeps their letters apart.
        carried = internet.write(sender, to, subject, text, occasion=office.now().isoformat())
        if not carried.taken:
            raise TemporaryFailure(
                f"{to} did not take the mail of {sender}: {carried.reply}.",
                remedy="Does `mailloom serve` run, with the listener where the sandbox's setting `home` says?",
            )
        if as_json:
            print_json({"sender": sender, "to": to, "reply": carried.reply})
        else:
            say(f"{sender} wrote to {to}: {carried.reply}")


@sandbox.command("publish")
def publish_record(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The record's name, such as _dmarc.example.org.")],
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="A, AAAA, CNAME, MX, PTR or TXT.")],
    values: Annotated[list[str] | None, typer.Argument(help="Its values; without any the record is gone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a record in the sandbox's DNS, in place of what stood there under this name and type."""
    office: Office = context.obj
    with office.write() as session:
        publish(session, name, kind, values or [])
    if as_json:
        print_json({"name": name, "type": kind.upper(), "values": values or []})
    else:
        say(f"{name} {kind.upper()}: {', '.join(values or []) or 'nothing any more'}")


@sandbox.command("zone")
def zone(context: typer.Context, as_json: AsJson = False) -> None:
    """What stands in the sandbox's DNS."""
    office: Office = context.obj
    rows = [{"name": each.name, "type": each.type, "value": each.value} for each in published(office)]
    print_records(rows, ("name", "type", "value"), as_json=as_json)


@sandbox.command("run")
def run(
    context: typer.Context,
    seconds: Annotated[float | None, typer.Option(min=0, help="End after so long; else with Ctrl-C.")] = None,
) -> None:
    """Run the sandbox by itself; the first line printed is JSON with its ports."""
    office: Office = context.obj
    internet = internet_of(office)
    end = threading.Event()

    def tell(number: int, frame: FrameType | None) -> None:
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    try:
        internet.start()
    except OSError as error:
        raise ConfigurationError(
            f"The sandbox cannot listen at port {internet.port}: {error.strerror or error}.",
            remedy="Choose another port, or 0 for a free one: mailloom settings set sandbox smtp 127.0.0.1:0",
        ) from error
    try:
        home = f"{internet.postman.host}:{internet.postman.port}"
        typer.echo(json.dumps({"smtp": f"{internet.host}:{internet.port}", "home": home}))
        end.wait(seconds)
    finally:
        internet.stop()
