"""Watching a mailbox: it ends by itself where it cannot work, and what breaks while it waits is held against nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from mailloom.errors import AuthenticationFailed, TemporaryFailure
from mailloom.flow.watching import Watch, WatchEnd
from mailloom.store.accounts import AccountRow, AccountState, Lease
from mailloom.testing.sources import numbered

Eventually = Callable[..., None]


class Run:
    """A watch on a thread of its own, and how it ended."""

    def __init__(self, post: Any, account: int) -> None:
        self.stop = threading.Event()
        self.watch = Watch(post.duties.fetching, account, self.stop, slice_seconds=0.3)
        self.end: WatchEnd | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.end = self.watch.run()

    def ended(self) -> WatchEnd | None:
        self._thread.join(10)
        return self.end


def test_new_mail_is_fetched_until_the_watch_is_stopped(post: Any, eventually: Eventually) -> None:
    account = post.incoming()
    post.mailbox.deliver(numbered(1))
    run = Run(post, account)
    eventually(lambda: post.outcomes() == {"kept": 1})
    for number in (2, 3):
        post.mailbox.deliver(numbered(number))
    eventually(lambda: post.outcomes() == {"kept": 3})
    run.stop.set()
    assert run.ended() is WatchEnd.STOPPED
    assert post.mailbox.connections == 0


def test_only_one_worker_watches(post: Any, eventually: Eventually) -> None:
    account = post.incoming()
    first = Run(post, account)
    eventually(lambda: first.watch.waiting)
    assert Run(post, account).ended() is WatchEnd.BUSY
    first.stop.set()
    first.ended()
    first.watch.let_go()
    first.watch.let_go()
    with post.app.read() as session:
        assert list(session.scalars(select(Lease))) == []


def test_a_server_that_cannot_tell_of_news_is_not_watched(sqlite_post: Any) -> None:
    account = sqlite_post.incoming()
    sqlite_post.mailbox.wait_beyond = lambda number, seconds: False
    sqlite_post.mailbox.deliver(numbered(1))
    assert Run(sqlite_post, account).ended() is WatchEnd.CANNOT
    assert sqlite_post.outcomes() == {"kept": 1}


def test_a_connection_that_ends_while_it_waits_is_no_fault_of_the_account(
    sqlite_post: Any, eventually: Eventually
) -> None:
    account = sqlite_post.incoming()
    run = Run(sqlite_post, account)
    eventually(lambda: run.watch.waiting)
    sqlite_post.mailbox.faults.append(TemporaryFailure("The server closed the connection."))
    assert run.ended() is WatchEnd.BROKE
    assert sqlite_post.account(account).error_count == 0


def test_a_login_that_is_refused_pauses_the_account(sqlite_post: Any) -> None:
    account = sqlite_post.incoming()
    sqlite_post.mailbox.faults.append(AuthenticationFailed("Wrong password."))
    assert Run(sqlite_post, account).ended() is WatchEnd.BROKE
    assert sqlite_post.account(account).state is AccountState.PAUSED


def test_a_changed_or_paused_account_ends_its_watch(sqlite_post: Any, eventually: Eventually) -> None:
    for change in ({"settings": {"batch_limit": 7}}, {"state": AccountState.PAUSED}):
        account = sqlite_post.incoming(f"inbox-{len(change)}-{next(iter(change))}")
        run = Run(sqlite_post, account)
        eventually(lambda run=run: run.watch.waiting)
        with sqlite_post.app.write() as session:
            row = session.get_one(AccountRow, account)
            for name, value in change.items():
                setattr(row, name, value)
        assert run.ended() is WatchEnd.BROKE
