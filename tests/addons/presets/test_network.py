"""The real network, against servers on this machine: certificates, addresses, sizes, protocols."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mailloom.addons.presets.asking import Unanswered
from mailloom.addons.presets.network import RealNetwork
from mailloom.api import MailProtocol, Security, Server
from mailloom.testing.certificates import CertificateFiles, make_certificate

NAME = "mail.example.test"
Serve = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return make_certificate(tmp_path_factory.mktemp("certificates"), names=(NAME,))


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Serve], int]]:
    """`serving(function)` gives each connection to the function, in a thread; returns the port. All names lead here."""
    listening: list[socket.socket] = []
    resolve = socket.getaddrinfo

    def local(host: str, port: int, *more: int, **named: int) -> object:
        return resolve("127.0.0.1" if host.endswith(".example.test") else host, port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", local)

    def start(serve: Serve) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        serve(connection)

        threading.Thread(target=run, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in listening:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def _network(certificate: CertificateFiles, port: int = 443, *, allow_private: bool = True) -> RealNetwork:
    context = ssl.create_default_context(cafile=str(certificate.authority))
    return RealNetwork(allow_private=allow_private, context=context, https_port=port)


def _secured(certificate: CertificateFiles, connection: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context.wrap_socket(connection, server_side=True)


def _page(certificate: CertificateFiles, *answers: bytes) -> Serve:
    waiting = list(answers)

    def serve(connection: socket.socket) -> None:
        with _secured(certificate, connection) as secure:
            secure.recv(4096)
            secure.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return serve


def _http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_a_page_is_fetched_by_https_through_redirects(
    serving: Callable[[Serve], int], certificate: CertificateFiles
) -> None:
    port = serving(
        _page(certificate, _http("302 Found", b"", f"Location: https://{NAME}/there"), _http("200 OK", b"<c/>"))
    )
    assert _network(certificate, port).fetch(f"https://{NAME}/here") == b"<c/>"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        pytest.param([_http("404 Not Found")], "HTTP 404", id="not there"),
        pytest.param([_http("302 Found", b"", f"Location: https://{NAME}/")], "redirects too often", id="in circles"),
        pytest.param([_http("302 Found", b"", f"Location: http://{NAME}/")], "not asked", id="to plain http"),
        pytest.param([_http("302 Found", b"", "Location: https://127.0.0.1/")], "not asked", id="to an address"),
        pytest.param([_http("302 Found", b"", f"Location: https://{NAME}:25/")], "not asked", id="to another port"),
        pytest.param([_http("302 Found", b"", "Location: file:///etc/passwd")], "not asked", id="to a file"),
        pytest.param([_http("302 Found", b"", "Location: https://[x/")], "no address", id="to nonsense"),
        pytest.param([_http("200 OK", b"x" * 200_001)], "too large", id="large"),
        pytest.param([b"hello\r\n"], "BadStatusLine", id="no http"),
    ],
)
def test_pages_that_cannot_be_used_are_unanswered(
    serving: Callable[[Serve], int], certificate: CertificateFiles, answers: list[bytes], said: str
) -> None:
    network = _network(certificate, serving(_page(certificate, *answers)))
    with pytest.raises(Unanswered, match=said):
        network.fetch(f"https://{NAME}/")


def test_private_addresses_are_refused_unless_allowed(
    serving: Callable[[Serve], int], certificate: CertificateFiles
) -> None:
    port = serving(_page(certificate, _http("200 OK", b"<c/>")))
    network = _network(certificate, port, allow_private=False)
    server = Server(protocol=MailProtocol.IMAP, host=NAME, port=port, security=Security.TLS)
    with pytest.raises(Unanswered, match="private network"):
        network.fetch(f"https://{NAME}/")
    with pytest.raises(Unanswered, match="private network"):
        network.check(server)


def test_a_certificate_for_another_name_is_not_believed(
    serving: Callable[[Serve], int], certificate: CertificateFiles
) -> None:
    network = _network(certificate, serving(_page(certificate, _http("200 OK", b"<c/>"))))
    with pytest.raises(Unanswered, match="certificate is for another name"):
        network.fetch("https://other.example.test/")


def test_an_unknown_authority_is_not_believed(
    serving: Callable[[Serve], int], certificate: CertificateFiles, tmp_path: Path
) -> None:
    stranger = make_certificate(tmp_path, names=(NAME,))
    network = _network(certificate, serving(_page(stranger, _http("200 OK", b"<c/>"))))
    with pytest.raises(Unanswered, match="certificate was not accepted"):
        network.fetch(f"https://{NAME}/")


@pytest.mark.parametrize(
    ("protocol", "greeting"),
    [("smtp", b"220-mail\r\n220 ready\r\n"), ("imap", b"* OK ready\r\n"), ("pop3", b"+OK ready\r\n")],
)
def test_a_server_that_greets_over_tls_answers(
    serving: Callable[[Serve], int], certificate: CertificateFiles, protocol: str, greeting: bytes
) -> None:
    def serve(connection: socket.socket) -> None:
        with _secured(certificate, connection) as secure:
            secure.sendall(greeting)

    port = serving(serve)
    _network(certificate).check(Server(protocol=MailProtocol(protocol), host=NAME, port=port, security=Security.TLS))


@pytest.mark.parametrize(
    ("protocol", "greeting", "answers"),
    [
        ("smtp", b"220 ready\r\n", [b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n"]),
        ("imap", b"* OK ready\r\n", [b"* CAPABILITY\r\na1 OK go\r\n"]),
        ("pop3", b"+OK ready\r\n", [b"+OK go\r\n"]),
    ],
)
def test_a_server_that_offers_starttls_answers(
    serving: Callable[[Serve], int], certificate: CertificateFiles, protocol: str, greeting: bytes, answers: list[bytes]
) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(greeting)
        for answer in answers:
            connection.recv(100)
            connection.sendall(answer)
        _secured(certificate, connection).close()

    port = serving(serve)
    _network(certificate).check(
        Server(protocol=MailProtocol(protocol), host=NAME, port=port, security=Security.STARTTLS)
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", "does not speak", id="another protocol"),
        pytest.param(b"", "closes", id="nothing"),
        pytest.param(b"220-" + b"x" * 10_000, "does not speak", id="endless line"),
        pytest.param(b"220 ready\r\n502 what\r\n", "does not speak", id="no EHLO"),
    ],
)
def test_a_server_that_is_none_is_unanswered(
    serving: Callable[[Serve], int], certificate: CertificateFiles, said: bytes, why: str
) -> None:
    port = serving(lambda connection: connection.sendall(said))
    server = Server(protocol=MailProtocol.SMTP, host=NAME, port=port, security=Security.STARTTLS)
    with pytest.raises(Unanswered, match=f"{why}|clos|reset|Broken pipe"):
        _network(certificate).check(server)
