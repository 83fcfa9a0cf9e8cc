"""Tokens stay fresh: ahead of their end, by one worker at a time, with the new refresh token always kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import URL, select

from mailloom.addons.oauth2.connecting import begin, connect_application, finish, response_of
from mailloom.addons.oauth2.models import OAuthTokens
from mailloom.addons.oauth2.refusals import ConsentDead
from mailloom.addons.oauth2.renewing import Tokens
from mailloom.addons.oauth2.upkeep import keep_fresh
from mailloom.api import Account
from mailloom.api.sasl import access_token, with_fresh_token
from mailloom.errors import AuthenticationFailed, ConfigurationError, TemporaryFailure
from mailloom.flow.accounts import Accounts
from mailloom.store.accounts import AccountRow, AccountState
from mailloom.store.database import Database
from mailloom.store.leases import take_lease
from mailloom.store.system import Alarm
from mailloom.testing.application import Clock, TemporaryApp, temporary_app
from mailloom.testing.oauth_provider import OAuthProvider

MakeAccount = Callable[..., Account[Any]]
Agree = Callable[[str], str]


def connect(app: TemporaryApp, account: Account[Any], agree: Agree) -> Account[Any]:
    finish(app, account, response_of(agree(begin(app, account, terminal=True).url)), cookie=None)
    return account


def row_of(app: TemporaryApp, account: Account[Any]) -> OAuthTokens:
    with app.read() as session:
        return session.get_one(OAuthTokens, account.id)


def alarms(app: TemporaryApp) -> list[str]:
    with app.read() as session:
        return list(session.scalars(select(Alarm.text).where(Alarm.closed_at.is_(None))))


def test_a_token_is_used_until_shortly_before_its_end(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    support, tokens = connect(app, account(), agree), Tokens(app)
    first = tokens.access_token(support)
    clock.time += timedelta(minutes=54)
    assert tokens.access_token(support) == first
    clock.time += timedelta(minutes=2)
    assert tokens.access_token(support) != first
    assert provider.granted == ["authorization_code", "refresh_token"]


def test_a_rotating_refresh_token_is_replaced_each_time(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    support, tokens = connect(app, account(), agree), Tokens(app)
    for number in range(1, 5):
        clock.time += timedelta(hours=2)
        tokens.access_token(support)
        assert row_of(app, support).renewals == number
    assert provider.granted == ["authorization_code", *["refresh_token"] * 4]


def test_a_refresh_token_that_stays_is_kept(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    provider.behaviour.rotate = False
    support, tokens = connect(app, account(), agree), Tokens(app)
    for _ in range(3):
        clock.time += timedelta(hours=2)
        tokens.access_token(support)
    assert provider.granted.count("refresh_token") == 3


def test_tokens_shorter_than_the_lead_are_renewed_at_half_their_time(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    provider.behaviour.token_seconds = 120
    support, tokens = connect(app, account(), agree), Tokens(app)
    first = tokens.access_token(support)
    assert tokens.access_token(support) == first
    clock.time += timedelta(seconds=70)
    assert tokens.access_token(support) != first


@contextmanager
def _on(database: Database, provider: OAuthProvider, clock: Clock) -> Iterator[TemporaryApp]:
    url: URL = database.url
    settings = {"core": {"base_url": "https://mail.example.org"}}
    addons = ["oauth2", "smtp"]
    with temporary_app(
        addons=addons,
        domain=None,
        settings=settings,
        clock=clock,
        database_url=url.render_as_string(hide_password=False),
    ) as app:
        yield app


def test_workers_that_need_a_token_at_once_spend_one_refresh_token(
    empty_database: Database, provider: OAuthProvider, agree: Agree, clock: Clock
) -> None:
    """On both databases: ten workers, three rounds, answers of the provider slow."""
    with _on(empty_database, provider, clock) as app:
        accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
        values = {"host": "mail.example.org", "user": "support@example.org", **provider.settings()}
        with app.write() as session:
            number = accounts.add(session, "support", "smtp", values).id
        support = connect(app, app.account(number), agree)
        provider.behaviour.slow_seconds = 0.2
        for done in range(1, 4):
            clock.time += timedelta(hours=2)
            found: list[str | Exception] = []

            def work(found: list[str | Exception] = found) -> None:
                try:
                    found.append(Tokens(app).access_token(support) or "")
                except Exception as error:
                    found.append(error)

            workers = [threading.Thread(target=work) for _ in range(10)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            assert len(set(found)) == 1, found
            assert provider.owner_of(str(found[0])) == "support@example.org"
            assert provider.asked.count("refresh_token") == done
    assert "invalid_grant" not in str(provider.asked)


def test_while_one_worker_renews_the_others_go_on_with_what_is_good(
    app: TemporaryApp, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    support, tokens = connect(app, account(), agree), Tokens(app, patience_seconds=0.5)
    first = tokens.access_token(support)
    clock.time += timedelta(minutes=57)
    with app.write() as session:
        assert take_lease(
            session, f"oauth2:{support.id}", "another", now=app.now(), until=app.now() + timedelta(minutes=1)
        )
    assert tokens.access_token(support) == first
    clock.time += timedelta(minutes=3)
    with app.write() as session:
        assert take_lease(
            session, f"oauth2:{support.id}", "another", now=app.now(), until=app.now() + timedelta(minutes=1)
        )
    with pytest.raises(TemporaryFailure, match="another worker"):
        tokens.access_token(support)
    clock.time += timedelta(minutes=2)
    assert tokens.access_token(support) not in (None, first)


def test_a_consent_that_was_withdrawn_is_not_asked_for_twice(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    support, tokens = connect(app, account(), agree), Tokens(app)
    provider.revoke()
    clock.time += timedelta(hours=2)
    for _ in range(2):
        with pytest.raises(AuthenticationFailed, match="withdrawn or has expired") as caught:
            tokens.access_token(support)
        assert "mailloom accounts connect support" in caught.value.remedy
    assert provider.asked.count("refresh_token") == 1
    provider.behaviour.clock_ahead_seconds = 7200
    connect(app, support, agree)
    assert tokens.access_token(support)


def test_a_new_consent_is_not_buried_by_an_old_refusal(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    from mailloom.addons.oauth2.endpoint import Answer
    from mailloom.addons.oauth2.keeping import bury, keep_renewed

    support = connect(app, account(), agree)
    before = row_of(app, support).access_token
    stale = Answer(access_token="old", refresh_token="older", seconds=1, scope="", id_token=None)
    with app.write() as session:
        bury(session, app, support.id, "spent", "dead")
        keep_renewed(session, app, support.id, "spent", stale)
    assert (row_of(app, support).dead_reason, row_of(app, support).access_token) == ("", before)


@pytest.mark.parametrize("fault", ["failures", "garbage"])
def test_a_provider_that_is_away_kills_nothing(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock, fault: str
) -> None:
    support, tokens = connect(app, account(), agree), Tokens(app)
    clock.time += timedelta(hours=2)
    setattr(provider.behaviour, fault, 1)
    with pytest.raises(TemporaryFailure):
        tokens.access_token(support)
    setattr(provider.behaviour, fault, 0)
    assert tokens.access_token(support)


def test_a_wrong_client_secret_leaves_the_consent_alive(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    support, tokens = connect(app, account(), agree), Tokens(app)
    clock.time += timedelta(hours=2)
    provider.client_secret, right = "another", provider.client_secret
    with pytest.raises(AuthenticationFailed, match="client id or client secret"):
        tokens.access_token(support)
    provider.client_secret = right
    assert tokens.access_token(support)


def test_without_a_refresh_token_a_person_is_needed_at_the_end(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    provider.behaviour.refresh_tokens = False
    support, tokens = connect(app, account(), agree), Tokens(app)
    clock.time += timedelta(minutes=58)
    assert tokens.access_token(support)
    clock.time += timedelta(minutes=2)
    with pytest.raises(ConsentDead, match="gave none to renew it with"):
        tokens.access_token(support)


def test_an_application_of_its_own_needs_nobody(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, clock: Clock
) -> None:
    support, tokens = account(oauth_grant="client_credentials"), Tokens(app)
    assert connect_application(app, support).renewable is False
    first = tokens.access_token(support)
    clock.time += timedelta(hours=2)
    assert tokens.access_token(support) != first
    assert provider.granted == ["client_credentials"] * 2
    with pytest.raises(ConfigurationError, match="nobody's consent"):
        begin(app, support, terminal=True)


def test_an_account_that_logs_in_by_password_is_none_of_ours(app: TemporaryApp, account: MakeAccount) -> None:
    assert Tokens(app).access_token(account(authentication="password", password="x")) is None


def test_a_token_refused_before_its_time_is_replaced_once(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    """As when the provider ends access tokens early, or its clock is ahead of ours."""
    support = connect(app, account(), agree)
    clock.time += timedelta(minutes=10)
    provider.end_access_tokens()
    tried: list[str] = []

    def log_in() -> str:
        tried.append(access_token(support))
        owner = provider.owner_of(tried[-1])
        if owner is None:
            raise AuthenticationFailed("535 no")
        return owner

    assert with_fresh_token(support, log_in) == "support@example.org"
    assert len(tried) == 2
    provider.end_access_tokens()
    with pytest.raises(AuthenticationFailed, match="535"):
        with_fresh_token(support, log_in)
    assert len(tried) == 3, "a token that was given just now is not asked for again"


# --- before anybody waits ---


def test_the_job_renews_what_ends_soon(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    support = connect(app, account(), agree)
    account("sales")
    clock.time += timedelta(minutes=50)
    assert keep_fresh(app) == "1 of 2 accounts have fresh tokens."
    assert row_of(app, support).expires_at - app.now() == timedelta(hours=1)


def test_the_job_pauses_an_account_whose_consent_is_dead_and_calls_somebody(
    app: TemporaryApp,
    provider: OAuthProvider,
    account: MakeAccount,
    agree: Agree,
    clock: Clock,
    state_of: Callable[[Account[Any]], AccountRow],
) -> None:
    support = connect(app, account(), agree)
    provider.revoke()
    clock.time += timedelta(hours=1)
    assert keep_fresh(app).endswith("Not so: support.")
    assert state_of(support).state is AccountState.PAUSED
    [alarm] = alarms(app)
    assert alarm.startswith("Account support is paused: Account support: the consent was withdrawn or has expired")
    keep_fresh(app)
    assert len(alarms(app)) == 1


@pytest.mark.parametrize(
    ("days", "alarmed"),
    [pytest.param(15, False, id="later"), pytest.param(14, True, id="soon"), pytest.param(-1, True, id="over")],
)
def test_an_alarm_comes_fourteen_days_before_a_client_secret_ends(
    app: TemporaryApp, account: MakeAccount, clock: Clock, days: int, alarmed: bool
) -> None:
    support = account(oauth_client_secret_ends=(clock.time + timedelta(days=days)).date().isoformat())
    keep_fresh(app)
    keep_fresh(app)
    assert [text.split(" on ")[0] for text in alarms(app)] == (
        [f"The client secret of account support {'ends' if days >= 0 else 'ended'}"] if alarmed else []
    )
    accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
    with app.write() as session:
        accounts.edit(session, support.name, {"oauth_client_secret_ends": "2099-01-01"})
    keep_fresh(app)
    assert alarms(app) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"host": "mail.evil.example"}, id="mail server"),
        pytest.param({"oauth_token_url": "https://evil.example/token"}, id="token address"),
    ],
)
def test_tokens_are_shown_to_the_servers_they_were_given_for_alone(
    app: TemporaryApp, account: MakeAccount, agree: Agree, change: dict[str, str]
) -> None:
    support, tokens = connect(app, account(), agree), Tokens(app)
    assert tokens.access_token(support)
    accounts = Accounts(lambda: app.registry.transports, lambda: app.registry.sources, app.keys, app.now)
    with app.write() as session:
        accounts.edit(session, support.name, change, secrets_move=True)
    with pytest.raises(AuthenticationFailed, match="connected for another server"):
        tokens.access_token(app.account(support.id))
