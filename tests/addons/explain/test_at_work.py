"""The catalogue inside an application, beside the addons of the protocols."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailloom.api import FailureClass
from mailloom.registry import Hooks
from mailloom.testing.application import temporary_app


@pytest.fixture(scope="module")
def hooks() -> Iterator[Hooks]:
    with temporary_app(["smtp", "imap", "pop3", "explain"]) as app:
        yield app.registry.hooks


def test_the_catalogue_is_asked_before_the_tables_of_protocols(hooks: Hooks) -> None:
    asked = [each.addon for each in reversed(hooks.implementations.of("explain_failure"))]
    assert asked[0] == "explain"
    assert set(asked[1:]) == {"smtp", "imap", "pop3"}


@pytest.mark.parametrize(
    ("words", "protocol", "kind", "rule"),
    [
        ("550 5.4.5 Daily user sending limit exceeded", "smtp", "gmail", "gmail-daily-quota"),
        ("550 5.4.5 Daily user sending limit exceeded", "smtp", "gmail_relay", "gmail-daily-quota"),
        ("550 5.4.5 Daily user sending limit exceeded", "smtp", "smtp", "provider-sending-limit"),
        ("NO [AUTHENTICATIONFAILED] no", "imap", "imap", "imap-password"),
        ("-ERR [IN-USE] locked", "pop3", "pop3", "pop-locked"),
    ],
)
def test_the_catalogue_answers_for_every_protocol(
    hooks: Hooks, words: str, protocol: str, kind: str, rule: str
) -> None:
    found = hooks.explain_failure(words, protocol, kind)
    assert found is not None
    assert found.rule == rule


def test_what_only_a_protocols_own_table_knows_goes_before_the_generic(hooks: Hooks) -> None:
    found = hooks.explain_failure("NO [CLIENTBUG] what", "imap", "imap")
    assert found is not None
    assert not found.generic


def test_what_nobody_knows_is_generic(hooks: Hooks) -> None:
    found = hooks.explain_failure("550 5.7.17 whatever", "smtp", "smtp")
    assert found is not None
    assert (found.generic, found.failure) == (True, FailureClass.HARD)
