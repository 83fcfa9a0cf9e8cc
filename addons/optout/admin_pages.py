"""Opt-outs for administrators: who said no, on what word, and what to do when somebody says it by telephone. The public pages are in `pages`."""

from __future__ import annotations

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_

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
from mailloom.api.pages.formats import badge
from mailloom.errors import ConfigurationError, MailloomError, NotFound
from mailloom.mail.address import normalise

from .models import Answer, Source, Statement
from .statements import opt_in_again, opt_out, statements_of


def _begins(words: str) -> ColumnElement[bool]:
    """A whole address, or how it begins: both by the index."""
    start = (normalise(words) if "@" in words else "") or words.lower()
    return and_(Statement.key >= start, Statement.key < start + "\U0010ffff")


STATEMENTS = Table(
    name="optouts",
    key=Statement.id,
    columns=(
        Column(
            name="key",
            label="Address",
            value=Statement.key,
            wide=True,
            link=lambda row: f"/admin/optouts/{row['_key']}",
        ),
        Column(name="topic", label="Of", value=Statement.topic, look=lambda value, row: value or _("all marketing")),
        Column(
            name="ended_at",
            label="State",
            value=Statement.ended_at,
            look=lambda value, row: badge("taken back" if value else "opted out", "quiet" if value else "warning"),
        ),
        Column(name="source", label="How", value=Statement.source, look=lambda value, row: _(value.value)),
        Column(name="reason", label="Why", value=Statement.reason, wide=True),
        Column(name="since", label="Since", value=Statement.since, kind=Kind.MOMENT),
    ),
    where=lambda chosen: chosen.where(Statement.answer == Answer.NO),
    find=_begins,
    filters=(
        Filter(
            name="state",
            label="State",
            options=[("holds", "opted out"), ("over", "taken back")],
            condition=lambda value: (
                Statement.ended_at.is_(None) if value == "holds" else Statement.ended_at.is_not(None)
            ),
        ),
        Filter(
            name="source",
            label="How",
            options=[(source.value, source.value) for source in Source],
            condition=lambda value: Statement.source == Source(value),
        ),
    ),
    empty_title="Nobody has opted out",
    empty_text="Whoever says no by a link, a button or a mail stands here, with what shows it.",
)


class AddEntry(BaseModel):
    address: str = Field(
        min_length=1, max_length=320, description="Gets no marketing mail any more, from this moment on."
    )
    topic: str = Field("", max_length=64, title="Only of", description="Such as list:7. Empty: of all marketing.")
    reason: str = Field("", max_length=2000, title="Why", description="In the person's words.")


class UndoEntry(BaseModel):
    reason: str = Field(min_length=1, max_length=2000)


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/optouts")
    read, write = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE

    @router.get("", dependencies=[needs(read)])
    def list_statements(request: Request) -> Response:
        actions = [("Opt somebody out", "/optouts/new", write)]
        return toolkit.table(request, STATEMENTS, title=_("Opt-outs"), actions=actions)

    def add_page(request: Request, form: FormView[AddEntry], status: int = 200) -> Response:
        title = _("Opt somebody out")
        return toolkit.page(request, "optout/add.html", title=title, crumbs=[_crumb()], form=form, status=status)

    @router.get("/new", dependencies=[needs(write)])
    def new(request: Request) -> Response:
        return add_page(request, show_form(AddEntry))

    @router.post("/new")
    def add(request: Request, who: Identity = needs(write)) -> Response:
        form = read_form(AddEntry, request.state.form)
        if form.value is None:
            return add_page(request, form, 422)
        given = form.value
        try:
            with office.write() as session:
                opt_out(
                    session,
                    given.address,
                    topic=given.topic,
                    source=Source.ADMIN,
                    reason=given.reason,
                    evidence={"by": who.actor},
                )
                audit(session, who, "optout.add", f"address:{normalise(given.address)}", {"topic": given.topic})
        except MailloomError as error:
            return add_page(request, form.refused(error, "address"), 422)
        return toolkit.done(request, "/optouts", _("{name} is opted out.", name=normalise(given.address)))

    @router.get("/{number}", dependencies=[needs(read)])
    def show(request: Request, number: int) -> Response:
        with office.read() as session:
            statement = session.get(Statement, number) if 0 < number < 2**63 else None
            if statement is None:
                raise NotFound(_("There is no such statement."))
            said = list(reversed(statements_of(session, statement.key)))
            titles = {topic.key: topic.title for topic in office.topics_for(session, statement.key)}
        return toolkit.page(
            request,
            "optout/statement.html",
            title=statement.key,
            crumbs=[_crumb()],
            statement=statement,
            said=said,
            titles=titles,
        )

    @router.post("/{number}/undo")
    def undo(request: Request, number: int, who: Identity = needs(write)) -> Response:
        entry = read_form(UndoEntry, request.state.form).value
        if entry is None or not entry.reason.strip():
            raise ConfigurationError(
                _("It needs a reason."), remedy=_("Say on what word of the person you take it back.")
            )
        with office.write() as session:
            statement = session.get(Statement, number) if 0 < number < 2**63 else None
            if statement is None:
                raise NotFound(_("There is no such statement."))
            key, topic = statement.key, statement.topic
            evidence = {"by": who.actor, "reason": entry.reason}
            opt_in_again(session, key, topic=topic, source=Source.ADMIN, reason=entry.reason, evidence=evidence)
            audit(session, who, "optout.undo", f"address:{key}", {"topic": topic, "reason": entry.reason})
        return toolkit.done(request, f"/optouts/{number}", _("{name} may be written to again.", name=key))

    return router


def _crumb() -> Crumb:
    return Crumb(title=_("Opt-outs"), path="/optouts")
