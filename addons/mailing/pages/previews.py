"""Looking before sending: the mail in a frame, what still keeps it from starting, and a test mail to colleagues."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Office, Permission
from mailloom.api.pages import APIRouter, HTMLResponse, Identity, Request, Response, Toolkit, _, audit, needs, visitor
from mailloom.api.pages.forms import read_form
from mailloom.errors import ConfigurationError, MailloomError
from mailloom.store.accounts import AccountRow

from ..checking import check, drafts_of_test, variant_of
from ..drafting import Content, files_of
from ..history import found
from ..models import Mailing
from ..previewing import HEADERS, faulty, framed, written_for

_LOOKED_AT = 200


class TrialEntry(BaseModel):
    to: Annotated[list[str], Field(min_length=1, max_length=20)]
    as_for: str = Field("", max_length=320)
    variant: str = Field("", max_length=8)


class PreviewEntry(BaseModel):
    subject: str = Field("", max_length=2000)
    html: str = Field("", max_length=1_000_000, json_schema_extra={"multiline": True})
    text: str = Field("", max_length=1_000_000, json_schema_extra={"multiline": True})
    as_for: str = Field("", max_length=320)
    view: str = Field("", max_length=20)


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    def document(number: int, content: Content | None, label: str, as_for: str, view: str) -> Response:
        language = visitor().language
        try:
            with office.read() as session:
                mailing = found(session, number)
                said = content or _content(session, mailing, label)
                written, whom = written_for(session, office, mailing, said, as_for)
                files = files_of(session, number)
            shown = _("To: {address}", address=whom.address) if whom.address else _("There is no recipient yet.")
            page = framed(written, shown, files, plain=view == "text", language=language)
        except MailloomError as error:
            page = faulty(f"{error} {error.remedy}".strip(), language=language)
        return HTMLResponse(page, headers=dict(HEADERS))

    @router.get("/{number}/preview", dependencies=[needs(Permission.MAILING_READ)])
    def preview(number: int, variant: str = "", as_for: str = "", view: str = "") -> Response:
        return document(number, None, variant[:8], as_for[:320], view)

    @router.post("/{number}/preview", dependencies=[needs(Permission.MAILING_WRITE)])
    def preview_unsaved(request: Request, number: int) -> Response:
        entry = read_form(PreviewEntry, request.state.form).value
        if entry is None:
            raise ConfigurationError(_("This is too long for a mail."))
        content = Content(subject=entry.subject, html=entry.html, text=entry.text)
        return document(number, content, "", entry.as_for, entry.view)

    @router.get("/{number}/check", dependencies=[needs(Permission.MAILING_READ)])
    def show_check(request: Request, number: int) -> Response:
        """A part of the page, which comes later since it writes some hundred mails for a try."""
        with office.read() as session:
            mailing = found(session, number)
            checked = check(session, office, mailing, most=_LOOKED_AT)
            pace = _pace(session, mailing)
        return toolkit.fragment(request, "mailing/check.html", mailing=mailing, checked=checked, pace=pace)

    @router.post("/{number}/test")
    def send_test(request: Request, number: int, who: Identity = needs(Permission.MAILING_SEND)) -> Response:
        entry = read_form(TrialEntry, request.state.form).value
        if entry is None:
            raise ConfigurationError(_("A test mail needs somebody to go to."), remedy=_("Name an address."))
        with office.write() as session:
            drafts = drafts_of_test(session, office, found(session, number), entry.variant, entry.to, entry.as_for)
            for draft in drafts:
                office.enqueue(session, draft)
            audit(session, who, "mailing.test", f"mailing:{number}", {"to": entry.to})
        said = _("Test mails to {addresses} are queued.", addresses=", ".join(entry.to))
        return toolkit.done(request, f"/mailings/{number}", said)

    return router


def _content(session: Session, mailing: Mailing, label: str) -> Content:
    variant = variant_of(session, mailing, label)
    return Content(subject=variant.subject, html=variant.html, text=variant.text)


def _pace(session: Session, mailing: Mailing) -> str:
    """The limits of the server, where one is chosen and has some."""
    if not mailing.account:
        return ""
    settings = session.scalar(select(AccountRow.settings).where(AccountRow.name == mailing.account)) or {}
    limits = [
        (name, settings[name]) for name in ("per_second", "per_minute", "per_hour", "per_day") if settings.get(name)
    ]
    return ", ".join(f"{count} {_(name.replace('_', ' '))}" for name, count in limits)
