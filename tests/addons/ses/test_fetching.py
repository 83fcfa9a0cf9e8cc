"""Visiting Amazon: only with a certificate that is trusted, never further than asked, never more than a little."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mailloom.addons.ses.fetching import LARGEST, amazon
from mailloom.api.network_public import Reach
from mailloom.errors import TemporaryFailure
from mailloom.testing.certificates import make_certificate

HERE = Reach(networks=["127.0.0.0/8", "::1/128"])
PATHS: dict[str, tuple[int, bytes]] = {
    "/certificate.pem?x=1": (200, b"PEM"),
    "/large": (200, b"x" * (LARGEST + 1)),
    "/missing": (404, b"no"),
    "/moved": (302, b""),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        code, body = PATHS[self.path]
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "/certificate.pem?x=1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Callers that break off are what is tested."""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, ssl.SSLContext]]:
    files = make_certificate(folder)
    server = Server(("127.0.0.1", 0), Handler)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(files.certificate, files.key)
    server.socket = own.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}", ssl.create_default_context(cafile=str(files.authority))
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def get(tmp_path: Path) -> Iterator[Callable[..., bytes]]:
    """Fetch a path of a server that is trusted, unless told otherwise."""
    with serving(tmp_path) as (host, trusted):
        yield lambda path, *, trust=True: amazon(HERE, trusted if trust else None)(host + path)


def test_what_lies_there_is_fetched(get: Callable[..., bytes]) -> None:
    assert get("/certificate.pem?x=1") == b"PEM"


@pytest.mark.parametrize("path", ["/large", "/missing", "/moved"])
def test_what_is_large_missing_or_elsewhere_is_not(get: Callable[..., bytes], path: str) -> None:
    with pytest.raises(TemporaryFailure):
        get(path)


def test_a_server_without_a_trusted_certificate_is_not_believed(get: Callable[..., bytes]) -> None:
    with pytest.raises(TemporaryFailure, match=r"(?i)certificate"):
        get("/certificate.pem?x=1", trust=False)


def test_a_server_that_is_away_is_a_temporary_matter() -> None:
    with pytest.raises(TemporaryFailure, match="nothing listens"):
        amazon(HERE)("https://127.0.0.1:1/certificate.pem")


def test_amazon_is_not_looked_for_inside() -> None:
    with pytest.raises(TemporaryFailure, match="private network"):
        amazon()("https://127.0.0.1/certificate.pem")
