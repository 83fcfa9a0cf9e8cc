"""/mailings below /api/v1: write, look at, start, pause, and what became of everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_attachments import enclosures_of
from mailloom.api.rest_routes import (
    Caller,
    HereOffice,
    Page,
    Paged,
    Query,
    RowNumber,
    api_router,
    needs,
    page_of,
)
from mailloom.errors import ConfigurationError
from mailloom.mail.address import normalise

from . import checking, choosing, drafting, pausing, starting
from .drafting import Content, Plan
from .history import found
from .models import LedgerRow, Mailing, MailingState, Standing
from .reporting import Report, report_of
from .rest_models import (
    Again,
    CheckShown,
    ComplaintShown,
    Count,
    MailingDetailed,
    MailingShown,
    NewMailing,
    Planned,
    PreviewShown,
    Queued,
    RecipientShown,
    Start,
    TestWanted,
    When,
    Why,
    Won,
    Words,
    mailing_shown,
    recipient_shown,
    words_shown,
)
from .skeleton import File
from .targets import read_target

router = api_router(tags=["mailings"])
READ, WRITE = [needs(Permission.MAILING_READ)], [needs(Permission.MAILING_WRITE)]
SEND = [needs(Permission.MAILING_SEND)]
_RETRIABLE = (Standing.FAILED, Standing.SOFT, Standing.POLICY, Standing.UNCERTAIN)


@router.get("/mailings", dependencies=READ)
def list_mailings(office: HereOffice, paging: Paged, state: MailingState | None = None) -> Page[MailingShown]:
    """Newest first."""
    chosen = select(Mailing) if state is None else select(Mailing).where(Mailing.state == state)
    with office.read() as session:
        return page_of(session, chosen, Mailing.id, paging, mailing_shown, newest_first=True)


@router.post("/mailings", dependencies=WRITE, status_code=201)
def add_mailing(office: HereOffice, body: NewMailing, caller: Caller) -> MailingDetailed:
    """A draft; nothing goes out before it is started."""
    contents = [Content(subject=each.subject, html=each.html, text=each.text) for each in body.variants]
    with office.write() as session:
        made = drafting.create(session, _plan(body), contents, actor=caller.actor, now=office.now())
        audit(session, caller, "mailing.add", f"mailing:{made.id}", {"name": body.name})
        return _detailed(session, made)


@router.get("/mailings/{mailing_id}", dependencies=READ)
def show_mailing(office: HereOffice, mailing_id: RowNumber) -> MailingDetailed:
    with office.read() as session:
        return _detailed(session, found(session, mailing_id))


@router.put("/mailings/{mailing_id}", dependencies=WRITE)
def change_mailing(office: HereOffice, mailing_id: RowNumber, body: Planned, caller: Caller) -> MailingDetailed:
    """All that is not its words; only of a draft."""

    def change(session: Session) -> None:
        drafting.change_plan(session, mailing_id, _plan(body), actor=caller.actor, now=office.now())

    return _changed(office, mailing_id, caller, "mailing.change", change)


@router.put("/mailings/{mailing_id}/variants/{label}", dependencies=WRITE)
def change_words(office: HereOffice, mailing_id: RowNumber, label: str, body: Words, caller: Caller) -> MailingDetailed:
    """For whoever was not written to yet: of a draft, or of one that is paused."""
    content = Content(subject=body.subject, html=body.html, text=body.text)

    def change(session: Session) -> None:
        drafting.change_content(session, mailing_id, label, content, actor=caller.actor, now=office.now())

    return _changed(office, mailing_id, caller, "mailing.words", change)


@router.post("/mailings/{mailing_id}/schedule", dependencies=SEND)
def schedule_mailing(office: HereOffice, mailing_id: RowNumber, body: When, caller: Caller) -> MailingDetailed:
    """When it begins, once it is started."""

    def change(session: Session) -> None:
        starting.schedule(
            session, mailing_id, body.at, body.zone, body.latest_hours, actor=caller.actor, now=office.now()
        )

    return _changed(office, mailing_id, caller, "mailing.schedule", change)


@router.post("/mailings/{mailing_id}/start", dependencies=SEND)
def start_mailing(office: HereOffice, mailing_id: RowNumber, body: Start, caller: Caller) -> MailingDetailed:
    """Refused, with all faults, when a check finds one."""

    def change(session: Session) -> None:
        starting.start(session, office, mailing_id, actor=caller.actor, why=body.why, override=body.override)

    return _changed(office, mailing_id, caller, "mailing.start", change)


@router.post("/mailings/{mailing_id}/pause", dependencies=SEND)
def pause_mailing(office: HereOffice, mailing_id: RowNumber, body: Why, caller: Caller) -> MailingDetailed:
    """At once; what waits in the outbox is taken back."""

    def change(session: Session) -> None:
        pausing.pause(session, mailing_id, actor=caller.actor, why=body.why, now=office.now())

    return _changed(office, mailing_id, caller, "mailing.pause", change)


@router.post("/mailings/{mailing_id}/resume", dependencies=SEND)
def resume_mailing(office: HereOffice, mailing_id: RowNumber, body: Why, caller: Caller) -> MailingDetailed:
    """Nobody twice, nobody forgotten."""

    def change(session: Session) -> None:
        pausing.resume(session, mailing_id, actor=caller.actor, why=body.why, now=office.now())

    return _changed(office, mailing_id, caller, "mailing.resume", change)


@router.post("/mailings/{mailing_id}/cancel", dependencies=SEND)
def cancel_mailing(office: HereOffice, mailing_id: RowNumber, body: Why, caller: Caller) -> MailingDetailed:
    """For good: who was not written to never is."""

    def change(session: Session) -> None:
        pausing.cancel(session, mailing_id, actor=caller.actor, why=body.why, now=office.now())

    return _changed(office, mailing_id, caller, "mailing.cancel", change)


@router.post("/mailings/{mailing_id}/winner", dependencies=SEND)
def choose_winner(office: HereOffice, mailing_id: RowNumber, body: Won, caller: Caller) -> MailingDetailed:
    """Everybody else gets this variant."""

    def change(session: Session) -> None:
        choosing.choose_by_hand(session, mailing_id, body.label, actor=caller.actor, why=body.why, now=office.now())

    return _changed(office, mailing_id, caller, "mailing.winner", change)


@router.post("/mailings/{mailing_id}/retry", dependencies=SEND)
def retry_recipients(office: HereOffice, mailing_id: RowNumber, body: Again, caller: Caller) -> Count:
    """Try those once more whose mail failed. An uncertain one may arrive twice."""
    if not set(_RETRIABLE).issuperset(body.states):
        raise ConfigurationError(
            "Not all of these can be tried once more.", remedy=f"It works on: {', '.join(_RETRIABLE)}."
        )
    with office.write() as session:
        found(session, mailing_id)
        count = pausing.retry(
            session, mailing_id, tuple(body.states), actor=caller.actor, why=body.why, now=office.now()
        )
        audit(session, caller, "mailing.retry", f"mailing:{mailing_id}", {"recipients": count})
    return Count(recipients=count)


@router.post("/mailings/{mailing_id}/check", dependencies=READ)
def check_mailing(office: HereOffice, mailing_id: RowNumber) -> CheckShown:
    """Write the mail of every recipient, without sending any."""
    with office.read() as session:
        checked = checking.check(session, office, found(session, mailing_id))
    return CheckShown(
        recipients=checked.recipients,
        looked_at=checked.looked_at,
        unwritable=checked.unwritable,
        complaints=[
            ComplaintShown(address=one.address, variant=one.variant, why=one.why) for one in checked.complaints
        ],
        faults=checked.faults,
        remarks=checked.remarks,
    )


@router.get("/mailings/{mailing_id}/preview", dependencies=READ)
def preview_mailing(
    office: HereOffice,
    mailing_id: RowNumber,
    address: Annotated[str, Query(max_length=320, description="Whose; '': the first one's.")] = "",
    variant: Annotated[str, Query(max_length=8)] = "",
) -> PreviewShown:
    """One recipient's mail as it would go out."""
    with office.read() as session:
        written, _ = checking.preview(session, office, found(session, mailing_id), variant, address)
    return PreviewShown(subject=written.subject, text=written.text, html=written.html)


