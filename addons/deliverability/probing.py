"""What is asked besides the DNS: a page over HTTPS, and whether a mail port takes connections."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Protocol

from mailloom.api import Office, Security
from mailloom.api.network import connect, resolve
from mailloom.api.network_faults import Place, explain_network
from mailloom.api.network_fetch import FetchLimits, FetchRequest, fetch
from mailloom.api.network_public import Reach, reach_of
from mailloom.errors import MailloomError

from .answers import Page
from .settings import DeliverabilitySettings

_LONGEST_PAGE = 64_000


class Prober(Protocol):
    """What is asked besides the DNS."""

    def page(self, url: str) -> Page:
        """Never raises; redirects are not followed."""
        ...

    def dial(self, host: str, port: int) -> str:
        """'' when a server takes a connection, else why not; never raises."""
        ...


class RealProber:
    """Pages only where the operator lets connections lead (`core.private_networks`)."""

    def __init__(self, reach: Reach, seconds: float) -> None:
        self._reach = reach
        self._seconds = seconds

    def page(self, url: str) -> Page:
        try:
            limits = FetchLimits(seconds=self._seconds, largest=_LONGEST_PAGE)
            answer = fetch(FetchRequest(url=url), reach=self._reach, limits=limits)
        except MailloomError as error:
            return Page(url=url, failure=str(error), remedy=error.remedy)
        return Page(url=url, status=answer.status, body=answer.body.decode("utf-8", "replace"))

    def dial(self, host: str, port: int) -> str:
        place = Place(host=host, port=port, security=Security.NONE)
        try:
            with closing(connect(resolve(place), place, self._seconds)):
                return ""
        except (TimeoutError, OSError) as error:
            return str(explain_network(error, place).error())
        except MailloomError as error:
            return str(error)


class NoProber:
    """Where only the DNS shall be asked."""

    def page(self, url: str) -> Page:
        return Page(url=url, failure="it was not asked for", skipped=True)

    def dial(self, host: str, port: int) -> str:
        return ""


def prober_of(office: Office) -> Prober:
    settings = office.settings("deliverability")
    assert isinstance(settings, DeliverabilitySettings)
    return RealProber(reach_of(office), settings.web_seconds)


def answers_as_mailloom(page: Page) -> bool:
    """Whether it is our own face that answered at /health."""
    try:
        said = json.loads(page.body) if page.status == 200 else None
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("name") == "mailloom"
