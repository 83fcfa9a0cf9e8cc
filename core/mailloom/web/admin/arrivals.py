"""Mail that came in: what was decided, by which router and why; and what waits for a person: decide again, send another way, put away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy import ColumnElement, and_, or_, text
from sqlalchemy.orm import Session

from mailloom.api.access import Identity, Permission
from mailloom.api.audit import audit
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
    n_,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.toolkit import ROOT, row_number
from mailloom.app import App
from mailloom.errors import MailloomError, NotFound
from mailloom.mail.message import parse
from mailloom.store.accounts import AccountRow
from mailloom.store.arrivals import HAS_SENDER, UNUSUAL, Arrival, Outcome
from mailloom.store.blobs import read_blob
from mailloom.web.admin.outbox import LARGEST_ID

_LONGEST_TEXT = 20_000
_MOST_HEADERS = 100
_MOST_UNDONE = 50


# As the partial indexes say it: SQLite uses them for no other words.
_UNUSUAL, _HAS_SENDER = text(f"arrival.{UNUSUAL}"), text(f"arrival.{HAS_SENDER}")
_SELDOM = frozenset({Outcome.ANSWERED, Outcome.REPORTED, Outcome.IGNORED, Outcome.DISCARDED})


def _in(outcome: Outcome) -> ColumnElement[bool]:
    return and_(Arrival.outcome == outcome, _UNUSUAL) if outcome in _SELDOM else Arrival.outcome == outcome


def _from(words: str) -> ColumnElement[bool]:
    """How the sender's address begins, or the whole Message-ID."""
    start = words.lower()
    begins = and_(_HAS_SENDER, Arrival.from_address >= start, Arrival.from_address < start + "\U0010ffff")
    return or_(begins, Arrival.message_id == words)


ARRIVALS = Table(
    name="arrivals",
    key=Arrival.id,
    columns=(
        Column(name="received_at", label="Came", value=Arrival.received_at, kind=Kind.MOMENT),
        Column(name="from_address", label="From", value=Arrival.from_address),
        Column(
            name="subject",
            label="Subject",
            value=Arrival.subject,
            look=lambda value, row: value or _("(no subject)"),
            link=lambda row: f"{ROOT}/arrivals/{row['_key']}",
            wide=True,
        ),
        Column(name="outcome", label="Outcome", value=Arrival.outcome, kind=Kind.STATE),
        Column(name="reason", label="Why", value=Arrival.reason, wide=True),
    ),
    find=_from,
    filters=(
        Filter(
            name="outcome",
            label="Outcome",
            options=[(outcome.value, outcome.value) for outcome in Outcome],
            condition=lambda value: _in(Outcome(value)),
        ),
    ),
    bulk=(
        BulkAction(path="/arrivals/retry", label="Decide again", permission=Permission.MESSAGES_WRITE),
        BulkAction(
            path="/arrivals/discard",
            label="Put away",
            permission=Permission.MESSAGES_WRITE,
            confirm="Put these mails away? They stay stored and can be read until retention removes them.",
            danger=True,
        ),
    ),
    empty_title="No mail came yet",
    empty_text="Every mail that comes in stands here, with what was decided about it and why.",
)

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)]


