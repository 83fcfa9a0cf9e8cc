"""HTTP requests to addresses that people or mails have given: webhooks, documents of providers, keys and certificates.

`fetch` keeps these rules: https with a trusted certificate and a usual port, plain http and other ports only inside private networks that the
operator has named; the connection goes to an address that was judged (see `network_public`); redirects are answers and are never followed;
one deadline and one size bound the whole exchange, headers included. Connections are used once.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mailloom import __version__
from mailloom.api.accounts import Security
from mailloom.api.network import connect
from mailloom.api.network_faults import Place, explain_network
from mailloom.api.network_public import Reach, Resolve, allowed_addresses, resolve_host
from mailloom.errors import ConfigurationError, Refused, TemporaryFailure

USUAL_PORTS = frozenset({443, 8443})
LONGEST_URL = 2000
_HEAD_BYTES = 65_536
_PLAIN_URL = re.compile(r"[\x21-\x7e]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PORTS = {"https": 443, "http": 80}
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """`seconds` for everything from the connection to the last byte; `largest` bytes of the answer's body."""

    seconds: float = 10.0
    largest: int = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAnswer:
    """`headers` by lower-case name; of a repeated one the first."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def moved(self) -> bool:
        """A redirect, which is not followed; `headers` says where it leads."""
        return self.status in (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A URL that can be asked."""

    host: str
    port: int
    secure: bool
    path: str
    authority: str

    @property
    def place(self) -> Place:
        return Place(host=self.host, port=self.port, security=Security.TLS if self.secure else Security.NONE)


def check_url(url: str) -> None:
    """ConfigurationError unless `fetch` could ask this URL at all; where its name leads is seen only then."""
    _target(url)


def fetch(
    request: FetchRequest,
    *,
    reach: Reach,
    limits: FetchLimits = FetchLimits(),
    context: ssl.SSLContext | None = None,
    resolve: Resolve = resolve_host,
) -> FetchAnswer:
    """The answer, whatever its status. ConfigurationError for what is no URL, Refused when it may not be asked, TemporaryFailure (or another
    MailloomError with its remedy) when nobody answers properly. `context` None trusts the system's authorities."""
    ends = time.monotonic() + limits.seconds
    target = _target(request.url)
    head = _head(request, target)
    addresses = allowed_addresses(target.host, target.port, reach, resolve)
    if not target.secure or target.port not in USUAL_PORTS:
        addresses = [(family, address) for family, address in addresses if reach.names(str(address[0]))]
        if not addresses:
            raise _unusual(target)
    try:
        # A socket with Python's own time-outs: this exchange has one deadline, whatever pace the server keeps.
        with socket.socket(fileno=connect(addresses, target.place, limits.seconds).detach()) as plain:
            return _exchange(plain, target, head + request.body, request.method, limits, ends, context)
    except OSError as error:
        raise explain_network(error, target.place).error() from error
    except (HTTPException, ValueError) as error:
        raise TemporaryFailure(
            f"{target.place}: the server does not answer in HTTP ({type(error).__name__}).",
            remedy="Check that the address is that of a web server.",
        ) from error


def _target(url: str) -> _Target:
    if len(url) > LONGEST_URL or not _PLAIN_URL.fullmatch(url):
        raise _no_url(url, "It must be ASCII without spaces, and not longer than 2000 characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _no_url(url, "Correct its host or port.") from error
    if parts.scheme not in _PORTS or not host or "%" in host or "\\" in url or port == 0:
        raise _no_url(url, "Write https:// and the name of the server.")
    if parts.username is not None or parts.password is not None:
        raise _no_url(url, "Leave out the user and the password.")
    return _Target(
        host=host,
        port=port or _PORTS[parts.scheme],
        secure=parts.scheme == "https",
        path=_path(parts),
        authority=parts.netloc,
    )


def _path(parts: SplitResult) -> str:
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _no_url(url: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"{url[:200]!a} is no web address that can be asked.", remedy=remedy)


def _unusual(target: _Target) -> Refused:
    if not target.secure:
        return Refused(
            f"{target.place.host} would be asked without encryption.",
            remedy="Write https://; plain http is for networks named in the setting core.private_networks.",
        )
    return Refused(
        f"{target.place} has an unusual port.",
        remedy="Use port 443 or 8443; others are for networks named in the setting core.private_networks.",
    )


def _head(request: FetchRequest, target: _Target) -> bytes:
    given = {"User-Agent": f"mailloom/{__version__}", "Accept": "*/*", **request.headers}
    if request.body or request.method not in ("GET", "HEAD"):
        given["Content-Length"] = str(len(request.body))
    lines = [f"{request.method} {target.path} HTTP/1.1", f"Host: {target.authority}", "Connection: close"]
    for name, value in given.items():
        if not _TOKEN.fullmatch(name) or not (value.isascii() and (value.isprintable() or not value)):
            raise Refused(
                f"The header {name[:50]!a} cannot be sent.", remedy="Names and values must be plain, printable ASCII."
            )
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _exchange(
    plain: socket.socket,
    target: _Target,
    said: bytes,
    method: str,
    limits: FetchLimits,
    ends: float,
    context: ssl.SSLContext | None,
) -> FetchAnswer:
    _set_deadline(plain, ends)
    trusted = context or _system_authorities()
    with trusted.wrap_socket(plain, server_hostname=target.host) if target.secure else plain as connected:
        for start in range(0, len(said), _CHUNK):
            _set_deadline(connected, ends)
            connected.sendall(said[start : start + _CHUNK])
        return _answer(connected, method, limits, ends)


@cache
def _system_authorities() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _answer(connected: socket.socket, method: str, limits: FetchLimits, ends: float) -> FetchAnswer:
    stream = _Bounded(connected, limits.largest + _HEAD_BYTES, ends)
    with HTTPResponse(stream, method=method) as response:  # type: ignore[arg-type]  # only makefile is asked of it
        response.begin()
        body = response.read(limits.largest + 1)
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            headers.setdefault(name.lower(), value)
    if len(body) > limits.largest:
        raise _too_large()
    if response.length:
        raise IncompleteRead(body, response.length)
    return FetchAnswer(status=response.status, headers=headers, body=body)


class _Bounded(io.RawIOBase):
    """Reads from a socket until a deadline, and no more than so many bytes."""

    def __init__(self, connected: socket.socket, largest: int, ends: float) -> None:
        self._connected = connected
        self._left = largest
        self._ends = ends

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        _set_deadline(self._connected, self._ends)
        count = self._connected.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise _too_large()
        return count


def _set_deadline(connected: socket.socket, ends: float) -> None:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("the server did not answer in time")
    connected.settimeout(left)


def _too_large() -> TemporaryFailure:
    return TemporaryFailure("The server's answer is too large.", remedy="Check that the address is the right one.")
