"""What servers mean by their words decides how long an account of incoming mail rests, and what a person is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailloom.api.probing import Explanation, FailureClass
from mailloom.errors import AuthenticationFailed, MailloomError, TemporaryFailure
from mailloom.store.accounts import AccountState


def _explaining(asked: list[tuple[str, str, str]], **more: Any) -> Any:
    def explain(words: str, protocol: str, kind: str) -> Explanation:
        asked.append((words, protocol, kind))
        return Explanation(failure=FailureClass.LIMIT, meaning="It means this.", remedy="Do that.", **more)

    return explain


@pytest.mark.parametrize(
    ("fault", "more", "minutes", "remedy"),
    [
        pytest.param(TemporaryFailure("NO [LIMIT] too many"), {"wait_seconds": 600}, 10, "Do that.", id="as explained"),
        pytest.param(TemporaryFailure("no", retry_after=1800), {"wait_seconds": 600}, 30, "Do that.", id="the server knows better"),
        pytest.param(TemporaryFailure("no", remedy="Wait."), {"wait_seconds": 600, "generic": True}, 0.5, "Wait.", id="generic"),
    ],
)  # fmt: skip
def test_an_account_rests_as_long_as_its_limit_lasts(
    sqlite_post: Any, fault: MailloomError, more: dict[str, Any], minutes: float, remedy: str
) -> None:
    asked: list[tuple[str, str, str]] = []
    sqlite_post.duties.fetching.explain = _explaining(asked, **more)
    account = sqlite_post.incoming(provider="gmail")
    sqlite_post.mailbox.faults.append(fault)
    report = sqlite_post.duties.fetching.fetch_account(account)
    row = sqlite_post.account(account)
    assert row.state is AccountState.FAILING
    assert row.next_attempt_at - row.last_error_at == timedelta(minutes=minutes)
    assert report.remedy == remedy
    assert asked == [(str(fault), "imap", "gmail")]


def test_a_paused_account_tells_the_explained_remedy(sqlite_post: Any) -> None:
    sqlite_post.duties.fetching.explain = _explaining([])
    account = sqlite_post.incoming()
    sqlite_post.mailbox.faults.append(AuthenticationFailed("NO [AUTHENTICATIONFAILED]", remedy="Check it."))
    assert sqlite_post.duties.fetching.fetch_account(account).remedy == "Do that."
    assert sqlite_post.account(account).state is AccountState.PAUSED
