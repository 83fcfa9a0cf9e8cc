"""What a mailing is doing, live, and what a person does with it: schedule, start, pause, resume, cancel, retry, choose a winner, skip somebody."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
    FormView,
    Identity,
    LiveEvent,
    Request,
    Response,
    Toolkit,
    _,
    audit,
    live,
    n_,
    needs,
    read_form,
    show_form,
    visitor,
)
from mailloom.errors import ConfigurationError, MailloomError

from .. import choosing, pausing, starting
from ..drafting import files_of, variants_of
from ..history import found
from ..measures import PARTS
from ..models import EXCLUDED, Mailing, MailingLog, MailingState, Standing
from ..reporting import report_of
from .frame import mailing_page

_MOST_LOG = 50
_AGAIN = {"failed": (Standing.FAILED, Standing.SOFT), "uncertain": (Standing.UNCERTAIN,), "policy": (Standing.POLICY,)}
_TONES = {
    "sent": "good",
    "pending": "quiet",
    "queued": "busy",
    "hard": "bad",
    "soft": "warning",
    "policy": "bad",
    "failed": "bad",
    "uncertain": "warning",
}
_LONGEST_WHY = 500


class Reason(BaseModel):
    """Why somebody does it; kept in the history."""

    why: Annotated[str, Field(max_length=_LONGEST_WHY)] = ""


class StartEntry(BaseModel):
    override: Annotated[str, Field(max_length=_LONGEST_WHY)] = ""


class WhenEntry(BaseModel):
    at: str = Field("", max_length=40, title="Begins", description="Such as 2026-03-01 09:00. Empty: at once.")
    zone: str = Field("UTC", max_length=64, title="In the time zone")
    latest_hours: Annotated[int, Field(ge=1, le=720)] | None = Field(
        None, title="Only if at most so late", json_schema_extra={"unit": "hours"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Those who are in one state, for the bar."""

    name: str
    count: int
    meaning: str
    tone: str


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    send = Permission.MAILING_SEND

    @router.get("/{number}", dependencies=[needs(Permission.MAILING_READ)])
    def overview(request: Request, number: int) -> Response:
        return page(request, number)

    def page(request: Request, number: int, when: FormView[WhenEntry] | None = None, status: int = 200) -> Response:
        with office.read() as session:
            mailing = found(session, number)
            newest = select(MailingLog).where(MailingLog.mailing_id == number).order_by(MailingLog.id.desc())
            html = progress(session, number)
            return mailing_page(
                request,
                toolkit,
                mailing,
                "draft" if mailing.state is MailingState.DRAFT else "progress",
                "overview",
                status=status,
                log=session.scalars(newest.limit(_MOST_LOG)).all(),
                variants=variants_of(session, number),
                files=files_of(session, number),
                when=when or show_form(WhenEntry, _when(mailing)),
                progress=Markup(html),  # noqa: S704 - rendered by our own template
                mark=_mark(html),
                live=mailing.state in (MailingState.QUEUED, MailingState.SENDING, MailingState.PAUSED),
            )

    @router.get("/{number}/live", dependencies=[needs(Permission.MAILING_READ)])
    def stream(request: Request, number: int, after: str = "", state: str = "") -> Response:
        return live(request, lambda last: news(number, last or after, state))

    @router.get("/{number}/anew", dependencies=[needs(Permission.MAILING_READ)])
    def anew(number: int) -> Response:
        """Lets htmx fetch the whole page again."""
        return Response(status_code=204, headers={"HX-Refresh": "true"})

    def news(number: int, last: str, state: str) -> Sequence[LiveEvent]:
        with office.read() as session:
            html = progress(session, number, state)
        mark = _mark(html)
        return [] if mark == last else [LiveEvent(id=mark, name="progress", html=html)]

    def progress(session: Session, number: int, state: str = "") -> str:
        """`state`: what the rest of the page says; when it is another by now, the page is fetched anew."""
        report = report_of(session, number)
        parts = [
            Part(name=each.name, count=each.count, meaning=PARTS[each.name], tone=_TONES.get(each.name, "quiet"))
            for each in report.parts
            if each.count
        ]
        mailing = found(session, number)
        waiting = sum(part.count for part in parts if part.name in ("pending", "queued"))
        excluded = sum(part.count for part in parts if part.name in EXCLUDED)
        template = toolkit.environment.get_template("mailing/progress_part.html")
        return template.render(
            now=office.now(),
            mailing=mailing,
            outdated=bool(state) and state != mailing.state.value,
            parts=parts,
            total=sum(part.count for part in parts),
            waiting=waiting,
            excluded=excluded,
            to_write=sum(part.count for part in parts) - excluded,
            figures={figure.name: figure.count for figure in report.figures},
            winner_open=mailing.sample_percent < 100 and mailing.sampled_at is not None and not mailing.winner,
        )

    def change(
        request: Request, number: int, who: Identity, action: str, said: str, act: Callable[[Session, str], object]
    ) -> Response:
        """One change in one transaction, audited; its reason is what the form says."""
        entry = read_form(Reason, request.state.form).value
        if entry is None:
            raise ConfigurationError(_("The reason is too long."))
        with office.write() as session:
            found(session, number)
            act(session, entry.why.strip())
            audit(session, who, action, f"mailing:{number}", {"why": entry.why})
        return toolkit.done(request, f"/mailings/{number}", said)

    @router.post("/{number}/schedule")
    def schedule(request: Request, number: int, who: Identity = needs(send)) -> Response:
        form = read_form(WhenEntry, request.state.form)
        if form.value is None:
            return page(request, number, form, 422)
        given = form.value
        at = given.at.replace("T", " ").strip()
        try:
            with office.write() as session:
                starting.schedule(
                    session, number, at, given.zone, given.latest_hours, actor=who.actor, now=office.now()
                )
                audit(session, who, "mailing.schedule", f"mailing:{number}", given.model_dump())
        except MailloomError as error:
            return page(request, number, form.refused(error, "at"), 422)
        return toolkit.done(request, f"/mailings/{number}", _("The time is kept. It begins then, once you start it."))

    @router.post("/{number}/start")
    def start(request: Request, number: int, who: Identity = needs(send)) -> Response:
        entry = read_form(StartEntry, request.state.form).value
        if entry is None:
            raise ConfigurationError(_("The reason is too long."))
        with office.write() as session:
            starting.start(session, office, number, actor=who.actor, override=entry.override.strip())
            audit(session, who, "mailing.start", f"mailing:{number}", {"override": entry.override})
        return toolkit.done(request, f"/mailings/{number}", _("The mailing is started."))

    @router.post("/{number}/pause")
    def pause(request: Request, number: int, who: Identity = needs(send)) -> Response:
        def act(session: Session, why: str) -> None:
            pausing.pause(session, number, actor=who.actor, why=why or _("by hand"), now=office.now())

        return change(request, number, who, "mailing.pause", _("The mailing is paused."), act)

    @router.post("/{number}/resume")
    def resume(request: Request, number: int, who: Identity = needs(send)) -> Response:
        def act(session: Session, why: str) -> None:
            pausing.resume(session, number, actor=who.actor, why=why or _("by hand"), now=office.now())

        return change(request, number, who, "mailing.resume", _("The mailing goes on."), act)

    @router.post("/{number}/cancel")
    def cancel(request: Request, number: int, who: Identity = needs(send)) -> Response:
        def act(session: Session, why: str) -> None:
            pausing.cancel(session, number, actor=who.actor, why=why or _("by hand"), now=office.now())

        return change(request, number, who, "mailing.cancel", _("The mailing is cancelled."), act)

    @router.post("/{number}/winner/{label}")
    def winner(request: Request, number: int, label: str, who: Identity = needs(send)) -> Response:
        def act(session: Session, why: str) -> None:
            choosing.choose_by_hand(session, number, label, actor=who.actor, why=why, now=office.now())

        said = _("All others get variant {label}.", label=label)
        return change(request, number, who, "mailing.winner", said, act)

    @router.post("/{number}/retry/{which}")
    def retry(request: Request, number: int, which: str, who: Identity = needs(send)) -> Response:
        if which not in _AGAIN:
            raise ConfigurationError(_("These cannot be tried once more."))
        with office.write() as session:
            found(session, number)
            many = pausing.retry(session, number, _AGAIN[which], actor=who.actor, why=_("by hand"), now=office.now())
            audit(session, who, "mailing.retry", f"mailing:{number}", {"recipients": many, "which": which})
        said = n_("{count} recipient is tried once more.", "{count} recipients are tried once more.", many)
        return toolkit.done(request, f"/mailings/{number}", said)

    return router


def _when(mailing: Mailing) -> WhenEntry:
    zone = mailing.time_zone if mailing.due is not None else str(visitor().time_zone)
    at = ""
    if mailing.due is not None:
        at = mailing.due.astimezone(starting.zone_named(zone)).strftime("%Y-%m-%d %H:%M")
    return WhenEntry(at=at, zone=zone, latest_hours=mailing.latest_hours)


def _mark(html: str) -> str:
    return hashlib.blake2s(html.encode(), digest_size=8).hexdigest()
