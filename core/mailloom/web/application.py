"""The whole web face as one ASGI application (asgi.readthedocs.io): the core's pages and those of the addons at work.

It is made anew when addons or settings have changed; requests in flight end in the old one.
"""

from __future__ import annotations

import structlog
from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mailloom.api.pages.toolkit import ROOT
from mailloom.app import App
from mailloom.web import health, problems, webhooks
from mailloom.web.admin.face import make_admin
from mailloom.web.admin.static import static_files
from mailloom.web.guards import Guards
from mailloom.web.rest.application import PREFIX, make_rest
from mailloom.web.rest.pace import Pace

_log = structlog.get_logger(__name__)


class Face:
    """The application for a server such as uvicorn. Used by one event loop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._pace = Pace()
        self._version = app.registry.version
        self._current = make_application(app, self._pace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        version = self._app.registry.version
        if version != self._version:
            self._version, self._current = version, make_application(self._app, self._pace)
        await self._current(scope, receive, send)


def make_application(app: App, pace: Pace) -> ASGIApp:
    """As of now. Pages of an addon whose router cannot be made are left out, with a line in the log.

    `pace` outlives it: how much each token has asked already.
    """
    settings = app.core_settings
    application = FastAPI(title="mailloom", docs_url=None, redoc_url=None, openapi_url=None)
    problems.add_to(application)
    application.include_router(health.make(app))
    application.include_router(webhooks.make(app))
    application.mount(PREFIX, make_rest(app, pace))
    for name, routes in app.registry.routes.items():
        # The fence around addons: one that fails loses its pages, the others keep theirs.
        try:
            application.include_router(routes.make(app))
        except Exception:
            _log.exception("pages of an addon were left out", pages=name)
    if settings.admin_pages:
        static = static_files(app.registry)
        application.include_router(static.router())
        application.mount(ROOT, make_admin(app, static))
        for path in ("/", ROOT):
            application.add_route(path, lambda request: RedirectResponse(f"{ROOT}/"), include_in_schema=False)
    encrypted = settings.base_url.startswith("https://")
    return Guards(application, largest_bytes=settings.largest_request_bytes, encrypted=encrypted)
