"""Errors as pages in the common look: the sentence, and what would help. htmx gets a short notice instead of a page."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from mailloom.api.access import Forbidden
from mailloom.api.pages import Toolkit, _
from mailloom.api.pages.guard import SAFE_METHODS, FormExpired, SignInNeeded
from mailloom.api.pages.toolkit import ROOT
from mailloom.errors import AuthenticationFailed, MailloomError, NotFound, Refused, TemporaryFailure
from mailloom.web.paths import logged_path

_log = structlog.get_logger(__name__)
_STATUS: tuple[tuple[type[MailloomError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (FormExpired, 403),
    (Refused, 409),
    (AuthenticationFailed, 403),
    (TemporaryFailure, 503),
    (MailloomError, 400),
)


def add_to(application: FastAPI, toolkit: Toolkit) -> None:
    shown = _Shown(toolkit)
    application.add_exception_handler(SignInNeeded, sign_in)
    application.add_exception_handler(MailloomError, shown.expected)
    application.add_exception_handler(HTTPException, shown.http)
    application.add_exception_handler(RequestValidationError, shown.invalid)
    application.add_exception_handler(DBAPIError, shown.database)
    application.add_exception_handler(Exception, shown.unexpected)


def sign_in(request: Request, error: Exception) -> Response:
    """To the login; afterwards back to the page, where it was one."""
    target = ROOT + "/login"
    if request.method in SAFE_METHODS:
        query = f"?{request.url.query}" if request.url.query else ""
        target += "?" + urlencode({"next": request.url.path + query})
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": ROOT + "/login"})
    return Response(status_code=303, headers={"Location": target})


class _Shown:
    def __init__(self, toolkit: Toolkit) -> None:
        self._toolkit = toolkit

    def _page(self, request: Request, status: int, text: str, remedy: str = "") -> Response:
        show: Callable[..., Response] = self._toolkit.page
        if "hx-request" in request.headers:
            show = self._toolkit.fragment
        titles = {403: _("Not allowed"), 404: _("Not found"), 500: _("Something went wrong")}
        title = titles.get(status, _(HTTPStatus(status).phrase))
        template = "web/notice.html" if "hx-request" in request.headers else "web/error.html"
        response = show(request, template, status=status, title=title, text=text, remedy=remedy)
        if "hx-request" in request.headers:
            response.headers["HX-Retarget"] = "#notices"
            response.headers["HX-Reswap"] = "beforeend"
        return response

    def expected(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, MailloomError)
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return self._page(request, status, str(error), error.remedy)

    def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = {
            404: _("There is no page here. It may have been removed, or its addon is not at work."),
            405: _("This address is for a form; open the page that shows it."),
        }
        plain = "" if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
        return self._page(request, error.status_code, plain or said.get(error.status_code, ""))

    def invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        places = ", ".join(".".join(str(part) for part in fault["loc"][1:]) for fault in error.errors()[:5])
        return self._page(request, 422, _("The address or form does not fit: {places}.", places=places))

    def database(self, request: Request, error: Exception) -> Response:
        _log.error("the database failed a page", path=logged_path(request.url.path), reason=str(error).splitlines()[0])
        return self._page(request, 503, _("The database cannot be used just now."), _("Try again in a moment."))

    def unexpected(self, request: Request, error: Exception) -> Response:
        """The framework raises it again afterwards, and it is logged then."""
        return self._page(request, 500, _("This is a fault of mailloom; the log has the details."))
