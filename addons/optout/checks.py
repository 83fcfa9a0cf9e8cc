"""What `mailloom doctor` says about opting out: large receivers ask for a link by https and for an address that works."""

from __future__ import annotations

from collections.abc import Iterable

from mailloom.api import Check, Finding, Office, Severity
from mailloom.store.domains import all_domains

from .links import base_url
from .settings import settings_of


def findings(office: Office) -> Iterable[Finding]:
    with office.read() as session:
        names = [domain.name for domain in all_domains(session)]
    return [_link(base_url(office)), _address(settings_of(office).mailbox, names)]


def _link(base: str) -> Finding:
    if base.startswith("https://"):
        return Finding(subject="one-click unsubscription", severity=Severity.GOOD, text=f"links begin with {base}/u/")
    return Finding(
        subject="one-click unsubscription",
        severity=Severity.WARNING,
        text="mail can carry no one-click link, which Gmail and Yahoo demand of those who send much",
        remedy="Set core.base_url to the https address at which `mailloom serve` can be reached.",
    )


def _address(mailbox: str, names: list[str]) -> Finding:
    if names:
        text = f"mail to {mailbox}@{names[0]} is an opt-out"
        return Finding(subject="unsubscribe address", severity=Severity.GOOD, text=text)
    return Finding(
        subject="unsubscribe address",
        severity=Severity.WARNING,
        text="there is no mail domain, so mail cannot name an address for opting out",
        remedy="Install the addon alias, run `mailloom domains add example.org` with your domain, and let its mail arrive here.",
    )


CHECK = Check(name="optout", run=findings)
