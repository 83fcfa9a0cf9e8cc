"""`mailloom doctor`: is all well, and if not, what would help?"""

from __future__ import annotations

from collections.abc import Iterator

import typer
from rich.text import Text

from mailloom.api.checks import Finding, Severity
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, plain, print_json
from mailloom.errors import MailloomError
from mailloom.jobs.checkup import Checkup
from mailloom.working import duties_of

_MARKS = {
    Severity.GOOD: ("✓", "green"),
    Severity.WARNING: ("!", "yellow"),
    Severity.BAD: ("✗", "bold red"),
    Severity.UNKNOWN: ("?", "yellow"),
}


group = typer.Typer(invoke_without_command=True)


def register_commands(root: typer.Typer) -> None:
    root.add_typer(group, name="doctor")


@group.callback()
def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Look at database, keys, disk, clock, addons, accounts, queues and jobs; exit code 1 when something is bad."""
    if context.invoked_subcommand is not None:
        return
    findings = []
    for finding in _findings(context):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        print_json(findings)
    if any(finding.severity is Severity.BAD for finding in findings):
        raise typer.Exit(1)


def _findings(context: typer.Context) -> Iterator[Finding]:
    try:
        app = opened(context)
    except MailloomError as error:
        yield Finding(subject="installation", severity=Severity.BAD, text=str(error), remedy=error.remedy)
        return
    yield from Checkup(app, app.database, app.registry, app.keys, duties_of(app)).findings()


def _show(finding: Finding) -> None:
    mark, style = _MARKS[finding.severity]
    out = console()
    out.print(Text.assemble((mark, style), f" {plain(finding.subject)}: {plain(finding.text)}"))
    if finding.remedy:
        out.print(Text(f"  → {plain(finding.remedy)}"))
