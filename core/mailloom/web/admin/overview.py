"""The first page: what waits for a person, and how much mail is under way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from mailloom.api.access import Permission
from mailloom.api.pages import APIRouter, Request, Response, Toolkit, _, signed_in
from mailloom.app import App
from mailloom.store.accounts import AccountRow
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.base import Base
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.system import Alarm

_MOST_ALARMS = 10


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/", dependencies=[signed_in()])
    def overview(request: Request) -> Response:
        with app.read() as session:
            alarms = session.scalars(
                select(Alarm).where(Alarm.closed_at.is_(None)).order_by(Alarm.last_at.desc()).limit(_MOST_ALARMS)
            ).all()
            waiting = (DeliveryState.QUEUED, DeliveryState.DEFERRED)
            numbers = [
                ("Waiting to be sent", session.scalar(_count(Delivery, Delivery.state.in_(waiting)))),
                ("Uncertain", session.scalar(_count(Delivery, Delivery.state == DeliveryState.UNCERTAIN))),
                ("Parked", session.scalar(_count(Arrival, Arrival.outcome == Outcome.PARKED))),
                ("Mail servers", session.scalar(_count(AccountRow, AccountRow.archived.is_(False)))),
            ]
        return toolkit.page(
            request,
            "web/overview.html",
            title=_("Overview"),
            alarms=alarms,
            numbers=numbers,
            see_system=Permission.SYSTEM_READ,
        )

    return router


def _count(mapped: type[Base], condition: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(mapped).where(condition)
