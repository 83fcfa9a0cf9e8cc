"""The commands of `mailloom mailing` that only look: show, preview, check, test, report, recipients."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from sqlalchemy import select

from mailloom.api import Office
from mailloom.api.output import AsJson, plain, print_json, print_record, print_records, say
from mailloom.mail.address import normalise

from . import checking
from .drafting import files_of, variants_of
from .history import found
from .models import LedgerRow, MailingLog, Standing
from .persons import history_of
from .reporting import Figure, Rate, Report, report_of
from .tabulating import csv_of, sections

Number = Annotated[int, typer.Argument(metavar="ID", help="Id of the mailing.")]
Label = Annotated[str, typer.Option(help="Label of the variant; the first without it.")]
_RECIPIENT = ("address", "state", "reason", "variant", "queued_at", "settled_at", "delivery")


def add_looking(group: typer.Typer) -> None:
    for name, command in (
        ("show", show),
        ("preview", preview),
        ("check", check),
        ("test", send_test),
        ("report", report),
        ("recipients", recipients),
        ("history", history),
        ("names", names),
    ):
        group.command(name)(command)


def show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """A mailing, and everything that happened to it."""
    office: Office = context.obj
    with office.read() as session:
        mailing = found(session, number)
        variants = variants_of(session, number)
        log = session.scalars(select(MailingLog).where(MailingLog.mailing_id == number).order_by(MailingLog.id)).all()
        files = [file.name for file in files_of(session, number)]
    record = {
        "id": mailing.id,
        "name": mailing.name,
        "state": mailing.state,
        "reason": mailing.reason,
        "resumes_at": mailing.resume_at,
        "from": mailing.sender,
        "reply_to": mailing.reply_to,
        "account": mailing.account,
        "topic": mailing.topic,
        "target": mailing.target,
        "due": mailing.due,
        "time_zone": mailing.time_zone,
        "latest_hours": mailing.latest_hours,
        "sample_percent": mailing.sample_percent,
        "winner_by": mailing.winner_by,
        "winner": mailing.winner,
        "files": files,
    }
    words = [{"variant": one.label, "subject": one.subject, "text": one.text, "html": one.html} for one in variants]
    events = [{"at": one.at, "what": one.what, "who": one.actor, "why": one.why} for one in log]
    if as_json:
        print_json({**record, "variants": words, "log": events})
        return
    print_record(record)
    print_records(words, ("variant", "subject"))
    print_records(events, ("at", "what", "who", "why"))


def preview(
    context: typer.Context,
    number: Number,
    to: Annotated[str, typer.Option(help="As this recipient gets it; the first without it.")] = "",
    variant: Label = "",
    html: Annotated[bool, typer.Option("--html", help="The HTML instead of the text.")] = False,
    as_json: AsJson = False,
) -> None:
    """One recipient's mail, without sending anything."""
    office: Office = context.obj
    with office.read() as session:
        written, mail = checking.preview(session, office, found(session, number), variant, to)
    if as_json:
        raw = (mail.head + mail.body).decode("utf-8", "replace")
        print_json({"subject": written.subject, "text": written.text, "html": written.html, "mail": raw})
        return
    say(f"Subject: {written.subject}\n")
    for line in (written.html if html else written.text).splitlines():
        say(line)


