"""`mailloom bounces` and `mailloom suppressions`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_json, print_record, print_records, say
from mailloom.errors import NotFound

from .effects import Rule, change_rule, rule_for
from .listing import export, load
from .models import BounceEvent, Effect, Scope, Suppression
from .suppressing import suppress_address, undo
from .wording import words_for

bounces = typer.Typer(help="What came back about our mail.", no_args_is_help=True)
suppressions = typer.Typer(help="Addresses that are not written to.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="Who decides; kept with the entry.")]


def add_to(root: typer.Typer) -> None:
    root.add_typer(bounces, name="bounces")
    root.add_typer(suppressions, name="suppressions")


@bounces.command("list")
def list_bounces(
    context: typer.Context,
    address: Annotated[str, typer.Option(help="Only those about this address.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest events first."""
    office: Office = context.obj
    chosen = select(BounceEvent).order_by(BounceEvent.id.desc()).limit(limit)
    if address:
        chosen = chosen.where(BounceEvent.key == address.strip().lower())
    with office.read() as session:
        rows = [_row(event) for event in session.scalars(chosen)]
    print_records(rows, ["id", "at", "address", "effect", "reason", "status", "matched_by"], as_json=as_json)


@bounces.command("show")
def show(context: typer.Context, number: int, as_json: AsJson = False) -> None:
    """One event in full: the server's words, what they mean, and by what it was matched."""
    office: Office = context.obj
    with office.read() as session:
        event = session.get(BounceEvent, number)
        if event is None:
            raise NotFound(f"There is no bounce {number}.", remedy="`mailloom bounces list` shows them.")
        words = words_for(event.reason)
        record = _row(event) | {
            "meaning": words.meaning,
            "remedy": words.remedy,
            "diagnostic": event.diagnostic,
            "remote_mta": event.remote_mta,
            "rule": event.rule,
            "delivery": event.delivery_id,
            "message": event.message_id,
            "arrival": event.arrival_id,
            "told_again": event.repeats,
        }
    print_record(record, as_json=as_json)


@bounces.command("policy")
def policy(
    context: typer.Context,
    effect: Annotated[Effect | None, typer.Argument(help="The row to change; none prints the table.")] = None,
    suppress: Annotated[str | None, typer.Option(help="all, marketing or none.")] = None,
    note: Annotated[bool | None, typer.Option(help="Write a note on the conversation.")] = None,
    alarm: Annotated[bool | None, typer.Option(help="Raise an alarm for the sending domain.")] = None,
    as_json: AsJson = False,
) -> None:
    """The table of what follows from a report; with an effect, change its row."""
    office: Office = context.obj
    with office.write() as session:
        if effect is not None:
            rule = rule_for(session, effect)
            scope = rule.suppress if suppress is None else None if suppress == "none" else Scope(suppress)
            kept = Rule(
                suppress=scope, note=rule.note if note is None else note, alarm=rule.alarm if alarm is None else alarm
            )
            change_rule(session, effect, kept)
        rows = [_policy_row(each, rule_for(session, each)) for each in Effect]
    print_records(rows, ["effect", "suppress", "note", "alarm"], as_json=as_json)


@suppressions.command("list")
def list_suppressions(
    context: typer.Context,
    undone: Annotated[bool, typer.Option("--undone", help="Those that ended, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Addresses that are not written to, the newest first."""
    office: Office = context.obj
    chosen = select(Suppression).order_by(Suppression.id.desc())
    with office.read() as session:
        found = session.scalars(chosen if undone else chosen.where(Suppression.undone_at.is_(None)))
        rows = [
            {
                "address": one.key,
                "scope": one.scope.value,
                "since": one.since,
                "by": one.by,
                "reason": one.reason,
                "undone_at": one.undone_at,
            }
            for one in found
        ]
    print_records(
        rows, ["address", "scope", "since", "by", "reason", *(["undone_at"] if undone else [])], as_json=as_json
    )


@suppressions.command("add")
def add(
    context: typer.Context,
    address: str,
    reason: Annotated[str, typer.Option(help="Why; shown wherever it keeps a mail from being sent.")] = "by hand",
    scope: Annotated[Scope, typer.Option(help="All mail, or marketing only.")] = Scope.ALL,
    by: By = "operator",
) -> None:
    """Never write to an address again."""
    office: Office = context.obj
    with office.write() as session:
        suppress_address(session, address, scope=scope, reason=reason, by=by, now=office.now())
    say(f"{address} is suppressed.")


@suppressions.command("undo")
def undo_suppression(context: typer.Context, address: str, by: By = "operator") -> None:
    """Write to an address again; earlier soft bounces do not count any more."""
    office: Office = context.obj
    with office.write() as session:
        undo(session, address, by=by, now=office.now())
    say(f"{address} may be written to again.")


@suppressions.command("import")
def import_list(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    by: By = "import",
    as_json: AsJson = False,
) -> None:
    """Put the addresses of a CSV file on the list; lines that are wrong are told and left out."""
    office: Office = context.obj
    with office.write() as session, file.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
        rows = list(load(session, lines, by=by, now=office.now()))
    faults = [{"line": row.line, "address": row.address, "fault": row.fault} for row in rows if row.fault]
    if as_json:
        print_json({"imported": len(rows) - len(faults), "faults": faults})
    else:
        say(f"{len(rows) - len(faults)} imported, {len(faults)} left out.")
        for fault in faults:
            say(f"line {fault['line']}: {fault['fault']}")
    if faults:
        raise typer.Exit(1)


@suppressions.command("export")
def export_list(context: typer.Context, file: Path) -> None:
    """Write the list as CSV."""
    office: Office = context.obj
    with office.read() as session, file.open("w", newline="", encoding="utf-8") as out:
        say(f"{export(session, out)} written to {file}.")


def _row(event: BounceEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "address": event.key or event.reported_recipient,
        "kind": event.kind.value,
        "effect": event.effect.value,
        "reason": event.reason.value,
        "status": event.status,
        "hard": event.hard,
        "matched_by": event.matched_by.value,
    }


def _policy_row(effect: Effect, rule: Rule) -> dict[str, Any]:
    suppress = rule.suppress.value if rule.suppress else "none"
    when = " (when they add up)" if effect is Effect.SOFT and rule.suppress else ""
    return {"effect": effect.value, "suppress": suppress + when, "note": rule.note, "alarm": rule.alarm}
