"""What goes wrong between two machines, in plain language: names, connections, TLS.

`explain_network` turns any exception of a socket into a `NetworkFault`; its `error()` is what a transport or source raises, its fields are
what a step of "Test connection" shows. What may heal without a change of the account is a TemporaryFailure; a ConfigurationError, which stops
an account, is only what cannot. Tables are read from top to bottom, the first row that fits wins.
"""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass

from mailloom.api.accounts import Security
from mailloom.errors import ConfigurationError, MailloomError, TemporaryFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The server as the operator entered it, for use in sentences."""

    host: str
    port: int
    security: Security

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFault:
    """`words` are the machine's own; `temporary` when waiting may help."""

    place: Place
    words: str
    meaning: str
    remedy: str
    temporary: bool

    def error(self) -> MailloomError:
        kind = TemporaryFailure if self.temporary else ConfigurationError
        return kind(f"{self.place}: {self.meaning} ({self.words})", remedy=self.remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    meaning: str
    remedy: str
    temporary: bool = True


_NAMES = {
    socket.EAI_AGAIN: _Row(
        meaning="the name server did not answer",
        remedy="Check this machine's network and name servers; it is tried again.",
    ),
    socket.EAI_NONAME: _Row(
        meaning="this host name does not exist",
        remedy="Correct the host name of the account; it is tried again, because names come back.",
    ),
}
if hasattr(socket, "EAI_NODATA"):
    _NAMES[socket.EAI_NODATA] = _Row(
        meaning="this host name has no address",
        remedy="Correct the host name of the account; it is tried again, because names come back.",
    )

_ERRNO = {
    errno.ECONNREFUSED: _Row(
        meaning="the machine is there but nothing listens on this port",
        remedy="Check the port, and that the server runs and lets this machine in.",
    ),
    errno.ENETUNREACH: _Row(
        meaning="there is no way to that network", remedy="Check this machine's network connection."
    ),
    errno.EHOSTUNREACH: _Row(
        meaning="the machine cannot be reached", remedy="Check the host name, the network and firewalls."
    ),
    errno.ECONNRESET: _Row(
        meaning="the server closed the connection",
        remedy="The server is busy, shuts down, or does not want this machine; see its log if it goes on.",
    ),
    errno.EPIPE: _Row(
        meaning="the server closed the connection", remedy="It is tried again; see the server's log if it goes on."
    ),
    errno.EADDRNOTAVAIL: _Row(
        meaning="this machine has no address or port left to connect from",
        remedy="Use fewer connections at the same time.",
    ),
    errno.EMFILE: _Row(
        meaning="this process has too many files open", remedy="Raise the limit of open files (ulimit -n)."
    ),
    errno.EACCES: _Row(meaning="this machine's rules forbid the connection", remedy="Allow it in the local firewall."),
    errno.EPERM: _Row(meaning="this machine's rules forbid the connection", remedy="Allow it in the local firewall."),
}

_TLS = (
    (
        ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"),
        _Row(
            meaning="this port speaks plain text where TLS was expected",
            remedy="Choose STARTTLS for this port, or the port for TLS.",
            temporary=False,
        ),
    ),
    (
        ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "VERSION_TOO_LOW", "NO_PROTOCOLS_AVAILABLE"),
        _Row(
            meaning="the server offers only TLS versions older than 1.2",
            remedy="Update the server; older versions are not safe and are not used.",
        ),
    ),
    (
        ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED"),
        _Row(
            meaning="the server refused this account's client certificate or wants one",
            remedy="Set a client certificate (and key) that the server accepts.",
            temporary=False,
        ),
    ),
    (
        ("HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "DH_KEY_TOO_SMALL", "EE_KEY_TOO_SMALL"),
        _Row(
            meaning="server and client share no safe cipher",
            remedy="Update the server's TLS settings (TLS 1.2 or later, keys of at least 2048 bits).",
        ),
    ),
    (
        ("EOF", "SHUTDOWN"),
        _Row(
            meaning="the server closed the connection during the TLS handshake",
            remedy="Check that this port speaks TLS; otherwise choose STARTTLS or none.",
        ),
    ),
)

# OpenSSL's X509_V_ERR_* numbers.
_CERTIFICATE = (
    (
        (10,),
        _Row(
            meaning="the server's certificate has expired",
            remedy="Renew it on the server; until then its SHA-256 can be pinned for this account.",
        ),
    ),
    ((9,), _Row(meaning="the server's certificate is not valid yet", remedy="Check the clocks of both machines.")),
    (
        (18, 19, 20, 21, 2),
        _Row(
            meaning="the server's certificate is self-signed or its issuer is not trusted here",
            remedy="Give the issuer's certificate as CA file, or pin the server's certificate by its SHA-256.",
            temporary=False,
        ),
    ),
    (
        (62, 64),
        _Row(
            meaning="the server's certificate is for another name",
            remedy="Enter the host name that the certificate names, or pin the certificate by its SHA-256.",
            temporary=False,
        ),
    ),
    ((23,), _Row(meaning="the server's certificate was revoked", remedy="Renew it on the server.", temporary=False)),
)
_OTHER_CERTIFICATE = _Row(
    meaning="the server's certificate was not accepted",
    remedy="Correct it on the server, or pin it by its SHA-256.",
    temporary=False,
)
_OTHER_TLS = _Row(meaning="TLS failed", remedy="Check that this port speaks TLS and that nothing between interferes.")
_OTHER = _Row(meaning="the connection failed", remedy="It is tried again; check network and server if it goes on.")


def explain_network(error: Exception, place: Place) -> NetworkFault:
    """The fault behind an exception of `socket` or `ssl`."""
    row = _row(error, place)
    return NetworkFault(
        place=place, words=_words(error), meaning=row.meaning, remedy=row.remedy, temporary=row.temporary
    )


def _row(error: Exception, place: Place) -> _Row:
    if isinstance(error, ssl.SSLCertVerificationError):
        found = [row for codes, row in _CERTIFICATE if error.verify_code in codes]
        return found[0] if found else _OTHER_CERTIFICATE
    if isinstance(error, ssl.SSLError) and not isinstance(error, TimeoutError):
        text = f"{_reason(error)} {error.strerror or error}".upper()
        found = [row for signs, row in _TLS if any(sign in text for sign in signs)]
        return found[0] if found else _OTHER_TLS
    if isinstance(error, TimeoutError):
        return _timed_out(place)
    if isinstance(error, socket.gaierror):
        return _NAMES.get(error.errno or 0, _NAMES[socket.EAI_AGAIN])
    if isinstance(error, OSError):
        number = error.errno or (errno.ECONNRESET if isinstance(error, ConnectionError) else 0)
        return _ERRNO.get(number, _OTHER)
    return _OTHER


def _timed_out(place: Place) -> _Row:
    remedy = "Check host, port and firewalls, or allow more time."
    if place.security is not Security.TLS:
        remedy = "Check host, port and firewalls; if this port speaks TLS from the start (465, 993, 995), choose TLS."
    return _Row(meaning="the server did not answer in time", remedy=remedy)


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and _reason(error):
        return _reason(error)
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's short name of the error; '' for those that Python raises itself."""
    return getattr(error, "reason", None) or ""
