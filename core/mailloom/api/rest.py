"""The contract of the REST face: an addon brings a FastAPI router, whose routes appear below /api/v1 and in its OpenAPI document.

Make the router with `api_router()` of `mailloom.api.rest_routes`; each route names its permission there (`dependencies=[needs(…)]`): one
that does not keeps the addon's routes out. Callers come with a token, whose scopes are permissions. Pages and this face share everything below
them, so a route holds no rules of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import APIRouter

    from mailloom.api.office import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoutes:
    """One addon's resources. Import FastAPI inside `make` or its module, never in `hooks.py`: the libraries of the web face may be missing."""

    name: str
    make: Callable[[Office], APIRouter]
    """The router with paths relative to /api/v1. Called again after each change of addons or settings; what it raises leaves these routes out."""
