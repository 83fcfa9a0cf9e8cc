"""The pages for administrators: lists, the people on them, and imports. The public pages are in `pages`."""

from __future__ import annotations

from mailloom.api import Office
from mailloom.api.pages import APIRouter, Toolkit

from . import imports, lists, people


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()
    for part in (lists, imports, people):
        router.include_router(part.make(office, toolkit))
    return router
