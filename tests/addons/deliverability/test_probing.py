"""What is asked besides the DNS never raises, and never leads where it must not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mailloom.addons.deliverability.answers import Page
from mailloom.addons.deliverability.probing import NoProber, RealProber, answers_as_mailloom
from mailloom.api.network_public import Reach


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_takes_connections_is_open_and_another_is_not(listening: int) -> None:
    prober = RealProber(Reach(), seconds=2)
    assert prober.dial("127.0.0.1", listening) == ""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert prober.dial("127.0.0.1", port)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://127.0.0.1/health", id="this machine"),
        pytest.param("https://10.0.0.1/health", id="a private network"),
        pytest.param("http://example.org/", id="not encrypted"),
        pytest.param("no url", id="no URL at all"),
    ],
)
def test_a_page_that_may_not_be_asked_for_is_a_failure_with_a_remedy(url: str) -> None:
    page = RealProber(Reach(), seconds=2).page(url)
    assert page.failure
    assert page.remedy


def test_where_only_the_dns_shall_be_asked_nothing_is_known_of_pages() -> None:
    assert NoProber().page("https://example.org").skipped
    assert NoProber().dial("example.org", 25) == ""


@pytest.mark.parametrize(
    ("status", "body", "known"),
    [
        pytest.param(200, '{"name": "mailloom"}', True, id="ours"),
        pytest.param(200, '["mailloom"]', False, id="other JSON"),
        pytest.param(200, "<html>", False, id="no JSON"),
        pytest.param(502, '{"name": "mailloom"}', False, id="an error"),
    ],
)
def test_our_own_face_is_recognised(status: int, body: str, known: bool) -> None:
    assert answers_as_mailloom(Page(url="https://x.example/health", status=status, body=body)) is known
