"""An application whose pages are read and whose forms are submitted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailloom.store.access import Role
from mailloom.testing.application import Clock, TemporaryApp, temporary_app
from mailloom.testing.pages import Browser, browsing


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Iterator[TemporaryApp]:
    with temporary_app(addons=[], domain=None, clock=clock) as app:
        yield app


@pytest.fixture
def browser(app: TemporaryApp) -> Iterator[Browser]:
    """Of an administrator."""
    with browsing(app) as browser:
        yield browser


@pytest.fixture
def operator(app: TemporaryApp) -> Iterator[Browser]:
    with browsing(app, Role.OPERATOR) as browser:
        yield browser


@pytest.fixture
def stranger(app: TemporaryApp) -> Iterator[Browser]:
    with browsing(app, None) as browser:
        yield browser
