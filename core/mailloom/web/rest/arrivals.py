"""/arrivals: mail that came in, what each router said of it, and what waits for a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Body, Caller, Page, Paged, RowNumber, api_router, needs, page_of
from mailloom.app import App
from mailloom.errors import NotFound
from mailloom.mail.address import normalise
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.blobs import read_blob
from mailloom.web.rest.here import Here
from mailloom.web.rest.messages import RAW

router = api_router(tags=["arrivals"])
READ, WRITE = [needs(Permission.MESSAGES_READ)], [needs(Permission.MESSAGES_WRITE)]


class ArrivalShown(BaseModel):
    id: int
    received_at: datetime
    outcome: Outcome
    reason: str
    from_: str = Field(serialization_alias="from")
    subject: str
    message_id: str
    account_id: int | None
    envelope_from: str | None
    envelope_recipients: list[str] | None
    duplicate_of: int | None
    attempts: int
    flags: list[str]
    settled_at: datetime | None


class StepShown(BaseModel):
    router: str
    verdict: str
    why: str


class ArrivalExplained(ArrivalShown):
    steps: list[StepShown] = Field(description="Every router that was asked, in order, with its reason.")
    routes: list[dict[str, Any]]
    answer: dict[str, Any] | None


class Again(Body):
    """Without fields: decide again as before."""

    recipients: list[Annotated[str, Field(max_length=320)]] | None = Field(
        None, min_length=1, max_length=100, description="Decide as if it had come for these addresses."
    )
    fallback: str | None = Field(None, max_length=160, description="Model, or model:record, that shall take it.")


class PutAway(Body):
    reason: str = Field("discarded by hand", max_length=500)


@router.get("/arrivals", dependencies=READ)
def list_arrivals(
    app: Here,
    paging: Paged,
    outcome: Outcome | None = None,
    sender: Annotated[str, Query(max_length=320, description="Only mail from this address.")] = "",
) -> Page[ArrivalShown]:
    """Newest first. `outcome=parked` is what waits for a person."""
    chosen = select(Arrival)
    if outcome is not None:
        chosen = chosen.where(Arrival.outcome == outcome)
    if sender:
        chosen = chosen.where(Arrival.from_address == normalise(sender))
    with app.read() as session:
        return page_of(session, chosen, Arrival.id, paging, _shown, newest_first=True)


@router.get("/arrivals/{arrival_id}", dependencies=READ)
def show_arrival(app: Here, arrival_id: RowNumber) -> ArrivalExplained:
    """What was decided and why."""
    return _explained(app, arrival_id)


@router.get("/arrivals/{arrival_id}/raw", dependencies=READ, response_class=Response, responses=RAW)
def raw_arrival(app: Here, arrival_id: RowNumber) -> Response:
    """The mail as it came."""
    with app.read() as session:
        arrival = session.get(Arrival, arrival_id)
        if arrival is None or arrival.raw_digest is None:
            raise _missing(arrival_id)
        return Response(read_blob(session, arrival.raw_digest), media_type="message/rfc822")


@router.post("/arrivals/{arrival_id}/retry", dependencies=WRITE)
def retry_arrival(app: Here, arrival_id: RowNumber, body: Again, caller: Caller) -> ArrivalExplained:
    """Decide anew about a mail that is parked or was put away, as it came or for other recipients."""
    app.inbound.retry(arrival_id, recipients=body.recipients, fallback=body.fallback)
    with app.write() as session:
        audit(session, caller, "arrival.retry", f"arrival:{arrival_id}", body.model_dump(exclude_none=True))
    return _explained(app, arrival_id)


@router.post("/arrivals/{arrival_id}/discard", dependencies=WRITE)
def discard_arrival(app: Here, arrival_id: RowNumber, body: PutAway, caller: Caller) -> ArrivalExplained:
    """Put a parked mail away; its bytes stay until retention."""
    app.inbound.discard(arrival_id, body.reason)
    with app.write() as session:
        audit(session, caller, "arrival.discard", f"arrival:{arrival_id}", {"reason": body.reason})
    return _explained(app, arrival_id)


@router.post("/arrivals/{arrival_id}/restore", dependencies=WRITE)
def restore_arrival(app: Here, arrival_id: RowNumber, caller: Caller) -> ArrivalExplained:
    """Let a mail that was put away wait for a person again."""
    app.inbound.restore(arrival_id)
    with app.write() as session:
        audit(session, caller, "arrival.restore", f"arrival:{arrival_id}")
    return _explained(app, arrival_id)


def _missing(arrival_id: int) -> NotFound:
    return NotFound(f"There is no arrival {arrival_id}, or its bytes are gone.", remedy="List them at /arrivals.")


def _explained(app: App, arrival_id: int) -> ArrivalExplained:
    with app.read() as session:
        arrival = session.get(Arrival, arrival_id)
        if arrival is None:
            raise _missing(arrival_id)
        steps = [StepShown.model_validate(step) for step in arrival.steps]
        return ArrivalExplained(
            **_shown(arrival).model_dump(), steps=steps, routes=list(arrival.routes), answer=arrival.answer
        )


def _shown(arrival: Arrival) -> ArrivalShown:
    return ArrivalShown(
        id=arrival.id,
        received_at=arrival.received_at,
        outcome=arrival.outcome,
        reason=arrival.reason,
        from_=arrival.from_address,
        subject=arrival.subject,
        message_id=arrival.message_id,
        account_id=arrival.account_id,
        envelope_from=arrival.envelope_from,
        envelope_recipients=arrival.envelope_recipients,
        duplicate_of=arrival.duplicate_of,
        attempts=arrival.attempts,
        flags=list(arrival.flags),
        settled_at=arrival.settled_at,
    )
