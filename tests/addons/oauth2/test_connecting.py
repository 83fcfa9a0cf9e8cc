"""From the consent to stored tokens, at the terminal: what is taken, what is refused, and what nobody may see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from mailloom.addons.oauth2.connecting import begin, connect_by_device, finish, response_of
from mailloom.addons.oauth2.endpoint import device_code, device_tokens
from mailloom.addons.oauth2.refusals import ConsentDead
from mailloom.addons.oauth2.renewing import Tokens
from mailloom.api import Account
from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, Refused, TemporaryFailure
from mailloom.testing.application import Clock, TemporaryApp
from mailloom.testing.oauth_provider import OAuthProvider

MakeAccount = Callable[..., Account[Any]]
Agree = Callable[[str], str]
CALLBACK = "https://mail.example.org/email/oauth2/support/callback"


def test_a_person_agrees_and_the_account_has_a_token(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree
) -> None:
    support = account()
    begun = begin(app, support, terminal=True)
    assert begun.redirect_uri == CALLBACK
    assert "code_challenge_method=S256" in begun.url
    assert "login_hint=support%40example.org" in begun.url
    shown = finish(app, support, response_of(agree(begun.url)), cookie=None)
    assert (shown.signed_in_as, shown.scopes) == ("support@example.org", ("mail", "openid", "email"))
    assert shown.expires_at - app.now() == timedelta(hours=1)
    token = Tokens(app).access_token(support)
    assert token is not None
    assert provider.owner_of(token) == "support@example.org"
    assert "access-" not in repr(shown)


def test_tokens_stand_sealed_in_the_database(
    app: TemporaryApp, account: MakeAccount, agree: Agree, capsys: pytest.CaptureFixture[str]
) -> None:
    support = account()
    finish(app, support, response_of(agree(begin(app, support, terminal=True).url)), cookie=None)
    with app.read() as session:
        row = session.execute(text("SELECT * FROM oauth2_tokens")).one()
    assert "access-" not in str(row)
    assert "refresh-" not in str(row)
    captured = capsys.readouterr()
    assert "access-" not in captured.out + captured.err


def test_an_answer_is_good_once(app: TemporaryApp, account: MakeAccount, agree: Agree) -> None:
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    finish(app, support, answer, cookie=None)
    with pytest.raises(Refused, match="This attempt is over"):
        finish(app, support, answer, cookie=None)


def test_an_answer_that_failed_cannot_be_tried_again(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree
) -> None:
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    provider.behaviour.failures = 1
    with pytest.raises(TemporaryFailure, match="HTTP 500"):
        finish(app, support, answer, cookie=None)
    with pytest.raises(Refused, match="This attempt is over"):
        finish(app, support, answer, cookie=None)


def test_an_answer_of_another_account_is_refused(app: TemporaryApp, account: MakeAccount, agree: Agree) -> None:
    support, sales = account(), account("sales")
    answer = response_of(agree(begin(app, support, terminal=True).url))
    with pytest.raises(Refused, match="This attempt is over"):
        finish(app, sales, answer, cookie=None)


def test_an_answer_that_comes_late_is_refused(
    app: TemporaryApp, account: MakeAccount, agree: Agree, clock: Clock
) -> None:
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    clock.time += timedelta(minutes=16)
    with pytest.raises(Refused, match="took too long"):
        finish(app, support, answer, cookie=None)


def test_a_browser_cannot_end_what_a_terminal_began(app: TemporaryApp, account: MakeAccount, agree: Agree) -> None:
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    with pytest.raises(Refused, match="This attempt is over"):
        finish(app, support, answer, cookie="anything")


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "hello",
        "https://mail.example.org/email/oauth2/support/callback",
        "https://mail.example.org/?code=x",
        "state=x",
    ],
)
def test_what_is_no_answer_is_said_to_be_none(pasted: str) -> None:
    with pytest.raises(Refused, match="not the address of an answer"):
        response_of(pasted)


@pytest.mark.parametrize("state", ["x", "a0aaaa", "", "ä" * 2000])
def test_a_state_of_somebody_else_is_refused(app: TemporaryApp, account: MakeAccount, state: str) -> None:
    with pytest.raises(Refused):
        finish(app, account(), response_of(f"?code=c&state={state}"), cookie=None)


def test_a_person_who_does_not_agree_is_told_of(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree
) -> None:
    provider.behaviour.refuse_consent = True
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    with pytest.raises(ConsentDead, match="did not agree") as caught:
        finish(app, support, answer, cookie=None)
    assert "mailloom accounts connect support" in caught.value.remedy


def test_somebody_else_who_signs_in_is_refused_and_nothing_is_kept(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree
) -> None:
    provider.address = "mallory@example.org"
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    with pytest.raises(Refused, match=r"mallory@example.org signed in, but account support is for support@example.org"):
        finish(app, support, answer, cookie=None)
    with pytest.raises(ConfigurationError, match="not connected"):
        Tokens(app).access_token(support)


def test_a_shared_mailbox_is_opened_with_the_rights_of_a_person(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree
) -> None:
    provider.address = "Ann@example.org"
    shared = account(oauth_login="ann@example.org")
    url = begin(app, shared, terminal=True).url
    assert "login_hint=ann%40example.org" in url
    assert finish(app, shared, response_of(agree(url)), cookie=None).signed_in_as == "Ann@example.org"


@pytest.mark.parametrize("seconds", [300, -300])
def test_a_clock_that_differs_by_minutes_does_no_harm(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree, seconds: float
) -> None:
    provider.behaviour.clock_ahead_seconds = seconds
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    assert finish(app, support, answer, cookie=None).signed_in_as == "support@example.org"


def test_an_id_token_from_the_distant_past_is_not_taken(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree
) -> None:
    provider.behaviour.clock_ahead_seconds = -7200
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    with pytest.raises(Refused, match="do the clocks differ"):
        finish(app, support, answer, cookie=None)


@pytest.mark.parametrize(
    ("said", "kind", "words", "remedy"),
    [
        pytest.param(
            ("invalid_client", "AADSTS7000215: bad"),
            AuthenticationFailed,
            "its id was entered",
            "oauth_client_secret",
            id="id",
        ),
        pytest.param(
            ("invalid_client", "AADSTS7000222: x"),
            AuthenticationFailed,
            "secret has expired",
            "oauth_client_secret_ends",
            id="end",
        ),
        pytest.param(
            ("unauthorized_client", "AADSTS700016: x"),
            AuthenticationFailed,
            "tenant is wrong",
            "oauth_client_id",
            id="tenant",
        ),
        pytest.param(
            ("invalid_grant", "AADSTS65001: x"), ConsentDead, "nobody has agreed", "connect support", id="consent"
        ),
        pytest.param(("invalid_grant", "AADSTS50076: x"), ConsentDead, "second factor", "connect support", id="factor"),
        pytest.param(
            ("invalid_client", "nope"), AuthenticationFailed, "client id or client secret", "accounts edit", id="client"
        ),
        pytest.param(
            ("redirect_uri_mismatch", ""), AuthenticationFailed, "redirect URI", "connect support", id="redirect"
        ),
        pytest.param(("invalid_scope", ""), ConfigurationError, "scope", "oauth_scope", id="scope"),
        pytest.param(("temporarily_unavailable", ""), TemporaryFailure, "overloaded", "tried again", id="busy"),
        pytest.param(("something_new", "odd"), ConfigurationError, r"something_new: odd", "registration", id="unknown"),
    ],
)
def test_a_refusal_says_what_it_means_and_who_must_do_what(
    app: TemporaryApp,
    provider: OAuthProvider,
    account: MakeAccount,
    agree: Agree,
    said: tuple[str, str],
    kind: type[MailloomError],
    words: str,
    remedy: str,
) -> None:
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    provider.behaviour.error = said
    with pytest.raises(kind, match=words) as caught:
        finish(app, support, answer, cookie=None)
    assert type(caught.value) is kind
    assert remedy in caught.value.remedy


def test_an_endpoint_that_answers_with_a_page_is_told_of(
    app: TemporaryApp, provider: OAuthProvider, account: MakeAccount, agree: Agree
) -> None:
    support = account()
    answer = response_of(agree(begin(app, support, terminal=True).url))
    provider.behaviour.garbage = True
    with pytest.raises(TemporaryFailure, match="no answer that can be read"):
        finish(app, support, answer, cookie=None)


def test_an_endpoint_that_is_not_there_is_told_of(app: TemporaryApp, account: MakeAccount, agree: Agree) -> None:
    support = account(oauth_token_url="http://127.0.0.1:9/token")
    answer = response_of(agree(begin(app, support, terminal=True).url))
    with pytest.raises(TemporaryFailure, match="cannot be reached"):
        finish(app, support, answer, cookie=None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"authentication": "password"}, "does not log in by OAuth 2", id="password"),
        pytest.param({"oauth_client_id": ""}, "lacks oauth_client_id", id="no client"),
        pytest.param({"oauth_token_url": ""}, "lacks oauth_token_url", id="no endpoint"),
        pytest.param({"oauth_authorize_url": ""}, "lacks oauth_authorize_url", id="no page"),
    ],
)
def test_what_is_missing_is_named(app: TemporaryApp, account: MakeAccount, changes: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        begin(app, account(**changes), terminal=True)


@pytest.mark.parametrize("url", ["http://login.example.org/token", "ftp://x/", "https://", "https://a:b@example.org/"])
def test_tokens_are_asked_for_over_tls_only(account: MakeAccount, url: str) -> None:
    with pytest.raises(ConfigurationError, match="oauth_token_url"):
        account(oauth_token_url=url)


def test_a_code_is_entered_on_another_device(app: TemporaryApp, provider: OAuthProvider, account: MakeAccount) -> None:
    provider.behaviour.pending_polls = 2
    support, waits = account(), list[float]()
    code = device_code(support)
    assert (code.user_code, code.where) == ("WDJB-MJHT", f"{provider.url}/activate")
    assert code.device_code not in repr(code)
    shown = connect_by_device(app, support, device_tokens(support, code, waits.append))
    assert shown.signed_in_as == "support@example.org"
    assert waits == [1.0, 1.0, 1.0]


def test_a_code_that_nobody_enters_ends(provider: OAuthProvider, account: MakeAccount) -> None:
    provider.behaviour.pending_polls = 1000
    support = account()
    with pytest.raises(ConsentDead, match="not used in time"):
        device_tokens(support, device_code(support), lambda seconds: None)
