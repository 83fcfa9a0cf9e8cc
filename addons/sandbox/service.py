"""The sandbox beside the jobs, in `mailloom serve`."""

from __future__ import annotations

from mailloom.api import Office
from mailloom.api.services import ServiceStatus
from mailloom.errors import ConfigurationError

from .internet import Internet
from .publishing import published
from .settings import SandboxSettings, split_place
from .zone import Zone


class SandboxService:
    name = "sandbox"
    summary = "Plays the rest of the internet."

    def __init__(self) -> None:
        self._internet: Internet | None = None
        self._zone: Zone | None = None

    def start(self, office: Office) -> None:
        if self._internet is not None:
            return
        internet, zone = internet_of(office), zone_of(office)
        try:
            internet.start()
            if zone is not None:
                zone.start()
        except OSError as error:
            internet.stop()
            raise ConfigurationError(
                f"The sandbox cannot listen at port {internet.port}{f' or {zone.port}' if zone else ''}: {error.strerror or error}.",
                remedy="Choose another port: mailloom settings set sandbox smtp 127.0.0.1:PORT (or sandbox dns)",
            ) from error
        self._internet, self._zone = internet, zone

    def stop(self, seconds: float) -> None:
        if self._zone is not None:
            self._zone.stop()
            self._zone = None
        if self._internet is not None:
            self._internet.stop(seconds)
            self._internet = None

    def status(self) -> ServiceStatus:
        internet = self._internet
        if internet is None:
            return ServiceStatus(running=False, detail="not running")
        counts = f"{len(internet.heard)} mails taken, {len(internet.postman.carried)} written"
        names = f"; dns at {self._zone.host}:{self._zone.port}" if self._zone else ""
        return ServiceStatus(running=True, detail=f"smtp at {internet.host}:{internet.port}{names}; {counts}")


def internet_of(office: Office) -> Internet:
    """The sandbox that the settings describe, not started."""
    settings = office.settings("sandbox")
    assert isinstance(settings, SandboxSettings)
    return Internet(
        home=split_place(settings.home),
        port=split_place(settings.smtp)[1],
        seed=settings.seed,
        delay_seconds=settings.delay_seconds,
        clock=office.now,
        web=split_place(settings.web) if settings.web else None,
    )


def zone_of(office: Office) -> Zone | None:
    """The DNS server that the settings describe, not started; None without one."""
    settings = office.settings("sandbox")
    assert isinstance(settings, SandboxSettings)
    return Zone(lambda: published(office), port=split_place(settings.dns)[1]) if settings.dns else None
