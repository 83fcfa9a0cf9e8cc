"""Connections to mail servers: addresses, TLS and its certificates, time-outs that a slow server cannot stretch."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailloom.api.accounts import Security, ServerSettings
from mailloom.api.network import open_socket, place_of, resolve, start_tls, tls_context
from mailloom.api.network_faults import Place
from mailloom.api.network_probe import probe_connection
from mailloom.api.network_socket import LineReader, PacedSocket, ProtocolViolation
from mailloom.errors import ConfigurationError, MailloomError, TemporaryFailure
from mailloom.testing.certificates import CertificateFiles, make_certificate
from mailloom.testing.smtp_server import Drop, FakeSmtpServer, Silence, Stage

PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return make_certificate(tmp_path_factory.mktemp("good"))


def settings(server: FakeSmtpServer, security: Security = Security.TLS, **more: object) -> ServerSettings:
    values = {"host": "localhost", "port": server.port, "security": security, "timeout_seconds": 2, **more}
    return ServerSettings.model_validate(values)


def test_a_trusted_certificate_is_accepted_and_tls_is_modern(good: CertificateFiles) -> None:
    with FakeSmtpServer(certificate=good, implicit_tls=True) as server:
        connected = open_socket(settings(server, ca_file=good.authority), PORTS)
        assert connected.version() in ("TLSv1.2", "TLSv1.3")  # type: ignore[union-attr]
        assert LineReader(connected).line() == b"220 fake.example.test ESMTP"
        connected.close()


@pytest.mark.parametrize(
    ("made", "host", "says"),
    [
        pytest.param({"expired": True}, "localhost", "expired", id="expired"),
        pytest.param({"self_signed": True}, "localhost", "self-signed", id="self-signed"),
        pytest.param({"names": ("mail.example.org",)}, "localhost", "another name", id="wrong name"),
        pytest.param({"names": ("localhost",)}, "127.0.0.1", "another name", id="address not named"),
    ],
)
def test_a_bad_certificate_ends_the_connection_and_the_probe_shows_it(
    tmp_path: Path, made: dict[str, object], host: str, says: str
) -> None:
    files = make_certificate(tmp_path, **made)  # type: ignore[arg-type]  # a table of keyword arguments
    with FakeSmtpServer(certificate=files, implicit_tls=True) as server:
        wanted = settings(server, ca_file=files.authority, host=host)
        with pytest.raises(MailloomError, match=says) as caught:
            open_socket(wanted, PORTS)
        assert caught.value.remedy
        steps = list(probe_connection(wanted, PORTS))
    assert [step.name for step in steps] == ["DNS", "TCP", "TLS"]
    assert not steps[-1].passed
    assert says in steps[-1].meaning
    assert files.sha256 in steps[-1].detail


def test_a_certificate_unknown_to_the_system_is_refused(good: CertificateFiles) -> None:
    with (
        FakeSmtpServer(certificate=good, implicit_tls=True) as server,
        pytest.raises(ConfigurationError, match="issuer"),
    ):
        open_socket(settings(server), PORTS)


def test_a_pinned_certificate_is_accepted_whatever_its_chain(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, self_signed=True, names=("other.example.org",))
    with FakeSmtpServer(certificate=files, implicit_tls=True) as server:
        open_socket(settings(server, pin_sha256=files.sha256.upper()), PORTS).close()


def test_another_certificate_than_the_pinned_one_is_refused_although_its_chain_is_good(good: CertificateFiles) -> None:
    with FakeSmtpServer(certificate=good, implicit_tls=True) as server:
        wanted = settings(server, ca_file=good.authority, pin_sha256="ab" * 32)
        with pytest.raises(ConfigurationError, match=good.sha256):
            open_socket(wanted, PORTS)


def test_a_client_certificate_is_shown_to_a_server_that_asks(good: CertificateFiles) -> None:
    with FakeSmtpServer(certificate=good, implicit_tls=True, client_authority=good) as server:
        wanted = settings(server, ca_file=good.authority, client_certificate=good.certificate, client_key=good.key)
        connected = open_socket(wanted, PORTS)
        assert LineReader(connected).line().startswith(b"220")
        connected.close()


def test_tls_to_a_plain_port_says_to_choose_starttls() -> None:
    with FakeSmtpServer() as server, pytest.raises(ConfigurationError, match="plain text") as caught:
        open_socket(settings(server), PORTS)
    assert "STARTTLS" in caught.value.remedy


@pytest.mark.parametrize("field", ["ca_file", "client_certificate"])
def test_a_missing_file_is_named(tmp_path: Path, field: str) -> None:
    wanted = ServerSettings.model_validate({"host": "localhost", field: tmp_path / "missing.pem"})
    with pytest.raises(ConfigurationError, match=r"missing\.pem"):
        tls_context(wanted)


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("nothing here")
    with pytest.raises(ConfigurationError, match=r"empty\.pem"):
        tls_context(ServerSettings(host="localhost", ca_file=path))


def test_a_server_that_drips_its_handshake_does_not_hold_us() -> None:
    with FakeSmtpServer(script={Stage.CONNECT: [Silence()]}) as server:
        started = time.monotonic()
        with pytest.raises(TemporaryFailure, match="in time"):
            open_socket(settings(server, timeout_seconds=1), PORTS)
    assert time.monotonic() - started < 4


def test_nobody_listening_is_told_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    wanted = ServerSettings(host="127.0.0.1", port=port, security=Security.NONE, timeout_seconds=2)
    with pytest.raises(TemporaryFailure, match="nothing listens") as caught:
        open_socket(wanted, PORTS)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("", id="blank"),
        pytest.param("a..b.example.org", id="empty label"),
        pytest.param("x" * 70 + ".example.org", id="label too long"),
        pytest.param("mail\N{SNOWMAN}\ud800.example.org", id="no text"),
    ],
)
def test_impossible_host_names_are_configuration_errors(host: str) -> None:
    settings = ServerSettings.model_construct(host=host, port=25, security=Security.NONE)
    with pytest.raises(ConfigurationError):
        resolve(place_of(settings, PORTS))


def test_a_name_that_does_not_exist_fails_at_the_step_dns() -> None:
    wanted = ServerSettings(host="no-such-host.invalid", security=Security.NONE, timeout_seconds=2)
    steps = list(probe_connection(wanted, PORTS))
    assert [(step.name, step.passed) for step in steps] == [("DNS", False)]
    assert steps[0].words
    assert steps[0].remedy


def test_ports_are_those_of_the_security_unless_given() -> None:
    for security, port in PORTS.items():
        assert place_of(ServerSettings(host="[::1]", security=security), PORTS) == Place(
            host="::1", port=port, security=security
        )
    assert place_of(ServerSettings(host="h.example.", port=2525), PORTS).port == 2525


def test_the_next_address_is_tried_when_one_is_dead(good: CertificateFiles) -> None:
    from mailloom.api.network import connect

    with FakeSmtpServer() as server, socket.create_server(("127.0.0.1", 0)) as free:
        dead = free.getsockname()
        free.close()
        addresses = [(socket.AF_INET, dead), (socket.AF_INET, (server.host, server.port))]
        connected = connect(addresses, Place(host="localhost", port=server.port, security=Security.NONE), 2)
        assert connected.getpeername()[1] == server.port
        connected.close()


def test_the_step_tls_names_version_cipher_certificate_and_expiry(good: CertificateFiles) -> None:
    with FakeSmtpServer(certificate=good, implicit_tls=True) as server:
        probing = probe_connection(settings(server, ca_file=good.authority), PORTS)
        steps = []
        while True:
            try:
                steps.append(next(probing))
            except StopIteration as end:
                connected = end.value
                break
        connected.close()
    assert all(step.passed for step in steps)
    for part in ("TLSv1", "localhost", "Test Authority", "valid until 2", good.sha256):
        assert part in steps[-1].detail


def test_starttls_over_a_connection_that_closes_is_a_temporary_failure(good: CertificateFiles) -> None:
    with FakeSmtpServer(script={Stage.CONNECT: [Drop()]}) as server:
        wanted = settings(server, Security.STARTTLS, ca_file=good.authority)
        connected = open_socket(wanted, PORTS)
        with pytest.raises(TemporaryFailure):
            start_tls(connected, wanted, place_of(wanted, PORTS))


# --- sockets and lines


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, PacedSocket]]:
    """A server's end, and ours."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = PacedSocket(socket.AF_INET, socket.SOCK_STREAM)
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
    yield theirs, ours
    theirs.close()
    ours.close()


