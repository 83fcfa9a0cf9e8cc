"""Fetching: batches are safe before the server hears of them, accounts fail alone, one worker reads an account at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mailloom.errors import AuthenticationFailed, ConfigurationError, NotFound, TemporaryFailure
from mailloom.flow.fetching import Fetching, lease_name
from mailloom.store.accounts import AccountState, Lease
from mailloom.store.cursors import read_cursors
from mailloom.testing.sources import numbered


def test_what_lies_on_the_server_is_kept_and_marked_seen(post: Any) -> None:
    account = post.incoming()
    for number in range(3):
        post.mailbox.deliver(numbered(number))
    report = post.duties.fetching.fetch_account(account)
    assert (report.fetched, report.error, report.more) == (3, "", False)
    assert post.outcomes() == {"kept": 3}
    assert post.mailbox.seen == {1, 2, 3}


def test_a_second_look_brings_only_what_is_new(post: Any) -> None:
    account = post.incoming()
    post.mailbox.deliver(numbered(1))
    post.duties.fetching.fetch_account(account)
    post.mailbox.deliver(numbered(2))
    assert post.duties.fetching.fetch_account(account).fetched == 1
    post.duties.settling.settle_all()
    assert post.subjects() == ["number 1", "number 2"]


@pytest.mark.parametrize(
    ("after_fetch", "fetched"),
    [
        pytest.param("seen", 5, id="marked as seen: one connection brings all"),
        pytest.param("delete", 2, id="deleted: POP3 deletes at the end of a connection, so it is a short one"),
    ],
)
def test_several_looks_share_a_connection_unless_mail_is_deleted(
    sqlite_post: Any, after_fetch: str, fetched: int
) -> None:
    account = sqlite_post.incoming(batch_limit=2, after_fetch=after_fetch)
    for number in range(5):
        sqlite_post.mailbox.deliver(numbered(number))
    assert sqlite_post.duties.fetching.fetch_account(account, looks=3).fetched == fetched


def test_the_batch_limit_ends_a_look_and_the_job_goes_on(post: Any) -> None:
    account = post.incoming(batch_limit=2)
    for number in range(5):
        post.mailbox.deliver(numbered(number))
    assert post.duties.fetching.fetch_account(account).more is True
    assert post.duties.fetch(account) == "3 fetched"


@pytest.mark.parametrize("after_fetch", ["keep", "seen", "delete", "move"])
def test_what_happens_on_the_server_comes_after_the_commit(sqlite_post: Any, after_fetch: str) -> None:
    post = sqlite_post
    account = post.incoming(after_fetch=after_fetch)
    post.mailbox.deliver(numbered(1))
    post.duties.fetching.fetch_account(account)
    there = {"keep": (1, 0, 0), "seen": (1, 1, 0), "delete": (0, 0, 0), "move": (0, 0, 1)}[after_fetch]
    assert (len(post.mailbox.messages), len(post.mailbox.seen), len(post.mailbox.moved)) == there


def test_mail_that_is_to_stay_is_read_once_though_nothing_marks_it(sqlite_post: Any) -> None:
    account = sqlite_post.incoming(after_fetch="keep")
    sqlite_post.mailbox.deliver(numbered(1))
    sqlite_post.duties.fetching.fetch_account(account)
    assert sqlite_post.duties.fetching.fetch_account(account).fetched == 0


def test_when_the_server_cannot_do_its_part_the_mail_is_fetched_again_and_known(post: Any) -> None:
    account = post.incoming(after_fetch="delete")
    post.mailbox.deliver(numbered(1))

    def break_done(ids: Any) -> None:
        post.mailbox.faults.append(TemporaryFailure("The connection ended."))

    post.duties.fetching.kept = break_done
    assert post.duties.fetching.fetch_account(account).error == "The connection ended."
    post.duties.fetching.kept = lambda ids: None
    post.duties.fetching.fetch_account(account, even_resting=True)
    post.duties.settling.settle_all()
    assert post.outcomes() == {"routed": 1, "ignored": 1}
    assert post.subjects() == ["number 1"]
    assert post.mailbox.messages == {}


FAULTS = [
    pytest.param(TemporaryFailure("The server is down."), AccountState.FAILING, id="the server is down"),
    pytest.param(ConfigurationError("There is no folder X."), AccountState.FAILING, id="a folder is missing"),
    pytest.param(ValueError("a fault of the addon"), AccountState.FAILING, id="the addon has a fault"),
    pytest.param(AuthenticationFailed("Wrong password."), AccountState.PAUSED, id="the login is refused"),
]


@pytest.mark.parametrize(("fault", "state"), FAULTS)
def test_a_fault_is_noted_on_the_account_with_its_words(
    sqlite_post: Any, fault: Exception, state: AccountState
) -> None:
    account = sqlite_post.incoming()
    sqlite_post.mailbox.faults.append(fault)
    report = sqlite_post.duties.fetching.fetch_account(account)
    row = sqlite_post.account(account)
    assert str(fault) in report.error
    assert (row.state, row.error_count) == (state, 1)
    assert str(fault) in row.last_error


def test_an_account_rests_after_a_fault_until_it_is_due_or_asked_by_hand(sqlite_post: Any) -> None:
    account = sqlite_post.incoming()
    sqlite_post.mailbox.faults.append(TemporaryFailure("The server is down."))
    sqlite_post.duties.fetching.fetch_account(account)
    sqlite_post.mailbox.deliver(numbered(1))
    assert "rests until" in sqlite_post.duties.fetching.fetch_account(account).error
    assert sqlite_post.duties.fetching.fetch_account(account, even_resting=True).fetched == 1
    row = sqlite_post.account(account)
    assert (row.state, row.error_count, row.next_attempt_at) == (AccountState.CONFIRMED, 0, None)


def test_what_came_before_the_fault_is_kept(sqlite_post: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account = sqlite_post.incoming(after_fetch="keep")
    for number in range(4):
        sqlite_post.mailbox.deliver(numbered(number))

    class Falters(sqlite_post.app.registry.sources["memory"].__class__):  # type: ignore[misc,name-defined]  # its class is the addon's
        def open(self, value: Any) -> Any:
            source = super().open(value)
            whole = source.fetch

            def fetch(since: Any, limit: int) -> Any:
                for count, one in enumerate(whole(since, limit)):
                    if count == 3:
                        raise TemporaryFailure("The connection ended.")
                    yield one

            source.fetch = fetch
            return source

    monkeypatch.setattr(sqlite_post.duties.fetching, "kinds", lambda: {"memory": Falters(sqlite_post.mailbox)})
    report = sqlite_post.duties.fetching.fetch_account(account)
    assert (report.fetched, report.error) == (3, "The connection ended.")
    with sqlite_post.app.read() as session:
        assert read_cursors(session, account) == {"INBOX": "3"}


def test_two_workers_read_one_mailbox_in_turn(post: Any) -> None:
    account = post.incoming(after_fetch="delete")
    for number in range(250):
        post.mailbox.deliver(numbered(number))
    workers = [
        Fetching(post.app.database, lambda: post.app.registry.sources, post.app.keys, post.app.now) for _ in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda worker: worker.fetch_account(account), workers))
    assert sum(report.fetched for report in reports) == 250
    assert post.outcomes() == {"kept": 250}
    assert all(report.busy or not report.error for report in reports)


def test_a_worker_that_lost_its_lease_keeps_nothing_more(sqlite_post: Any) -> None:
    account = sqlite_post.incoming()
    for number in range(2):
        sqlite_post.mailbox.deliver(numbered(number))
    kind: Any = sqlite_post.app.registry.sources["memory"]
    whole = kind.open

    def open_late(value: Any) -> Any:
        source = whole(value)
        with sqlite_post.app.write() as session:
            session.get_one(Lease, lease_name(account)).owner = "somebody else"
        return source

    kind.open = open_late
    try:
        report = sqlite_post.duties.fetching.fetch_account(account)
    finally:
        kind.open = whole
    assert "took this account over" in report.error
    assert sqlite_post.outcomes() == {}


def test_an_account_without_its_addon_says_what_to_install(sqlite_post: Any) -> None:
    account = sqlite_post.incoming()
    sqlite_post.app.registry.disable("memory")
    report = sqlite_post.duties.fetching.fetch_account(account)
    assert "No addon at work fetches by 'memory'." in report.error
    assert "mailloom addons install memory" in report.remedy


def test_an_unknown_account_is_said_to_be_unknown(sqlite_post: Any) -> None:
    with pytest.raises(NotFound):
        sqlite_post.duties.fetching.fetch_account(4711)
