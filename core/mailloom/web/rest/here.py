"""What the routes of the core ask of their request: the application itself, and accounts and duties made from it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from mailloom.app import App
from mailloom.flow.accounts import Accounts
from mailloom.jobs.duties import Duties


async def _app(request: Request) -> App:
    app: App = request.state.office
    return app


Here = Annotated[App, Depends(_app)]


def accounts_of(app: App) -> Accounts:
    registry = app.registry
    return Accounts(lambda: registry.transports, lambda: registry.sources, app.keys, app.now)


def duties_of(app: App) -> Duties:
    return Duties(app, app.database, app.registry, app.keys, app.inbound)