def drip(theirs: socket.socket, data: bytes, seconds: float) -> threading.Thread:
    def run() -> None:
        for position in range(len(data)):
            try:
                theirs.sendall(data[position : position + 1])
            except OSError:
                return
            time.sleep(seconds)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_dripped_bytes_do_not_start_the_time_out_anew(pair: tuple[socket.socket, PacedSocket]) -> None:
    theirs, ours = pair
    ours.settimeout(0.6)
    thread = drip(theirs, b"220 slow and slower and slower\r\n", 0.15)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        LineReader(ours).line()
    assert time.monotonic() - started < 1.5
    ours.close()
    thread.join(5)


def test_what_is_sent_starts_a_new_exchange(pair: tuple[socket.socket, PacedSocket]) -> None:
    theirs, ours = pair
    ours.settimeout(0.6)
    for _ in range(3):
        thread = drip(theirs, b"a\n", 0.3)
        assert LineReader(ours).line() == b"a"
        ours.sendall(b"more\r\n")
        thread.join(5)


def test_time_in_our_own_hands_does_not_count(pair: tuple[socket.socket, PacedSocket]) -> None:
    theirs, ours = pair
    ours.settimeout(0.3)
    reader = LineReader(ours)
    theirs.sendall(b"one\r\n")
    assert reader.line() == b"one"
    time.sleep(0.5)
    theirs.sendall(b"two\r\n")
    assert reader.line() == b"two"


