"""/dmarc-reports below /api/v1: what receivers say of mail under our domains."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel
from sqlalchemy import select

from mailloom.api.access import Permission
from mailloom.api.rest_routes import HereOffice, Page, Paged, Query, api_router, needs, page_of, page_of_all

from .models import Report
from .reports import Day, SendingHost, daily, hosts

router = api_router(tags=["deliverability"])
READ = [needs(Permission.DELIVERABILITY_READ)]

Domain = Annotated[str, Query(min_length=1, max_length=253, description="The domain that the reports are about.")]
Days = Annotated[int, Query(ge=1, le=3650, description="Days to look back.")]


class ReportShown(BaseModel):
    id: int
    domain: str
    organisation: str
    begin: datetime
    end: datetime
    messages: int
    passed: int
    policy: str


@router.get("/dmarc-reports", dependencies=READ)
def list_reports(
    office: HereOffice, paging: Paged, domain: Annotated[str, Query(max_length=253)] = ""
) -> Page[ReportShown]:
    """In the order in which they came in, the newest first."""
    chosen = select(Report)
    if domain:
        chosen = chosen.where(Report.domain == domain.strip().lower())
    with office.read() as session:
        return page_of(session, chosen, Report.id, paging, _shown, newest_first=True)


@router.get("/dmarc-reports/days", dependencies=READ)
def list_days(office: HereOffice, domain: Domain, days: Days = 30) -> Page[Day]:
    """Messages a day that passed and failed DMARC."""
    with office.read() as session:
        return page_of_all(daily(session, domain.strip().lower(), since=office.now() - timedelta(days=days)))


@router.get("/dmarc-reports/hosts", dependencies=READ)
def list_hosts(office: HereOffice, domain: Domain, days: Days = 30) -> Page[SendingHost]:
    """Hosts that sent under the domain's name, with most messages first."""
    with office.read() as session:
        return page_of_all(hosts(session, domain.strip().lower(), since=office.now() - timedelta(days=days)))


def _shown(report: Report) -> ReportShown:
    return ReportShown(**{field: getattr(report, field) for field in ReportShown.model_fields})
