"""/deliveries: one row for each message and recipient: what became of it, every try, and trying again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import LARGEST_ID, Body, Caller, Page, Paged, RowNumber, api_router, needs, page_of
from mailloom.errors import NotFound
from mailloom.flow.outbox import cancel, retry, set_priority
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryAttempt, DeliveryState
from mailloom.web.rest.here import Here

router = api_router(tags=["deliveries"])
READ, WRITE = [needs(Permission.MESSAGES_READ)], [needs(Permission.MESSAGES_WRITE)]
_MOST = 1000


class DeliveryShown(BaseModel):
    id: int
    message_id: int
    address: str
    state: DeliveryState
    purpose: str
    topic: str
    priority: int
    due: datetime
    attempts: int
    account: str | None = Field(description="Name of the account that sends it; null until one can be chosen.")
    status: str = Field(description="Enhanced status code of the last answer (RFC 3463).")
    reply: str = Field(description="The server's last words in full.")
    explanation: str
    provider_id: str | None
    envelope_from: str
    created_at: datetime
    settled_at: datetime | None


class AttemptShown(BaseModel):
    at: datetime
    state: DeliveryState
    status: str
    reply: str
    account: str | None


class DeliveryTraced(DeliveryShown):
    subject: str
    tries: list[AttemptShown]


class Chosen(Body):
    ids: list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] = Field(min_length=1, max_length=_MOST)


class Prioritised(Chosen):
    priority: int = Field(ge=1, le=5, description="1 (first) to 5 (last).")


class Changed(BaseModel):
    changed: list[int]
    left: list[int] = Field(description="Unknown, or in a state that does not allow it.")


@router.get("/deliveries", dependencies=READ)
def list_deliveries(
    app: Here,
    paging: Paged,
    state: DeliveryState | None = None,
    to: Annotated[str, Query(max_length=320, description="Only those to this address.")] = "",
    account: Annotated[str, Query(max_length=64)] = "",
    message_id: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Page[DeliveryShown]:
    """Newest first."""
    chosen = select(Delivery)
    if state is not None:
        chosen = chosen.where(Delivery.state == state)
    if to:
        chosen = chosen.where(Delivery.key == normalise(to))
    if account:
        chosen = chosen.where(Delivery.account_id == app.account_id(account))
    if message_id is not None:
        chosen = chosen.where(Delivery.message_id == message_id)
    with app.read() as session:
        names = account_names(session)
        return page_of(session, chosen, Delivery.id, paging, lambda row: shown(row, names), newest_first=True)


@router.get("/deliveries/{delivery_id}", dependencies=READ)
def show_delivery(app: Here, delivery_id: RowNumber) -> DeliveryTraced:
    """With every try."""
    with app.read() as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:
            raise NotFound(f"There is no delivery {delivery_id}.", remedy="List them at /deliveries.")
        return traced(session, [delivery])[0]


@router.post("/deliveries/retry", dependencies=WRITE)
def retry_deliveries(app: Here, body: Chosen, caller: Caller) -> Changed:
    """Queue again what is deferred, uncertain, failed or rejected. An uncertain one may arrive twice."""
    with app.write() as session:
        changed = retry(session, body.ids, app.now())
        audit(session, caller, "delivery.retry", details={"ids": changed})
    return _told(body.ids, changed)


@router.post("/deliveries/cancel", dependencies=WRITE)
def cancel_deliveries(app: Here, body: Chosen, caller: Caller) -> Changed:
    """Never send what is queued, deferred or uncertain."""
    with app.write() as session:
        changed = cancel(session, body.ids, app.registry.hooks, app.now())
        audit(session, caller, "delivery.cancel", details={"ids": changed})
    return _told(body.ids, changed)


@router.post("/deliveries/priority", dependencies=WRITE)
def change_priority(app: Here, body: Prioritised, caller: Caller) -> Changed:
    """Let what waits overtake others, or be overtaken."""
    with app.write() as session:
        changed = set_priority(session, body.ids, body.priority)
        audit(session, caller, "delivery.priority", details={"ids": changed, "priority": body.priority})
    return _told(body.ids, changed)


def _told(ids: Sequence[int], changed: Sequence[int]) -> Changed:
    return Changed(changed=list(changed), left=sorted(set(ids) - set(changed)))


def account_names(session: Session) -> dict[int, str]:
    return {row.id: row.name for row in session.execute(select(AccountRow.id, AccountRow.name))}


def shown(row: Delivery, names: dict[int, str]) -> DeliveryShown:
    return DeliveryShown(
        id=row.id,
        message_id=row.message_id,
        address=row.address,
        state=row.state,
        purpose=row.purpose,
        topic=row.topic,
        priority=row.priority,
        due=row.due,
        attempts=row.attempts,
        account=names.get(row.account_id or 0),
        status=row.status,
        reply=row.reply,
        explanation=row.explanation,
        provider_id=row.provider_id,
        envelope_from=row.envelope_from,
        created_at=row.created_at,
        settled_at=row.settled_at,
    )


def traced(session: Session, rows: Sequence[Delivery]) -> list[DeliveryTraced]:
    """Deliveries with their tries and subjects, in a query for each table."""
    names, ids = account_names(session), [row.id for row in rows]
    tries: dict[int, list[AttemptShown]] = {}
    statement = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(ids)).order_by(DeliveryAttempt.id)
    for each in session.scalars(statement):
        account = names.get(each.account_id or 0)
        attempt = AttemptShown(at=each.at, state=each.state, status=each.status, reply=each.reply, account=account)
        tries.setdefault(each.delivery_id, []).append(attempt)
    wanted = select(Message.id, Message.subject).where(Message.id.in_({row.message_id for row in rows}))
    subjects = {row.id: row.subject for row in session.execute(wanted)}
    return [
        DeliveryTraced(
            **shown(row, names).model_dump(), subject=subjects.get(row.message_id, ""), tries=tries.get(row.id, [])
        )
        for row in rows
    ]
