"""What `mailloom doctor` says about the listener: whether somebody answers where the settings say."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from mailloom.api import Finding, Office, Severity
from mailloom.errors import ConfigurationError

from .service import tls_context
from .settings import ListenerSettings, split_place

_SECONDS = 3.0


def check_listening(office: Office) -> Iterator[Finding]:
    settings = office.settings("listener")
    assert isinstance(settings, ListenerSettings)
    for protocol, place in (("LMTP", settings.lmtp), ("SMTP", settings.smtp)):
        if place:
            yield _look(protocol, place)
    try:
        tls_context(settings)
    except ConfigurationError as error:
        yield Finding(subject="listener certificate", severity=Severity.BAD, text=str(error), remedy=error.remedy)


def _look(protocol: str, place: str) -> Finding:
    subject = f"listener {protocol}"
    try:
        greeting = _greeting(place)
    except OSError as error:
        return Finding(
            subject=subject,
            severity=Severity.WARNING,
            text=f"Nobody answers at {place}: {error.strerror or error}.",
            remedy="Run `mailloom serve`, or blank the setting if this way in is not used.",
        )
    if " mailloom" in greeting:
        return Finding(subject=subject, severity=Severity.GOOD, text=f"answers at {place}")
    return Finding(
        subject=subject,
        severity=Severity.BAD,
        text=f"At {place} another program answers: {greeting[:80]!r}.",
        remedy="Choose another port in the listener's settings.",
    )


def _greeting(place: str) -> str:
    if place.startswith("/"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix:
            unix.settimeout(_SECONDS)
            unix.connect(place)
            return unix.recv(200).decode("utf-8", "replace").strip()
    host, port = split_place(place)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - the address to look at, not to listen on
    with socket.create_connection((host, port), timeout=_SECONDS) as connected:
        return connected.recv(200).decode("utf-8", "replace").strip()
