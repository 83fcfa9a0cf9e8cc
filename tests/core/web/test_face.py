"""What strangers get from the web face: health, guarded pages, errors in their own form, and addons' pages as addons come and go."""

from __future__ import annotations

import socket
import textwrap
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from mailloom.errors import ConfigurationError
from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.web.health import may_see
from mailloom.web.serving import WebService

Served = Callable[[TemporaryApp], AbstractContextManager[httpx.Client]]

PAGES = """
    from mailloom.api import Routes, hookimpl
    from mailloom.errors import NotFound, TemporaryFailure


    def make(office):
        from fastapi import APIRouter, Body, Response

        router = APIRouter()

        @router.get("/hello/{name}")
        def hello(name: int):
            return Response(f"Hello {name}", headers={"Content-Security-Policy": "default-src 'self'"})

        @router.get("/missing")
        def missing():
            raise NotFound("There is no such list.", remedy="Look at the link again.")

        @router.get("/later")
        def later():
            raise TemporaryFailure("Too much to do.", retry_after=7)

        @router.get("/fault")
        def fault():
            raise ZeroDivisionError("a secret of the program")

        @router.post("/take")
        def take(body: bytes = Body()):
            return len(body)

        return router


    @hookimpl
    def register_routes():
        return [Routes(name="pages", make=make), Routes(name="broken", make=lambda office: 1 / 0)]
"""


@pytest.fixture
def pages(addons_folder: Path) -> Path:
    """An addon with pages, not installed."""
    folder = addons_folder / "pages"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "hooks.py").write_text(textwrap.dedent(PAGES))
    (folder / "manifest.toml").write_text(
        'name = "pages"\ntitle = "Pages"\nsummary = "Of a test."\nversion = "1.0"\ncategory = "example"\n'
    )
    return addons_folder


def test_health_says_that_mailloom_is_well(browser: httpx.Client) -> None:
    assert browser.get("/health").json()["name"] == "mailloom"
    assert browser.head("/health").status_code == 200


def test_health_is_unwell_without_the_database(app: TemporaryApp, browser: httpx.Client) -> None:
    with app.database.engine.begin() as connection:
        assert connection is not None
    app.database.engine.dispose()
    for path in app.data_folder.glob("mailloom.db*"):
        path.unlink()
    app.data_folder.joinpath("mailloom.db").mkdir()
    answer = browser.get("/health")
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


def test_metrics_are_for_this_machine_and_for_nobody_behind_a_proxy(browser: httpx.Client) -> None:
    assert "# TYPE mailloom_outbox gauge" in browser.get("/metrics").text
    refused = browser.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert (refused.status_code, refused.json()["title"]) == (403, "Forbidden")


@pytest.mark.parametrize(
    ("client", "forwarded", "behind", "seen"),
    [
        pytest.param("127.0.0.1", False, False, True, id="this machine"),
        pytest.param("192.0.2.9", False, False, False, id="another network"),
        pytest.param("127.0.0.1", True, False, False, id="through a proxy that is not trusted"),
        pytest.param("192.0.2.9", True, True, False, id="a stranger through a trusted proxy"),
        pytest.param("10.0.0.7", True, True, True, id="a friend through a trusted proxy"),
        pytest.param("unix", False, False, False, id="no address"),
    ],
)
def test_who_may_see_metrics(client: str, forwarded: bool, behind: bool, seen: bool) -> None:
    headers = [(b"x-forwarded-for", b"10.0.0.7")] if forwarded else []
    request = Request({"type": "http", "client": (client, 1), "headers": headers})
    assert may_see(request, ["127.0.0.0/8", "10.0.0.0/8"], behind_proxy=behind) is seen


def test_every_answer_is_guarded_and_sets_no_cookie(browser: httpx.Client) -> None:
    for path in ("/health", "/nothing"):
        headers = browser.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert not {"set-cookie", "server", "strict-transport-security"} & set(headers)


def test_browsers_that_come_by_https_are_told_to_stay(served: Served) -> None:
    settings = {"core": {"base_url": "https://mail.example.org/"}}
    with temporary_app(addons=[], domain=None, settings=settings) as app, served(app) as browser:
        assert app.core_settings.base_url == "https://mail.example.org"
        assert "max-age" in browser.get("/health").headers["strict-transport-security"]


@pytest.mark.parametrize(
    "url", ["mail.example.org", "ftp://mail.example.org", "https://a:b@example.org", "https://", "https://a/?x=1"]
)
def test_a_base_url_that_is_none_is_refused(app: TemporaryApp, url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        app.save_settings("core", {"base_url": url})


def test_pages_come_and_go_with_their_addon(pages: Path, served: Served) -> None:
    with temporary_app(addons=[], domain=None, addons_path=[pages]) as app, served(app) as browser:
        assert browser.get("/hello/1").status_code == 404
        app.registry.install("pages")
        answer = browser.get("/hello/1")
        assert (answer.status_code, answer.text) == (200, "Hello 1")
        assert answer.headers["content-security-policy"] == "default-src 'self'"
        app.registry.disable("pages")
        assert browser.get("/hello/1").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "detail", "more"),
    [
        pytest.param("/missing", 404, "There is no such list.", {"remedy": "Look at the link again."}, id="expected"),
        pytest.param("/later", 503, "Too much to do.", {}, id="temporary"),
        pytest.param("/hello/ann", 422, "path.name", {}, id="not what was asked for"),
        pytest.param("/fault", 500, None, {}, id="a fault of ours"),
    ],
)
def test_errors_are_problem_details(
    pages: Path, served: Served, path: str, status: int, detail: str | None, more: dict[str, str]
) -> None:
    with temporary_app(addons=["pages"], domain=None, addons_path=[pages]) as app, served(app) as browser:
        answer = browser.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.headers.get("retry-after") == ("7" if path == "/later" else None)
    said = answer.json()
    assert "secret" not in answer.text
    assert said["status"] == status
    assert (detail in said["detail"]) if detail else "detail" not in said
    assert {key: said[key] for key in more} == more


def test_bodies_have_a_limit_announced_or_not(pages: Path, served: Served) -> None:
    settings = {"core": {"largest_request_bytes": 10_000}}
    app_of_pages = temporary_app(addons=["pages"], domain=None, addons_path=[pages], settings=settings)
    with app_of_pages as app, served(app) as browser:
        binary = {"Content-Type": "application/octet-stream"}
        assert browser.post("/take", content=b"x" * 10_000, headers=binary).json() == 10_000
        assert browser.post("/take", content=b"x" * 10_001, headers=binary).status_code == 413
        chunks = (b"x" * 1000 for _ in range(11))
        answer = browser.post("/take", content=chunks, headers=binary)
        assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_a_place_that_is_taken_says_so(app: TemporaryApp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = WebService("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match="already in use") as caught:
            service.start(app)
    assert "--port" in caught.value.remedy


def test_the_service_starts_again_after_it_was_stopped(app: TemporaryApp) -> None:
    service = WebService("127.0.0.1", 0)
    for _ in range(2):
        service.start(app)
        assert service.status().running
        assert httpx.get(f"http://127.0.0.1:{service.port}/health").status_code == 200
        service.stop(5)
        assert not service.status().running


def test_stopping_waits_for_nobody_who_is_silent(app: TemporaryApp) -> None:
    service = WebService("127.0.0.1", 0)
    service.start(app)
    with socket.create_connection(("127.0.0.1", service.port)) as silent:
        silent.sendall(b"POST /webhooks/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        began = time.monotonic()
        service.stop(1)
        assert time.monotonic() - began < 5
