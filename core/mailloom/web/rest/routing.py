"""/routing: the table of routers, and what it would do with a mail; /checks: what `mailloom doctor` finds."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from mailloom.api.access import Permission
from mailloom.api.checks import Severity
from mailloom.api.rest_routes import Page, api_router, needs, page_of_all
from mailloom.flow.routing_table import routing_table
from mailloom.jobs.checkup import Checkup
from mailloom.web.rest.arrivals import StepShown
from mailloom.web.rest.here import Here
from mailloom.web.rest.inbound import BODY, TYPES, Addresses, with_crlf
from mailloom.working import duties_of

router = api_router(tags=["routing"])


class RowShown(BaseModel):
    order: int | None
    name: str
    addon: str
    summary: str


class Explained(BaseModel):
    outcome: str
    reason: str
    steps: list[StepShown]
    routes: list[dict[str, Any]]
    answer: dict[str, Any] | None


class FindingShown(BaseModel):
    subject: str
    severity: Severity
    text: str
    remedy: str


@router.get("/routing", dependencies=[needs(Permission.ROUTING_READ)])
def show_table(app: Here) -> Page[RowShown]:
    """In the order in which the routers are asked."""
    return page_of_all(
        RowShown(order=row.order, name=row.name, addon=row.addon, summary=row.summary)
        for row in routing_table(app.registry)
    )


@router.post("/routing/explain", dependencies=[needs(Permission.ROUTING_READ)], openapi_extra=BODY)
async def explain_mail(
    app: Here,
    request: Request,
    recipient: Addresses = [],  # noqa: B006 - FastAPI copies it
    account: Annotated[str, Query(max_length=64)] = "",
    fallback: Annotated[str, Query(max_length=160)] = "",
) -> Explained:
    """What would become of a mail; changes nothing."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in TYPES:
        raise HTTPException(415, "This takes a mail as it is (Content-Type: message/rfc822).")
    raw = with_crlf(await request.body())
    received = await run_in_threadpool(
        app.explain, raw, recipients=recipient or None, account=account or None, fallback=fallback or None
    )
    return Explained(
        outcome=received.outcome,
        reason=received.reason,
        steps=[StepShown.model_validate(step) for step in received.steps],
        routes=[dict(route) for route in received.routes],
        answer=dict(received.answer) if received.answer else None,
    )


@router.get("/checks", dependencies=[needs(Permission.SYSTEM_READ)])
def run_checks(app: Here) -> Page[FindingShown]:
    """Look at database, keys, disk, clock, addons, accounts, queues and jobs."""
    checkup = Checkup(app, app.database, app.registry, app.keys, duties_of(app))
    return page_of_all(
        FindingShown(subject=each.subject, severity=each.severity, text=each.text, remedy=each.remedy)
        for each in checkup.findings()
    )
