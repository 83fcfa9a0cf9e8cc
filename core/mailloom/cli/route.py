"""`mailloom route`: where a mail goes and why; with --explain nothing is changed. `mailloom routes`: the table that decides."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from mailloom.api.office import Received
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json, print_records
from mailloom.errors import ConfigurationError
from mailloom.flow.routing_table import routing_table

STDIN = "-"


def register_commands(root: typer.Typer) -> None:
    root.command("route")(route)
    root.command("routes")(routes)


def route(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="A raw mail; - for standard input.")],
    explain: Annotated[bool, typer.Option("--explain", help="Only say what would happen.")] = False,
    recipient: Annotated[
        list[str] | None, typer.Option(help="Envelope recipient, may be given several times; else the headers count.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="The incoming account it came through.")] = None,
    fallback: Annotated[
        str | None, typer.Option(help="Model, or model:record, that takes what nothing else claims.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Receive a mail from a file and say what became of it; with --explain, what would become of it."""
    app = opened(context)
    raw = _read(file)
    take = app.explain if explain else app.receive
    received = take(raw, recipients=recipient or None, account=account, fallback=fallback)
    if as_json:
        print_json(explanation(received))
    else:
        show(received)


def routes(context: typer.Context, as_json: AsJson = False) -> None:
    """The routing table in the order in which it is asked."""
    rows = [
        {"order": row.order, "name": row.name, "addon": row.addon, "summary": row.summary}
        for row in routing_table(opened(context).registry)
    ]
    print_records(rows, ("order", "name", "addon", "summary"), as_json=as_json)


def explanation(received: Received) -> dict[str, Any]:
    """The record as JSON with exactly the documented keys."""
    return {
        "outcome": received.outcome,
        "routes": [{key: each.get(key) for key in _ROUTE_KEYS} for each in received.routes],
        "steps": [{key: each.get(key) for key in _STEP_KEYS} for each in received.steps],
        "answer": {key: received.answer.get(key) for key in _ANSWER_KEYS} if received.answer else None,
    }


_ROUTE_KEYS = ("action", "model", "record", "thread", "parent", "router", "defaults")
_STEP_KEYS = ("router", "verdict", "why")
_ANSWER_KEYS = ("to", "reason")


def show(received: Received) -> None:
    """The outcome, the places, and each router's words."""
    out = console()
    out.print(Text.assemble((received.outcome, "bold"), f": {plain(received.reason)}"))
    for each in received.routes:
        out.print(Text(f"  {plain(_place(each))}"))
    if received.answer:
        out.print(Text(f"  answered {plain(received.answer.get('to'))} ({plain(received.answer.get('reason'))})"))
    for flag in received.flags:
        out.print(Text(f"  note: {plain(flag)}"))
    records = [dict(step) for step in received.steps]
    if records:
        print_records(records, ("router", "verdict", "why"))


def _place(route: Any) -> str:
    made = "creates a record of" if route.get("action") == "create" else "adds to"
    record = f" {route['record']}" if route.get("record") else ""
    thread = f", thread {route['thread']}" if route.get("thread") else ""
    return f"{made} {route.get('model')}{record}{thread} (by {route.get('router')})"


def _read(file: str) -> bytes:
    if file == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The mail {file} cannot be read: {error.strerror or error}.", remedy="Name a file with one raw mail, or -."
        ) from error
