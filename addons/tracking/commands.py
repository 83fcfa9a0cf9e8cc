"""`mailloom tracking`: which mailings are measured, on what ground, and what came back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from mailloom.addons.mailing.history import found
from mailloom.api import Office
from mailloom.api.output import AsJson, print_json, print_record, print_records, say
from mailloom.errors import ConfigurationError

from .models import Plan
from .planning import Wish, measure, stop
from .reporting import lines_of

tracking = typer.Typer(help="Opens and clicks of mailings that ask for it.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="Number of the mailing.", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Who decides; kept in the mailing's log.")]


def add_to(root: typer.Typer) -> None:
    root.add_typer(tracking, name="tracking")


@tracking.command("on")
def on(
    context: typer.Context,
    mailing: Number,
    note: Annotated[str, typer.Option(help="On what ground it may be measured, such as the consent you have.")] = "",
    opens: Annotated[bool, typer.Option(help="Measure opens by a picture.")] = True,
    clicks: Annotated[bool, typer.Option(help="Measure clicks by links that lead over this machine.")] = True,
    tag: Annotated[
        list[str] | None, typer.Option(help="name=value for each link, such as utm_campaign=spring.")
    ] = None,
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Measure a mailing that is still a draft. Off unless this is called."""
    office: Office = context.obj
    wish = Wish(opens=opens, clicks=clicks, tags=_tags(tag or []), note=note)
    with office.write() as session:
        record = _record(measure(session, mailing, wish, actor=by))
    if as_json:
        print_record(record, as_json=True)
    else:
        say(f"Mailing {mailing} will be measured.")


@tracking.command("off")
def off(context: typer.Context, mailing: Number, by: By = "operator", as_json: AsJson = False) -> None:
    """Keep nothing of what comes from now on; links in mail that is out go on working."""
    office: Office = context.obj
    with office.write() as session:
        stop(session, mailing, actor=by)
    if as_json:
        print_record({"mailing": mailing, "measured": False}, as_json=True)
    else:
        say(f"Mailing {mailing} is not measured any more.")


@tracking.command("report")
def report(context: typer.Context, mailing: Number, as_json: AsJson = False) -> None:
    """How many recipients opened and clicked: persons, and apart from them proxies and scanners."""
    office: Office = context.obj
    with office.read() as session:
        found(session, mailing)
        plan = session.get(Plan, mailing)
        record = _record(plan) if plan is not None else None
        lines = [asdict(line) for line in lines_of(session, mailing)]
    if as_json:
        print_json({"plan": record, "lines": lines})
        return
    say("This mailing is not measured." if record is None else f"Measured because: {record['note'] or 'tags only'}")
    print_records(lines, ["what", "persons", "proxies", "scanners", "waiting"])


def _tags(written: list[str]) -> dict[str, str]:
    tags = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals:
            raise ConfigurationError(
                f"{each[:80]!r} is no tag.", remedy="Write name=value, such as utm_campaign=spring."
            )
        tags[name] = value
    return tags


def _record(plan: Plan) -> dict[str, Any]:
    return {
        "mailing": plan.mailing_id,
        "opens": plan.opens,
        "clicks": plan.clicks,
        "tags": dict(plan.tags),
        "note": plan.note,
        "decided_by": plan.decided_by,
        "decided_at": plan.decided_at,
        "stopped_at": plan.stopped_at,
    }
