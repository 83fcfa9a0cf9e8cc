"""The audit log: who did what, to what, from where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from mailloom.api.access import Permission
from mailloom.api.pages import APIRouter, Column, Kind, Request, Response, Table, Toolkit, _, needs
from mailloom.app import App
from mailloom.store.access import AuditEntry

_LONGEST_DETAILS = 300


def _details(value: Any, row: Mapping[str, Any]) -> Markup | str:
    if not value:
        return ""
    return Markup("<code>{}</code>").format(json.dumps(value, ensure_ascii=False)[:_LONGEST_DETAILS])


ENTRIES = Table(
    name="audit",
    key=AuditEntry.id,
    columns=(
        Column(
            name="at",
            label="When",
            value=AuditEntry.at,
            kind=Kind.MOMENT,
            sort=True,
        ),
        Column(name="actor", label="Who", value=AuditEntry.actor),
        Column(name="action", label="Did", value=AuditEntry.action, kind=Kind.CODE),
        Column(name="subject", label="To", value=AuditEntry.subject),
        Column(name="details", label="Details", value=AuditEntry.details, look=_details, wide=True),
        Column(name="address", label="From", value=AuditEntry.address),
    ),
    search=(AuditEntry.actor, AuditEntry.action, AuditEntry.subject),
    latest=50_000,
    empty_text="Whatever people and programs change is noted here.",
)


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    @router.get("/audit", dependencies=[needs(Permission.AUDIT_READ)])
    def list_entries(request: Request) -> Response:
        return toolkit.table(request, ENTRIES, title=_("Audit log"))

    return router
