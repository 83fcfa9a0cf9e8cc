"""The sandbox's DNS answers what was published, as real resolvers ask for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mailloom.addons.sandbox.publishing import publish, published
from mailloom.addons.sandbox.service import zone_of
from mailloom.addons.sandbox.zone import Published, Zone
from mailloom.api.dns import DnsResolver, RecordType
from mailloom.errors import Refused
from mailloom.store.database import Database
from mailloom.testing import temporary_app

LONG = "v=DKIM1; k=rsa; p=" + "A" * 3000
RECORDS = [
    Published(name="example.org", type="TXT", value='v=spf1 "quoted" -all'),
    Published(name="example.org", type="TXT", value="another"),
    Published(name="example.org", type="MX", value="10 mx.example.org"),
    Published(name="mx.example.org", type="A", value="192.0.2.7"),
    Published(name="alias.example.org", type="CNAME", value="mx.example.org."),
    Published(name="long.example.org", type="TXT", value=LONG),
    Published(name="7.2.0.192.in-addr.arpa", type="PTR", value="mx.example.org"),
    Published(name="turn.example.org", type="CNAME", value="turn.example.org"),
]


@pytest.fixture(scope="module")
def zone() -> Iterator[Zone]:
    with Zone(lambda: RECORDS) as zone:
        yield zone


@pytest.mark.parametrize(
    ("name", "kind", "records", "exists"),
    [
        pytest.param("Example.ORG", RecordType.TXT, ('v=spf1 "quoted" -all', "another"), True, id="texts"),
        pytest.param("example.org", RecordType.MX, ("10 mx.example.org",), True, id="exchanger"),
        pytest.param("alias.example.org", RecordType.A, ("192.0.2.7",), True, id="an alias is followed"),
        pytest.param("alias.example.org", RecordType.CNAME, ("mx.example.org",), True, id="the alias itself"),
        pytest.param("7.2.0.192.in-addr.arpa", RecordType.PTR, ("mx.example.org",), True, id="reverse"),
        pytest.param("long.example.org", RecordType.TXT, (LONG,), True, id="too long for UDP"),
        pytest.param("example.org", RecordType.A, (), True, id="other types only"),
        pytest.param("org", RecordType.A, (), True, id="names below only"),
        pytest.param("nothing.example.org", RecordType.A, (), False, id="no such name"),
    ],
)
def test_resolvers_get_their_answers(
    zone: Zone, name: str, kind: RecordType, records: tuple[str, ...], exists: bool
) -> None:
    found = DnsResolver([f"{zone.host}:{zone.port}"]).ask(name, kind)
    assert (set(found.records), found.exists) == (set(records), exists)


@pytest.mark.parametrize("junk", [b"", b"\0", b"\xff" * 500, b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_question_gets_no_answer_and_harms_nobody(zone: Zone, junk: bytes) -> None:
    assert zone.answer(junk, 512) is None
    with socket.create_connection((zone.host, zone.port), timeout=5) as connection:
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert DnsResolver([zone.host], port=zone.port).ask("mx.example.org", RecordType.A).records == ("192.0.2.7",)


def test_an_alias_that_leads_to_itself_ends(zone: Zone) -> None:
    question = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04turn\x07example\x03org\x00\x00\x01\x00\x01"
    assert zone.answer(question, 1232) is not None


def test_what_is_published_is_seen_at_once_by_an_application_that_asks_there(database: Database) -> None:
    with temporary_app(
        ["sandbox"], domain=None, database_url=database.url.render_as_string(hide_password=False)
    ) as app:
        app.save_settings("sandbox", {"dns": "127.0.0.1:0"})
        zone = zone_of(app)
        assert zone is not None
        with zone:
            resolver = DnsResolver([f"{zone.host}:{zone.port}"])
            assert not resolver.ask("example.org", RecordType.TXT).exists
            for values in (["one", "two"], ["three"], []):
                with app.write() as session:
                    publish(session, "Example.org.", "txt", values)
                assert set(resolver.ask("example.org", RecordType.TXT).records) == set(values)
        assert published(app) == []


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        pytest.param("example.org", "BOGUS", "x", id="no such type"),
        pytest.param("example.org", "A", "no address", id="no address"),
        pytest.param("a..b", "A", "192.0.2.1", id="no name"),
        pytest.param("org", "A", "192.0.2.1", id="a top-level domain"),
    ],
)
def test_what_is_no_record_is_refused(sqlite_database: Database, name: str, kind: str, value: str) -> None:
    with (
        temporary_app(["sandbox"], domain=None, database_url=str(sqlite_database.url)) as app,
        app.write() as session,
        pytest.raises(Refused, match="is no record"),
    ):
        publish(session, name, kind, [value])
