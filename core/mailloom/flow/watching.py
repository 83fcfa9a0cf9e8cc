"""Watching a mailbox whose server tells of new mail (IDLE), so that mail arrives in seconds.

One worker watches an account, by a lease; the regular look goes on beside it, so a watch that breaks costs time and never mail.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

import structlog

from mailloom.api.accounts import Account
from mailloom.api.receiving import Source
from mailloom.errors import TemporaryFailure
from mailloom.flow.fetching import Fetching, FetchReport
from mailloom.flow.health import ready
from mailloom.store.accounts import AccountRow

_log = structlog.get_logger(__name__)

_AT_ONCE_SECONDS = 1.0
_BUSY_SECONDS = 1.0


class WatchEnd(StrEnum):
    """Why a watch is over."""

    CANNOT = "cannot"
    """This server cannot tell of news; look again when the account changed."""
    BUSY = "busy"
    """Another worker watches."""
    BROKE = "broke"
    """The account or its connection failed, or it rests."""
    STOPPED = "stopped"


class Watch:
    """The watch of one account; `run` it on a thread of its own. `slice_seconds` is how long it waits before it looks whether to stop."""

    def __init__(
        self, fetching: Fetching, account_id: int, stop: threading.Event, *, slice_seconds: float = 30
    ) -> None:
        self.fetching = fetching
        self.account_id = account_id
        self.stop = stop
        self.slice_seconds = slice_seconds
        self.waiting = False
        """Nothing is in flight: the thread may be abandoned."""
        self._given_back = False
        self._owner = uuid4().hex
        self._lease = f"account:{account_id}:watch"

    def run(self) -> WatchEnd:
        """Until it is stopped or ends by itself. Never raises."""
        try:
            if not self._renew():
                return WatchEnd.BUSY
            return self._watch()
        # A fence: what a server or a kind of account does must not end the worker.
        except Exception as error:
            self._fault(error)
            return WatchEnd.BROKE

    def let_go(self) -> None:
        """Give the watch back, so that another worker need not wait for the lease to run out. May be said twice."""
        if not self._given_back:
            self._given_back = True
            self.fetching.drop(self._lease, self._owner)

    def _watch(self) -> WatchEnd:
        row = self._row()
        if row is None or not ready(row, self.fetching.clock()):
            return WatchEnd.BROKE
        opened = self.fetching.opened(row)
        source = opened.kind.open(opened.account)
        try:
            while not self.stop.is_set():
                if self._look(source, row, opened.account):
                    continue
                if (end := self._wait(source, opened.account)) is not None:
                    return end
            return WatchEnd.STOPPED
        finally:
            source.close()

    def _look(self, source: Source, row: AccountRow, account: Account[Any]) -> bool:
        """Fetch what is new; True when there may be more: until it has had a look of its own, nothing tells it of mail that is there already."""
        report = FetchReport(account=account.name)
        with self.fetching.hold(row) as hold:
            if hold is not None:
                self.fetching.look(source, account, report, hold)
                return report.more
        self.stop.wait(_BUSY_SECONDS)
        return True

    def _wait(self, source: Source, account: Account[Any]) -> WatchEnd | None:
        """None when there is news."""
        settings = account.settings
        while not self.stop.is_set():
            begun = time.monotonic()
            self.waiting = True
            news = source.wait(self.slice_seconds)
            self.waiting = False
            if self.stop.is_set():
                break
            if news:
                return None
            if time.monotonic() - begun < min(_AT_ONCE_SECONDS, self.slice_seconds / 2):
                return WatchEnd.CANNOT
            row = self._row()
            if row is None or not ready(row, self.fetching.clock()) or not self._renew():
                return WatchEnd.BROKE
            if self.fetching.opened(row).account.settings != settings:
                return WatchEnd.BROKE
        return WatchEnd.STOPPED

    def _renew(self) -> bool:
        return self.fetching.take(self._lease, self._owner, timedelta(seconds=self.slice_seconds * 3 + 30))

    def _row(self) -> AccountRow | None:
        with self.fetching.database.read() as session:
            row = session.get(AccountRow, self.account_id)
        return None if row is None or row.archived else row

    def _fault(self, error: Exception) -> None:
        if self.waiting and isinstance(error, TemporaryFailure):
            # Servers end connections that only wait; whether the account works, the next look will tell.
            return
        self.waiting = False
        try:
            self.fetching.fault(self.account_id, error, FetchReport(account=str(self.account_id)))
        except Exception:
            _log.exception("watch ended and could not say so", account_id=self.account_id)


def start_watch(watch: Watch, ended: Callable[[Watch, WatchEnd], None]) -> threading.Thread:
    """Run a watch on a daemon thread; `ended` hears how it went."""

    def run() -> None:
        end = watch.run()
        try:
            if end is not WatchEnd.BUSY:
                watch.let_go()
        except Exception:
            _log.warning("the lease of a watch runs out by itself", account_id=watch.account_id)
        ended(watch, end)

    thread = threading.Thread(target=run, name=f"watch-{watch.account_id}", daemon=True)
    thread.start()
    return thread
