"""Keeping the services of the addons running: started, stopped and started anew as addons and their settings come, go and change.

A service that cannot start is told of and tried again; the others and the jobs go on meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from pydantic import BaseModel

from mailloom.api.office import Office
from mailloom.api.services import Service
from mailloom.errors import MailloomError, NotFound
from mailloom.registry.registry import Registry

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Running:
    service: Service
    settings: BaseModel | None


class Services:
    """The services of one application. Used by one thread."""

    def __init__(
        self,
        office: Office,
        registry: Registry,
        *,
        own: Sequence[Service] = (),
        grace_seconds: float = 10.0,
        again_seconds: float = 30.0,
    ) -> None:
        """`own` are services of the core's; they are started anew when its settings change."""
        self.office = office
        self.registry = registry
        self._own = {service.name: service for service in own}
        self.grace_seconds = grace_seconds
        self.again_seconds = again_seconds
        self._running: dict[str, _Running] = {}
        self._version: int | None = None
        self._not_before: dict[str, float] = {}

    def tend(self) -> None:
        """Make what runs what should run; cheap when nothing changed. Call it every few seconds."""
        if self._version == self.registry.version and not self._not_before:
            return
        self._version = self.registry.version
        wanted = {**self.registry.services, **self._own}
        for name, running in list(self._running.items()):
            if name not in wanted or running.settings != self._settings(name):
                self._stop(name)
        for name, service in wanted.items():
            if name not in self._running and self._not_before.get(name, 0.0) <= time.monotonic():
                self._start(name, service)
        for name in [name for name in self._not_before if name not in wanted]:
            del self._not_before[name]

    def stop(self) -> None:
        """Stop them all, the last started first."""
        for name in reversed(list(self._running)):
            self._stop(name)

    def _start(self, name: str, service: Service) -> None:
        settings = self._settings(name)
        try:
            service.start(self.office)
        # The fence around services.
        except Exception as error:
            self._not_before[name] = time.monotonic() + self.again_seconds
            remedy = error.remedy if isinstance(error, MailloomError) else ""
            _log.error("service cannot start", service=name, reason=str(error), remedy=remedy)
            return
        self._not_before.pop(name, None)
        self._running[name] = _Running(service, settings)
        _log.info("service started", service=name, detail=service.status().detail)

    def _stop(self, name: str) -> None:
        running = self._running.pop(name)
        try:
            running.service.stop(self.grace_seconds)
        except Exception:
            _log.exception("service did not stop in order", service=name)
        else:
            _log.info("service stopped", service=name)

    def _settings(self, name: str) -> BaseModel | None:
        """Of the addon whose service it is, or the core's; None when it has none."""
        if name in self._own:
            return self.office.settings("core")
        owner = self.registry.catalogue.owners.get(("register_services", name), "")
        try:
            return self.office.settings(owner)
        except NotFound:
            return None
