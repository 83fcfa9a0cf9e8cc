"""The guided set-up: what a new installation needs, in order, each step with whether it is done. Steps may be skipped; addons bring their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from mailloom.api.access import Identity, Permission
from mailloom.api.audit import audit
from mailloom.api.office import Office
from mailloom.api.pages import (
    APIRouter,
    Crumb,
    FormView,
    Request,
    Response,
    Toolkit,
    _,
    needs,
    read_form,
    show_form,
    visitor,
)
from mailloom.api.settings import CoreSettings
from mailloom.api.web import SetupStep
from mailloom.app import App
from mailloom.errors import MailloomError, NotFound
from mailloom.store.access import WebUser
from mailloom.store.accounts import AccountRow, AccountState, Direction

_log = structlog.get_logger(__name__)
_ORGANISATION = ("organisation", "base_url")
_MOST_SKIPPED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    step: SetupStep
    done: bool
    skipped: bool

    @property
    def open(self) -> bool:
        return not (self.done or self.skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The steps that the visitor can do, in order."""

    steps: Sequence[StepShown]

    @property
    def left(self) -> list[StepShown]:
        return [each for each in self.steps if each.open]

    @property
    def settled(self) -> int:
        return len(self.steps) - len(self.left)


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/setup", dependencies=[needs(Permission.SETTINGS_WRITE)])
    def show(request: Request) -> Response:
        return toolkit.page(request, "web/setup/setup.html", title=_("Set-up"), progress=progress(app))

    @router.post("/setup/{name}/skip")
    def skip(request: Request, name: str, who: Identity = needs(Permission.SETTINGS_WRITE)) -> Response:
        title = _(_step(app, name).title)
        _decide(app, who, [*app.core_settings.setup_skipped, name])
        return toolkit.done(request, "/setup", _("Skipped: {title}.", title=title), undo=f"/setup/{name}/resume")

    @router.post("/setup/{name}/resume")
    def resume(request: Request, name: str, who: Identity = needs(Permission.SETTINGS_WRITE)) -> Response:
        _step(app, name)
        _decide(app, who, [each for each in app.core_settings.setup_skipped if each != name])
        return toolkit.done(request, "/setup", _("It is on the list again."))

    @router.get("/setup/organisation", dependencies=[needs(Permission.SETTINGS_WRITE)])
    def organisation(request: Request) -> Response:
        current = app.core_settings
        if not current.base_url:
            guess = f"{request.url.scheme}://{request.url.netloc}"
            current = current.model_copy(update={"base_url": guess})
        return organisation_page(request, show_form(CoreSettings, current, only=_ORGANISATION))

    def organisation_page(request: Request, form: FormView[CoreSettings], status: int = 200) -> Response:
        return toolkit.page(
            request,
            "web/setup/organisation.html",
            title=_("Your organisation"),
            crumbs=[Crumb(title=_("Set-up"), path="/setup")],
            form=form,
            plain=request.url.scheme == "http",
            status=status,
        )

    @router.post("/setup/organisation")
    def save_organisation(request: Request, who: Identity = needs(Permission.SETTINGS_WRITE)) -> Response:
        form = read_form(CoreSettings, request.state.form, app.core_settings, only=_ORGANISATION)
        if form.value is None:
            return organisation_page(request, form, 422)
        values = {name: getattr(form.value, name) for name in _ORGANISATION}
        try:
            app.save_settings("core", values)
        except MailloomError as error:
            return organisation_page(request, form.refused(error), 422)
        with app.write() as session:
            audit(session, who, "settings.change", "settings:core", values)
        return toolkit.done(request, "/setup", _("Saved."))

    return router


def progress_of_visitor(app: App) -> Progress | None:
    """None for those who do not set things up."""
    return progress(app) if visitor().may(Permission.SETTINGS_WRITE) else None


def progress(app: App) -> Progress:
    """Without the steps that the visitor may not take."""
    steps = [*CORE_STEPS, *app.registry.catalogue.setup_steps.values()]
    skipped = set(app.core_settings.setup_skipped)
    shown = [
        StepShown(step=step, done=_done(app, step), skipped=step.name in skipped)
        for step in sorted(steps, key=lambda step: (step.order, step.name))
        if visitor().may(step.permission)
    ]
    return Progress(steps=shown)


def _done(app: App, step: SetupStep) -> bool:
    try:
        return bool(step.done(app))
    except Exception:
        _log.exception("a step of the set-up could not say whether it is done", step=step.name)
        return False


def _step(app: App, name: str) -> SetupStep:
    for step in [*CORE_STEPS, *app.registry.catalogue.setup_steps.values()]:
        if step.name == name:
            return step
    raise NotFound(_("The set-up has no such step."))


def _decide(app: App, who: Identity, skipped: Sequence[str]) -> None:
    known = list(dict.fromkeys(skipped))[-_MOST_SKIPPED:]
    app.save_settings("core", {"setup_skipped": known})
    with app.write() as session:
        audit(session, who, "settings.change", "settings:core", {"setup_skipped": known})


# --- the core's own steps -----------------------------------------------------------------------------------------------------------------


def _has_password(office: Office) -> bool:
    identity = visitor().identity
    if identity is None:
        return False
    with office.read() as session:
        user = session.get(WebUser, identity.user_id)
    return user is not None and bool(user.password_hash)


def _has_organisation(office: Office) -> bool:
    settings = office.settings("core")
    return isinstance(settings, CoreSettings) and bool(settings.organisation and settings.base_url)


def _has_server(office: Office, direction: Direction) -> bool:
    """One that has passed a test."""
    chosen = select(AccountRow.id).where(
        AccountRow.direction == direction,
        AccountRow.archived.is_(False),
        AccountRow.state != AccountState.DRAFT,
    )
    with office.read() as session:
        return session.scalar(chosen.limit(1)) is not None


CORE_STEPS = (
    SetupStep(
        name="password",
        title="Choose a password",
        summary="You came by a link that works once. With a password you can sign in again.",
        path="/profile",
        label="To your profile",
        permission=Permission.SETTINGS_WRITE,
        done=_has_password,
        order=10,
    ),
    SetupStep(
        name="organisation",
        title="Name your organisation",
        summary="Its name signs automatic answers; the public address of this site stands in links that mails carry.",
        path="/setup/organisation",
        label="Name and address",
        permission=Permission.SETTINGS_WRITE,
        done=_has_organisation,
        order=20,
    ),
    SetupStep(
        name="sending",
        title="Add a server to send by",
        summary="Your provider's, found by a mail address. A live test shows each step on the way there.",
        path="/servers/new/outgoing",
        label="Add a server",
        permission=Permission.ACCOUNTS_WRITE,
        done=lambda office: _has_server(office, Direction.OUTGOING),
        order=30,
    ),
    SetupStep(
        name="receiving",
        title="Add a mailbox to fetch from",
        summary="Answers, bounces and new mail come from there.",
        path="/servers/new/incoming",
        label="Add a mailbox",
        permission=Permission.ACCOUNTS_WRITE,
        done=lambda office: _has_server(office, Direction.INCOMING),
        order=40,
    ),
    SetupStep(
        name="apps",
        title="Choose your apps",
        summary="Decide what mail becomes, such as tickets. Mailings, bounces and deliverability are apps too.",
        path="/apps",
        label="To the apps",
        permission=Permission.ADDONS_WRITE,
        done=lambda office: bool(office.thread_models),
        order=90,
    ),
)
