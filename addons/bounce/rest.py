"""/bounces, /suppressions and /bounce-policy below /api/v1."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import select

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import (
    Body,
    Caller,
    HereOffice,
    Name,
    Page,
    Paged,
    Query,
    RowNumber,
    api_router,
    needs,
    page_of,
)
from mailloom.api.rest_routes import page_of_all as whole
from mailloom.errors import NotFound
from mailloom.mail.address import normalise
from mailloom.mail.report import Kind, Reason

from .effects import Rule, change_rule, rule_for
from .models import BounceEvent, Effect, MatchedBy, Scope, Suppression
from .suppressing import suppress_address, undo
from .wording import words_for

router = api_router(tags=["deliverability"])
READ, WRITE = [needs(Permission.DELIVERABILITY_READ)], [needs(Permission.DELIVERABILITY_WRITE)]


class BounceShown(BaseModel):
    id: int
    at: datetime
    address: str
    kind: Kind
    effect: Effect
    reason: Reason
    status: str
    hard: bool | None
    meaning: str
    remedy: str
    diagnostic: str = Field(description="The server's words.")
    remote_mta: str
    matched_by: MatchedBy
    delivery_id: int | None
    message_id: int | None
    arrival_id: int | None
    feedback_type: str
    repeats: int


class SuppressionShown(BaseModel):
    id: int
    address: str
    scope: Scope
    reason: str
    by: str
    since: datetime
    bounce_id: int | None
    undone_at: datetime | None
    undone_by: str


class NewSuppression(Body):
    address: str = Field(max_length=320)
    scope: Scope = Scope.ALL
    reason: str = Field("by a program", max_length=500)


class Ended(BaseModel):
    ended: int


class RuleShown(BaseModel):
    effect: Effect
    suppress: Scope | None
    note: bool = Field(description="Write a note on the conversation.")
    alarm: bool = Field(description="Raise an alarm for the sending domain.")


class RuleChange(Body):
    suppress: Scope | None
    note: bool
    alarm: bool


@router.get("/bounces", dependencies=READ)
def list_bounces(
    office: HereOffice,
    paging: Paged,
    address: Annotated[str, Query(max_length=320)] = "",
    effect: Effect | None = None,
) -> Page[BounceShown]:
    """What came back about our mail, newest first."""
    chosen = select(BounceEvent)
    if address:
        chosen = chosen.where(BounceEvent.key == normalise(address))
    if effect is not None:
        chosen = chosen.where(BounceEvent.effect == effect)
    with office.read() as session:
        return page_of(session, chosen, BounceEvent.id, paging, _bounce, newest_first=True)


@router.get("/bounces/{bounce_id}", dependencies=READ)
def show_bounce(office: HereOffice, bounce_id: RowNumber) -> BounceShown:
    with office.read() as session:
        event = session.get(BounceEvent, bounce_id)
        if event is None:
            raise NotFound(f"There is no bounce {bounce_id}.", remedy="List them at /bounces.")
        return _bounce(event)


@router.get("/suppressions", dependencies=READ)
def list_suppressions(
    office: HereOffice,
    paging: Paged,
    address: Annotated[str, Query(max_length=320)] = "",
    undone: Annotated[bool, Query(description="Those that ended, too.")] = False,
) -> Page[SuppressionShown]:
    """Addresses that are not written to, newest first."""
    chosen = select(Suppression) if undone else select(Suppression).where(Suppression.undone_at.is_(None))
    if address:
        chosen = chosen.where(Suppression.key == normalise(address))
    with office.read() as session:
        return page_of(session, chosen, Suppression.id, paging, _suppression, newest_first=True)


@router.post("/suppressions", dependencies=WRITE, status_code=201)
def add_suppression(office: HereOffice, body: NewSuppression, caller: Caller) -> SuppressionShown:
    """One that is there for as much stays as it is."""
    with office.write() as session:
        row = suppress_address(
            session, body.address, scope=body.scope, reason=body.reason, by=caller.actor[:64], now=office.now()
        )
        audit(session, caller, "suppression.add", f"address:{row.key}", {"scope": body.scope})
        return _suppression(row)


@router.delete("/suppressions/{address}", dependencies=WRITE)
def end_suppression(office: HereOffice, address: Name, caller: Caller) -> Ended:
    """Write to the address again; earlier soft bounces do not count any more."""
    with office.write() as session:
        ended = undo(session, address, by=caller.actor[:64], now=office.now())
        audit(session, caller, "suppression.undo", f"address:{normalise(address)}")
    return Ended(ended=ended)


@router.get("/bounce-policy", dependencies=READ)
def show_policy(office: HereOffice) -> Page[RuleShown]:
    """What follows from which report."""
    with office.read() as session:
        return whole(_rule(each, rule_for(session, each)) for each in Effect)


@router.put("/bounce-policy/{effect}", dependencies=WRITE)
def change_policy(office: HereOffice, effect: Effect, body: RuleChange, caller: Caller) -> RuleShown:
    with office.write() as session:
        change_rule(session, effect, Rule(suppress=body.suppress, note=body.note, alarm=body.alarm))
        audit(session, caller, "bounce.policy", f"effect:{effect}", body.model_dump())
        session.flush()
        return _rule(effect, rule_for(session, effect))


def _rule(effect: Effect, rule: Rule) -> RuleShown:
    return RuleShown(effect=effect, suppress=rule.suppress, note=rule.note, alarm=rule.alarm)


def _bounce(event: BounceEvent) -> BounceShown:
    words = words_for(event.reason)
    return BounceShown(
        id=event.id,
        at=event.at,
        address=event.key or event.reported_recipient,
        kind=event.kind,
        effect=event.effect,
        reason=event.reason,
        status=event.status,
        hard=event.hard,
        meaning=words.meaning,
        remedy=words.remedy,
        diagnostic=event.diagnostic,
        remote_mta=event.remote_mta,
        matched_by=event.matched_by,
        delivery_id=event.delivery_id,
        message_id=event.message_id,
        arrival_id=event.arrival_id,
        feedback_type=event.feedback_type,
        repeats=event.repeats,
    )


def _suppression(row: Suppression) -> SuppressionShown:
    return SuppressionShown(
        id=row.id,
        address=row.key,
        scope=row.scope,
        reason=row.reason,
        by=row.by,
        since=row.since,
        bounce_id=row.event_id,
        undone_at=row.undone_at,
        undone_by=row.undone_by,
    )
