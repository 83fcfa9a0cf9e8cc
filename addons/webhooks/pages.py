"""Pages of webhooks: who is told of what, what became of telling, and trying, replaying, passing over, pausing and exchanging the secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.api.access import Identity, Permission
from mailloom.api.pages import (
    APIRouter,
    BulkAction,
    Column,
    Crumb,
    Filter,
    FormView,
    Kind,
    Request,
    Response,
    Table,
    Toolkit,
    _,
    audit,
    n_,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.formats import badge
from mailloom.errors import MailloomError

from . import endpoints
from .endpoints import EndpointForm, find_endpoint
from .models import DeliveryState, Endpoint, Event, EventKind, WebhookAttempt, WebhookDelivery
from .replaying import replay, skip, try_endpoint
from .requests import Ask, ask
from .settings import WebhookSettings

READ, WRITE, TELL = Permission.SETTINGS_READ, Permission.SETTINGS_WRITE, Permission.SYSTEM_WRITE
_COUNTED = 1000
_TONES = {"delivered": "good", "parked": "bad", "waiting": "busy", "skipped": "quiet"}


def _count(state: DeliveryState) -> Any:
    some = (
        select(literal(1).label("one"))
        .where(WebhookDelivery.endpoint_id == Endpoint.id, WebhookDelivery.state == state)
        .correlate(Endpoint)
        .limit(_COUNTED + 1)
    )
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _counted(value: Any, row: Any) -> str:
    return f"{_COUNTED}+" if value > _COUNTED else str(value)


ENDPOINTS = Table(
    name="webhooks",
    key=Endpoint.id,
    columns=(
        Column(
            name="name",
            label="Name",
            value=Endpoint.name,
            sort=True,
            link=lambda row: f"/admin/webhooks/{row['name']}",
        ),
        Column(name="url", label="Address", value=Endpoint.url, kind=Kind.CODE, wide=True),
        Column(
            name="paused",
            label="State",
            value=Endpoint.paused,
            look=lambda value, row: badge("paused") if value else badge("failing" if row["failures"] else "active"),
        ),
        Column(name="failures", label="Failures in a row", value=Endpoint.failures, shown=False),
        Column(name="waiting", label="Waiting", value=_count(DeliveryState.WAITING), look=_counted),
        Column(name="parked", label="Parked", value=_count(DeliveryState.PARKED), look=_counted),
        Column(name="last_success_at", label="Last taken", value=Endpoint.last_success_at, kind=Kind.MOMENT),
    ),
    search=(Endpoint.name, Endpoint.url),
    empty_title="Nobody is told yet",
    empty_text="Add the address of an application: it is told by signed requests what happens, and may take mail as its own records.",
)


def _last_words() -> Any:
    """What was answered last: one step into the index of attempts for each line shown."""
    mine = WebhookAttempt.delivery_id == WebhookDelivery.id
    chosen = select(WebhookAttempt.words).where(mine).order_by(WebhookAttempt.id.desc()).limit(1)
    return chosen.correlate(WebhookDelivery).scalar_subquery()


LOG = Table(
    name="webhooks-log",
    key=WebhookDelivery.id,
    columns=(
        Column(name="created_at", label="Happened", value=WebhookDelivery.created_at, kind=Kind.MOMENT),
        Column(name="kind", label="Event", value=Event.kind, kind=Kind.CODE),
        Column(
            name="state",
            label="State",
            value=WebhookDelivery.state,
            look=lambda value, row: badge(value, _TONES[value.value]),
        ),
        Column(name="attempts", label="Tries", value=WebhookDelivery.attempts, kind=Kind.NUMBER),
        Column(name="words", label="What was answered", value=_last_words(), wide=True),
    ),
    filters=(
        Filter(
            name="state",
            label="State",
            options=[(state.value, state.value) for state in DeliveryState],
            condition=lambda value: WebhookDelivery.state == DeliveryState(value),
        ),
    ),
    empty_title="Nothing was told yet",
    empty_text="Send a test event, or wait until something happens.",
)


_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class EndpointFields(BaseModel):
    """An application that is told."""

    url: _Line = Field(min_length=1, title="Address", description="Where events go, https://…")
    title: _Line = Field("", max_length=100, description="What people call the application.")
    events: list[EventKind] = Field(default_factory=list, description="What it is told.")
    takes_records: bool = Field(False, title="Mail may make records there")


class NewEndpoint(EndpointFields):
    name: _Line = Field(
        min_length=1, max_length=20, description="a-z, 0-9 and hyphens; stays, for it is part of its records' ids."
    )


def make(office: Office, toolkit: Toolkit, asking: Ask = ask) -> APIRouter:
    router = APIRouter(prefix="/webhooks")

    @router.get("", dependencies=[needs(READ)])
    def list_endpoints(request: Request) -> Response:
        actions = [("Add an application", "/webhooks/new", WRITE)]
        return toolkit.table(request, ENDPOINTS, title=_("Webhooks"), actions=actions)

    def form_page(request: Request, title: str, path: str, form: FormView[Any], status: int = 200) -> Response:
        values = {"form": form, "target": path}
        return toolkit.page(request, "webhooks/form.html", title=title, crumbs=_crumbs(), status=status, **values)

    @router.get("/new", dependencies=[needs(WRITE)])
    def new(request: Request) -> Response:
        return form_page(request, _("Add an application"), "/webhooks/new", show_form(NewEndpoint))

    @router.post("/new")
    def add(request: Request, who: Identity = needs(WRITE)) -> Response:
        form, title = read_form(NewEndpoint, request.state.form), _("Add an application")
        if form.value is None:
            return form_page(request, title, "/webhooks/new", form, 422)
        try:
            with office.write() as session:
                endpoint, secret = endpoints.add_endpoint(session, form.value.name, _entered(form.value))
                audit(session, who, "webhooks.add", f"webhooks:{endpoint.name}", form.value.model_dump(mode="json"))
        except MailloomError as error:
            return form_page(request, title, "/webhooks/new", form.refused(error), 422)
        return secret_page(request, endpoint.name, secret)

    def secret_page(request: Request, name: str, secret: str) -> Response:
        """Shown this once, so it is the answer to the post itself."""
        values = {"name": name, "secret": secret}
        response = toolkit.page(request, "webhooks/secret.html", title=name, crumbs=_crumbs(), status=201, **values)
        response.headers["Cache-Control"] = "no-store"
        return response

    @router.get("/{name}", dependencies=[needs(READ, Permission.SYSTEM_READ)])
    def show(request: Request, name: str) -> Response:
        with office.read() as session:
            endpoint = find_endpoint(session, name)
            given_up = WebhookDelivery.state == DeliveryState.PARKED
            parked = select(literal(1)).where(WebhookDelivery.endpoint_id == endpoint.id, given_up).limit(1)
            any_parked = session.scalar(parked) is not None
        table = replace(
            LOG,
            where=lambda chosen: chosen.join(Event, Event.id == WebhookDelivery.event_id).where(
                WebhookDelivery.endpoint_id == endpoint.id
            ),
            bulk=(
                BulkAction(path=f"/webhooks/{endpoint.name}/replay", label="Tell again", permission=TELL),
                BulkAction(
                    path=f"/webhooks/{endpoint.name}/skip",
                    label="Pass over",
                    permission=TELL,
                    confirm="Never tell these? What waits for them goes on.",
                ),
            ),
        )
        values = {"endpoint": endpoint, "paths": f"/webhooks/{endpoint.name}", "parked": any_parked}
        title = endpoint.title or endpoint.name
        return toolkit.table(request, table, title=title, template="webhooks/endpoint.html", crumbs=_crumbs(), **values)

    @router.get("/{name}/edit", dependencies=[needs(WRITE)])
    def edit(request: Request, name: str) -> Response:
        with office.read() as session:
            endpoint = find_endpoint(session, name)
        current = EndpointFields.model_construct(
            url=endpoint.url,
            title=endpoint.title,
            events=[EventKind(kind) for kind in endpoint.kinds],
            takes_records=endpoint.takes_records,
        )
        return form_page(request, endpoint.name, f"/webhooks/{endpoint.name}/edit", show_form(EndpointFields, current))

    @router.post("/{name}/edit")
    def change(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        form, path = read_form(EndpointFields, request.state.form), f"/webhooks/{name}/edit"
        if form.value is None:
            return form_page(request, name, path, form, 422)
        entered = form.value
        try:
            _decide(
                name, who, "change", lambda session, one: endpoints.change_endpoint(session, one, _entered(entered))
            )
        except MailloomError as error:
            return form_page(request, name, path, form.refused(error), 422)
        return toolkit.done(request, f"/webhooks/{name}", _("Saved."))

    @router.post("/{name}/test")
    def try_it(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        said = try_endpoint(office, name, asking)
        with office.write() as session:
            audit(session, who, "webhooks.test", f"webhooks:{name}", {"taken": said.taken})
        words = _("Taken: {words}", words=said.words) if said.taken else _("Not taken: {words}", words=said.words)
        return toolkit.done(request, f"/webhooks/{name}", words, tone="good" if said.taken else "bad")

    @router.post("/{name}/rotate")
    def rotate(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        return secret_page(request, name, _decide(name, who, "rotate", endpoints.rotate_secret))

    @router.post("/{name}/pause")
    def pause(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        why = _("Paused by {name}.", name=who.name)
        _decide(name, who, "pause", lambda session, one: endpoints.pause(one, why))
        said = _("Nothing is sent now; events wait.")
        return toolkit.done(request, f"/webhooks/{name}", said, undo=f"/webhooks/{name}/resume")

    @router.post("/{name}/resume")
    def resume(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        settings = office.settings("webhooks")
        assert isinstance(settings, WebhookSettings)
        _decide(name, who, "resume", lambda session, one: endpoints.resume(session, one, settings.give_up_days))
        return toolkit.done(request, f"/webhooks/{name}", _("It is told again what happens."))

    @router.post("/{name}/remove")
    def remove(request: Request, name: str, who: Identity = needs(WRITE)) -> Response:
        _decide(name, who, "remove", endpoints.remove_endpoint)
        return toolkit.done(request, "/webhooks", _("{name} is removed.", name=name))

    @router.post("/{name}/replay")
    def tell_again(request: Request, name: str, who: Identity = needs(TELL)) -> Response:
        ids = _ids(request)
        count = _decide(name, who, "replay", lambda session, one: replay(session, one, ids))
        said = n_("{count} event is told again.", "{count} events are told again.", count)
        return toolkit.done(request, f"/webhooks/{name}", said)

    @router.post("/{name}/skip")
    def pass_over(request: Request, name: str, who: Identity = needs(TELL)) -> Response:
        ids = _ids(request)
        count = _decide(name, who, "skip", lambda session, one: skip(session, one, ids) if ids else 0)
        said = n_("{count} event is passed over.", "{count} events are passed over.", count)
        return toolkit.done(request, f"/webhooks/{name}", said)

    def _decide(name: str, who: Identity, verb: str, act: Callable[[Session, Endpoint], Any]) -> Any:
        with office.write() as session:
            done = act(session, find_endpoint(session, name))
            audit(session, who, f"webhooks.{verb}", f"webhooks:{name}")
        return done

    return router


def _ids(request: Request) -> list[int]:
    """Of the rows that were ticked."""
    return [int(key) for key in LOG.selected(request.state.form) if key.isascii() and key.isdigit() and len(key) < 19]


def _entered(form: EndpointFields) -> EndpointForm:
    return EndpointForm(url=form.url, title=form.title, kinds=form.events, takes_records=form.takes_records)


def _crumbs() -> list[Crumb]:
    return [Crumb(title=_("Webhooks"), path="/webhooks")]
