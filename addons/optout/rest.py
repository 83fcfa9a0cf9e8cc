"""/optouts below /api/v1: who said no to marketing mail, and taking it back on the person's own word."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import select

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Body, Caller, HereOffice, Page, Paged, Query, api_router, needs, page_of
from mailloom.errors import NotFound
from mailloom.mail.address import normalise

from .asking import who_is_out
from .erasure import is_erased
from .models import Answer, Source, Statement
from .statements import LONGEST_REASON, LONGEST_TOPIC, opt_in_again, opt_out

router = api_router(tags=["people"])
READ, WRITE = [needs(Permission.PEOPLE_READ)], [needs(Permission.PEOPLE_WRITE)]

Address = Annotated[str, Query(min_length=3, max_length=320)]


class StatementShown(BaseModel):
    id: int
    address: str
    topic: str = Field(description="'' is all marketing.")
    answer: Answer
    source: Source
    reason: str
    evidence: dict[str, str]
    mailing: str
    since: datetime
    ended_at: datetime | None
    ended_by: str


class Said(Body):
    address: str = Field(min_length=3, max_length=320)
    topic: str = Field("", max_length=LONGEST_TOPIC, description="Such as list:7; '' is all marketing.")
    reason: str = Field("", max_length=LONGEST_REASON, description="In the person's words.")


class Done(BaseModel):
    address: str
    topic: str
    new: bool = Field(description="False: it had been said before.")


class Standing(BaseModel):
    address: str
    topic: str
    out: bool
    erased: bool


@router.get("/optouts", dependencies=READ)
def list_optouts(
    office: HereOffice,
    paging: Paged,
    address: Annotated[str, Query(max_length=320)] = "",
    ended: Annotated[bool, Query(description="What was taken back or overtaken, too.")] = False,
) -> Page[StatementShown]:
    """Newest first."""
    chosen = select(Statement)
    if not ended:
        chosen = chosen.where(Statement.ended_at.is_(None))
    if address:
        chosen = chosen.where(Statement.key == normalise(address))
    with office.read() as session:
        return page_of(session, chosen, Statement.id, paging, _shown, newest_first=True)


@router.post("/optouts", dependencies=WRITE)
def add_optout(office: HereOffice, body: Said, caller: Caller) -> Done:
    """Send the address no marketing mail any more, from this moment on, also what is queued."""
    with office.write() as session:
        new = opt_out(
            session,
            body.address,
            topic=body.topic,
            source=Source.API,
            reason=body.reason,
            evidence={"by": caller.actor, "address": caller.address},
        )
        audit(session, caller, "optout.add", f"address:{normalise(body.address)}", {"topic": body.topic})
    return Done(address=normalise(body.address), topic=body.topic, new=new)


@router.post("/optouts/undo", dependencies=WRITE)
def undo_optout(office: HereOffice, body: Said, caller: Caller) -> Done:
    """Only on the person's own word: their consent is what you must be able to show."""
    with office.write() as session:
        undone = opt_in_again(
            session,
            body.address,
            topic=body.topic,
            source=Source.API,
            reason=body.reason,
            evidence={"by": caller.actor, "address": caller.address},
        )
        if not undone:
            raise NotFound(f"{body.address} has not opted out of {body.topic or 'all marketing'}.")
        audit(session, caller, "optout.undo", f"address:{normalise(body.address)}", {"topic": body.topic})
    return Done(address=normalise(body.address), topic=body.topic, new=True)


@router.get("/optouts/standing", dependencies=READ)
def show_standing(
    office: HereOffice, address: Address, topic: Annotated[str, Query(max_length=LONGEST_TOPIC)] = ""
) -> Standing:
    """Whether marketing mail on a topic may go to an address now."""
    key = normalise(address)
    with office.read() as session:
        out = key in who_is_out(session, [key], topic)
        return Standing(address=key, topic=topic, out=out, erased=key in is_erased(session, [key]))


def _shown(statement: Statement) -> StatementShown:
    return StatementShown(
        id=statement.id,
        address=statement.key,
        topic=statement.topic,
        answer=statement.answer,
        source=statement.source,
        reason=statement.reason,
        evidence=dict(statement.evidence),
        mailing=statement.mailing,
        since=statement.since,
        ended_at=statement.ended_at,
        ended_by=statement.ended_by,
    )
