"""Services run while their addon is at work, with the settings of now; one that cannot start holds nobody up."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from mailloom.api.services import ServiceStatus
from mailloom.errors import ConfigurationError, NotFound
from mailloom.jobs.serving import Services


class Settings(BaseModel):
    port: int = 25


class Spy:
    """A service that writes down what it is told."""

    summary = "Writes down what it is told."

    def __init__(self, name: str, said: list[str], faults: list[Exception] | None = None) -> None:
        self.name = name
        self.said = said
        self.faults = faults or []

    def start(self, office: Any) -> None:
        if self.faults:
            raise self.faults.pop()
        self.said.append(f"{self.name} starts at {office.settings(self.name).port}")

    def stop(self, seconds: float) -> None:
        self.said.append(f"{self.name} stops")

    def status(self) -> ServiceStatus:
        return ServiceStatus(running=True, detail="it runs")


class House:
    """As much of an application as services need."""

    def __init__(self, *services: Spy) -> None:
        self.version = 1
        self.services = {service.name: service for service in services}
        self.ports = {service.name: Settings() for service in services}
        owners = {("register_services", service.name): service.name for service in services}
        self.catalogue = SimpleNamespace(owners=owners)

    def settings(self, section: str) -> BaseModel:
        if section not in self.ports:
            raise NotFound(f"There are no settings called {section!r}.")
        return self.ports[section]


def services_of(house: Any) -> Services:
    return Services(house, house)


def test_services_are_started_once_and_stopped_in_reverse() -> None:
    said: list[str] = []
    services = services_of(House(Spy("one", said), Spy("two", said)))
    services.tend()
    services.tend()
    services.stop()
    assert said == ["one starts at 25", "two starts at 25", "two stops", "one stops"]


def test_only_the_service_whose_settings_changed_is_started_anew() -> None:
    said: list[str] = []
    house = House(Spy("one", said), Spy("two", said))
    services = services_of(house)
    services.tend()
    said.clear()
    house.ports["two"] = Settings(port=2525)
    house.version = 2
    services.tend()
    assert said == ["two stops", "two starts at 2525"]


def test_a_service_whose_addon_rests_is_stopped() -> None:
    said: list[str] = []
    house = House(Spy("one", said))
    services = services_of(house)
    services.tend()
    house.services, house.version = {}, 2
    services.tend()
    services.stop()
    assert said == ["one starts at 25", "one stops"]


@pytest.mark.parametrize("fault", [ConfigurationError("The port is taken."), RuntimeError("a fault of the addon")])
def test_a_service_that_cannot_start_is_tried_again_and_the_others_run(fault: Exception) -> None:
    said: list[str] = []
    house: Any = House(Spy("one", said, [fault]), Spy("two", said))
    services = Services(house, house, again_seconds=0.2)
    services.tend()
    assert said == ["two starts at 25"]
    services.tend()
    assert said == ["two starts at 25"]
    time.sleep(0.3)
    services.tend()
    assert said == ["two starts at 25", "one starts at 25"]
