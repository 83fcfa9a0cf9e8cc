"""`mailloom dmarc`: checking one mail, and the reports of others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_json, print_record, print_records, say
from mailloom.errors import NotFound
from mailloom.mail.message import parse

from .authenticating import authenticate
from .models import Report
from .report_reading import read_report
from .reports import daily, hosts, keep_report
from .settings import SenderAuthSettings

dmarc = typer.Typer(help="Who sends under your name, and who mail is from.", no_args_is_help=True)

Days = Annotated[int, typer.Option(min=1, help="Days to look back.")]
Domain = Annotated[str, typer.Argument(help="The domain that the reports are about.")]


@dmarc.command("list")
def list_reports(
    context: typer.Context,
    domain: Annotated[str, typer.Option(help="Only about this domain.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The aggregate reports that came in, the newest first."""
    office: Office = context.obj
    chosen = select(Report).order_by(Report.begin.desc(), Report.id.desc()).limit(limit)
    if domain:
        chosen = chosen.where(Report.domain == domain.strip().lower())
    with office.read() as session:
        rows = [
            {
                "id": each.id,
                "domain": each.domain,
                "by": each.organisation,
                "begin": each.begin,
                "end": each.end,
                "messages": each.messages,
                "passed": each.passed,
                "failed": each.messages - each.passed,
                "policy": each.policy,
            }
            for each in session.scalars(chosen)
        ]
    print_records(rows, ["id", "domain", "by", "begin", "messages", "passed", "failed", "policy"], as_json=as_json)


@dmarc.command("days")
def days(context: typer.Context, domain: Domain, days: Days = 30, as_json: AsJson = False) -> None:
    """Messages a day that passed and failed DMARC."""
    office: Office = context.obj
    with office.read() as session:
        found = daily(session, domain.strip().lower(), since=office.now() - timedelta(days=days))
    rows = [{"day": str(each.day), "passed": each.passed, "failed": each.failed} for each in found]
    print_records(rows, ["day", "passed", "failed"], as_json=as_json)


@dmarc.command("hosts")
def list_hosts(context: typer.Context, domain: Domain, days: Days = 30, as_json: AsJson = False) -> None:
    """Hosts that sent under the domain's name, with most messages first."""
    office: Office = context.obj
    with office.read() as session:
        found = hosts(session, domain.strip().lower(), since=office.now() - timedelta(days=days))
    rows = [
        {"host": each.address, "messages": each.messages, "dkim": each.dkim, "spf": each.spf, "failed": each.failed}
        for each in found
    ]
    print_records(rows, ["host", "messages", "dkim", "spf", "failed"], as_json=as_json)


@dmarc.command("read")
def read(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help="Aggregate reports: xml, gz or zip.", exists=True, dir_okay=False)
    ],
) -> None:
    """Keep reports that did not come by mail; the first that is none ends it."""
    office: Office = context.obj
    for file in files:
        report = read_report(file.read_bytes())
        with office.write() as session:
            kept = keep_report(session, report, arrival_id=None, now=office.now())
        known = "" if kept is not None else " It was known already."
        say(f"{report.organisation} about {report.domain}: {len(report.rows)} rows.{known}")


@dmarc.command("check")
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A mail as it was received.")],
    sender: Annotated[
        str | None, typer.Option("--from", help="Its envelope sender, where the mail does not say.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check one mail's sender by SPF, DKIM and DMARC, with the DNS of now."""
    office: Office = context.obj
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    settings = office.settings("senderauth")
    assert isinstance(settings, SenderAuthSettings)
    found = authenticate(parse(file.read_bytes()), sender, settings, office.resolver, office.now())
    if as_json:
        print_json(found)
        return
    print_record(
        {
            "from": found.author,
            "genuine": {True: "yes", False: "no", None: "could not be checked"}[found.verdict.genuine],
            "why": found.verdict.why,
            "spf": f"{found.spf.result}: {found.spf.why}" if found.spf else "not checked: the client is not known",
            "dkim": [f"{each.result}: {each.why}" for each in found.signatures] or "not signed",
            "dmarc": f"{found.dmarc.result}: {found.dmarc.why}" if found.dmarc else "none",
        }
    )
