"""What the routes of the core ask of their request: the application itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from mailloom.app import App


async def _app(request: Request) -> App:
    app: App = request.state.office
    return app


Here = Annotated[App, Depends(_app)]
