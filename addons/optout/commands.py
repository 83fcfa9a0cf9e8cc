"""`mailloom optouts`: who said no, how, and what to do when somebody says it by telephone."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_record, print_records, say
from mailloom.errors import NotFound
from mailloom.mail.address import normalise

from .asking import who_is_out
from .erasure import is_erased, record
from .models import Answer, Source, Statement
from .statements import opt_in_again, opt_out, statements_of

optouts = typer.Typer(help="Who wants no marketing mail.", no_args_is_help=True)

_COLUMNS = ("address", "topic", "answer", "source", "since", "reason", "mailing")
Topic = Annotated[str, typer.Option(help="Only this topic, such as list:7; none is all marketing.")]
By = Annotated[str, typer.Option("--by", help="Who decides; kept as evidence.")]


def add_to(root: typer.Typer) -> None:
    root.add_typer(optouts, name="optouts")


@optouts.command("list")
def list_optouts(
    context: typer.Context,
    source: Annotated[Source | None, typer.Option(help="Only those said this way.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="What was taken back, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """The newest first."""
    office: Office = context.obj
    chosen = select(Statement).order_by(Statement.id.desc()).limit(limit)
    if not ended:
        chosen = chosen.where(Statement.ended_at.is_(None), Statement.answer == Answer.NO)
    if source is not None:
        chosen = chosen.where(Statement.source == source)
    with office.read() as session:
        rows = [record(statement) for statement in session.scalars(chosen)]
    print_records(rows, [*_COLUMNS, *(["ended_at", "ended_by"] if ended else [])], as_json=as_json)


@optouts.command("add")
def add(
    context: typer.Context,
    address: str,
    topic: Topic = "",
    reason: Annotated[str, typer.Option(help="Why, in the person's words.")] = "",
    source: Annotated[Source, typer.Option(help="How it was said.")] = Source.ADMIN,
    by: By = "operator",
    as_json: AsJson = False,
) -> None:
    """Send an address no marketing mail any more, from this moment on."""
    office: Office = context.obj
    with office.write() as session:
        new = opt_out(session, address, topic=topic, source=source, reason=reason, evidence={"by": by})
    _told({"address": normalise(address), "topic": topic, "new": new}, f"{address} is opted out.", as_json)


@optouts.command("undo")
def undo(context: typer.Context, address: str, topic: Topic = "", by: By = "operator", as_json: AsJson = False) -> None:
    """Take an opt-out back. Only on the person's own word: their consent is what you must be able to show."""
    office: Office = context.obj
    with office.write() as session:
        if not opt_in_again(session, address, topic=topic, source=Source.ADMIN, evidence={"by": by}):
            raise NotFound(
                f"{address} has not opted out of {topic or 'all marketing'}.",
                remedy=f"`mailloom optouts show {address}` shows what was said.",
            )
    _told({"address": normalise(address), "topic": topic}, f"{address} may get marketing mail again.", as_json)


@optouts.command("show")
def show(context: typer.Context, address: str, as_json: AsJson = False) -> None:
    """All that an address said, with the evidence."""
    office: Office = context.obj
    key = normalise(address)
    with office.read() as session:
        said = [record(statement) for statement in statements_of(session, key)]
        summary = {
            "address": key,
            "all_marketing": "no" if who_is_out(session, [key], "") else "yes",
            "erased": bool(is_erased(session, [key])),
        }
    if as_json:
        print_record({**summary, "statements": said}, as_json=True)
        return
    print_record(summary)
    print_records([{**one, "evidence": _written(one["evidence"])} for one in said], [*_COLUMNS, "evidence", "ended_at"])


def _written(evidence: dict[str, str]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in evidence.items())


def _told(values: dict[str, object], text: str, as_json: bool) -> None:
    if as_json:
        print_record(values, as_json=True)
    else:
        say(text)
