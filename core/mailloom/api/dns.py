"""Questions to the DNS: one resolver for everybody, handed over as an argument.

Three outcomes are kept apart: records, an answer without records (with or without the name), and no answer at all. The last is `DnsFailure`,
"could not check", and must never be taken for "missing". Answers are kept as long as they say, questions end in time, and an answer that
is too long for UDP is fetched by TCP.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from ipaddress import ip_address
from typing import Any, Protocol

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
import dns.reversename

from mailloom.errors import TemporaryFailure

_CACHED_ANSWERS = 20_000
_USUAL_PORT = 53


class DnsFailure(TemporaryFailure):
    """No server answered in time, or it failed: nothing is known about the name."""


class RecordType(StrEnum):
    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"
    MX = "MX"
    NS = "NS"
    PTR = "PTR"
    TXT = "TXT"


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """What the DNS holds under a name. No records and `exists` True: other types are there, or names below it."""

    records: tuple[str, ...] = ()
    """Addresses as numbers; hosts without the last dot; MX as `10 mx.example.org`; TXT with its strings joined, one character a byte."""
    exists: bool = True
    """False: no such name, and none below it (RFC 8020)."""


NO_SUCH_NAME = DnsAnswer(exists=False)


class Resolver(Protocol):
    """Safe to share between threads."""

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        """Aliases (CNAME) are followed. A name that cannot stand in the DNS does not exist. Raises DnsFailure."""
        ...


def split_server(text: str) -> tuple[str, int]:
    """Address and port of a DNS server, `192.0.2.53`, `192.0.2.53:5353` or `[2001:db8::53]:5353`; ValueError for anything else."""
    address, port = text.strip(), "53"
    if address.startswith("["):
        address, closed, rest = address[1:].partition("]")
        port = (rest.removeprefix(":") or port) if closed else ""
    elif address.count(":") == 1:
        address, _, port = address.partition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise ValueError(f"{text!r} has no port that could be asked")
    return str(ip_address(address)), int(port)


class ConfiguredResolver:
    """The servers that a setting names at the time of each question; none: those of this machine."""

    def __init__(self, servers: Callable[[], Sequence[str]]) -> None:
        self._servers = servers
        self._made: tuple[tuple[str, ...], DnsResolver] = ((), DnsResolver())

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        named = tuple(self._servers())
        if self._made[0] != named:
            self._made = (named, DnsResolver(named))
        return self._made[1].ask(name, record_type)


class DnsResolver:
    """The real DNS: this machine's servers, or those given (`split_server`), which are asked at `port` where they name none."""

    def __init__(self, nameservers: Sequence[str] = (), *, port: int = 53, lifetime_seconds: float = 5.0) -> None:
        self._nameservers = nameservers
        self._port = port
        self._lifetime = lifetime_seconds

    @cached_property
    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self._nameservers)
        if self._nameservers:
            places = [split_server(server) for server in self._nameservers]
            resolver.nameservers = [
                dns.nameserver.Do53Nameserver(address, self._port if port == _USUAL_PORT else port)
                for address, port in places
            ]
        resolver.lifetime = self._lifetime
        resolver.timeout = self._lifetime / 2
        resolver.cache = dns.resolver.LRUCache(_CACHED_ANSWERS)
        resolver.use_edns(0, 0, 1232)
        return resolver

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        try:
            asked = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return NO_SUCH_NAME
        try:
            found = self._resolver.resolve(asked, record_type.value, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return NO_SUCH_NAME
        except dns.resolver.YXDOMAIN:
            return NO_SUCH_NAME
        except (dns.exception.DNSException, OSError) as error:
            raise DnsFailure(
                f"The DNS gave no answer for {name} ({record_type}): {type(error).__name__}.",
                remedy="Try again later; if it stays so, check the name servers of this machine and of the domain.",
            ) from error
        return DnsAnswer(records=tuple(_text(record) for record in found.rrset or ()))


class PatientResolver:
    """Asks another resolver, for so many seconds altogether; afterwards nothing answers any more (DnsFailure).

    For one piece of work whose questions a stranger chose. It may last longer by the one question that is under way at its end.
    """

    def __init__(self, resolver: Resolver, *, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._resolver = resolver
        self._seconds = seconds
        self._monotonic = monotonic
        self._ends_at = monotonic() + seconds

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        if self._monotonic() >= self._ends_at:
            raise DnsFailure(f"The DNS took longer than {self._seconds:g} seconds; {name} was not asked for any more.")
        return self._resolver.ask(name, record_type)


def reverse_name(address: str) -> str:
    """The name under which the hosts of an IP address stand (PTR), without the last dot."""
    return dns.reversename.from_address(address).to_text(omit_final_dot=True)


def hosts_of(resolver: Resolver, domain: str) -> list[str]:
    """The servers that take mail for a domain (MX), best first, without the null MX; raises DnsFailure."""
    records = [record.split() for record in resolver.ask(domain, RecordType.MX).records]
    ranked = sorted((int(parts[0]), parts[1]) for parts in records if len(parts) == 2 and parts[1] != ".")
    return [host for _, host in ranked]


def _text(record: Any) -> str:
    if hasattr(record, "strings"):
        return b"".join(record.strings).decode("latin-1")
    if hasattr(record, "exchange"):
        return f"{record.preference} {record.exchange.to_text(omit_final_dot=True)}"
    if hasattr(record, "target"):
        return str(record.target.to_text(omit_final_dot=True))
    return str(record.to_text())
