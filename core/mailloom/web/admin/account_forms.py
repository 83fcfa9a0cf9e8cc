"""Adding and changing mail servers: found by a mail address, filled in from a provider's preset, in a form that the kind's own model makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Identity, Permission
from mailloom.api.accounts import AccountSettings, Authentication
from mailloom.api.audit import audit
from mailloom.api.pages import APIRouter, Crumb, FormView, Request, Response, Toolkit, _, needs, read_form, show_form
from mailloom.api.presets import LoginKind, Preset
from mailloom.app import App
from mailloom.errors import ConfigurationError, MailloomError, Refused
from mailloom.flow.accounts import KnownKind
from mailloom.flow.presets import authentication, filled_in, preset_named, with_preset
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow, Direction
from mailloom.web.admin.account_fields import Naming, entered, filled, given_anew, grouped, naming_fields
from mailloom.web.admin.account_offers import found_for, offered_kinds, offered_presets
from mailloom.web.admin.accounts import account_row, crumbs_of
from mailloom.working import accounts_of

_LONGEST = 320
_CHOICE = "choose-"
"""Before the name of what a preset lets choose, in addresses."""
_WRITE = [needs(Permission.ACCOUNTS_WRITE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """With what a form begins: the address of the page says it, so that it can be linked to."""

    known: KnownKind
    values: Mapping[str, Any]
    preset: Preset | None
    name: str


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/servers/new/{direction}", dependencies=_WRITE)
    def new(request: Request, direction: Direction) -> Response:
        address = request.query_params.get("address", "")[:_LONGEST].strip()
        return toolkit.page(
            request,
            "web/accounts/new.html",
            title=_("A server to send by") if direction is Direction.OUTGOING else _("A server to fetch from"),
            crumbs=crumbs_of(direction),
            direction=direction,
            address=address,
            presets=offered_presets(app, direction),
            kinds=offered_kinds(app, direction),
            search=found_for(app, direction, address),
        )

    @router.get("/servers/new/{direction}/{kind}", dependencies=_WRITE)
    def new_of_kind(request: Request, direction: Direction, kind: str) -> Response:
        known = accounts_of(app).kind(kind, direction)
        preset = _preset(app, request.query_params)
        if preset is not None and (missing := _unchosen(preset, request.query_params)):
            return toolkit.page(
                request,
                "web/accounts/choices.html",
                title=_(preset.title),
                crumbs=[*crumbs_of(direction), Crumb(title=_("New server"), path=f"/servers/new/{direction}")],
                preset=preset,
                missing=missing,
                prefix=_CHOICE,
                given=dict(request.query_params),
            )
        start = _start(app, known, preset, request.query_params)
        naming = show_form(Naming, Naming(name=start.name, sequence=10), only=naming_fields(direction))
        return new_page(request, start, naming, show_form(known.kind.settings, _shown(start)))

    @router.post("/servers/new/{direction}/{kind}")
    def add(request: Request, direction: Direction, kind: str, who: Identity = _WRITE[0]) -> Response:
        known = accounts_of(app).kind(kind, direction)
        start = _start(app, known, _preset(app, request.query_params), request.query_params)
        naming = read_form(Naming, request.state.form, only=naming_fields(direction))
        form = read_form(known.kind.settings, request.state.form)
        if naming.value is None or form.value is None:
            return new_page(request, start, naming, form, 422)
        try:
            with app.write() as session:
                row = accounts_of(app).add(
                    session,
                    naming.value.name,
                    kind,
                    entered(form.value),
                    direction=direction,
                    sequence=naming.value.sequence,
                )
                audit(session, who, "account.add", f"account:{row.name}", {"kind": kind})
                account_id, name = row.id, row.name
        except MailloomError as error:
            naming, form = _refused(naming, form, error)
            return new_page(request, start, naming, form, 422)
        said = _("{name} is stored as a draft. Test the connection to put it to work.", name=name)
        return toolkit.done(request, f"/servers/{account_id}", said)

    def new_page(
        request: Request, start: Start, naming: FormView[Naming], form: FormView[Any], status: int = 200
    ) -> Response:
        direction = start.known.direction
        return toolkit.page(
            request,
            "web/accounts/edit.html",
            title=_(start.preset.title if start.preset else start.known.kind.title),
            crumbs=[*crumbs_of(direction), Crumb(title=_("New server"), path=f"/servers/new/{direction}")],
            target=f"{request.url.path.removeprefix('/admin')}?{request.url.query}",
            back=f"/servers/new/{direction}",
            naming=naming,
            form=form,
            groups=grouped(form),
            preset=start.preset,
            status=status,
        )

    @router.get("/servers/{account_id:int}/edit", dependencies=_WRITE)
    def edit(request: Request, account_id: int) -> Response:
        row, settings = stored(account_id)
        naming = show_form(Naming, _naming(row), only=naming_fields(row.direction))
        return edit_page(request, row, naming, show_form(type(settings), settings))

    @router.post("/servers/{account_id:int}/edit")
    def change(request: Request, account_id: int, who: Identity = _WRITE[0]) -> Response:
        row, settings = stored(account_id)
        naming = read_form(Naming, request.state.form, _naming(row), only=naming_fields(row.direction))
        form = read_form(type(settings), request.state.form, settings)
        if naming.value is None or form.value is None:
            return edit_page(request, row, naming, form, 422)
        try:
            with app.write() as session:
                new_name, sequence = naming.value.name, naming.value.sequence
                values = given_anew(form.value, request.state.form)
                accounts_of(app).edit(session, row.name, values, new_name=new_name, sequence=sequence)
                changed = sorted(name for name, value in values.items() if value != getattr(settings, name, None))
                audit(session, who, "account.change", f"account:{new_name}", {"fields": changed})
        except MailloomError as error:
            naming, form = _refused(naming, form, error)
            return edit_page(request, row, naming, form, 422)
        return toolkit.done(request, f"/servers/{account_id}", _("Saved. Test the connection once more."))

    def stored(account_id: int) -> tuple[AccountRow, AccountSettings]:
        """The account with readable secrets, which the form does not show."""
        accounts = accounts_of(app)
        with app.read() as session:
            row = account_row(session, account_id)
        model: type[AccountSettings] = accounts.kind(row.kind, row.direction).kind.settings
        try:
            return row, accounts.value(row).settings
        except ConfigurationError:
            return row, filled(
                model, row.settings
            )  # what was stored fits no more; the form shows it, and what is wrong

    def edit_page(
        request: Request, row: AccountRow, naming: FormView[Naming], form: FormView[Any], status: int = 200
    ) -> Response:
        path = f"/servers/{row.id}"
        return toolkit.page(
            request,
            "web/accounts/edit.html",
            title=_("Change {name}", name=row.name),
            crumbs=[*crumbs_of(row.direction), Crumb(title=row.name, path=path)],
            target=f"{path}/edit",
            back=path,
            naming=naming,
            form=form,
            groups=grouped(form),
            preset=None,
            status=status,
        )

    return router


# --- what a new account begins with -------------------------------------------------------------------------------------------------------


def _start(app: App, known: KnownKind, preset: Preset | None, query: Mapping[str, str]) -> Start:
    """From the address of the page; what makes no sense in it is passed over, because the form is checked when it comes back."""
    address = query.get("address", "")[:_LONGEST].strip()
    values: dict[str, Any] = {"user": address} if address else {}
    if known.direction is Direction.OUTGOING and address and normalise(address):
        values["default_from"] = address
    if preset is not None:
        try:
            values = with_preset(preset, known, values)
        except ConfigurationError:
            preset = None
    for name in ("host", "port", "security", "user"):
        if query.get(name):
            values[name] = query[name][:_LONGEST]
    with app.read() as session:
        name = _free_name(session, preset.name if preset else known.kind.name, known.direction)
    return Start(known=known, values=values, preset=preset, name=name)


def _shown(start: Start) -> AccountSettings:
    settings = filled(start.known.kind.settings, start.values)
    logins = start.preset.logins if start.preset else ()
    if "authentication" in start.values and logins and start.preset is not None:
        way = authentication(start.preset)
        # OAuth needs a client of one's own, which most people do not have at hand: begin with the password where one is taken.
        if way is Authentication.OAUTH2 and {LoginKind.PASSWORD, LoginKind.APP_PASSWORD} & set(logins):
            return settings.model_copy(update={"authentication": Authentication.PASSWORD})
    return settings


def _free_name(session: Session, base: str, direction: Direction) -> str:
    ending = "out" if direction is Direction.OUTGOING else "in"
    plain = re.sub(r"[^a-z0-9-]+", "-", base.lower())
    taken = set(session.scalars(select(AccountRow.name).where(AccountRow.name.startswith(f"{plain}-{ending}"))))
    numbered = (f"{plain}-{ending}{number or ''}" for number in [0, *range(2, len(taken) + 3)])
    return next(name for name in numbered if name not in taken)


def _preset(app: App, query: Mapping[str, str]) -> Preset | None:
    """With what was chosen filled in, where all of it was."""
    if not query.get("preset"):
        return None
    preset = preset_named(app.registry.catalogue.presets, query["preset"])
    if _unchosen(preset, query):
        return preset
    return filled_in(preset, {each.name: query[_CHOICE + each.name] for each in preset.variables})


def _unchosen(preset: Preset, query: Mapping[str, str]) -> list[Any]:
    return [each for each in preset.variables if not query.get(_CHOICE + each.name, "").strip()]


def _naming(row: AccountRow) -> Naming:
    return Naming(name=row.name, sequence=row.sequence)


def _refused(
    naming: FormView[Naming], form: FormView[Any], error: MailloomError
) -> tuple[FormView[Naming], FormView[Any]]:
    """What is wrong with the name stands at the name, all else above the form or at the field that it names."""
    if isinstance(error, Refused):  # the name is taken
        return naming.refused(error, "name"), form
    named = next((each.name for each in form.fields if f" {each.name}:" in str(error)), "")
    return naming, form.refused(error, named)
