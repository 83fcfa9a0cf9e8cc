"""Audience: what this addon answers to the core."""

from __future__ import annotations

from pydantic import BaseModel

from mailloom.api import hookimpl

from . import models as models
from .settings import AudienceSettings


@hookimpl
def register_settings() -> type[BaseModel]:
    return AudienceSettings
