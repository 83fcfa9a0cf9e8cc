"""Who may come in: a token (RFC 6750) that is known, not expired, of a user who is enabled, and not in too much of a hurry.

Services that can only be given an address send the token as a password (RFC 7617). Nobody is asked for one that way, so that no browser offers to
remember it.
"""

from __future__ import annotations

import base64
import hashlib
import math
from dataclasses import dataclass

import structlog
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mailloom.access.tokens import note_used, token_of, use_is_due
from mailloom.api.access import Identity
from mailloom.app import App
from mailloom.web.paths import logged_path
from mailloom.web.problems import problem
from mailloom.web.rest.once import HEADER, Once, checked_key
from mailloom.web.rest.pace import Pace

_log = structlog.get_logger(__name__)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="mailloom"'}
_REMEDY = "Send `Authorization: Bearer TOKEN`; `mailloom tokens add` makes one."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    token_id: int
    identity: Identity


class Gate:
    """Wraps the REST application; sets `office`, `identity`, `idempotency_key` and `repeating` in the request's state."""

    def __init__(self, inner: ASGIApp, app: App, pace: Pace) -> None:
        self._inner = inner
        self._app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        refused = await self._refused(scope, headers)
        if refused is not None:
            await refused(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        secret = _secret(headers.get("authorization", ""))
        if not secret:
            return problem(401, "This face is for programs with a token.", remedy=_REMEDY, headers=_CHALLENGE)
        client = scope.get("client")
        try:
            known = await run_in_threadpool(self._known, secret, client[0] if client else "")
        except DBAPIError as error:
            _log.error(
                "the database failed a web request", path=logged_path(scope["path"]), reason=str(error).splitlines()[0]
            )
            return problem(503, "The database cannot be used just now.", headers={"Retry-After": "30"})
        if known is None:
            challenge = {"WWW-Authenticate": _CHALLENGE["WWW-Authenticate"] + ', error="invalid_token"'}
            return problem(
                401, "This token is not known, has expired, or its user is disabled.", remedy=_REMEDY, headers=challenge
            )
        wait = self._pace.wait_for(known.token_id, self._app.core_settings.api_requests_per_minute, self._app.now())
        if wait:
            return problem(
                429,
                "This token makes requests faster than it may.",
                remedy="Wait as Retry-After says; the setting core.api_requests_per_minute is the limit.",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        return self._let_in(scope, headers, known)

    def _let_in(self, scope: Scope, headers: Headers, known: _Known) -> Response | None:
        state = scope.setdefault("state", {})
        state["identity"] = known.identity
        state["office"] = self._app
        if scope["method"] == "POST" and HEADER in headers:
            try:
                key = checked_key(headers[HEADER])
            except HTTPException as error:
                return problem(error.status_code, str(error.detail), remedy="Send a UUID, for instance.")
            state["idempotency_key"] = f"api:{known.token_id}:{hashlib.sha256(key.encode()).hexdigest()}"
            state["repeating"] = Once(self._app, known.token_id, key)
        return None

    def _known(self, secret: str, address: str) -> _Known | None:
        now = self._app.now()
        with self._app.read() as session:
            found = token_of(session, secret, now, address=address)
            if found is None:
                return None
            token, identity = found
            due = use_is_due(token, now)
        if due:
            with self._app.write() as session:
                note_used(session, token.id, now)
        return _Known(token_id=token.id, identity=identity)


def _secret(header: str) -> str:
    """The token of an Authorization header; '' when there is none."""
    scheme, _, given = header.strip().partition(" ")
    given = given.strip()
    if not given.isascii():
        return ""
    if scheme.lower() == "basic":
        return _password(given)
    return given if scheme.lower() == "bearer" else ""


def _password(given: str) -> str:
    """Of RFC 7617, for callers that can only be given an address: https://any:TOKEN@…"""
    try:
        return base64.b64decode(given, validate=True).decode("ascii").partition(":")[2]
    except ValueError:
        return ""
