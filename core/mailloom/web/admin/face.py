"""The pages as one application to mount at /admin: the core's own and those of the addons at work, each route with its declared permission.

A route that declares nothing is a mistake that would open a page to everybody: the core's keeps the face from starting, an addon's loses its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from mailloom.api.pages import Toolkit
from mailloom.api.pages.cookies import Cookies
from mailloom.api.pages.guard import Guarded, guarded_routes
from mailloom.app import App
from mailloom.errors import ConfigurationError
from mailloom.web.admin import (
    account_forms,
    account_tests,
    accounts,
    addons,
    arrivals,
    audit_log,
    conversations,
    doctor,
    errors,
    jobs,
    messages,
    outbox,
    overview,
    profile,
    routing,
    settings,
    setup,
    signing_in,
    tokens,
    users,
)
from mailloom.web.admin.environment import page_environment
from mailloom.web.admin.gate import Gate
from mailloom.web.admin.menu import CORE_MENU
from mailloom.web.admin.static import StaticFiles
from mailloom.web.admin.words import catalogue_folders, read_catalogues

_log = structlog.get_logger(__name__)
Make = Callable[[App, Toolkit], APIRouter]
CORE_PAGES: tuple[Make, ...] = (
    overview.make,
    doctor.make,
    jobs.make,
    conversations.make,
    messages.make,
    arrivals.make,
    outbox.make,
    routing.make,
    accounts.make,
    account_forms.make,
    account_tests.make,
    addons.make,
    setup.make,
    signing_in.make,
    profile.make,
    users.make,
    tokens.make,
    audit_log.make,
    settings.make,
)


def make_admin(app: App, static: StaticFiles) -> ASGIApp:
    """As of now; made anew when addons or settings have changed."""
    toolkit = make_toolkit(app, static)
    application = FastAPI(title="mailloom pages", docs_url=None, redoc_url=None, openapi_url=None)
    errors.add_to(application, toolkit)
    for router in page_routers(app, toolkit):
        application.include_router(router)
    return Gate(application, app, toolkit.cookies, read_catalogues(catalogue_folders(app.registry)))


def make_toolkit(app: App, static: StaticFiles) -> Toolkit:
    return Toolkit(
        app,
        page_environment(app, static.address),
        Cookies(encrypted=app.core_settings.base_url.startswith("https://")),
        static.address,
        [*CORE_MENU, *app.registry.catalogue.menu.values()],
    )


def page_routers(app: App, toolkit: Toolkit) -> Iterator[APIRouter]:
    """Checked: every route of them declares what it needs."""
    for make in CORE_PAGES:
        router = make(app, toolkit)
        check_declared(router)
        yield router
    for name, pages in app.registry.catalogue.pages.items():
        # The fence around addons: one that fails loses its pages, the others keep theirs.
        try:
            router = pages.make(app, toolkit)
            check_declared(router)
        except Exception:
            _log.exception("pages of an addon were left out", pages=name)
        else:
            yield router


def check_declared(router: APIRouter) -> list[Guarded]:
    routes = list(guarded_routes(router))
    for route in routes:
        if route.needs is None:
            raise ConfigurationError(
                f"The route {route.path} declares no permission.",
                remedy="Add dependencies=[needs(Permission.…)] to it, or signed_in().",
            )
    return routes
