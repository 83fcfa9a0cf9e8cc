"""What the addon adds to mailloom: its settings, the service, and a look at it for `mailloom doctor`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from mailloom.api import Check, hookimpl
from mailloom.api.services import Service

from .checking import check_listening
from .service import ListenerService
from .settings import ListenerSettings


@hookimpl
def register_settings() -> type[BaseModel]:
    return ListenerSettings


@hookimpl
def register_services() -> Sequence[Service]:
    return [ListenerService()]


@hookimpl
def register_checks() -> Sequence[Check]:
    return [Check(name="listener", run=check_listening)]
