"""What stands before every page under /admin: who is it, is the request our own page's, and what may the answer do.

- A request that changes something must come from our own pages: browsers say so in Sec-Fetch-Site, older ones in Origin (OWASP, "Verifying Origin").
  Who says neither is no browser, or has no session to misuse; forms are checked by their token as well (`mailloom.api.pages.guard`).
- Whoever is not signed in sends short forms: a name, a password. Longer ones are not read.
- The policy of contents (CSP level 3) allows our own files only: no script and no style stands in a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailloom.access.signing_in import Lifetimes, find_session, identity_of, is_due, note_seen
from mailloom.api.pages.cookies import Cookies
from mailloom.api.pages.guard import SAFE_METHODS
from mailloom.api.pages.visitor import Visitor, set_visitor
from mailloom.app import App
from mailloom.web.admin.words import ENGLISH, negotiated
from mailloom.web.problems import problem

SESSION = "session"
LONGEST_OF_STRANGERS = 20_000
THEME = "theme"
THEMES = ("auto", "light", "dark")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
}


class Gate:
    """Around the application of the pages."""

    def __init__(self, inner: ASGIApp, app: App, cookies: Cookies, words: Mapping[str, Mapping[str, str]]) -> None:
        self._inner = inner
        self._app = app
        self._cookies = cookies
        self._words = words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if request.method not in SAFE_METHODS and not same_origin(request):
            await problem(403, "The request came from another site.")(scope, receive, send_guarded)
            return
        visitor = await run_in_threadpool(self._visitor, request)
        if visitor.identity is None and request.method not in SAFE_METHODS and not is_short(request):
            await problem(413, remedy="Sign in first.")(scope, receive, send_guarded)
            return
        set_visitor(visitor)
        await self._inner(scope, receive, send_guarded)

    def _visitor(self, request: Request) -> Visitor:
        secret = self._cookies.read(request, SESSION)
        theme = self._cookies.read(request, THEME)
        now = self._app.now()
        address = request.client.host if request.client else ""
        identity, digest = None, ""
        if secret:
            with self._app.read() as session:
                found = find_session(session, secret, now, lifetimes(self._app))
                due = found is not None and is_due(found, now)
                if found is not None:
                    identity, digest = identity_of(found.user, address=address), found.digest
            if due:
                with self._app.write() as session:
                    note_seen(session, digest, now)
        accept = request.headers.get("accept-language", "")
        language = negotiated(identity.language if identity else "", accept, tuple(self._words))
        return Visitor(
            identity=identity,
            language=language,
            words=self._words.get(language, self._words[ENGLISH]),
            time_zone=ZoneInfo(identity.time_zone if identity else "UTC"),
            theme=theme if theme in THEMES else "auto",
            csrf=csrf_of(secret) if identity else "",
            session_digest=digest,
            address=address,
        )


def lifetimes(app: App) -> Lifetimes:
    settings = app.core_settings
    return Lifetimes(
        idle=timedelta(minutes=settings.session_idle_minutes), absolute=timedelta(hours=settings.session_hours)
    )


def csrf_of(secret: str) -> str:
    """Of a session's cookie: nobody who does not have that can find it."""
    return sha256(b"csrf " + secret.encode()).hexdigest()


def is_short(request: Request) -> bool:
    """Whether the body is announced, and short enough for those who are not signed in."""
    if "transfer-encoding" in request.headers:
        return False
    announced = request.headers.get("content-length", "0")
    return announced.isdigit() and len(announced) < 10 and int(announced) <= LONGEST_OF_STRANGERS


def same_origin(request: Request) -> bool:
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
