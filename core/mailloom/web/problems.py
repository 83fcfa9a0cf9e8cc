"""Errors as problem details (RFC 9457): a title, a sentence, what would help, and never a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from mailloom.api.access import Forbidden
from mailloom.errors import AuthenticationFailed, MailloomError, NotFound, Refused, TemporaryFailure
from mailloom.web.paths import logged_path

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)

_STATUS: tuple[tuple[type[MailloomError], int], ...] = (
    (Forbidden, 403),
    (NotFound, 404),
    (Refused, 409),
    (AuthenticationFailed, 403),
    (TemporaryFailure, 503),
    (MailloomError, 400),
)
_RETRY_SECONDS = 30
_MOST_FAULTS = 20
_REMEDIES = {
    400: "Correct the request, and send it again.",
    404: "Check the address.",
    405: "Use one of the methods in the header Allow.",
    408: "Send the body without pauses.",
    413: "Send less; an operator can raise the setting core.largest_request_bytes.",
    415: "Send the type that the route takes.",
    422: "Correct what is named, and send it again.",
    500: "Try again later; the operator finds more in the log.",
    503: "Try again later.",
}
"""What helps where nobody said more."""


class ProblemResponse(JSONResponse):
    """Writes whatever text a stranger has sent: what is no Unicode is escaped."""

    media_type = MEDIA_TYPE

    def render(self, content: object) -> bytes:
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")


def problem(
    status: int,
    detail: str = "",
    *,
    remedy: str = "",
    headers: dict[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> JSONResponse:
    """The answer to a request that failed. `remedy` is one sentence on what would help, `errors` what is wrong where."""
    body: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    if remedy or status in _REMEDIES:
        body["remedy"] = remedy or _REMEDIES[status]
    if errors:
        body["errors"] = list(errors)
    return ProblemResponse(body, status_code=status, headers=headers)


def add_to(application: FastAPI) -> None:
    """Let the application answer every error this way."""
    application.add_exception_handler(MailloomError, _expected)
    application.add_exception_handler(HTTPException, _http)
    application.add_exception_handler(RequestValidationError, _invalid)
    application.add_exception_handler(DBAPIError, _database)
    application.add_exception_handler(Exception, _unexpected)


def _expected(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MailloomError)
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    headers = None
    if isinstance(error, TemporaryFailure):
        headers = {"Retry-After": str(int(error.retry_after or _RETRY_SECONDS))}
    return problem(status, str(error), remedy=error.remedy, headers=headers)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = "" if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
    return problem(error.status_code, detail, headers=dict(error.headers) if error.headers else None)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"where": ".".join(str(part) for part in fault["loc"])[:200], "message": str(fault["msg"])[:500]}
        for fault in error.errors()[:_MOST_FAULTS]
    ]
    return problem(422, "; ".join(f"{fault['where']}: {fault['message']}" for fault in faults), errors=faults)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """The framework raises it again afterwards, and it is logged then."""
    return problem(500)


def _database(request: Request, error: Exception) -> JSONResponse:
    _log.error(
        "the database failed a web request", path=logged_path(request.url.path), reason=str(error).splitlines()[0]
    )
    return problem(503, "The database cannot be used just now.", headers={"Retry-After": str(_RETRY_SECONDS)})
