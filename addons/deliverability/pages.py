"""Pages of sending domains: how each stands with the large receivers, what was found, the records to publish, and what people decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import select

from mailloom.api import Draft, Office, Purpose, Recipient
from mailloom.api.access import Identity, Permission
from mailloom.api.checks import Severity
from mailloom.api.dns import PatientResolver
from mailloom.api.pages import (
    APIRouter,
    Crumb,
    FormView,
    Request,
    Response,
    Toolkit,
    _,
    audit,
    needs,
    read_form,
    show_form,
)
from mailloom.api.settings import CoreSettings
from mailloom.errors import MailloomError
from mailloom.store.domains import domain_or_first

from . import pages_of_keys, pages_of_loop, pages_of_reports
from .checking import DomainReport, check_domain, domain_name, last_report, settings_of
from .handover import handover_text, missing_records, subject
from .loop import one_address
from .models import DomainChange, Mode, SendingDomain
from .modes import DESCRIPTIONS, choose_mode
from .page_frame import READ, TONES, WORDS, Frame, crumbs
from .permitting import LONGEST_OVERRIDE, current_override, end_override, override, why_blocked
from .readiness import Receiver
from .situation import sending_domains
from .spf_tree import spf_tree

_MOST_CHANGES = 20
_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)]


class Named(BaseModel):
    domain: _Line = Field(
        min_length=1, title="Domain", description="The part behind the @ of From, such as example.org."
    )


class Overriding(BaseModel):
    """Big mailings in spite of red items."""

    reason: str = Field(
        min_length=10,
        max_length=2000,
        title="Reason",
        description="Others will read it; it is kept for good.",
        json_schema_extra={"multiline": True},
    )
    days: float = Field(1, gt=0, le=LONGEST_OVERRIDE.days, title="For how long")


class MailedTo(BaseModel):
    to: _Line = Field(min_length=3, title="Send it to", description="The address of who looks after the DNS.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLine:
    """A domain of the list. `receivers`: how it stands with each; unknown where it was never looked at."""

    name: str
    report: DomainReport | None
    receivers: dict[Receiver, Severity]
    to_do: int


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/deliverability")
    frame = Frame(office, toolkit)

    def list_page(request: Request, form: FormView[Named], status: int = 200) -> Response:
        with office.read() as session:
            lines = [_line(name, last_report(session, name)) for name in sending_domains(session)]
        values: dict[str, Any] = {
            "lines": lines,
            "receivers": list(Receiver),
            "form": form,
            "tones": TONES,
            "words": WORDS,
        }
        title = _("Deliverability")
        return toolkit.page(request, "deliverability/domains.html", title=title, status=status, **values)

    @router.get("", dependencies=[needs(READ)])
    def list_domains(request: Request) -> Response:
        return list_page(request, show_form(Named))

    @router.post("/look")
    def look_at(request: Request, who: Identity = needs(Permission.DELIVERABILITY_WRITE)) -> Response:
        """Of whatever domain: one may look before it is added."""
        form = read_form(Named, request.state.form)
        if form.value is None:
            return list_page(request, form, 422)
        try:
            name = domain_name(form.value.domain)
        except MailloomError as error:
            return list_page(request, form.refused(error, "domain"), 422)
        return _check(request, name, who)

    @router.post("/domains/{name}/check")
    def check(request: Request, name: str, who: Identity = needs(Permission.DELIVERABILITY_WRITE)) -> Response:
        return _check(request, frame.known(name), who)

    def _check(request: Request, name: str, who: Identity) -> Response:
        report = check_domain(office, name)
        with office.write() as session:
            audit(session, who, "deliverability.check", f"domain:{name}")
        good = report.severity is Severity.GOOD
        said = _("Everything is in order.") if good else _("Looked again: this is what is left to do.")
        return toolkit.done(request, f"/deliverability/domains/{name}", said, tone="good" if good else "warning")

    @router.get("/domains/{name}", dependencies=[needs(READ)])
    def show_domain(request: Request, name: str) -> Response:
        domain = frame.known(name)
        per_day = settings_of(office).bulk_per_day
        with office.read() as session:
            report = last_report(session, domain)
            changed = select(DomainChange).where(DomainChange.domain == domain).order_by(DomainChange.id.desc())
            values: dict[str, Any] = {
                "report": report,
                "blocked": why_blocked(session, domain, per_day),
                "per_day": per_day,
                "override": current_override(session, domain, office.now()),
                "changes": session.scalars(changed.limit(_MOST_CHANGES)).all(),
                "receivers": list(Receiver),
                "open_findings": [each for each in report.findings if each.severity != "good"] if report else [],
                "good_findings": [each for each in report.findings if each.severity == "good"] if report else [],
            }
        return frame.page(request, domain, "overview", "deliverability/domain.html", **values)

    @router.get("/domains/{name}/spf", dependencies=[needs(READ)])
    def show_tree(request: Request, name: str) -> Response:
        domain = frame.known(name)
        resolver = PatientResolver(office.resolver, seconds=settings_of(office).dns_seconds)
        return frame.page(request, domain, "overview", "deliverability/spf.html", tree=spf_tree(domain, resolver))

    # --- what has to be published ---

    def records_page(request: Request, domain: str, form: FormView[MailedTo], status: int = 200) -> Response:
        with office.read() as session:
            report = last_report(session, domain)
        records = missing_records(report) if report else []
        text = handover_text(report, organisation=_core(office).organisation) if report else ""
        values = {"report": report, "records": records, "text": text, "form": form}
        return frame.page(request, domain, "records", "deliverability/records.html", status=status, **values)

    @router.get("/domains/{name}/records", dependencies=[needs(READ)])
    def show_records(request: Request, name: str) -> Response:
        return records_page(request, frame.known(name), show_form(MailedTo))

    @router.post("/domains/{name}/handover")
    def hand_over(request: Request, name: str, who: Identity = needs(Permission.DELIVERABILITY_WRITE)) -> Response:
        domain, form = frame.known(name), read_form(MailedTo, request.state.form)
        if form.value is None:
            return records_page(request, domain, form, 422)
        try:
            _mail_text(domain, form.value.to)
        except MailloomError as error:
            return records_page(request, domain, form.refused(error, "to"), 422)
        with office.write() as session:
            audit(session, who, "deliverability.handover", f"domain:{domain}", {"to": form.value.to})
        return toolkit.done(request, f"/deliverability/domains/{domain}/records", _("The mail is queued."))

    def _mail_text(domain: str, to: str) -> None:
        with office.write() as session:
            report, first = last_report(session, domain), domain_or_first(session, None)
            text = handover_text(report or check_domain(office, domain), organisation=_core(office).organisation)
            sender = one_address(first.from_address, "the sender") if first else None
            recipient = Recipient(address=one_address(to, _("Send it to")))
            draft = Draft(
                sender=sender, recipients=[recipient], subject=subject(domain), text=text, purpose=Purpose.TRANSACTIONAL
            )
            office.enqueue(session, draft)

    # --- what people decide ---

    @router.get("/domains/{name}/mode", dependencies=[needs(READ)])
    def show_modes(request: Request, name: str) -> Response:
        domain = frame.known(name)
        with office.read() as session:
            row = session.get(SendingDomain, domain)
        mode = row.mode if row else None
        return frame.page(request, domain, "mode", "deliverability/modes.html", descriptions=DESCRIPTIONS, mode=mode)

    @router.post("/domains/{name}/mode/{mode}")
    def set_mode(
        request: Request, name: str, mode: Mode, who: Identity = needs(Permission.DELIVERABILITY_WRITE)
    ) -> Response:
        domain = frame.known(name)
        with office.write() as session:
            row = session.get(SendingDomain, domain)
            before = row.mode if row else None
            choose_mode(session, office, domain, mode)
            audit(session, who, "deliverability.mode", f"domain:{domain}", {"before": before, "after": mode})
        undo = f"/deliverability/domains/{domain}/mode/{before.value}" if before else ""
        return toolkit.done(request, f"/deliverability/domains/{domain}/mode", _("The way is chosen."), undo=undo)

    def override_page(request: Request, domain: str, form: FormView[Overriding], status: int = 200) -> Response:
        title = _("Send big mailings all the same")
        way = [*crumbs(), Crumb(title=domain, path=f"/deliverability/domains/{domain}")]
        values = {"domain": domain, "form": form}
        return toolkit.page(request, "deliverability/override.html", title=title, crumbs=way, status=status, **values)

    @router.get("/domains/{name}/override", dependencies=[needs(Permission.DELIVERABILITY_WRITE)])
    def ask_override(request: Request, name: str) -> Response:
        return override_page(request, frame.known(name), show_form(Overriding))

    @router.post("/domains/{name}/override")
    def make_override(request: Request, name: str, who: Identity = needs(Permission.DELIVERABILITY_WRITE)) -> Response:
        domain, form = frame.known(name), read_form(Overriding, request.state.form)
        if form.value is None:
            return override_page(request, domain, form, 422)
        lasts = timedelta(days=form.value.days)
        with office.write() as session:
            override(session, office, domain, reason=form.value.reason, by=who.name, lasts=lasts)
            audit(session, who, "deliverability.override", f"domain:{domain}", form.value.model_dump())
        done = _("Big mailings of {domain} may go out for now.", domain=domain)
        path = f"/deliverability/domains/{domain}"
        return toolkit.done(request, path, done, undo=f"{path}/override/end", tone="warning")

    @router.post("/domains/{name}/override/end")
    def stop_override(request: Request, name: str, who: Identity = needs(Permission.DELIVERABILITY_WRITE)) -> Response:
        domain = frame.known(name)
        with office.write() as session:
            end_override(session, office, domain)
            audit(session, who, "deliverability.override-end", f"domain:{domain}")
        return toolkit.done(request, f"/deliverability/domains/{domain}", _("The exception is over."))

    pages_of_keys.add_to(router, frame)
    pages_of_reports.add_to(router, frame)
    pages_of_loop.add_to(router, frame)
    return router


def _line(name: str, report: DomainReport | None) -> DomainLine:
    order = (Severity.BAD, Severity.WARNING, Severity.UNKNOWN, Severity.GOOD)
    receivers = {}
    for receiver in Receiver:
        states = {row.state for row in report.readiness if receiver in row.demanded_by} if report else set()
        receivers[receiver] = next((state for state in order if state in states), Severity.UNKNOWN)
    to_do = sum(each.severity in (Severity.BAD, Severity.WARNING) for each in report.findings) if report else 0
    return DomainLine(name=name, report=report, receivers=receivers, to_do=to_do)


def _core(office: Office) -> CoreSettings:
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    return settings
