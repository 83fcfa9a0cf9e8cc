"""Connections to mail servers, the same for every protocol: address, time-outs, TLS.

Certificates are always checked: against the system's authorities, against the account's CA file, or by the SHA-256 of the one certificate the
account accepts. TLS is 1.2 or later (RFC 8996, RFC 8314). All functions raise MailloomErrors with a remedy; `network_probe` shows the same way
step by step.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from mailloom.api.accounts import Security, ServerSettings
from mailloom.api.network_faults import Place, explain_network
from mailloom.api.network_socket import PacedSocket, PacedTLSSocket
from mailloom.errors import ConfigurationError

Address = tuple[Any, ...]


def place_of(settings: ServerSettings, default_ports: Mapping[Security, int]) -> Place:
    """Where the account's server is; ConfigurationError when no host is given."""
    host = settings.host.strip().removeprefix("[").removesuffix("]").rstrip(".")
    if not host:
        raise ConfigurationError("The account names no server.", remedy="Set its host.")
    port = settings.port or default_ports[settings.security]
    return Place(host=host, port=port, security=settings.security)


def open_socket(settings: ServerSettings, default_ports: Mapping[Security, int]) -> PacedSocket | PacedTLSSocket:
    """A connection as the settings want it; with Security.TLS the handshake is done, with STARTTLS it is the caller's to ask for."""
    place = place_of(settings, default_ports)
    connected = connect(resolve(place), place, settings.timeout_seconds)
    return start_tls(connected, settings, place) if settings.security is Security.TLS else connected


def resolve(place: Place) -> Sequence[tuple[int, Address]]:
    """Family and socket address of each address of the host, in the order to try."""
    try:
        found = socket.getaddrinfo(_ascii_host(place.host), place.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise explain_network(error, place).error() from error
    return [(family, address) for family, _, _, _, address in found]


def _ascii_host(host: str) -> str:
    """Internationalised names in the form that name servers know (RFC 5891)."""
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ConfigurationError(f"{host!r} is no host name.", remedy="Correct the host name.") from error
    if not all(0 < len(label) < 64 for label in name.split(".")) and ":" not in name:
        raise ConfigurationError(f"{host!r} is no host name.", remedy="Correct the host name.")
    return name


def connect(addresses: Sequence[tuple[int, Address]], place: Place, seconds: float) -> PacedSocket:
    """The first address that answers. An address that is dead takes only its share of the time, so that the next has a chance."""
    ends = time.monotonic() + seconds
    fault: OSError = OSError("no address")
    for position, (family, address) in enumerate(addresses):
        share = max((ends - time.monotonic()) / (len(addresses) - position), 0.05)
        try:
            return _connect_one(family, address, share, seconds)
        except OSError as error:
            fault = error
    raise explain_network(fault, place).error() from fault


def _connect_one(family: int, address: Address, share: float, seconds: float) -> PacedSocket:
    connected = PacedSocket(family, socket.SOCK_STREAM)
    try:
        socket.socket.settimeout(connected, share)
        connected.connect(address)
        connected.settimeout(seconds)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    except BaseException:
        connected.close()
        raise
    return connected


def start_tls(connected: socket.socket, settings: ServerSettings, place: Place) -> PacedTLSSocket:
    """The connection with TLS on it and the certificate checked. The plain socket is used up, also when an error is raised.

    The caller makes sure that nothing which came before the handshake is still believed afterwards.
    """
    try:
        context = tls_context(settings)
        wrapped = context.wrap_socket(connected, server_hostname=_ascii_host(place.host))
    except OSError as error:
        connected.close()
        raise explain_network(error, place).error() from error
    except BaseException:
        connected.close()
        raise
    assert isinstance(wrapped, PacedTLSSocket)
    _check_pin(wrapped, settings, place)
    return wrapped


def _check_pin(wrapped: PacedTLSSocket, settings: ServerSettings, place: Place) -> None:
    if not settings.pin_sha256:
        return
    found = hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest()
    if not hmac.compare_digest(found, settings.pin_sha256.lower()):
        wrapped.close()
        raise ConfigurationError(
            f"{place}: the server shows another certificate than the pinned one (its SHA-256 is {found}).",
            remedy="If the server's owner confirms the new certificate, pin this value; otherwise somebody stands between.",
        )


def tls_context(settings: ServerSettings) -> ssl.SSLContext:
    """The TLS settings of an account. Contexts are kept while the files they came from do not change: loading authorities is slow."""
    return _context(
        _stamped(settings.ca_file, "CA file"),
        _stamped(settings.client_certificate, "client certificate"),
        _stamped(settings.client_key, "client key"),
        bool(settings.pin_sha256),
    )


Stamped = tuple[Path, int] | None


def _stamped(path: Path | None, what: str) -> Stamped:
    if path is None:
        return None
    try:
        return path, path.stat().st_mtime_ns
    except OSError as error:
        raise ConfigurationError(
            f"The {what} {path} cannot be read: {error.strerror}.", remedy="Correct the path or the file's permissions."
        ) from error


@lru_cache(maxsize=64)
def _context(authorities: Stamped, certificate: Stamped, key: Stamped, pinned: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None) if authorities is None else _private_context(authorities[0])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 began to refuse certificates of private authorities that lack extensions nobody else asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.sslsocket_class = PacedTLSSocket
    if pinned:
        # The pin takes the place of chain and name: start_tls compares the certificate itself.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        _load_certificate(context, certificate[0], key[0] if key else None)
    return context


def _private_context(authorities: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(authorities))
    except OSError as error:
        raise ConfigurationError(
            f"The CA file {authorities} holds no certificates: {error.strerror or error}.",
            remedy="It must be a PEM file with at least one certificate.",
        ) from error


def _load_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        # Without a password function OpenSSL would ask on the terminal for that of an encrypted key.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The client certificate {certificate} cannot be used: {error}.",
            remedy="Certificate and key must belong together, be PEM, and the key must not be encrypted.",
        ) from error
