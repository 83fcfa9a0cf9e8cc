"""An application with its web face served on a free port, and a browser for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from mailloom.testing.application import TemporaryApp, temporary_app
from mailloom.web.serving import WebService


@contextmanager
def _served(app: TemporaryApp) -> Iterator[httpx.Client]:
    service = WebService("127.0.0.1", 0)
    service.start(app)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=10) as browser:
            yield browser
    finally:
        service.stop(5)


@pytest.fixture
def served() -> Any:
    """`with served(app) as browser:` requests to the face of an application."""
    return _served


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    with temporary_app(addons=[], domain=None) as app:
        yield app


@pytest.fixture
def browser(app: TemporaryApp) -> Iterator[httpx.Client]:
    with _served(app) as browser:
        yield browser
