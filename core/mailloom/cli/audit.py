"""`mailloom audit`: who did what."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import select

from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_records
from mailloom.store.access import AuditEntry


def register_commands(root: typer.Typer) -> None:
    root.command("audit")(show_audit)


def show_audit(
    context: typer.Context,
    subject: Annotated[str, typer.Option(help="Only about this, such as user:ann.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many entries.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What people and programs have changed, the newest first."""
    chosen = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if subject:
        chosen = chosen.where(AuditEntry.subject == subject)
    with opened(context).read() as session:
        records = [
            {
                "at": entry.at,
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "details": entry.details,
                "address": entry.address,
            }
            for entry in session.scalars(chosen)
        ]
    print_records(records, ("at", "actor", "action", "subject", "details", "address"), as_json=as_json)
