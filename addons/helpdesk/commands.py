"""`mailloom helpdesk`: teams and tickets at the command line."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import select

from mailloom.addons.alias.managing import own_alias
from mailloom.api import Office
from mailloom.api.output import AsJson, print_records, say
from mailloom.errors import NotFound

from .models import Team, Ticket, TicketState

helpdesk = typer.Typer(help="Tickets made of mail.", no_args_is_help=True)


@helpdesk.command("team")
def add_team(
    context: typer.Context, name: str, address: Annotated[str, typer.Argument(help="NAME or NAME@DOMAIN.")]
) -> None:
    """Make a team and the address that its tickets come to."""
    office: Office = context.obj
    localpart, _, domain = address.partition("@")
    with office.write() as session:
        team = Team(name=name)
        session.add(team)
        session.flush()
        say(f"Mail to {own_alias(session, team, localpart, domain=domain).address} becomes a ticket of {name}.")


@helpdesk.command("list")
def list_tickets(
    context: typer.Context,
    state: Annotated[TicketState | None, typer.Option(help="Only tickets in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """The tickets, newest first."""
    office: Office = context.obj
    wanted = select(Ticket).order_by(Ticket.id.desc())
    with office.read() as session:
        tickets = session.scalars(wanted if state is None else wanted.where(Ticket.state == state)).all()
    rows = [{"id": one.id, "state": one.state.value, "customer": one.customer, "subject": one.name} for one in tickets]
    print_records(rows, ["id", "state", "customer", "subject"], as_json=as_json)


@helpdesk.command("reply")
def reply(context: typer.Context, ticket: int, text: str) -> None:
    """Answer a ticket: the customer and the ticket's followers get a mail."""
    office: Office = context.obj
    with office.write() as session:
        office.post(session, _ticket(session.get(Ticket, ticket), ticket), text=text)
    say("Queued.")


@helpdesk.command("solve")
def solve(context: typer.Context, ticket: int) -> None:
    """Mark a ticket as solved; a further mail of the customer opens it again."""
    office: Office = context.obj
    with office.write() as session:
        _ticket(session.get(Ticket, ticket), ticket).state = TicketState.SOLVED
    say("Solved.")


def _ticket(found: Ticket | None, number: int) -> Ticket:
    if found is None:
        raise NotFound(f"There is no ticket {number}.", remedy="`mailloom helpdesk list` shows them all.")
    return found
