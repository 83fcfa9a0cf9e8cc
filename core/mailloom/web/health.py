"""`/health` for load balancers and `/metrics` for Prometheus.

Metrics name accounts, so they are shown only to the networks of the setting `metrics_clients`, and to nobody who comes through a proxy that is
not trusted: its own address says nothing about the client's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from mailloom import __version__
from mailloom.app import App
from mailloom.jobs.gauges import gauges
from mailloom.metrics import CONTENT_TYPE, exposition, families

_FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip")


def make(app: App) -> APIRouter:
    router = APIRouter()

    @router.api_route("/health", methods=["GET", "HEAD"])
    def health() -> Response:
        try:
            with app.read() as session:
                session.execute(text("SELECT 1"))
        except DBAPIError:
            return JSONResponse({"status": "unwell", "database": "unreachable"}, status_code=503)
        return JSONResponse({"status": "ok", "name": "mailloom", "version": __version__})

    @router.get("/metrics")
    def metrics(request: Request) -> Response:
        settings = app.core_settings
        if not may_see(request, settings.metrics_clients, behind_proxy=bool(settings.trusted_proxies)):
            raise HTTPException(403, "Metrics are for the networks named in the setting metrics_clients.")
        return PlainTextResponse(_page(app), media_type=CONTENT_TYPE)

    return router


def may_see(request: Request, networks: Sequence[str], *, behind_proxy: bool) -> bool:
    """Whether the request comes from one of the networks."""
    if request.client is None or (not behind_proxy and any(name in request.headers for name in _FORWARDING)):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def _page(app: App) -> str:
    # The database may be away while somebody looks: the process's own counters are still true.
    try:
        with app.read() as session:
            return exposition([*families(), *gauges(session, app.now())])
    except DBAPIError:
        return exposition(families())
