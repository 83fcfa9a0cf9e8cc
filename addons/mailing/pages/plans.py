"""Writing a new mailing, and all of a draft that is not its words: whom it goes to, from whom, with which files."""

from __future__ import annotations

import mimetypes
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
    FormView,
    Identity,
    Request,
    Response,
    Toolkit,
    _,
    audit,
    n_,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.fields import Input
from mailloom.api.pages.forms import FieldView
from mailloom.errors import MailloomError
from mailloom.store.accounts import AccountRow, Direction

from ..drafting import LARGEST_ENCLOSURES, Content, Plan, change_plan, create, files_of
from ..history import found
from ..models import Mailing, Winner
from ..skeleton import File
from . import targeting
from .frame import mailing_page, mailings_crumb
from .targeting import TargetForm

_VARIANTS = "Variants"


class PlanEntry(BaseModel):
    name: str = Field(max_length=200, min_length=1, description="For yourselves; recipients do not see it.")
    sender: Annotated[str, Field(max_length=1000)] = Field(
        "", title="From", description="Such as: Ann <ann@example.org>. Empty: the server's own."
    )
    reply_to: Annotated[str, Field(max_length=1000)] = Field(
        "", title="Answers go to", description="Empty: to the sender."
    )
    account: str = Field("", max_length=64, title="Mail server", description="Empty: whichever fits the sender.")
    sample_percent: int = Field(
        100,
        ge=1,
        le=100,
        title="Sample",
        description="So many get the variants first; the others get the winner. 100: no winner.",
        json_schema_extra={"group": _VARIANTS},
    )
    winner_by: Winner = Field(Winner.HAND, title="Winner by", json_schema_extra={"group": _VARIANTS})
    winner_hours: int = Field(4, ge=1, le=336, title="Choose it after", json_schema_extra={"group": _VARIANTS})


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    write = Permission.MAILING_WRITE

    def shown(
        request: Request, mailing: Mailing | None, form: FormView[PlanEntry], target: TargetForm, error: str = ""
    ) -> Response:
        with office.read() as session:
            values = {
                "form": replace(form, fields=_with_accounts(session, form)),
                "target": target,
                "choices": targeting.choices(session, office),
                "files": files_of(session, mailing.id) if mailing else (),
                "error": error,
            }
        status = 422 if error or form.wrong else 200
        if mailing is None:
            title, crumbs = _("Write a mailing"), [mailings_crumb()]
            return toolkit.page(request, "mailing/new.html", title=title, crumbs=crumbs, status=status, **values)
        return mailing_page(request, toolkit, mailing, "plan", "plan", status=status, **values)

    @router.get("/new", dependencies=[needs(write)])
    def new(request: Request) -> Response:
        return shown(request, None, show_form(PlanEntry), targeting.shown({}))

    @router.post("/new")
    def add(request: Request, who: Identity = needs(write)) -> Response:
        form, target = read_form(PlanEntry, request.state.form), targeting.submitted(request.state.form)
        if form.value is None:
            return shown(request, None, form, target)
        try:
            plan = _plan(form.value, target, _files(request.state.form))
            with office.write() as session:
                number = create(
                    session,
                    plan,
                    [_first_words(plan.name)],
                    actor=who.actor,
                    now=office.now(),
                ).id
                audit(session, who, "mailing.add", f"mailing:{number}", {"name": plan.name})
        except MailloomError as error:
            return shown(request, None, form, target, _told(error))
        return toolkit.done(request, f"/mailings/{number}/words", _("The draft is kept. Now write it."))

    @router.get("/{number}/plan", dependencies=[needs(write)])
    def show_plan(request: Request, number: int) -> Response:
        with office.read() as session:
            mailing = found(session, number)
        entry = PlanEntry.model_validate(mailing, from_attributes=True)
        return shown(request, mailing, show_form(PlanEntry, entry), targeting.shown(mailing.target))

    @router.post("/{number}/plan")
    def save_plan(request: Request, number: int, who: Identity = needs(write)) -> Response:
        form, target = read_form(PlanEntry, request.state.form), targeting.submitted(request.state.form)
        with office.read() as session:
            mailing = found(session, number)
        if form.value is None:
            return shown(request, mailing, form, target)
        try:
            plan = _plan(form.value, target, _files(request.state.form))
            with office.write() as session:
                change_plan(session, number, plan, actor=who.actor, now=office.now())
                audit(session, who, "mailing.change", f"mailing:{number}", {"name": plan.name})
        except MailloomError as error:
            return shown(request, mailing, form, target, _told(error))
        return toolkit.done(request, f"/mailings/{number}", _("Saved."))

    @router.post("/count", dependencies=[needs(write)])
    def count(request: Request) -> Response:
        """How many the form's target has, while it is filled in."""
        try:
            with office.read() as session:
                many = targeting.people(session, office, targeting.submitted(request.state.form))
            said = n_("{count} recipient now", "{count} recipients now", many)
        except MailloomError as error:
            said = _told(error)
        return toolkit.fragment(request, "mailing/said.html", said=said)

    return router


def _plan(entry: PlanEntry, target: TargetForm, files: list[File]) -> Plan:
    return Plan(target=targeting.target_of(target), files=files, **entry.model_dump())


def _first_words(name: str) -> Content:
    """Something to begin with, which may already be sent as it is."""
    greeting, leave = _("Hello {{ name }},"), _("Unsubscribe")
    return Content(subject=name, html=f'<p>{greeting}</p>\n\n<p><a href="{{{{ unsubscribe_url }}}}">{leave}</a></p>\n')


def _with_accounts(session: Session, form: FormView[PlanEntry]) -> list[FieldView]:
    """The server is chosen among those that send."""
    sending = select(AccountRow.name).where(AccountRow.direction == Direction.OUTGOING, AccountRow.archived.is_(False))
    options = [(name, name) for name in session.scalars(sending.order_by(AccountRow.name))]
    return [
        replace(field, input=Input.SELECT, options=options, optional=True) if field.name == "account" else field
        for field in form.fields
    ]


def _files(form: FormData) -> list[File]:
    """What was chosen to go along; pictures of the HTML by their name, as `cid:logo.png`."""
    chosen = [each for each in form.getlist("files") if isinstance(each, UploadFile) and each.filename]
    return [_file(each) for each in chosen]


def _file(upload: UploadFile) -> File:
    name = (upload.filename or "").replace("\\", "/").rpartition("/")[2][:255]
    content = upload.file.read(LARGEST_ENCLOSURES + 1)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return File(name=name, content_type=kind, content=content, content_id=name if kind.startswith("image/") else "")


def _told(error: MailloomError) -> str:
    return f"{error} {error.remedy}".strip()
