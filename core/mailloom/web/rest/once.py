"""Requests with an Idempotency-Key, on their way to the route: claimed before, kept or forgotten after."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from mailloom.api.rest_routes import Handler
from mailloom.app import App
from mailloom.store.requests import LONGEST_KEY, RequestState
from mailloom.web.problems import problem
from mailloom.web.rest.repeating import Asked, Kept, begin, finish, forget, request_digest

HEADER = "idempotency-key"


def checked_key(text: str) -> str:
    """A key as callers send it; 400 for what is none."""
    if not (0 < len(text) <= LONGEST_KEY and text.isascii() and text.isprintable()):
        raise HTTPException(400, f"An Idempotency-Key is 1 to {LONGEST_KEY} printable ASCII characters.")
    return text


class Once:
    """Wraps one route for one request."""

    def __init__(self, app: App, token_id: int, key: str) -> None:
        self._app = app
        self._token_id = token_id
        self._key = key

    async def __call__(self, request: Request, inner: Handler) -> Response:
        target = f"{request.url.path}?{request.url.query}"
        digest = request_digest(request.method, target, await request.body())
        asked = Asked(token_id=self._token_id, key=self._key, digest=digest)
        state, kept = await run_in_threadpool(self._begin, asked)
        if state is not RequestState.NEW:
            return _answered(state, kept)
        answer: Response | None = None
        try:
            answer = await inner(request)
        finally:
            await run_in_threadpool(
                self._end, asked, answer, holds_secret=getattr(request.state, "holds_secret", False)
            )
        return answer

    def _begin(self, asked: Asked) -> tuple[RequestState, Kept | None]:
        with self._app.write() as session:
            return begin(session, asked, self._app.now())

    def _end(self, asked: Asked, answer: Response | None, *, holds_secret: bool) -> None:
        with self._app.write() as session:
            if answer is None or answer.status_code >= 400:
                forget(session, asked)
                return
            shown = _shown_once() if holds_secret else answer
            kept = Kept(status=shown.status_code, content_type=shown.media_type or "", body=bytes(shown.body))
            finish(session, asked, kept, self._app.now())


def _shown_once() -> Response:
    return problem(
        409,
        "This was done already; the secret it made is shown only once.",
        remedy="Make a new one, with another Idempotency-Key.",
    )


def _answered(state: RequestState, kept: Kept | None) -> Response:
    if state is RequestState.DIFFERENT:
        return problem(
            422,
            "This Idempotency-Key was used for another request.",
            remedy="Use a new key for each request, and the same only to send one again.",
        )
    if kept is None:
        return problem(
            409,
            "The first request with this Idempotency-Key is still at work.",
            remedy="Ask again in a moment.",
            headers={"Retry-After": "2"},
        )
    headers = {"Idempotency-Replayed": "true"}
    return Response(kept.body, status_code=kept.status, media_type=kept.content_type or None, headers=headers)
