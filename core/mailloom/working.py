"""The working parts that commands, pages and REST routes share: what is done with accounts, and what jobs do."""

from __future__ import annotations

from mailloom.app import App
from mailloom.flow.accounts import Accounts
from mailloom.jobs.duties import Duties


def accounts_of(app: App) -> Accounts:
    registry = app.registry
    return Accounts(lambda: registry.transports, lambda: registry.sources, app.keys, app.now)


def duties_of(app: App) -> Duties:
    return Duties(app, app.database, app.registry, app.keys, app.inbound)
