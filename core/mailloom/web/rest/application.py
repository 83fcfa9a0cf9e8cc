"""The REST application: the core's resources, those of the addons at work, one OpenAPI document, one gate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from mailloom import __version__
from mailloom.api.access import Permission
from mailloom.api.rest_routes import ApiRoute, permissions_of
from mailloom.app import App
from mailloom.errors import ConfigurationError
from mailloom.web import problems
from mailloom.web.rest import (
    accounts,
    addons,
    alarms,
    arrivals,
    audit,
    contacts,
    deliveries,
    inbound,
    inbound_providers,
    jobs,
    messages,
    persons,
    providers,
    routing,
    settings,
    threads,
    tokens,
    users,
)
from mailloom.web.rest.gate import Gate
from mailloom.web.rest.pace import Pace
from mailloom.web.rest.problem_model import answers

PREFIX = "/api/v1"
_log = structlog.get_logger(__name__)
_DESCRIPTION = (
    "Everything that the pages can do. Send `Authorization: Bearer TOKEN`; a token's scopes are permissions. Lists come in pages: "
    "pass `next` as `cursor`. Errors are problem details (RFC 9457) with a `remedy`. A POST with an `Idempotency-Key` may be sent again."
)
CORE: tuple[APIRouter, ...] = (
    messages.router,
    deliveries.router,
    inbound.router,
    inbound_providers.router,
    arrivals.router,
    threads.router,
    routing.router,
    contacts.router,
    persons.router,
    accounts.router,
    providers.router,
    addons.router,
    settings.router,
    jobs.router,
    alarms.router,
    users.router,
    tokens.router,
    audit.router,
)


class _Rest(FastAPI):
    """Says in its OpenAPI document how to sign in: the gate, not the framework, asks for tokens. Written when it is first asked for."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        return document


def make_rest(app: App, pace: Pace) -> ASGIApp:
    """To be mounted at PREFIX. ConfigurationError when a route of the core declares no permission; an addon with such a route is left out."""
    rest = _Rest(
        title="mailloom",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=answers(),
        servers=[{"url": PREFIX}],
    )
    problems.add_to(rest)
    for router in routers(app):
        rest.include_router(router)
    return Gate(rest, app, pace)


def routers(app: App) -> Iterator[APIRouter]:
    """Of the core and of the addons at work, each with its permissions checked."""
    for router in CORE:
        yield checked(router)
    for name, routes in app.registry.api.items():
        # The fence around addons: one that fails loses its routes, the others keep theirs.
        try:
            router = checked(routes.make(app))
        except Exception:
            _log.exception("REST routes of an addon were left out", routes=name)
        else:
            yield router


def checked(router: APIRouter) -> APIRouter:
    """The router; ConfigurationError names the first route that anybody with a token could use."""
    for route in router.routes:
        if not isinstance(route, ApiRoute) or not permissions_of(route):
            raise ConfigurationError(
                f"The REST route {getattr(route, 'path', route)} declares no permission.",
                remedy="Make it on a router of api_router(), with dependencies=[needs(Permission.…)].",
            )
    return router


def permissions(app: App) -> dict[tuple[str, str], tuple[Permission, ...]]:
    """By (method, path below PREFIX): what each route demands."""
    return {
        (method, route.path): permissions_of(route)
        for router in routers(app)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    }
