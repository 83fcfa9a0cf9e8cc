"""The outbox: a line for each mail and recipient, what became of it and why; try again, cancel, let overtake, in bulk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select, text
from sqlalchemy.orm import Session

from mailloom.api.access import Identity, Permission
from mailloom.api.audit import audit
from mailloom.api.pages import (
    APIRouter,
    BulkAction,
    Column,
    Crumb,
    Filter,
    Kind,
    Request,
    Response,
    Table,
    Toolkit,
    _,
    n_,
    needs,
)
from mailloom.api.pages.toolkit import ROOT, row_number
from mailloom.app import App
from mailloom.errors import NotFound
from mailloom.flow.outbox import CANCELLABLE, RETRIABLE, WAITING, cancel, retry, set_priority
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow
from mailloom.store.messages import Message
from mailloom.store.outbox import CLAIMED, READY, TROUBLED, Delivery, DeliveryAttempt, DeliveryState

LARGEST_ID = 2**63 - 1
_URGENT, _USUAL = 1, 3


def _joined(chosen: Select[tuple[object, ...]]) -> Select[tuple[object, ...]]:
    return chosen.join(Message, Message.id == Delivery.message_id).outerjoin(
        AccountRow, AccountRow.id == Delivery.account_id
    )


def _to(words: str) -> ColumnElement[bool]:
    """A whole address, or how it begins: both by the index."""
    start = (normalise(words) if "@" in words else "") or words.lower()
    return and_(Delivery.key >= start, Delivery.key < start + "\U0010ffff")


# As the partial indexes say it: SQLite uses them for no other words.
_TROUBLED = text(f"({TROUBLED.text.replace('state', 'delivery.state')})")
_READY, _CLAIMED = text(f"delivery.{READY}"), text(f"delivery.{CLAIMED}")
_ENDED_BADLY = frozenset({DeliveryState.BOUNCED, DeliveryState.REJECTED, DeliveryState.FAILED, DeliveryState.CANCELLED})
_FEW = 5000


def _in(state: DeliveryState, *, few_wait: bool = False) -> ColumnElement[bool]:
    here = Delivery.state == state
    if state in _ENDED_BADLY:
        return and_(here, _TROUBLED)
    if state in (DeliveryState.LEASED, DeliveryState.SENDING):
        return and_(here, Delivery.id.in_(select(Delivery.id).where(_CLAIMED)))
    if few_wait and state in WAITING:
        return and_(here, Delivery.id.in_(select(Delivery.id).where(_READY)))
    return here


def _states(*, few_wait: bool) -> Filter:
    return Filter(
        name="state",
        label="State",
        options=[(state.value, state.value) for state in DeliveryState],
        condition=lambda value: _in(DeliveryState(value), few_wait=few_wait),
    )


DELIVERIES = Table(
    name="outbox",
    key=Delivery.id,
    columns=(
        Column(
            name="address",
            label="To",
            value=Delivery.address,
            link=lambda row: f"{ROOT}/outbox/{row['_key']}",
            wide=True,
        ),
        Column(name="state", label="State", value=Delivery.state, kind=Kind.STATE),
        Column(name="subject", label="Subject", value=Message.subject, wide=True),
        Column(name="account", label="Server", value=AccountRow.name),
        Column(name="attempts", label="Tries", value=Delivery.attempts, kind=Kind.NUMBER),
        Column(name="due", label="Due", value=Delivery.due, kind=Kind.MOMENT, shown=False),
        Column(name="created_at", label="Queued", value=Delivery.created_at, kind=Kind.MOMENT),
        Column(name="settled_at", label="Settled", value=Delivery.settled_at, kind=Kind.MOMENT),
    ),
    where=_joined,
    find=_to,
    filters=(_states(few_wait=False),),
    bulk=(
        BulkAction(
            path="/outbox/retry",
            label="Send again",
            permission=Permission.MESSAGES_WRITE,
            confirm="Queue these again? One whose fate is uncertain may arrive twice.",
        ),
        BulkAction(path="/outbox/urgent", label="Send first", permission=Permission.MESSAGES_WRITE),
        BulkAction(
            path="/outbox/cancel",
            label="Cancel",
            permission=Permission.MESSAGES_WRITE,
            confirm="Never send these?",
            danger=True,
        ),
    ),
    empty_title="Nothing was sent yet",
    empty_text="Every mail that mailloom sends stands here, with what became of it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    at: datetime
    state: DeliveryState
    status: str
    reply: str
    server: str


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/outbox", dependencies=[needs(Permission.MESSAGES_READ)])
    def list_deliveries(request: Request) -> Response:
        with app.read() as session:
            few = session.scalar(
                select(func.count()).select_from(select(Delivery.id).where(_READY).limit(_FEW).subquery())
            )
        table = replace(DELIVERIES, filters=(_states(few_wait=(few or 0) < _FEW),))
        return toolkit.table(request, table, title=_("Outbox"))

    @router.get("/outbox/{delivery_id}", dependencies=[needs(Permission.MESSAGES_READ)])
    def show_delivery(request: Request, delivery_id: int) -> Response:
        with app.read() as session:
            delivery = _delivery(session, delivery_id)
            tries = tries_of(session, delivery)
            message = session.get_one(Message, delivery.message_id)
            account = session.get(AccountRow, delivery.account_id) if delivery.account_id else None
            remarks = app.registry.hooks.remark_on_deliveries([delivery_id], session)
        meaning = app.registry.hooks.explain_failure(delivery.reply, "smtp", account.kind if account else "")
        return toolkit.page(
            request,
            "web/outbox/delivery.html",
            title=delivery.address,
            crumbs=[Crumb(title=_("Outbox"), path="/outbox")],
            delivery=delivery,
            message=message,
            account=account,
            tries=tries,
            remarks=remarks,
            meaning=meaning if delivery.state is not DeliveryState.SENT else None,
            may_retry=delivery.state in RETRIABLE,
            may_cancel=delivery.state in CANCELLABLE,
            waiting=delivery.state in WAITING,
            uncertain=delivery.state is DeliveryState.UNCERTAIN,
        )

    @router.post("/outbox/retry")
    def retry_all(request: Request, identity: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        changed = _change(app, request, identity, "retry", lambda session, ids: retry(session, ids, app.now()))
        said = n_("{count} mail is queued again.", "{count} mails are queued again.", changed)
        return toolkit.done(request, "/outbox", said)

    @router.post("/outbox/cancel")
    def cancel_all(request: Request, identity: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        hooks = app.registry.hooks
        changed = _change(app, request, identity, "cancel", lambda session, ids: cancel(session, ids, hooks, app.now()))
        said = n_("{count} mail will not be sent.", "{count} mails will not be sent.", changed)
        return toolkit.done(request, "/outbox", said)

    @router.post("/outbox/urgent")
    def hasten(request: Request, identity: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        changed = _change(app, request, identity, "priority", lambda session, ids: set_priority(session, ids, _URGENT))
        said = n_("{count} mail goes first.", "{count} mails go first.", changed)
        return toolkit.done(request, "/outbox", said)

    @router.post("/outbox/usual")
    def unhasten(request: Request, identity: Identity = needs(Permission.MESSAGES_WRITE)) -> Response:
        changed = _change(app, request, identity, "priority", lambda session, ids: set_priority(session, ids, _USUAL))
        said = n_("{count} mail goes in its turn.", "{count} mails go in their turn.", changed)
        return toolkit.done(request, "/outbox", said)

    return router


def tries_of(session: Session, delivery: Delivery) -> list[Try]:
    chosen = (
        select(DeliveryAttempt, AccountRow.name)
        .outerjoin(AccountRow, AccountRow.id == DeliveryAttempt.account_id)
        .where(DeliveryAttempt.delivery_id == delivery.id)
        .order_by(DeliveryAttempt.id)
    )
    return [
        Try(at=row.at, state=row.state, status=row.status, reply=row.reply, server=name or "")
        for row, name in session.execute(chosen)
    ]


def _change(
    app: App,
    request: Request,
    identity: Identity,
    verb: str,
    act: Callable[[Session, Sequence[int]], Sequence[int]],
) -> int:
    """What was ticked, or the one delivery of its own page; how many could be changed."""
    ids = list(filter(None, map(row_number, DELIVERIES.selected(request.state.form))))
    with app.write() as session:
        changed = act(session, ids)
        audit(session, identity, f"delivery.{verb}", details={"ids": list(changed)})
    return len(changed)


def _delivery(session: Session, delivery_id: int) -> Delivery:
    found = session.get(Delivery, delivery_id) if 0 < delivery_id <= LARGEST_ID else None
    if found is None:
        raise NotFound(_("There is no such mail in the outbox."))
    return found
