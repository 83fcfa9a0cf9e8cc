"""Services: what runs beside the jobs for as long as the application serves, such as a listener."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailloom.api.office import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """How a service is, in one sentence for people."""

    running: bool
    detail: str


class Service(Protocol):
    """Started and stopped by `mailloom serve`, which calls from one thread; `status` may be asked by any."""

    name: str
    summary: str

    def start(self, office: Office) -> None:
        """Must return when it is ready; raises MailloomError when it cannot run. Settings are read here and hold until it stops."""
        ...

    def stop(self, seconds: float) -> None:
        """Must finish or release what is in flight, at most so long; never raises. Nothing happens when it is not running."""
        ...

    def status(self) -> ServiceStatus: ...
