"""The helpdesk's pages for administrators: the tickets, and one ticket with its conversation."""

from __future__ import annotations

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
    Column,
    Crumb,
    Filter,
    FormView,
    Identity,
    Kind,
    Request,
    Response,
    Table,
    Toolkit,
    _,
    audit,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.conversation import conversation_of
from mailloom.errors import NotFound

from .models import Team, Ticket, TicketState

TICKETS = Table(
    name="tickets",
    key=Ticket.id,
    columns=(
        Column(
            name="subject",
            label="Subject",
            value=Ticket.name,
            wide=True,
            link=lambda row: f"/admin/helpdesk/tickets/{row['_key']}",
        ),
        Column(name="customer", label="Customer", value=Ticket.customer),
        Column(name="team", label="Team", value=Team.name),
        Column(name="state", label="State", value=Ticket.state, kind=Kind.STATE),
    ),
    where=lambda chosen: chosen.outerjoin(Team, Team.id == Ticket.team_id),
    search=(Ticket.name, Ticket.customer),
    latest=50_000,
    filters=(
        Filter(
            name="state",
            label="State",
            options=[(state.value, state.value) for state in TicketState],
            condition=lambda value: Ticket.state == TicketState(value),
        ),
    ),
    empty_title="No tickets yet",
    empty_text="Mail to the address of a team becomes a ticket.",
)


class Naming(BaseModel):
    name: str = Field(min_length=1, max_length=500, title="Subject", description="For us; the mails keep theirs.")


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/helpdesk")

    @router.get("/tickets", dependencies=[needs(Permission.MESSAGES_READ)])
    def list_tickets(request: Request) -> Response:
        return toolkit.table(request, TICKETS, title=_("Tickets"))

    @router.get("/tickets/{number}", dependencies=[needs(Permission.MESSAGES_READ)])
    def show_ticket(request: Request, number: int) -> Response:
        return ticket_page(request, number)

    @router.post("/tickets/{number}/name")
    def rename(request: Request, number: int, who: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        form = read_form(Naming, request.state.form)
        if form.value is None:
            return ticket_page(request, number, form, status=422)
        with office.write() as session:
            ticket = _ticket(session, number)
            before, ticket.name = ticket.name, form.value.name
            audit(session, who, "ticket.name", f"ticket:{number}", {"before": before, "after": form.value.name})
        return toolkit.done(request, f"/helpdesk/tickets/{number}", _("The subject is changed."))

    @router.post("/tickets/{number}/state/{state}")
    def set_state(
        request: Request, number: int, state: TicketState, who: Identity = needs(Permission.MESSAGES_WRITE)
    ) -> Response:
        with office.write() as session:
            ticket = _ticket(session, number)
            before, ticket.state = ticket.state, state
            audit(session, who, "ticket.state", f"ticket:{number}", {"before": before, "after": state})
        undo = f"/helpdesk/tickets/{number}/state/{before}"
        return toolkit.done(request, f"/helpdesk/tickets/{number}", _("The state is changed."), undo=undo)

    def ticket_page(request: Request, number: int, form: FormView[Naming] | None = None, status: int = 200) -> Response:
        with office.write() as session:
            ticket = _ticket(session, number)
            conversation = conversation_of(office, session, office.thread_of(session, ticket), request)
            team = session.get(Team, ticket.team_id) if ticket.team_id else None
        return toolkit.page(
            request,
            "helpdesk/ticket.html",
            title=ticket.name,
            crumbs=[Crumb(title=_("Tickets"), path="/helpdesk/tickets")],
            ticket=ticket,
            team=team,
            conversation=conversation.at(f"/helpdesk/tickets/{number}"),
            form=form or show_form(Naming, Naming(name=ticket.name)),
            status=status,
        )

    return router


def _ticket(session: Session, number: int) -> Ticket:
    found = session.get(Ticket, number) if 0 < number < 2**63 else None
    if found is None:
        raise NotFound(_("There is no ticket {number}.", number=number))
    return found
