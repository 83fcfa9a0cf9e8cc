"""The working parts behind the commands that do what jobs do."""

from __future__ import annotations

import typer

from mailloom.app import App
from mailloom.cli.opening import opened
from mailloom.jobs.duties import Duties


def duties_of(app: App) -> Duties:
    return Duties(app, app.database, app.registry, app.keys, app.inbound)


def opened_duties(context: typer.Context) -> Duties:
    """The duties of the application of this run."""
    return duties_of(opened(context))