def test_a_large_transfer_earns_more_time(pair: tuple[socket.socket, PacedSocket]) -> None:
    theirs, ours = pair
    ours.settimeout(0.4)

    def run() -> None:
        for _ in range(8):
            theirs.sendall(b"x" * 2000)
            time.sleep(0.1)
        theirs.sendall(b"\n")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert len(LineReader(ours, longest=100000).line()) == 16000
    thread.join(5)


def test_a_line_of_ten_megabytes_is_refused_without_keeping_it(pair: tuple[socket.socket, PacedSocket]) -> None:
    theirs, ours = pair
    ours.settimeout(5)

    def run() -> None:
        try:
            theirs.sendall(b"2" * 10_000_000)
        except OSError:
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    with pytest.raises(ProtocolViolation, match="more than 8192 bytes"):
        LineReader(ours).line()
    ours.close()
    thread.join(5)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_are_the_same_however_they_are_cut(pair: tuple[socket.socket, PacedSocket], size: int) -> None:
    theirs, ours = pair
    ours.settimeout(5)
    data = b"250-first\r\n250 second\n\r\nlast\r\n"
    reader = LineReader(ours)

    def run() -> None:
        for start in range(0, len(data), size):
            theirs.sendall(data[start : start + size])
            time.sleep(0.001)
        theirs.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert [reader.line() for _ in range(4)] == [b"250-first", b"250 second", b"", b"last"]
    with pytest.raises(ConnectionResetError):
        reader.line()
    thread.join(5)


def test_what_came_beyond_a_line_is_pending(pair: tuple[socket.socket, PacedSocket]) -> None:
    theirs, ours = pair
    theirs.sendall(b"220 go\r\n250 injected\r\n")
    time.sleep(0.05)
    reader = LineReader(ours)
    assert reader.line() == b"220 go"
    assert reader.pending == b"250 injected\r\n"
