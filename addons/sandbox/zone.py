"""A DNS server on 127.0.0.1 that knows what was published in the sandbox and nothing else (RFC 1035; UDP and TCP).

Answers live no second, so that what is published is seen at the next question. Questions are bounded in length; what is none gets no answer.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from mailloom.mail.dkim_keys import zone_value

_MOST_ALIASES = 8
_LARGEST_UDP = 1232
_SECONDS = 5.0
_MOST_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One record. `value` as people write it: TXT as one text, MX as `10 mx.example.org`, hosts with or without the last dot."""

    name: str
    type: str
    value: str


class Zone:
    """Serves what `records` returns at the time of each question. A context manager; `port` 0 takes a free one."""

    host = "127.0.0.1"

    def __init__(self, records: Callable[[], Sequence[Published]], *, port: int = 0) -> None:
        self.port = port
        self._records = records
        self._servers: list[socketserver.BaseServer] = []

    def __enter__(self) -> Zone:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        udp, tcp = self._bound()
        self.port = udp.server_address[1]
        for server in (udp, tcp):
            server.answer = self.answer
            threading.Thread(target=server.serve_forever, args=[0.1], name="sandbox-dns", daemon=True).start()
        self._servers = [udp, tcp]

    def _bound(self) -> tuple[_Udp, _Tcp]:
        """Both at one port; a port that is free for UDP may be taken for TCP, so of free ones several are tried."""
        tries = 1 if self.port else _MOST_TRIES
        while True:
            udp, tries = _Udp((self.host, self.port), _Datagram), tries - 1
            try:
                return udp, _Tcp((self.host, udp.server_address[1]), _Stream)
            except OSError:
                udp.server_close()
                if not tries:
                    raise

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers = []

    def answer(self, asked: bytes, largest: int) -> bytes | None:
        """The reply to one question; None for what is none. Longer than `largest`: cut, so that it is asked again by TCP."""
        try:
            question = dns.message.from_wire(asked)
        except (dns.exception.DNSException, ValueError, struct.error):
            return None
        if question.flags & dns.flags.QR or len(question.question) != 1:
            return None
        reply = dns.message.make_response(question, recursion_available=True)
        self._fill(reply, question.question[0])
        wire = reply.to_wire(max_size=65535)
        if len(wire) <= largest:
            return wire
        cut = dns.message.make_response(question, recursion_available=True)
        cut.flags |= dns.flags.TC
        return cut.to_wire()

    def _fill(self, reply: dns.message.Message, question: dns.rrset.RRset) -> None:
        known = self._records()
        name, wanted = question.name, question.rdtype
        for _ in range(_MOST_ALIASES):
            found = [record for record in known if _name(record.name) == name]
            of_type = [record for record in found if record.type == dns.rdatatype.to_text(wanted)]
            if of_type:
                reply.answer.append(_rrset(name, wanted, of_type))
                return
            alias = [record for record in found if record.type == "CNAME"]
            if not alias:
                break
            reply.answer.append(_rrset(name, dns.rdatatype.CNAME, alias[:1]))
            name = _name(alias[0].value)
        below = any(_name(record.name).is_subdomain(name) for record in known)
        if not below and not reply.answer:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.authority.append(_START)


def check_record(record: Published) -> None:
    """ValueError says what is wrong with a record that shall be published."""
    try:
        name = dns.name.from_text(record.name)
        if len(name) < 3:
            raise ValueError("a name has at least two parts")
        _rrset(name, dns.rdatatype.from_text(record.type), [record])
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _name(text: str) -> dns.name.Name:
    return dns.name.from_text(text.lower())


def _rrset(name: dns.name.Name, kind: dns.rdatatype.RdataType, records: Sequence[Published]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(name, 0, dns.rdataclass.IN, kind, [_written(record) for record in records])


def _written(record: Published) -> str:
    """As zone files have it."""
    if record.type == "TXT":
        return zone_value(record.value)
    if record.type in ("MX", "CNAME", "PTR", "NS") and not record.value.endswith("."):
        return f"{record.value}."
    return record.value


_START = dns.rrset.from_text(".", 0, dns.rdataclass.IN, dns.rdatatype.SOA, "sandbox. hostmaster.sandbox. 1 0 0 0 0")


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 4096
    answer: Callable[[bytes, int], bytes | None]


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    answer: Callable[[bytes, int], bytes | None]


class _Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        asked, connection = self.request
        assert isinstance(self.server, _Udp)
        if (reply := self.server.answer(asked, _LARGEST_UDP)) is not None:
            with contextlib.suppress(OSError):
                connection.sendto(reply, self.client_address)


class _Stream(socketserver.BaseRequestHandler):
    """One question a connection is enough for resolvers."""

    def handle(self) -> None:
        assert isinstance(self.server, _Tcp)
        connection: socket.socket = self.request
        connection.settimeout(_SECONDS)
        with contextlib.suppress(OSError):
            head = _exactly(connection, 2)
            asked = _exactly(connection, int.from_bytes(head)) if len(head) == 2 else b""
            reply = self.server.answer(asked, 65535)
            if reply is not None:
                connection.sendall(len(reply).to_bytes(2) + reply)


def _exactly(connection: socket.socket, count: int) -> bytes:
    """As many bytes, fewer where the connection ends."""
    heard = b""
    while len(heard) < count and (more := connection.recv(count - len(heard))):
        heard += more
    return heard
