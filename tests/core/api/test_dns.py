"""The resolver against a real server on this machine: answers, silence, and long answers by TCP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dnslib import QTYPE, RCODE, RR, DNSRecord
from dnslib.server import BaseResolver, DNSServer

from mailloom.api.dns import (
    ConfiguredResolver,
    DnsAnswer,
    DnsFailure,
    DnsResolver,
    PatientResolver,
    RecordType,
    hosts_of,
    reverse_name,
    split_server,
)
from mailloom.testing.dns import FakeResolver

LONG = "x" * 250
LONGEST_BY_UDP = 1232
ZONE = f"""
example.org. 60 IN A 192.0.2.1
example.org. 60 IN AAAA 2001:db8::1
example.org. 60 IN MX 20 b.example.org.
example.org. 60 IN MX 10 a.example.org.
example.org. 60 IN TXT "v=spf1 " "-all"
www.example.org. 60 IN CNAME example.org.
1.2.0.192.in-addr.arpa. 60 IN PTR mail.example.org.
null.example.org. 60 IN MX 0 .
long.example.org. 60 IN TXT {" ".join([f'"{LONG}"'] * 12)}
"""


class Zone(BaseResolver):  # type: ignore[misc]  # dnslib has no types
    """Answers from the zone; `broken.` fails; counts the questions."""

    def __init__(self) -> None:
        self.records = RR.fromZone(ZONE)
        self.questions: list[str] = []

    def resolve(self, request: DNSRecord, handler: Any) -> DNSRecord:
        reply = request.reply()
        name, kind = request.q.qname, QTYPE[request.q.qtype]
        self.questions.append(f"{handler.protocol} {name} {kind}")
        if str(name).startswith("broken."):
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        for record in self.records:
            if record.rname == name and QTYPE[record.rtype] in (kind, "CNAME"):
                reply.add_answer(record)
                if QTYPE[record.rtype] == "CNAME":
                    for other in self.records:
                        if other.rname == record.rdata.label and QTYPE[other.rtype] == kind:
                            reply.add_answer(other)
        if not any(record.rname == name for record in self.records):
            reply.header.rcode = RCODE.NXDOMAIN
        if handler.protocol == "udp" and len(reply.pack()) > LONGEST_BY_UDP:
            reply.rr, reply.header.tc = [], 1
        return reply


def _servers(zone: Zone) -> tuple[DNSServer, DNSServer]:
    """One by UDP, one by TCP on the same port: one that is free for both."""
    for _ in range(50):
        by_udp = DNSServer(zone, address="127.0.0.1", port=0)
        try:
            return by_udp, DNSServer(zone, address="127.0.0.1", port=by_udp.server.server_address[1], tcp=True)
        except OSError:
            by_udp.server.server_close()
    raise AssertionError("no port is free for both")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Zone, int]]:
    zone = Zone()
    by_udp, by_tcp = _servers(zone)
    for server in (by_udp, by_tcp):
        server.start_thread()
    yield zone, by_udp.server.server_address[1]
    for server in (by_udp, by_tcp):
        server.stop()
        server.server.server_close()


@pytest.fixture
def resolver(served: tuple[Zone, int]) -> DnsResolver:
    return DnsResolver(["127.0.0.1"], port=served[1], lifetime_seconds=3)


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        pytest.param("example.org", RecordType.A, ("192.0.2.1",), id="A"),
        pytest.param("Example.ORG.", RecordType.AAAA, ("2001:db8::1",), id="AAAA, capitals, last dot"),
        pytest.param("example.org", RecordType.TXT, ("v=spf1 -all",), id="TXT of two strings"),
        pytest.param("www.example.org", RecordType.A, ("192.0.2.1",), id="alias"),
        pytest.param("1.2.0.192.in-addr.arpa", RecordType.PTR, ("mail.example.org",), id="PTR"),
        pytest.param("null.example.org", RecordType.MX, ("0 .",), id="null MX"),
    ],
)
def test_records_are_plain_text(resolver: DnsResolver, name: str, kind: RecordType, records: tuple[str, ...]) -> None:
    assert resolver.ask(name, kind) == DnsAnswer(records=records)


def test_a_name_without_that_type_exists_and_one_that_is_not_there_does_not(resolver: DnsResolver) -> None:
    assert resolver.ask("example.org", RecordType.PTR) == DnsAnswer()
    assert resolver.ask("nothing.example.org", RecordType.A) == DnsAnswer(exists=False)


@pytest.mark.parametrize("name", ["a..b", "a" * 64 + ".org", ".".join(["abcdefgh"] * 40), ".org"])
def test_a_name_that_cannot_be_does_not_exist(resolver: DnsResolver, name: str) -> None:
    assert resolver.ask(name, RecordType.A) == DnsAnswer(exists=False)


def test_a_server_that_fails_is_no_answer(resolver: DnsResolver) -> None:
    with pytest.raises(DnsFailure):
        resolver.ask("broken.example.org", RecordType.TXT)


def test_no_server_is_no_answer_and_ends_in_time() -> None:
    with pytest.raises(DnsFailure):
        DnsResolver(["127.0.0.1"], port=1, lifetime_seconds=0.5).ask("example.org", RecordType.A)


def test_an_answer_too_long_for_udp_is_fetched_by_tcp(resolver: DnsResolver, served: tuple[Zone, int]) -> None:
    assert resolver.ask("long.example.org", RecordType.TXT).records == (LONG * 12,)
    assert "tcp long.example.org. TXT" in served[0].questions


def test_an_answer_is_kept_as_long_as_it_says(resolver: DnsResolver, served: tuple[Zone, int]) -> None:
    resolver.ask("example.org", RecordType.NS)
    before = len(served[0].questions)
    for _ in range(3):
        resolver.ask("example.org", RecordType.A)
    assert len(served[0].questions) <= before + 1


def test_mail_servers_come_in_their_order_without_the_null_one(resolver: DnsResolver) -> None:
    assert hosts_of(resolver, "example.org") == ["a.example.org", "b.example.org"]
    assert hosts_of(resolver, "null.example.org") == []


def test_addresses_have_names_to_ask_for() -> None:
    assert reverse_name("192.0.2.1") == "1.2.0.192.in-addr.arpa"
    assert reverse_name("2001:db8::1").endswith(".8.b.d.0.1.0.0.2.ip6.arpa")


def test_the_resolver_of_tests_answers_alike() -> None:
    fake = FakeResolver(
        {
            ("example.org", "A"): ["192.0.2.1"],
            ("www.example.org", "CNAME"): ["example.org"],
            ("a.b.example.org", "TXT"): [],
        },
        failing=[("example.org", "MX"), "broken.example.org"],
    )
    assert fake.ask("WWW.example.org.", RecordType.A).records == ("192.0.2.1",)
    assert fake.ask("b.example.org", RecordType.A) == DnsAnswer()
    assert fake.ask("x.example.org", RecordType.A) == DnsAnswer(exists=False)
    for name, kind in [("example.org", RecordType.MX), ("broken.example.org", RecordType.A)]:
        with pytest.raises(DnsFailure):
            fake.ask(name, kind)


def test_patience_ends_for_all_questions_together() -> None:
    moments = iter([0.0, 1.0, 9.9, 10.0])
    patient = PatientResolver(
        FakeResolver({("example.org", "A"): ["192.0.2.1"]}), seconds=10, monotonic=lambda: next(moments)
    )
    for _ in range(2):
        assert patient.ask("example.org", RecordType.A).records
    with pytest.raises(DnsFailure):
        patient.ask("example.org", RecordType.A)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("192.0.2.53", ("192.0.2.53", 53), id="the usual port"),
        pytest.param("127.0.0.1:5353", ("127.0.0.1", 5353), id="another port"),
        pytest.param("2001:db8::53", ("2001:db8::53", 53), id="IPv6"),
        pytest.param("[2001:db8::53]:5353", ("2001:db8::53", 5353), id="IPv6 with a port"),
    ],
)
def test_a_server_is_named_by_address_and_port(text: str, place: tuple[str, int]) -> None:
    assert split_server(text) == place


@pytest.mark.parametrize(
    "text", ["", "dns.example.org", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:99999", "[::1", "::1:x"]
)
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"port|address"):
        split_server(text)


def test_the_servers_of_a_setting_are_asked_as_it_stands_at_each_question(served: tuple[Zone, int]) -> None:
    named: list[str] = []
    resolver = ConfiguredResolver(lambda: named)
    named.append(f"127.0.0.1:{served[1]}")
    assert resolver.ask("example.org", RecordType.A).records == ("192.0.2.1",)
    named[0] = "127.0.0.1:1"
    with pytest.raises(DnsFailure):
        resolver.ask("www.example.org", RecordType.A)
