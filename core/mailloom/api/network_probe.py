"""The steps of "Test connection" that all protocols share: DNS, TCP, TLS, each timed.

A kind's probe delegates: `connected = yield from probe_connection(settings, ports)`; None means that a step failed and the test ends. For
STARTTLS it says its command itself and then delegates to `probe_tls`. What a protocol adds is timed by `timed`.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial
from typing import Generic, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from mailloom.api.accounts import Security, ServerSettings
from mailloom.api.network import Address, connect, place_of, resolve, start_tls
from mailloom.api.network_faults import Place, explain_network
from mailloom.api.network_socket import PacedSocket, PacedTLSSocket
from mailloom.api.probing import Step
from mailloom.errors import MailloomError

Connected = PacedSocket | PacedTLSSocket
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """A step and what it found, None when it failed."""

    step: Step
    found: T | None


def timed(name: str, action: Callable[[], T], detail: Callable[[T], str] = str) -> Timed[T]:
    """One step: what `action` returns becomes the detail; a MailloomError or OSError it raises becomes the failure."""
    started = time.monotonic()
    try:
        found = action()
    except (MailloomError, OSError) as error:
        return Timed(failed(name, error, time.monotonic() - started), None)
    return Timed(Step(name=name, passed=True, seconds=time.monotonic() - started, detail=detail(found)), found)


def failed(name: str, error: Exception, seconds: float) -> Step:
    """A failed step from an error: the cause's words where they are known, the error's sentence as meaning."""
    cause = error.__cause__
    words = str(cause) if isinstance(cause, OSError) else ""
    remedy = error.remedy if isinstance(error, MailloomError) else ""
    return Step(name=name, passed=False, seconds=seconds, words=words, meaning=str(error), remedy=remedy)


def probe_connection(
    settings: ServerSettings, default_ports: Mapping[Security, int]
) -> Generator[Step, None, Connected | None]:
    """DNS, TCP and, with Security.TLS, TLS. Returns the connection, or None after a failed step."""
    account = timed("account", lambda: place_of(settings, default_ports))
    if (place := account.found) is None:
        yield account.step
        return None
    names = timed("DNS", lambda: resolve(place), _listed)
    yield names.step
    if (addresses := names.found) is None:
        return None
    reached = timed("TCP", lambda: connect(addresses, place, settings.timeout_seconds), _peer)
    yield reached.step
    if reached.found is None or settings.security is not Security.TLS:
        return reached.found
    again = partial(connect, addresses, place, settings.timeout_seconds)
    return (yield from probe_tls(reached.found, settings, place, again))


def _listed(addresses: Sequence[tuple[int, Address]]) -> str:
    return ", ".join(str(address[0]) for _, address in addresses)


def _peer(connected: PacedSocket) -> str:
    address = connected.getpeername()
    return f"{address[0]} port {address[1]}"


def probe_tls(
    connected: socket.socket, settings: ServerSettings, place: Place, again: Callable[[], socket.socket] | None = None
) -> Generator[Step, None, PacedTLSSocket | None]:
    """The TLS step over a connection that is ready for the handshake. `again` makes a second such connection: when the certificate is
    refused, it is read over that one, without trust and only to be shown."""
    handshake = timed("TLS", lambda: start_tls(connected, settings, place), _tls_detail)
    step = handshake.step
    if not step.passed and again is not None and "certificate" in step.words.lower():
        step = replace(step, detail=_shown_certificate(again, place))
    yield step
    return handshake.found


def _tls_detail(wrapped: PacedTLSSocket) -> str:
    cipher = wrapped.cipher()
    certificate = wrapped.getpeercert(binary_form=True)
    shown = describe_certificate(certificate) if certificate else "no certificate"
    return f"{wrapped.version()}, {cipher[0] if cipher else 'no cipher'}, {shown}"


def _shown_certificate(again: Callable[[], socket.socket], place: Place) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with context.wrap_socket(again(), server_hostname=place.host) as wrapped:
            certificate = wrapped.getpeercert(binary_form=True)
    except (OSError, ValueError, MailloomError) as error:
        words = explain_network(error, place).words if isinstance(error, OSError) else str(error)
        return f"the certificate could not be read: {words}"
    return describe_certificate(certificate) if certificate else "no certificate"


def describe_certificate(der: bytes) -> str:
    """Names, issuer, validity and SHA-256 of a certificate in one line."""
    fingerprint = hashlib.sha256(der).hexdigest()
    try:
        certificate = x509.load_der_x509_certificate(der)
        names = ", ".join(_names(certificate)[:5]) or "no name"
        issuer = _common_name(certificate.issuer)
        ends = certificate.not_valid_after_utc
    except ValueError as error:
        return f"unreadable certificate ({error}), SHA-256 {fingerprint}"
    return f"certificate for {names} by {issuer}, valid until {ends.astimezone(UTC):%Y-%m-%d}, SHA-256 {fingerprint}"


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return [_common_name(certificate.subject)]
    assert isinstance(extension.value, x509.SubjectAlternativeName)
    return [str(name.value) for name in extension.value]


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string() or "nobody"
