"""The pages of mailings: the table, and by module what a person does with one of them."""

from __future__ import annotations

from mailloom.api import Office, Permission
from mailloom.api.pages import APIRouter, Column, Filter, Kind, Request, Response, Table, Toolkit, _, needs

from ..models import Mailing, MailingState
from .controls import make as make_controls
from .plans import make as make_plans
from .previews import make as make_previews
from .reports import make as make_reports
from .words import make as make_words

MAILINGS = Table(
    name="mailings",
    key=Mailing.id,
    columns=(
        Column(
            name="name",
            label="Mailing",
            value=Mailing.name,
            wide=True,
            sort=True,
            link=lambda row: f"/admin/mailings/{row['_key']}",
        ),
        Column(name="state", label="State", value=Mailing.state, kind=Kind.STATE),
        Column(name="due", label="Planned for", value=Mailing.due, kind=Kind.MOMENT),
        Column(name="started", label="Started", value=Mailing.started_at, kind=Kind.MOMENT),
        Column(name="finished", label="Ended", value=Mailing.finished_at, kind=Kind.MOMENT),
        Column(name="by", label="By", value=Mailing.created_by),
    ),
    search=(Mailing.name,),
    filters=(
        Filter(
            name="state",
            label="State",
            options=[(state.value, state.value) for state in MailingState],
            condition=lambda value: Mailing.state == MailingState(value),
        ),
    ),
    empty_title="No mailings yet",
    empty_text="Write one: it is a draft, and nothing goes out before you start it.",
)


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/mailings")

    @router.get("", dependencies=[needs(Permission.MAILING_READ)])
    def list_mailings(request: Request) -> Response:
        actions = [("Write a mailing", "/mailings/new", Permission.MAILING_WRITE)]
        return toolkit.table(request, MAILINGS, title=_("Mailings"), actions=actions)

    for make_part in (make_plans, make_words, make_previews, make_controls, make_reports):
        router.include_router(make_part(office, toolkit))
    return router
