"""/dkim-keys below /api/v1: keys, the records to publish, and their rotation. Private halves never leave."""

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
    Page,
    Paged,
    Query,
    api_router,
    needs,
    page_of,
    page_of_all,
)
from mailloom.mail.dkim_keys import KeyKind, zone_value

from .models import DkimKey, KeyState
from .rotating import add_key, advance, domain_name, rotate

router = api_router(tags=["deliverability"])
READ, WRITE = [needs(Permission.DELIVERABILITY_READ)], [needs(Permission.DELIVERABILITY_WRITE)]


class KeyShown(BaseModel):
    id: int
    domain: str
    selector: str
    kind: KeyKind
    state: KeyState
    name: str = Field(description="Of the TXT record to publish.")
    value: str
    zone_value: str = Field(description="As zone files want it.")
    created_at: datetime
    seen_at: datetime | None
    signing_at: datetime | None
    checked_at: datetime | None
    finding: str


class NewKey(Body):
    domain: str = Field(max_length=253)
    kind: KeyKind = KeyKind.RSA


class Domain(Body):
    domain: str = Field(max_length=253)


class Steps(BaseModel):
    steps: list[str] = Field(description="What was done, a sentence each.")


@router.get("/dkim-keys", dependencies=READ)
def list_keys(office: HereOffice, paging: Paged, domain: Annotated[str, Query(max_length=253)] = "") -> Page[KeyShown]:
    chosen = select(DkimKey)
    if domain:
        chosen = chosen.where(DkimKey.domain == domain_name(domain))
    with office.read() as session:
        return page_of(session, chosen, DkimKey.id, paging, _shown)


@router.post("/dkim-keys", dependencies=WRITE, status_code=201)
def make_key(office: HereOffice, body: NewKey, caller: Caller) -> KeyShown:
    """It signs once its record was seen in the DNS."""
    with office.write() as session:
        key = add_key(session, office, domain_name(body.domain), body.kind)
        session.flush()
        audit(session, caller, "dkim.add", f"domain:{key.domain}", {"selector": key.selector})
        return _shown(key)


@router.post("/dkim-keys/rotate", dependencies=WRITE)
def rotate_keys(office: HereOffice, body: Domain, caller: Caller) -> Page[KeyShown]:
    """The next keys of a domain; they take over by themselves once they were published long enough."""
    with office.write() as session:
        keys = rotate(session, office, domain_name(body.domain))
        session.flush()
        audit(session, caller, "dkim.rotate", f"domain:{domain_name(body.domain)}")
        return page_of_all([_shown(key) for key in keys])


@router.post("/dkim-keys/check", dependencies=WRITE)
def check_keys(office: HereOffice, body: Domain) -> Steps:
    """Look into the DNS now, and take the steps that are due."""
    return Steps(steps=advance(office, domain_name(body.domain)))


def _shown(key: DkimKey) -> KeyShown:
    value = f"v=DKIM1; k={key.kind}; p=" if key.state is KeyState.REVOKED else key.record
    return KeyShown(
        id=key.id,
        domain=key.domain,
        selector=key.selector,
        kind=key.kind,
        state=key.state,
        name=key.name,
        value=value,
        zone_value=zone_value(value),
        created_at=key.created_at,
        seen_at=key.seen_at,
        signing_at=key.signing_at,
        checked_at=key.checked_at,
        finding=key.finding,
    )
