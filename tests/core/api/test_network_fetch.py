"""Asking addresses that strangers gave: only what may be asked, only what was judged, never for long and never for much."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mailloom.api.network_fetch import FetchLimits, FetchRequest, check_url, fetch
from mailloom.api.network_public import Reach
from mailloom.errors import ConfigurationError, MailloomError, Refused, TemporaryFailure
from mailloom.testing.certificates import make_certificate

HERE = Reach(networks=["127.0.0.0/8", "::1/128"])
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok"
Serve = Callable[[socket.socket], None]


@pytest.fixture
def serving() -> Iterator[Callable[[Serve], int]]:
    """`serving(function)` gives each connection to the function, in a thread; returns the port."""
    listening: list[socket.socket] = []

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


def _saying(answer: bytes, heard: list[bytes] | None = None) -> Serve:
    def serve(connection: socket.socket) -> None:
        said = connection.recv(65536)
        if heard is not None:
            heard.append(said)
        connection.sendall(answer)

    return serve


def test_the_answer_comes_back_and_the_request_went_out_as_written(serving: Callable[[Serve], int]) -> None:
    heard: list[bytes] = []
    port = serving(_saying(OK, heard))
    request = FetchRequest(
        url=f"http://127.0.0.1:{port}/a?b=%20", method="POST", headers={"X-Own": "yes"}, body=b"content"
    )
    answer = fetch(request, reach=HERE)
    assert (answer.status, answer.body, answer.headers["x-a"]) == (200, b"ok", "1")
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert head.splitlines()[:2] == [b"POST /a?b=%20 HTTP/1.1", f"Host: 127.0.0.1:{port}".encode()]
    assert b"X-Own: yes" in head
    assert b"Content-Length: 7" in head
    assert body == b"content"


@pytest.mark.parametrize(
    "url",
    [
        "", "//example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)",
        "https://", "https:///x", "https://user@example.org/", "https://u:p@example.org/", "https://example.org:0/",
        "https://example.org:99999/", "https://example.org:x/", "https://[::1/", "https://[fe80::1%25eth0]/",
        "https://example.org/a b", "https://example.org/\r\nX: y", "https://example.org/\x00", "https://exämple.org/",
        "https://example.org\\@127.0.0.1/", "https://example.org/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_never_asked(url: str) -> None:
    with pytest.raises(ConfigurationError):
        check_url(url)
    with pytest.raises(ConfigurationError):
        fetch(FetchRequest(url=url), reach=HERE, resolve=_unasked)


def _unasked(host: str, port: int) -> Sequence[tuple[int, Any]]:
    raise AssertionError("no name may be looked up")


def _at(address: str) -> Callable[[str, int], Sequence[tuple[int, Any]]]:
    return lambda host, port: [(socket.AF_INET6 if ":" in address else socket.AF_INET, (address, port))]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("https://127.0.0.1/", "private network", id="this machine"),
        pytest.param("https://[::1]/", "private network", id="this machine by IPv6"),
        pytest.param("https://[::ffff:127.0.0.1]/", "private network", id="this machine, mapped"),
        pytest.param("http://169.254.169.254/latest/meta-data/", "private network", id="metadata"),
        pytest.param("https://localhost:8443/", "private network", id="by name"),
        pytest.param("https://0/", "private network", id="zero"),
        pytest.param("http://8.8.8.8/", "without encryption", id="plain http outside"),
        pytest.param("https://8.8.8.8:25/", "unusual port", id="a mail port outside"),
        pytest.param("https://8.8.8.8:80/", "unusual port", id="https at 80"),
    ],
)
def test_what_strangers_may_not_make_us_ask_is_refused(url: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        fetch(FetchRequest(url=url), reach=Reach())


def test_a_name_is_resolved_once_so_that_its_server_cannot_change_its_mind(serving: Callable[[Serve], int]) -> None:
    port = serving(_saying(OK))
    asked: list[str] = []

    def rebinding(host: str, at: int) -> Sequence[tuple[int, Any]]:
        asked.append(host)
        return [(socket.AF_INET, ("127.0.0.1" if len(asked) == 1 else "169.254.169.254", at))]

    assert fetch(FetchRequest(url=f"http://two.example:{port}/"), reach=HERE, resolve=rebinding).body == b"ok"
    assert asked == ["two.example"]


def test_a_redirect_is_an_answer(serving: Callable[[Serve], int]) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    found = fetch(FetchRequest(url=f"http://127.0.0.1:{serving(_saying(answer))}/"), reach=HERE)
    assert found.moved
    assert found.headers["location"] == "http://169.254.169.254/"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"220 mail.example.org ESMTP\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000, id="large body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", id="large header"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, id="endless preliminaries"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="bad chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", id="many headers"),
    ],
)
def test_answers_that_cannot_be_used_are_a_temporary_matter(serving: Callable[[Serve], int], answer: bytes) -> None:
    url = f"http://127.0.0.1:{serving(_saying(answer))}/"
    with pytest.raises(TemporaryFailure):
        fetch(FetchRequest(url=url), reach=HERE, limits=FetchLimits(seconds=5, largest=4000))


def test_a_server_that_drips_runs_out_of_time(serving: Callable[[Serve], int]) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    started = time.monotonic()
    with pytest.raises(TemporaryFailure, match="in time"):
        fetch(FetchRequest(url=f"http://127.0.0.1:{serving(drip)}/"), reach=HERE, limits=FetchLimits(seconds=0.3))
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(("name", "value"), [("X\r\nY", "z"), ("X", "a\r\nY: b"), ("X", "ü"), ("", "x")])
def test_headers_that_would_make_others_are_refused(name: str, value: str) -> None:
    with pytest.raises(Refused, match="header"):
        fetch(FetchRequest(url="https://example.org/", headers={name: value}), reach=HERE, resolve=_unasked)


def test_certificates_are_checked_for_the_name_in_the_url(serving: Callable[[Serve], int], tmp_path: Path) -> None:
    files = make_certificate(tmp_path, names=("hook.example",))
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(files.certificate, files.key)

    def serve(connection: socket.socket) -> None:
        with own.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(OK)

    port = serving(serve)
    trusted = ssl.create_default_context(cafile=str(files.authority))

    def ask(host: str, context: ssl.SSLContext | None) -> bytes:
        request = FetchRequest(url=f"https://{host}:{port}/")
        return fetch(request, reach=HERE, context=context, resolve=_at("127.0.0.1")).body

    assert ask("hook.example", trusted) == b"ok"
    with pytest.raises(MailloomError, match="another name"):
        ask("other.example", trusted)
    with pytest.raises(MailloomError, match="not trusted"):
        ask("hook.example", None)