@router.post("/mailings/{mailing_id}/test", dependencies=SEND, status_code=202)
def send_test(office: HereOffice, mailing_id: RowNumber, body: TestWanted, caller: Caller) -> Queued:
    """Queue a test mail to colleagues."""
    with office.write() as session:
        drafts = checking.drafts_of_test(
            session, office, found(session, mailing_id), body.variant, body.to, body.as_for
        )
        queued = [number for draft in drafts for number in office.enqueue(session, draft).deliveries]
        audit(session, caller, "mailing.test", f"mailing:{mailing_id}", {"to": body.to})
    return Queued(deliveries=queued)


@router.get("/mailings/{mailing_id}/report", dependencies=READ)
def show_report(office: HereOffice, mailing_id: RowNumber) -> Report:
    """How many, of whom, by domain, hour, link and variant, with the meaning of each number."""
    with office.read() as session:
        return report_of(session, mailing_id)


@router.get("/mailings/{mailing_id}/recipients", dependencies=[*READ, needs(Permission.PEOPLE_READ)])
def list_recipients(
    office: HereOffice,
    mailing_id: RowNumber,
    paging: Paged,
    state: Standing | None = None,
    address: Annotated[str, Query(max_length=320)] = "",
) -> Page[RecipientShown]:
    """Everybody who was looked at, where each stands, and why."""
    chosen = select(LedgerRow).where(LedgerRow.mailing_id == mailing_id)
    if state is not None:
        chosen = chosen.where(LedgerRow.state == state)
    if address:
        chosen = chosen.where(LedgerRow.key == normalise(address))
    with office.read() as session:
        found(session, mailing_id)
        return page_of(session, chosen, LedgerRow.id, paging, recipient_shown)


def _changed(
    office: Any, mailing_id: int, caller: Caller, action: str, change: Callable[[Session], None]
) -> MailingDetailed:
    """One change of one mailing in one transaction, noted in the audit log."""
    with office.write() as session:
        found(session, mailing_id)
        change(session)
        audit(session, caller, action, f"mailing:{mailing_id}")
        session.flush()
        session.expire_all()
        return _detailed(session, found(session, mailing_id))


def _plan(body: Planned) -> Plan:
    files = [
        File(name=each.name, content_type=each.content_type, content=each.content, content_id=each.content_id)
        for each in enclosures_of(body.files)
    ]
    kept = body.model_dump(exclude={"target", "files", "variants"})
    return Plan(target=read_target(body.target), files=files, **kept)


def _detailed(session: Session, mailing: Mailing) -> MailingDetailed:
    variants = [words_shown(each) for each in drafting.variants_of(session, mailing.id)]
    return MailingDetailed(**mailing_shown(mailing).model_dump(), variants=variants)
