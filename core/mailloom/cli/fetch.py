"""`mailloom fetch`: look for new mail now, with a bar that moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Protocol

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mailloom.app import App
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, console, print_records
from mailloom.errors import NotFound
from mailloom.flow.fetching import FetchReport
from mailloom.flow.settling import Settled
from mailloom.jobs.duties import Duties
from mailloom.store.accounts import AccountRow
from mailloom.working import duties_of


class Advance(Protocol):
    def __call__(self, count: int) -> None: ...


def register_commands(root: typer.Typer) -> None:
    root.command("fetch")(fetch)


def fetch(
    context: typer.Context,
    account: Annotated[
        str | None, typer.Argument(help="Name of an incoming account; all without it.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch new mail once and decide about it; also for accounts that rest after faults."""
    app = opened(context)
    duties = duties_of(app)
    records = [_fetched(duties, row, quiet=as_json) for row in _chosen(app, duties, account)]
    if not as_json and not records:
        console(stderr=True).print("There is no incoming account. Make one with: mailloom accounts add")
    print_records(records, ("account", "fetched", "settled", "note"), as_json=as_json)
    if any(record["failed"] for record in records):
        raise typer.Exit(1)


def _chosen(app: App, duties: Duties, name: str | None) -> list[AccountRow]:
    rows = duties.fetching.accounts()
    if name is None:
        return rows
    found = [row for row in rows if row.name == name]
    if not found:
        raise NotFound(
            f"There is no incoming account {name!r}.",
            remedy=f"Incoming accounts: {', '.join(row.name for row in rows) or 'none'}.",
        )
    return found


def _fetched(duties: Duties, row: AccountRow, *, quiet: bool) -> dict[str, Any]:
    total = FetchReport(account=row.name)
    settled = Settled()
    duties.fetching.kept = lambda ids: None
    with bar(f"fetching {row.name}", quiet=quiet) as advance:
        while True:
            report = duties.fetching.fetch_account(row.id, advance, even_resting=True)
            total.fetched += report.fetched
            total.error, total.remedy, total.busy, total.tried = report.error, report.remedy, report.busy, report.tried
            duties.settling.settle(report.arrivals, settled)
            if not report.more:
                break
    note = "another worker reads this account now" if total.busy else f"{total.error} {total.remedy}".strip()
    return {
        "account": row.name,
        "fetched": total.fetched,
        "settled": settled.settled,
        "note": note,
        "failed": bool(total.error and total.tried),
    }


@contextmanager
def bar(title: str, *, quiet: bool = False, total: int | None = None) -> Iterator[Advance]:
    """A progress bar on stderr, where that is a terminal."""
    shown = console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=shown, transient=True, disable=quiet or not shown.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.advance(task, count)
