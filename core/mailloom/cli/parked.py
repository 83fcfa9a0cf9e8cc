"""`mailloom parked`: mails that wait for a person: why, and what to do about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy import select

from mailloom.app import App
from mailloom.cli.inspect import Letter, read_letter
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json, print_records, say
from mailloom.cli.route import explanation, show
from mailloom.errors import ConfigurationError, MailloomError, NotFound
from mailloom.flow.settlement import received_of
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.blobs import read_blob

parked = typer.Typer(help="Mails that wait for a person.", no_args_is_help=True)

Ids = Annotated[list[int] | None, typer.Argument(help="Ids, as `parked list` shows them.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Everything that is parked.")]


def register_commands(root: typer.Typer) -> None:
    root.add_typer(parked, name="parked")


@parked.command("list")
def list_parked(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Parked mails, newest first, each with its reason."""
    chosen = select(Arrival).where(Arrival.outcome == Outcome.PARKED).order_by(Arrival.id.desc()).limit(limit)
    with opened(context).read() as session:
        records = [_record(arrival) for arrival in session.scalars(chosen)]
    print_records(records, ("id", "received_at", "from", "subject", "attempts", "reason"), as_json=as_json)


@parked.command("show")
def show_parked(
    context: typer.Context,
    arrival_id: Annotated[int, typer.Argument(metavar="ID", help="Id of the mail.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the mail itself, byte by byte.")] = False,
    as_json: AsJson = False,
) -> None:
    """One mail: what was decided, why, and what it says."""
    with opened(context).read() as session:
        arrival = session.get(Arrival, arrival_id)
        if arrival is None:
            raise NotFound(f"There is no arrival {arrival_id}.", remedy="See: mailloom parked list")
        content = read_blob(session, arrival.raw_digest or "")
    if raw:
        typer.get_binary_stream("stdout").write(content)
        return
    received = received_of(arrival)
    said = read_letter(Letter(f"arrival {arrival.id}", content))
    if as_json:
        print_json({**_record(arrival), **explanation(received), "mail": said})
        return
    show(received)
    out = console()
    for name in ("from", "to", "cc", "subject", "date"):
        value = ", ".join(said[name]) if isinstance(said[name], list) else said[name]
        out.print(f"{name:<9}", end="")
        say(value)
    say("")
    say(said["visible_reply"] or said["text"])


@parked.command("retry")
def retry(context: typer.Context, ids: Ids = None, everything: All = False, as_json: AsJson = False) -> None:
    """Decide again, after what kept the mails from being routed was mended."""
    app = opened(context)
    _each(app, ids, everything, lambda arrival_id: explanation(app.inbound.retry(arrival_id)), as_json)


@parked.command("reroute")
def reroute(
    context: typer.Context,
    ids: Ids = None,
    recipient: Annotated[list[str] | None, typer.Option(help="Decide as if it had come for this address.")] = None,
    fallback: Annotated[str | None, typer.Option(help="Model, or model:record, that shall take it.")] = None,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """Send mails another way: to other recipients, or to a model (or one of its records)."""
    if not recipient and not fallback:
        raise ConfigurationError("Where shall it go?", remedy="Give --recipient ADDRESS or --fallback MODEL[:RECORD].")
    app = opened(context)

    def again(arrival_id: int) -> dict[str, Any]:
        return explanation(app.inbound.retry(arrival_id, recipients=recipient or None, fallback=fallback))

    _each(app, ids, everything, again, as_json)


@parked.command("discard")
def discard(
    context: typer.Context,
    ids: Ids = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "discarded by hand",
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """Put mails away; their bytes stay until retention."""
    app = opened(context)

    def put_away(arrival_id: int) -> dict[str, Any]:
        app.inbound.discard(arrival_id, reason)
        return {"outcome": Outcome.DISCARDED.value, "routes": [], "steps": [], "answer": None}

    _each(app, ids, everything, put_away, as_json)


def _each(
    app: App, ids: Sequence[int] | None, everything: bool, act: Callable[[int], dict[str, Any]], as_json: bool
) -> None:
    """Every mail by itself: one that cannot be handled says so and stops nothing."""
    records = []
    for arrival_id in _chosen(app, ids, everything):
        try:
            records.append({"id": arrival_id, **act(arrival_id), "error": ""})
        except MailloomError as error:
            records.append({"id": arrival_id, "outcome": "", "error": f"{error} {error.remedy}".strip()})
    if as_json:
        print_json(records)
    else:
        print_records([{**record, "why": _why(record)} for record in records], ("id", "outcome", "why"))
    if any(record["error"] or record["outcome"] == Outcome.PARKED for record in records):
        raise typer.Exit(1)


def _chosen(app: App, ids: Sequence[int] | None, everything: bool) -> list[int]:
    if bool(ids) == everything:
        raise ConfigurationError("Which mails?", remedy="Give their ids, or --all.")
    if ids:
        return list(dict.fromkeys(ids))
    with app.read() as session:
        return list(session.scalars(select(Arrival.id).where(Arrival.outcome == Outcome.PARKED).order_by(Arrival.id)))


def _why(record: dict[str, Any]) -> str:
    if record["error"]:
        return str(record["error"])
    return plain(record["steps"][-1]["why"]) if record.get("steps") else ""


def _record(arrival: Arrival) -> dict[str, Any]:
    return {
        "id": arrival.id,
        "received_at": arrival.received_at,
        "from": arrival.from_address,
        "subject": arrival.subject,
        "attempts": arrival.attempts,
        "reason": arrival.reason,
        "account_id": arrival.account_id,
        "envelope_from": arrival.envelope_from,
        "envelope_recipients": arrival.envelope_recipients,
        "message_id": arrival.message_id,
        "flags": arrival.flags,
    }
