"""/sending-domains below /api/v1: how domains of From stand, what to publish, and what was decided about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.checks import Severity
from mailloom.api.rest_routes import Body, Caller, HereOffice, Name, Page, Query, api_router, needs, page_of_all
from mailloom.errors import NotFound

from .checking import DomainReport, check_domain, domain_name, last_report
from .models import Mode, Override, SendingDomain
from .modes import choose_mode
from .permitting import end_override, override, overrides, why_blocked
from .showing import summary
from .situation import sending_domains

router = api_router(tags=["deliverability"])
READ, WRITE = [needs(Permission.DELIVERABILITY_READ)], [needs(Permission.DELIVERABILITY_WRITE)]


class DomainShown(BaseModel):
    domain: str
    mode: Mode | None
    looked_at: datetime | None
    state: Severity
    summary: str


class Permitted(BaseModel):
    domain: str
    per_day: int
    blocked: str | None = Field(description="Why such a mailing is held back; null: it may go out.")


class ModeChosen(Body):
    mode: Mode


class NewOverride(Body):
    reason: str = Field(min_length=1, max_length=2000, description="Kept for good.")
    days: float = Field(1.0, gt=0, le=30)


class OverrideShown(BaseModel):
    since: datetime
    until: datetime
    undone_at: datetime | None
    by: str
    reason: str


@router.get("/sending-domains", dependencies=READ)
def list_domains(office: HereOffice) -> Page[DomainShown]:
    """With their last look."""
    with office.read() as session:
        return page_of_all([_shown(session, domain) for domain in sending_domains(session)])


@router.get("/sending-domains/{name}", dependencies=READ)
def show_report(office: HereOffice, name: Name) -> DomainReport:
    """The last look: every finding with the records to publish, and what large receivers demand."""
    with office.read() as session:
        report = last_report(session, domain_name(name))
    if report is None:
        raise NotFound(f"{name} was never looked at.", remedy="POST /sending-domains/{name}/check looks now.")
    return report


@router.post("/sending-domains/{name}/check", dependencies=WRITE)
def look_now(office: HereOffice, name: Name) -> DomainReport:
    """Ask the DNS, web pages and mail ports."""
    return check_domain(office, domain_name(name))


@router.get("/sending-domains/{name}/permission", dependencies=READ)
def may_send(office: HereOffice, name: Name, per_day: Annotated[int, Query(ge=1, le=10**9)] = 5000) -> Permitted:
    """Whether a mailing of so many mails a day may go out."""
    domain = domain_name(name)
    with office.read() as session:
        return Permitted(domain=domain, per_day=per_day, blocked=why_blocked(session, domain, per_day))


@router.put("/sending-domains/{name}/mode", dependencies=WRITE)
def put_mode(office: HereOffice, name: Name, body: ModeChosen, caller: Caller) -> DomainShown:
    """How mail of the domain goes out. Refused where what the mode rests on is missing."""
    domain = domain_name(name)
    with office.write() as session:
        choose_mode(session, office, domain, body.mode)
        audit(session, caller, "domain.mode", f"domain:{domain}", {"mode": body.mode})
        session.flush()
        return _shown(session, domain)


@router.get("/sending-domains/{name}/overrides", dependencies=READ)
def list_overrides(office: HereOffice, name: Name) -> Page[OverrideShown]:
    """All there ever were, oldest first."""
    with office.read() as session:
        return page_of_all([_override(each) for each in overrides(session, domain_name(name))])


@router.post("/sending-domains/{name}/overrides", dependencies=WRITE, status_code=201)
def make_override(office: HereOffice, name: Name, body: NewOverride, caller: Caller) -> OverrideShown:
    """Let big mailings go out in spite of red items, for a while and with a reason."""
    domain, lasts = domain_name(name), timedelta(days=body.days)
    with office.write() as session:
        made = override(session, office, domain, reason=body.reason, by=caller.actor[:64], lasts=lasts)
        audit(session, caller, "domain.override", f"domain:{domain}", {"reason": body.reason, "days": body.days})
        return _override(made)


@router.delete("/sending-domains/{name}/overrides", dependencies=WRITE, status_code=204)
def stop_override(office: HereOffice, name: Name, caller: Caller) -> None:
    """End the one that holds."""
    domain = domain_name(name)
    with office.write() as session:
        end_override(session, office, domain)
        audit(session, caller, "domain.override.end", f"domain:{domain}")


def _shown(session: Session, domain: str) -> DomainShown:
    report, row = last_report(session, domain), session.get(SendingDomain, domain)
    return DomainShown(
        domain=domain,
        mode=row.mode if row else None,
        looked_at=report.at if report else None,
        state=report.severity if report else Severity.UNKNOWN,
        summary=summary(report) if report else "never looked at",
    )


def _override(row: Override) -> OverrideShown:
    return OverrideShown(since=row.since, until=row.until, undone_at=row.undone_at, by=row.by, reason=row.reason)
