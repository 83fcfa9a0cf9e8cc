"""What stands around every page: limits on what strangers send, and headers on what they get.

The headers forbid scripts, frames, caches and referrers; a page that needs more sets its own header of that name, which then stays.
"""

from __future__ import annotations

import asyncio

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailloom.web.paths import logged_path
from mailloom.web.problems import problem

BODY_SECONDS = 30.0
_log = structlog.get_logger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
_TRANSPORT_SECURITY = "max-age=31536000"


class Guards:
    """Wraps the whole application. `encrypted`: browsers reach us by https, so they may be told to stay there."""

    def __init__(
        self, inner: ASGIApp, *, largest_bytes: int, encrypted: bool, body_seconds: float = BODY_SECONDS
    ) -> None:
        self._inner = inner
        self._largest = largest_bytes
        self._body_seconds = body_seconds
        self._headers = {**HEADERS, **({"Strict-Transport-Security": _TRANSPORT_SECURITY} if encrypted else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = False

        async def send_guarded(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if _announced(scope) > self._largest:
            await problem(413)(scope, receive, send_guarded)
            return
        # The fence of the web face: what nobody expected is logged, and the stranger learns nothing of it.
        try:
            await self._inner(scope, self._limited(receive), send_guarded)
        except Exception:
            _log.exception("web request failed", path=logged_path(scope["path"]))
            if not began:
                await problem(500)(scope, receive, send_guarded)

    def _limited(self, receive: Receive) -> Receive:
        taken = 0
        ends = asyncio.get_running_loop().time() + self._body_seconds
        complete = False

        async def receive_limited() -> Message:
            nonlocal taken, complete
            if complete:
                # Only the end of the connection can come now, and waiting for it is no slowness of the client's.
                return await receive()
            try:
                async with asyncio.timeout_at(ends):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            taken += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if taken > self._largest:
                raise HTTPException(413)
            return message

        return receive_limited


def _announced(scope: Scope) -> int:
    """The Content-Length, 0 when there is none; the server has refused what is no number."""
    written = dict(scope["headers"]).get(b"content-length", b"0")
    return int(written) if written.isdigit() and len(written) < 20 else 0
