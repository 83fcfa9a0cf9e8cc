"""Errors as problem details (RFC 9457): a title, a sentence, what would help, and never a traceback."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from mailloom.errors import AuthenticationFailed, MailloomError, NotFound, Refused, TemporaryFailure

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)

_STATUS: tuple[tuple[type[MailloomError], int], ...] = (
    (NotFound, 404),
    (Refused, 409),
    (AuthenticationFailed, 403),
    (TemporaryFailure, 503),
    (MailloomError, 400),
)
_RETRY_SECONDS = 30


def problem(status: int, detail: str = "", *, remedy: str = "", headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer to a request that failed. `remedy` is one sentence on what would help."""
    body: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    if remedy:
        body["remedy"] = remedy
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


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
    faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
    return problem(422, faults)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """The framework raises it again afterwards, and it is logged then."""
    return problem(500)


def _database(request: Request, error: Exception) -> JSONResponse:
    _log.error("the database failed a web request", path=request.url.path, reason=str(error).splitlines()[0])
    return problem(503, "The database cannot be used just now.", headers={"Retry-After": str(_RETRY_SECONDS)})