def check(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """Write every recipient's mail for a try, and say what would keep the mailing from starting."""
    office: Office = context.obj
    with office.read() as session:
        checked = checking.check(session, office, found(session, number))
    if as_json:
        print_json(checked)
    else:
        say(
            f"{checked.recipients} recipients, {checked.looked_at} looked at, {checked.unwritable} mails cannot be written."
        )
        for complaint in checked.complaints:
            say(f"  variant {complaint.variant}: {complaint.why}")
        for fault in checked.faults:
            say(f"fault: {fault}")
        for remark in checked.remarks:
            say(f"note: {remark}")
    if checked.faults:
        raise typer.Exit(1)


def send_test(
    context: typer.Context,
    number: Number,
    to: Annotated[list[str], typer.Argument(help="Who shall get it.")],
    as_for: Annotated[str, typer.Option("--as", help="As this recipient gets it; the first without it.")] = "",
    variant: Label = "",
    as_json: AsJson = False,
) -> None:
    """Queue a test mail."""
    office: Office = context.obj
    with office.write() as session:
        drafts = checking.drafts_of_test(session, office, found(session, number), variant, to, as_for)
        queued = [number for draft in drafts for number in office.enqueue(session, draft).deliveries]
    if as_json:
        print_json({"deliveries": queued})
    else:
        say(f"{len(queued)} test mails are queued.")


def report(
    context: typer.Context,
    number: Number,
    as_csv: Annotated[bool, typer.Option("--csv", help="All numbers as CSV.")] = False,
    as_json: AsJson = False,
) -> None:
    """What became of a mailing, with the meaning of each number."""
    office: Office = context.obj
    with office.read() as session:
        found_report = report_of(session, number)
    if as_json:
        print_json(found_report)
    elif as_csv:
        for line in csv_of(found_report).splitlines():
            sys.stdout.write(f"{plain(line)}\r\n")
    else:
        _as_text(found_report)


def recipients(
    context: typer.Context,
    number: Number,
    state: Annotated[Standing | None, typer.Option(help="Only those in this state.")] = None,
    address: Annotated[str, typer.Option(help="Only this address.")] = "",
    after: Annotated[int, typer.Option(help="Continue after this row.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Who was looked at, where each stands, and why."""
    office: Office = context.obj
    chosen = select(LedgerRow).where(LedgerRow.mailing_id == number, LedgerRow.id > after)
    if state is not None:
        chosen = chosen.where(LedgerRow.state == state)
    if address:
        chosen = chosen.where(LedgerRow.key == normalise(address))
    with office.read() as session:
        found(session, number)
        rows = session.scalars(chosen.order_by(LedgerRow.id).limit(limit)).all()
    print_records([_recipient(row) for row in rows], ("row", *_RECIPIENT), as_json=as_json)


def names(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """The names that the templates may use."""
    office: Office = context.obj
    with office.read() as session:
        known = checking.names_for(session, office, found(session, number))
    if as_json:
        print_json(known)
    else:
        say(", ".join(f"{{{{ {name} }}}}" for name in known))


def history(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="Whose.")],
    as_json: AsJson = False,
) -> None:
    """The mailings that somebody got, or did not get, and what he did with them."""
    office: Office = context.obj
    with office.read() as session:
        received = history_of(session, normalise(address))
    columns = (
        "mailing",
        "name",
        "state",
        "reason",
        "settled_at",
        "opened_at",
        "clicked_at",
        "replied_at",
        "opted_out_at",
    )
    print_records([asdict(one) for one in received], columns, as_json=as_json)


def _recipient(row: LedgerRow) -> dict[str, Any]:
    return {
        "row": row.id,
        "address": row.address,
        "name": row.name,
        "state": row.state,
        "reason": row.reason,
        "source": row.source,
        "variant": row.label,
        "queued_at": row.queued_at,
        "settled_at": row.settled_at,
        "delivery": row.delivery_id,
        "opened_at": row.opened_at,
        "clicked_at": row.clicked_at,
        "replied_at": row.replied_at,
        "complained_at": row.complained_at,
        "opted_out_at": row.opted_out_at,
    }


def _as_text(report: Report) -> None:
    say(f"Mailing {report.mailing}, {report.name}: {report.state}. {report.reason}")
    print_records([_figure(one) for one in report.figures], ("what", "number", "meaning"))
    say("\nWhere everybody is; together they are all recipients:")
    print_records([_figure(one) for one in report.parts if one.count], ("what", "number", "meaning"))
    say("")
    print_records([_rate(one) for one in report.rates], ("rate", "value", "meaning", "earlier"))
    for title, rows in sections(report):
        if rows:
            say("")
            names = sorted({name for row in rows for name in row.counts})
            print_records([{title: row.value, **row.counts} for row in rows], (title, *names))


def _figure(figure: Figure) -> dict[str, Any]:
    return {"what": figure.name, "number": figure.count, "meaning": figure.meaning}


def _rate(rate: Rate) -> dict[str, Any]:
    earlier = "" if rate.earlier is None else f"{rate.earlier:.2%}"
    return {"rate": rate.name, "value": f"{rate.value:.2%}", "meaning": rate.meaning, "earlier": earlier}
