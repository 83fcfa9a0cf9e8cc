"""The real network behind the search: DNS, https and mail ports, with little patience and less trust.

Names of strangers may lead anywhere: addresses inside private networks, this machine's own included, are refused unless the operator allows them
(`mailloom.api.network_public`).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urljoin, urlsplit

import dns.exception
import dns.resolver

from mailloom.api import MailProtocol, Security, Server
from mailloom.api.network_fetch import FetchLimits, FetchRequest, fetch
from mailloom.api.network_public import Reach, allowed_addresses
from mailloom.errors import MailloomError

from .asking import Service, Unanswered
from .autoconfig import LARGEST, plausible_host

_SECONDS = 6.0
_LIMITS = FetchLimits(seconds=_SECONDS, largest=LARGEST)
_ANYWHERE = Reach(networks=("0.0.0.0/0", "::/0"))
_MOST_REDIRECTS = 3
_LONGEST_LINE = 4096
_GREETINGS = {MailProtocol.SMTP: b"220", MailProtocol.IMAP: b"* OK", MailProtocol.POP3: b"+OK"}
_UPGRADES = {
    MailProtocol.SMTP: ((b"EHLO [127.0.0.1]\r\n", b"250 "), (b"STARTTLS\r\n", b"220")),
    MailProtocol.IMAP: ((b"a1 STARTTLS\r\n", b"a1 OK"),),
    MailProtocol.POP3: ((b"STLS\r\n", b"+OK"),),
}


class RealNetwork:
    """`context` is for tests with certificates of their own; without one the system's authorities are trusted."""

    def __init__(
        self, *, allow_private: bool = False, context: ssl.SSLContext | None = None, https_port: int = 443
    ) -> None:
        self._reach = _ANYWHERE if allow_private else Reach()
        self._context = context or ssl.create_default_context()
        self._https_port = https_port
        self._resolver: dns.resolver.Resolver | None = None

    def exchangers(self, domain: str) -> Sequence[str]:
        records = sorted(self._records(domain, "MX"), key=lambda record: record.preference)
        hosts = [record.exchange.to_text(omit_final_dot=True).lower() for record in records]
        return [host for host in hosts if plausible_host(host)]

    def services(self, name: str) -> Sequence[Service]:
        return [
            Service(
                target=record.target.to_text(omit_final_dot=True).lower().strip("."),
                port=record.port,
                priority=record.priority,
                weight=record.weight,
            )
            for record in self._records(name, "SRV")
        ]

    def fetch(self, url: str) -> bytes:
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._get(url)
            if isinstance(answer, bytes):
                return answer
            url = _followed(url, answer)
        raise Unanswered("redirects too often")

    def check(self, server: Server) -> None:
        try:
            with closing(self._connected(server.host, server.port)) as plain:
                if server.security is Security.TLS:
                    with self._context.wrap_socket(plain, server_hostname=server.host) as secure:
                        _hear(secure, _GREETINGS[server.protocol])
                else:
                    self._upgrade(plain, server)
        except OSError as error:
            raise Unanswered(_words(error)) from error

    def _upgrade(self, plain: socket.socket, server: Server) -> None:
        _hear(plain, _GREETINGS[server.protocol])
        for command, answer in _UPGRADES[server.protocol]:
            plain.sendall(command)
            _hear(plain, answer)
        self._context.wrap_socket(plain, server_hostname=server.host).close()

    def _records(self, name: str, kind: str) -> list[Any]:  # dnspython types a record by its class only
        try:
            if self._resolver is None:
                self._resolver = dns.resolver.Resolver()
            return list(self._resolver.resolve(name, kind, lifetime=_SECONDS, raise_on_no_answer=False))
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.DNSException as error:
            raise Unanswered(f"the name server gave no answer ({type(error).__name__})") from error

    def _get(self, url: str) -> bytes | str:
        """The body, or where a redirect leads."""
        host, path = _place(url)
        request = FetchRequest(
            url=f"https://{host}:{self._https_port}{path}", headers={"Accept": "application/xml, text/xml"}
        )
        try:
            answer = fetch(request, reach=self._reach, limits=_LIMITS, context=self._context)
        except MailloomError as error:
            raise Unanswered(_said(error)) from error
        if answer.moved:
            return answer.headers.get("location", "")
        if answer.status != 200:
            raise Unanswered(f"nothing there (HTTP {answer.status})")
        return answer.body

    def _connected(self, host: str, port: int) -> socket.socket:
        try:
            _, address = allowed_addresses(host, port, self._reach)[0]
        except MailloomError as error:
            raise Unanswered(_said(error)) from error
        return socket.create_connection(address[:2], timeout=_SECONDS)


def _followed(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise Unanswered("redirects to something that is no address") from error


def _place(url: str) -> tuple[str, str]:
    """Host and path of an https address without port, user or oddities."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Unanswered("leads to an address that is not asked") from error
    host = parts.hostname or ""
    if parts.scheme != "https" or not plausible_host(host) or parts.netloc.lower() != host:
        raise Unanswered("leads to an address that is not asked")
    path = parts.path or "/"
    return host, f"{path}?{parts.query}" if parts.query else path


def _hear(connected: socket.socket, wanted: bytes) -> None:
    """Read lines until one begins as wanted; one of an answer that goes on (250-…, * …) is passed over."""
    heard = b""
    while len(heard) < _LONGEST_LINE:
        octets = connected.recv(1024)
        if not octets:
            raise Unanswered("closes the connection")
        heard += octets
        lines = heard.split(b"\r\n")[:-1]
        if any(line.startswith(wanted) for line in lines):
            return
        if lines and not lines[-1].startswith((wanted[:3] + b"-", b"*")):
            break
    raise Unanswered("does not speak the protocol that was expected")


def _said(error: MailloomError) -> str:
    """The sentence of an error without its full stop, to stand in a list."""
    return str(error).rstrip(".")


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not fit: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS fails: {error.reason or error}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "no such host"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
