"""Writing that must not be given up because the database is away for a moment: locked, restarting, its disk full until somebody makes room."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from mailloom.errors import TemporaryFailure
from mailloom.store.database import Database

log = structlog.get_logger(__name__)

T = TypeVar("T")

_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 2.0


def persist(
    database: Database, work: Callable[[Session], T], *, seconds: float, stop: threading.Event | None = None
) -> T:
    """Run `work` in one transaction, again and again for `seconds` while the database is away; then TemporaryFailure.

    `work` must bear being run twice, even after a commit whose answer was lost. `stop` ends the waiting early.
    """
    deadline = time.monotonic() + seconds
    wait = _FIRST_WAIT_SECONDS
    while True:
        try:
            with database.write() as session:
                return work(session)
        except DBAPIError as error:
            if not _is_away(error):
                raise
            if time.monotonic() >= deadline or (stop is not None and stop.is_set()):
                raise TemporaryFailure(
                    f"The database cannot be written to: {error.orig}",
                    remedy="Check that it runs, that its disk has room, and that no other program holds it locked.",
                ) from error
            log.warning("database is away", reason=str(error.orig), again_in_seconds=wait)
        _sleep(wait, stop)
        wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


def _is_away(error: DBAPIError) -> bool:
    return isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated


def _sleep(seconds: float, stop: threading.Event | None) -> None:
    if stop is None:
        time.sleep(seconds)
    else:
        stop.wait(seconds)
