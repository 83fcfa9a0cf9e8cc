"""Lists: the table, a list with its people, making, changing and archiving one, and its people as a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_

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
from mailloom.api.settings import CoreSettings
from mailloom.errors import MailloomError
from mailloom.mail.address import normalise

from ..exporting import export_people
from ..links import sign_up_url
from ..lists import ListChange, add_list, archive, change_list, counts, list_named
from ..models import AudienceList, Consent, Member, State, Subscription
from ..people import Person
from ..subscribing import subscribe, unsubscribe

_TONES = {State.SUBSCRIBED: "good", State.PENDING: "warning"}
_FILES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

LISTS = Table(
    name="lists",
    key=AudienceList.id,
    columns=(
        Column(
            name="title",
            label="List",
            value=AudienceList.title,
            wide=True,
            sort=True,
            link=lambda row: f"/admin/lists/{row['name']}",
        ),
        Column(name="name", label="Name", value=AudienceList.name, kind=Kind.CODE, sort=True),
        Column(name="public", label="Public", value=AudienceList.public, kind=Kind.YES_NO),
        Column(name="double", label="Confirmed by mail", value=AudienceList.double_opt_in, kind=Kind.YES_NO),
        Column(name="archived", label="Archived", value=AudienceList.archived_at, kind=Kind.MOMENT),
    ),
    search=(AudienceList.title, AudienceList.name),
    filters=(
        Filter(
            name="state",
            label="State",
            options=[("active", "active"), ("archived", "archived")],
            condition=lambda value: (
                AudienceList.archived_at.is_(None) if value == "active" else AudienceList.archived_at.is_not(None)
            ),
        ),
    ),
    empty_title="No lists yet",
    empty_text="Make one; then people sign up on its page, or you import them.",
)


def begins(column: Any, words: str) -> ColumnElement[bool]:
    """A whole address, or how it begins: both by the index."""
    start = (normalise(words) if "@" in words else "") or words.lower()
    return and_(column >= start, column < start + "\U0010ffff")


MEMBERS = Table(
    name="members",
    key=Member.id,
    columns=(
        Column(
            name="address",
            label="Address",
            value=Member.address,
            wide=True,
            link=lambda row: f"/admin/people/{row['_key']}",
        ),
        Column(name="name", label="Name", value=Member.name),
        Column(
            name="state",
            label="State",
            value=Subscription.state,
            look=lambda value, row: badge(value, _TONES.get(value, "quiet")),
        ),
        Column(name="since", label="Since", value=Subscription.since, kind=Kind.MOMENT),
        Column(name="consent", label="Agreed by", value=Subscription.consent, look=lambda value, row: _(value.value)),
    ),
    find=lambda words: begins(Member.key, words),
    filters=(
        Filter(
            name="state",
            label="State",
            options=[(state.value, state.value) for state in State],
            condition=lambda value: Subscription.state == State(value),
        ),
    ),
    empty_title="Nobody is on this list",
    empty_text="Import people, add one, or give them the address of the sign-up page.",
    export=False,
)


class ListEntry(BaseModel):
    title: str = Field(min_length=1, max_length=200, description="As people see it.")
    description: str = Field("", max_length=5000, json_schema_extra={"multiline": True})
    public: bool = Field(
        False, title="Anybody may sign up", description="On a page of its own, and on the preference page."
    )
    double_opt_in: bool = Field(
        True, title="Confirm by mail", description="People are on the list once they press the link in a mail."
    )


class NewListEntry(ListEntry):
    name: str = Field(max_length=64, description="Part of addresses: lower-case letters, digits and -.")


class PersonEntry(BaseModel):
    address: str = Field(min_length=1, max_length=320)
    name: str = Field("", max_length=255)
    agreed: str = Field(
        "",
        max_length=500,
        title="How the person agreed",
        description="Empty: asked by mail, where the list wants that.",
    )


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/lists")
    read, write = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE

    @router.get("", dependencies=[needs(read)])
    def list_lists(request: Request) -> Response:
        actions = [("New list", "/lists/new", write), ("Imports", "/imports", read), ("People", "/people", read)]
        return toolkit.table(request, LISTS, title=_("Lists"), actions=actions)

    def form_page(request: Request, form: FormView[Any], name: str, status: int = 200) -> Response:
        title, path = (_("Settings of the list"), f"/lists/{name}/edit") if name else (_("New list"), "/lists/new")
        crumbs = [crumb(), *([Crumb(title=name, path=f"/lists/{name}")] if name else [])]
        back = f"/lists/{name}" if name else "/lists"
        return toolkit.page(
            request, "audience/form.html", title=title, crumbs=crumbs, form=form, path_to=path, back=back, status=status
        )

    @router.get("/new", dependencies=[needs(write)])
    def new(request: Request) -> Response:
        return form_page(request, show_form(NewListEntry, only=_IN_ORDER), "")

    @router.post("/new")
    def add(request: Request, who: Identity = needs(write)) -> Response:
        form = read_form(NewListEntry, request.state.form, only=_IN_ORDER)
        if form.value is None:
            return form_page(request, form, "", 422)
        given = form.value
        try:
            with office.write() as session:
                made = add_list(session, given.name, title=given.title, change=_change(given))
                audit(session, who, "list.add", f"list:{made.id}")
        except MailloomError as error:
            return form_page(request, form.refused(error, "name"), "", 422)
        return toolkit.done(request, f"/lists/{given.name}", _("The list is there. Now bring people."))

    @router.get("/{name}/edit", dependencies=[needs(write)])
    def edit(request: Request, name: str) -> Response:
        with office.read() as session:
            one = list_named(session, name)
        return form_page(request, show_form(ListEntry, ListEntry.model_validate(one, from_attributes=True)), one.name)

    @router.post("/{name}/edit")
    def change(request: Request, name: str, who: Identity = needs(write)) -> Response:
        form = read_form(ListEntry, request.state.form)
        if form.value is None:
            return form_page(request, form, name, 422)
        try:
            with office.write() as session:
                one = list_named(session, name)
                change_list(one, _change(form.value))
                audit(session, who, "list.change", f"list:{one.id}", form.value.model_dump())
        except MailloomError as error:
            return form_page(request, form.refused(error), name, 422)
        return toolkit.done(request, f"/lists/{name}", _("Saved."))

    @router.post("/{name}/archive/{how}")
    def rest(request: Request, name: str, how: Literal["on", "off"], who: Identity = needs(write)) -> Response:
        with office.write() as session:
            one = list_named(session, name)
            archive(session, one, undo=how == "off")
            audit(session, who, "list.archive", f"list:{one.id}", {"archived": how == "on"})
        said = _("The list is archived.") if how == "on" else _("The list is in use again.")
        return toolkit.done(
            request, f"/lists/{name}", said, undo=f"/lists/{name}/archive/{'off' if how == 'on' else 'on'}"
        )

    @router.get("/{name}", dependencies=[needs(read)])
    def show(request: Request, name: str) -> Response:
        with office.read() as session:
            one = list_named(session, name)
            counted = counts(session, one.id)
            numbers = {state: counted.get((one.id, state), 0) for state in State}

        def of_list(chosen: Select[Any]) -> Select[Any]:
            return chosen.join(Subscription, Subscription.member_id == Member.id).where(Subscription.list_id == one.id)

        page = sign_up_url(office, one.name) if one.public and core_settings(office).base_url else ""
        table = replace(MEMBERS, where=of_list)
        return toolkit.table(
            request,
            table,
            title=one.title,
            template="audience/list.html",
            crumbs=[crumb()],
            one=one,
            numbers=numbers,
            page=page,
        )

    @router.get("/{name}/export.{ending}")
    def export(name: str, ending: Literal["csv", "xlsx"], who: Identity = needs(read)) -> Response:
        with TemporaryDirectory(prefix="mailloom-") as folder:
            path = Path(folder) / f"{name}.{ending}"
            with office.write() as session:
                one = list_named(session, name)
                audit(session, who, "list.export", f"list:{one.id}", {"format": ending})
            with office.read() as session:
                export_people(session, path, one.id)
            content = path.read_bytes()
        headers = {"Content-Disposition": f'attachment; filename="{one.name}.{ending}"'}
        return Response(content, media_type=_FILES[ending], headers=headers)

    def person_page(request: Request, name: str, form: FormView[PersonEntry], status: int = 200) -> Response:
        crumbs = [crumb(), Crumb(title=name, path=f"/lists/{name}")]
        values = {"form": form, "path_to": f"/lists/{name}/add", "back": f"/lists/{name}"}
        title = _("Add a person")
        return toolkit.page(request, "audience/form.html", title=title, crumbs=crumbs, status=status, **values)

    @router.get("/{name}/add", dependencies=[needs(write)])
    def new_person(request: Request, name: str) -> Response:
        with office.read() as session:
            return person_page(request, list_named(session, name).name, show_form(PersonEntry))

    @router.post("/{name}/add")
    def add_person(request: Request, name: str, who: Identity = needs(write)) -> Response:
        form = read_form(PersonEntry, request.state.form)
        if form.value is None:
            return person_page(request, name, form, 422)
        given = form.value
        evidence = {"by": who.actor, **({"agreed": given.agreed} if given.agreed else {})}
        try:
            with office.write() as session:
                to = list_named(session, name)
                person = Person(address=given.address, name=given.name)
                done = subscribe(
                    session, to, person, consent=Consent.ADMIN, evidence=evidence, vouched=bool(given.agreed)
                )
                audit(session, who, "subscriber.add", f"member:{done.member_id}", {"list": to.name})
        except MailloomError as error:
            return person_page(request, name, form.refused(error, "address"), 422)
        said = _("A mail asks the person to confirm.") if done.asked else _("The person is on the list.")
        return toolkit.done(request, f"/people/{done.member_id}", said)

    @router.post("/{name}/remove/{member_id}")
    def remove(request: Request, name: str, member_id: int, who: Identity = needs(write)) -> Response:
        with office.write() as session:
            off = list_named(session, name)
            address = session.get_one(Member, member_id).address
            unsubscribe(session, off, address, source=Consent.ADMIN.value, evidence={"by": who.actor})
            audit(session, who, "subscriber.remove", f"member:{member_id}", {"list": off.name})
        return toolkit.done(request, f"/people/{member_id}", _("The person is off the list."))

    return router


_IN_ORDER = ["title", "name", "description", "public", "double_opt_in"]


def crumb() -> Crumb:
    return Crumb(title=_("Lists"), path="/lists")


def core_settings(office: Office) -> CoreSettings:
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    return settings


def _change(given: ListEntry) -> ListChange:
    return ListChange(
        title=given.title,
        description=given.description,
        public=given.public,
        double_opt_in=given.double_opt_in,
    )
