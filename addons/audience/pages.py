"""The pages that strangers see: signing up for a public list, and confirming it.

No login, cookie or script. GET changes nothing, because scanners open every link; the answer to a sign-up is the same whether the address is known or
not. Who fills in the field that people do not see is a program, and is told that all went well.
"""

from __future__ import annotations

from html import escape
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from mailloom.addons.optout import look
from mailloom.addons.optout.wording import words_for as look_words_for
from mailloom.api import Office
from mailloom.api.settings import CoreSettings
from mailloom.errors import ConfigurationError, MailloomError, Refused

from .models import AudienceList, Consent
from .people import Person, key_of
from .settings import settings_of
from .subscribing import confirm, request_of, subscribe
from .visitors import WINDOW, Visitors
from .wording import Words, words_for

_LARGEST_FORM = 20_000
_MOST_FIELDS = 20
_LONGEST_NAME = 200
_log = structlog.get_logger(__name__)
TRAP = "website"
"""Name of the field that people do not see."""


async def _form(request: Request) -> dict[str, str]:
    body = await request.body()
    try:
        fields = parse_qs(body[:_LARGEST_FORM].decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0].strip() for name, values in fields.items()}


Form = Annotated[dict[str, str], Depends(_form)]


def make(office: Office) -> APIRouter:
    router = APIRouter(prefix="/audience", include_in_schema=False)
    visitors = Visitors()

    @router.api_route("/lists/{name}", methods=["GET", "HEAD"])
    def ask(name: str, request: Request) -> Response:
        screen = _Screen(office, request)
        found = _public(office, name)
        return screen.sign_up(found) if found else screen.closed()

    @router.post("/lists/{name}")
    def sign_up(name: str, request: Request, form: Form) -> Response:
        screen = _Screen(office, request)
        found, settings = _public(office, name), settings_of(office)
        if found is None:
            return screen.closed()
        if form.get(TRAP):
            return screen.sent(found)
        client = request.client.host if request.client else ""
        limits = {"each": settings.sign_ups_per_visitor, "in_all": settings.sign_ups_in_all}
        if not visitors.may_sign_up(client, office.now(), **limits):
            return screen.too_many()
        try:
            key_of(form.get("email", ""))
        except ConfigurationError:
            return screen.sign_up(found, fault=screen.words.invalid_address, status=400)
        person = Person(
            address=form["email"], name=form.get("name", "")[:_LONGEST_NAME], language=screen.words.language
        )
        try:
            with office.write() as session:
                to = session.get_one(AudienceList, found.id)
                subscribe(session, to, person, consent=Consent.FORM, evidence=_evidence(request))
        except MailloomError as error:
            # No account, no public address: the stranger cannot mend it, and the log must not hold his address.
            _log.warning("a sign-up failed", list=name, error=type(error).__name__)
            return screen.closed(status=503)
        return screen.sent(found)

    @router.api_route("/confirm/{token}", methods=["GET", "HEAD"])
    def ask_to_confirm(token: str, request: Request) -> Response:
        screen = _Screen(office, request)
        with office.read() as session:
            asked = request_of(session, token)
            to = session.get(AudienceList, asked.list_id) if asked else None
        return screen.confirm(to, token) if to else screen.invalid_link()

    @router.post("/confirm/{token}")
    def confirmed(token: str, request: Request) -> Response:
        screen = _Screen(office, request)
        try:
            with office.write() as session:
                done = confirm(session, token, evidence=_evidence(request))
                to = session.get_one(AudienceList, done.list_id)
        except Refused:
            return screen.invalid_link()
        return screen.confirmed(to)

    return router


def _public(office: Office, name: str) -> AudienceList | None:
    with office.read() as session:
        open_one = select(AudienceList).where(AudienceList.public.is_(True), AudienceList.archived_at.is_(None))
        return session.scalar(open_one.where(AudienceList.name == name))


def _evidence(request: Request) -> dict[str, str]:
    """What shows that it was said, and by whom."""
    return {
        "page": request.url.path.rpartition("/")[0][:100],
        "client": request.client.host if request.client else "",
        "browser": request.headers.get("user-agent", "")[:300],
    }


class _Screen:
    """The pages in the visitor's language, with the look of the opt-out pages."""

    def __init__(self, office: Office, request: Request) -> None:
        self._office = office
        self._frame = look_words_for(request.headers.get("accept-language", ""))
        self.words: Words = words_for(self._frame.language)

    def sign_up(self, to: AudienceList, *, fault: str = "", status: int = 200) -> Response:
        words, title = self.words, self.words.sign_up.format(title=to.title)
        said = f'<p class="said" role="alert">{escape(fault)}</p>\n' if fault else ""
        form = (
            f'<form method="post" action="{escape(self._path(f"/lists/{to.name}"))}">\n'
            f'<label class="field">{escape(words.address)}'
            f'<input type="email" name="email" autocomplete="email" maxlength="254" required></label>\n'
            f'<label class="field">{escape(words.name)}'
            f'<input type="text" name="name" autocomplete="name" maxlength="200"></label>\n'
            f'<div hidden><label>{escape(words.leave_empty)}<input name="{TRAP}" tabindex="-1" autocomplete="off">'
            f"</label></div>\n<p>{escape(words.consent)}</p>\n<button>{escape(words.send)}</button>\n</form>"
        )
        return self._answer(title, look.heading(title, to.description) + said + form, status=status)

    def sent(self, to: AudienceList) -> Response:
        return self._said(self.words.sent, self.words.sent_detail.format(title=to.title))

    def confirm(self, to: AudienceList, token: str) -> Response:
        words, title = self.words, self.words.confirm.format(title=to.title)
        button = look.button(self._path(f"/confirm/{token}"), words.confirm_button)
        return self._answer(title, look.heading(title, words.confirm_detail.format(title=to.title)) + button)

    def confirmed(self, to: AudienceList) -> Response:
        return self._said(self.words.confirmed, self.words.confirmed_detail.format(title=to.title))

    def invalid_link(self) -> Response:
        return self._said(self.words.invalid_link, self.words.invalid_link_detail, status=404)

    def closed(self, *, status: int = 404) -> Response:
        return self._said(self.words.closed, self.words.closed_detail, status=status)

    def too_many(self) -> Response:
        answer = self._said(self.words.too_many, self.words.too_many_detail, status=429)
        answer.headers["Retry-After"] = str(int(WINDOW.total_seconds()))
        return answer

    def _said(self, title: str, detail: str, *, status: int = 200) -> Response:
        return self._answer(title, look.heading(title, detail), status=status)

    def _answer(self, title: str, section: str, *, status: int = 200) -> Response:
        page = look.finished(self._office, self._frame, title, section)
        headers = {"Content-Security-Policy": page.policy, "Vary": "Accept-Language"}
        return HTMLResponse(page.text, status_code=status, headers=headers)

    def _path(self, page: str) -> str:
        """Where a page is for a browser; the public address may have a path of its own."""
        core = self._office.settings("core")
        assert isinstance(core, CoreSettings)
        return f"{urlsplit(core.base_url).path}/audience{page}"