class Elsewhere(BaseModel):
    """Another way for a mail."""

    recipient: _Line = Field("", description="Decide as if it had come for this address.")
    fallback: _Line = Field("", description="Or let this take it: a model such as helpdesk.ticket, or model:record.")

    @model_validator(mode="after")
    def _says_where(self) -> Elsewhere:
        if not self.recipient and not self.fallback:
            raise ValueError("Say where it shall go.")
        return self


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    def arrival_page(
        request: Request, arrival_id: int, form: FormView[Elsewhere] | None = None, status: int = 200
    ) -> Response:
        with app.read() as session:
            arrival = _arrival(session, arrival_id)
            raw = read_blob(session, arrival.raw_digest) if arrival.raw_digest else b""
            account = session.get(AccountRow, arrival.account_id) if arrival.account_id else None
        mail = parse(raw)
        return toolkit.page(
            request,
            "web/arrivals/arrival.html",
            title=arrival.subject or _("(no subject)"),
            crumbs=[Crumb(title=_("Arrivals"), path="/arrivals")],
            arrival=arrival,
            account=account,
            headers=list(islice(mail.headers, _MOST_HEADERS)),
            text=mail.plain[:_LONGEST_TEXT],
            octets=len(raw),
            parked=arrival.outcome is Outcome.PARKED,
            put_away=arrival.outcome is Outcome.DISCARDED,
            form=form or show_form(Elsewhere),
            models=list(app.thread_models.values()),
            status=status,
        )

    @router.get("/arrivals", dependencies=[needs(Permission.MESSAGES_READ)])
    def list_arrivals(request: Request) -> Response:
        return toolkit.table(request, ARRIVALS, title=_("Arrivals"))

    @router.get("/arrivals/{arrival_id}", dependencies=[needs(Permission.MESSAGES_READ)])
    def show_arrival(request: Request, arrival_id: int) -> Response:
        return arrival_page(request, arrival_id)

    @router.get("/arrivals/{arrival_id}/raw", dependencies=[needs(Permission.MESSAGES_READ)])
    def raw_arrival(arrival_id: int) -> Response:
        with app.read() as session:
            arrival = _arrival(session, arrival_id)
            if arrival.raw_digest is None:
                raise NotFound(_("The bytes of this mail are not stored any more."))
            raw = read_blob(session, arrival.raw_digest)
        headers = {"Content-Disposition": f'attachment; filename="arrival-{arrival_id}.eml"'}
        return Response(raw, media_type="message/rfc822", headers=headers)

    @router.post("/arrivals/retry")
    def retry_all(request: Request, identity: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        return _each(app, toolkit, request, identity, "retry", app.inbound.retry)

    @router.post("/arrivals/discard")
    def discard_all(request: Request, identity: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        why = _("put away by {name}", name=identity.name)
        return _each(
            app, toolkit, request, identity, "discard", lambda number: app.inbound.discard(number, why), undo="restore"
        )

    @router.post("/arrivals/restore")
    def restore_ticked(request: Request, identity: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        return _each(app, toolkit, request, identity, "restore", _restored(app, identity))

    @router.post("/arrivals/restore/{numbers}")
    def restore_named(
        request: Request, numbers: str, identity: Identity = needs(Permission.MESSAGES_WRITE)
    ) -> Response:
        """What was put away at once, taken out again at once."""
        return _each(
            app, toolkit, request, identity, "restore", _restored(app, identity), keys=numbers.split("-")[:_MOST_UNDONE]
        )

    @router.post("/arrivals/{arrival_id}/reroute")
    def reroute(request: Request, arrival_id: int, identity: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        form = read_form(Elsewhere, request.state.form)
        if form.value is None:
            return arrival_page(request, arrival_id, form, 422)
        try:
            recipients = [form.value.recipient] if form.value.recipient else None
            received = app.inbound.retry(arrival_id, recipients=recipients, fallback=form.value.fallback or None)
        except MailloomError as error:
            return arrival_page(request, arrival_id, form.refused(error), 422)
        with app.write() as session:
            audit(session, identity, "arrival.reroute", f"arrival:{arrival_id}", form.value.model_dump())
        tone = "warning" if received.outcome == Outcome.PARKED else "good"
        said = _("Decided again: {outcome}.", outcome=_(received.outcome))
        return toolkit.done(request, f"/arrivals/{arrival_id}", said, tone=tone)

    return router


def _each(
    app: App,
    toolkit: Toolkit,
    request: Request,
    identity: Identity,
    verb: str,
    act: Callable[[int], object],
    *,
    keys: Sequence[str] = (),
    undo: str = "",
) -> Response:
    """Every ticked mail by itself: one that cannot be handled is said and stops nothing."""
    done, faults = [], []
    for number in filter(None, map(row_number, keys or ARRIVALS.selected(request.state.form))):
        try:
            act(number)
        except MailloomError as error:
            faults.append(str(error))
        else:
            done.append(number)
    with app.write() as session:
        audit(session, identity, f"arrival.{verb}", details={"ids": done})
    path = f"/arrivals/{done[0]}" if len(done) == 1 else "/arrivals"
    # The list travels in a cookie.
    back = f"/arrivals/{undo}/{'-'.join(map(str, done))}" if undo and 0 < len(done) <= _MOST_UNDONE else ""
    said = " ".join([_said(verb, len(done)), *faults[:1]])
    return toolkit.done(request, path, said, tone="bad" if faults else "good", undo=back)


def _said(verb: str, count: int) -> str:
    if verb == "discard":
        return n_("{count} mail was put away.", "{count} mails were put away.", count)
    if verb == "restore":
        return n_("{count} mail waits again.", "{count} mails wait again.", count)
    return n_("{count} mail was decided about.", "{count} mails were decided about.", count)


def _restored(app: App, identity: Identity) -> Callable[[int], None]:
    why = _("taken out again by {name}", name=identity.name)
    return lambda number: app.inbound.restore(number, why)


def _arrival(session: Session, arrival_id: int) -> Arrival:
    found = session.get(Arrival, arrival_id) if 0 < arrival_id <= LARGEST_ID else None
    if found is None:
        raise NotFound(_("There is no such mail."))
    return found
