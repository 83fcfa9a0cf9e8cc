"""`mailloom doctor domain` and `mailloom doctor loop`: a look at a sending domain, and what a receiver really finds."""

from __future__ import annotations

from typing import Annotated

import typer

from mailloom.api import Office
from mailloom.api.checks import Severity
from mailloom.api.output import AsJson, print_json, print_records, say
from mailloom.errors import NotFound

from .checking import DomainReport, check_domain, domain_name, last_report
from .loop import LoopResult, run_loop
from .probing import NoProber
from .showing import lines_of


def add_to_doctor(doctor: typer.Typer) -> None:
    doctor.command("domain")(domain)
    doctor.command("loop")(loop)


def domain(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The domain of From.")],
    last: Annotated[bool, typer.Option("--last", help="Show the last look instead of looking again.")] = False,
    dns_only: Annotated[bool, typer.Option("--dns-only", help="Ask the DNS and no web page or mail port.")] = False,
    problems: Annotated[bool, typer.Option("--problems", help="Leave out what is good.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a sending domain: what its DNS should hold, what it holds, and the records to paste; exit code 1 when something is wrong."""
    office: Office = context.obj
    wanted = domain_name(name)
    report = _last(office, wanted) if last else check_domain(office, wanted, prober=NoProber() if dns_only else None)
    if as_json:
        print_json(report)
    else:
        for line in lines_of(report, only_problems=problems):
            say(line)
    if report.severity is Severity.BAD:
        raise typer.Exit(1)


def loop(
    context: typer.Context,
    sender: Annotated[str, typer.Option("--from", help="The From to try, an address of the domain.")],
    to: Annotated[str, typer.Option("--to", help="A mailbox that an incoming account reads.")],
    account: Annotated[str, typer.Option(help="The outgoing account; blank: as for all mail.")] = "",
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Longest wait.")] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Send a message to a mailbox that we read, and show its receiver's verdict beside ours; exit code 1 when From was not proved."""
    office: Office = context.obj
    result = run_loop(office, sender=sender, to=to, account=account, seconds=seconds)
    if as_json:
        print_json(result)
    else:
        _show_loop(result)
    if result.receiver and not result.passed:
        raise typer.Exit(1)


def _show_loop(result: LoopResult) -> None:
    say(f"Back after {result.seconds:g} s as arrival {result.arrival_id}.")
    rows = [
        {"method": each.method, "receiver": each.receiver or "-", "mailloom": each.ours or "-"}
        for each in result.methods
    ]
    print_records(rows, ["method", "receiver", "mailloom"])
    say(f"{result.receiver or 'The receiver'} wrote: {result.receiver_line or 'nothing (no Authentication-Results)'}")
    say(f"mailloom finds: {result.our_line}")


def _last(office: Office, domain: str) -> DomainReport:
    with office.read() as session:
        report = last_report(session, domain)
    if report is None:
        raise NotFound(f"{domain} was never looked at.", remedy=f"Run: mailloom doctor domain {domain}")
    return report
