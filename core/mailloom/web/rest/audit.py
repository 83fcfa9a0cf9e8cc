"""/audit: who did what, newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import select

from mailloom.api.access import Permission
from mailloom.api.rest_routes import Page, Paged, api_router, needs, page_of
from mailloom.store.access import AuditEntry
from mailloom.web.rest.here import Here

router = api_router(tags=["users"])


class EntryShown(BaseModel):
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    address: str


@router.get("/audit", dependencies=[needs(Permission.AUDIT_READ)])
def list_entries(
    app: Here,
    paging: Paged,
    subject: Annotated[str, Query(max_length=200, description="Such as account:main.")] = "",
    action: Annotated[str, Query(max_length=64, description="Such as settings.change.")] = "",
) -> Page[EntryShown]:
    chosen = select(AuditEntry)
    if subject:
        chosen = chosen.where(AuditEntry.subject == subject)
    if action:
        chosen = chosen.where(AuditEntry.action == action)
    with app.read() as session:
        return page_of(session, chosen, AuditEntry.id, paging, _shown, newest_first=True)


def _shown(entry: AuditEntry) -> EntryShown:
    return EntryShown(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        details=entry.details,
        address=entry.address,
    )
