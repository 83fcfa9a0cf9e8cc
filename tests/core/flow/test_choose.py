"""Which account sends, and the reasons that are given for each."""

from __future__ import annotations

import pytest

from mailloom.flow.choose import Match, choose, outgoing_accounts
from mailloom.store.accounts import AccountState
from mailloom.testing.outbox import Desk


@pytest.fixture
def desk(sqlite_database, now):
    return Desk(sqlite_database, now)


def chosen(desk, sender, **options):
    with desk.database.read() as session:
        choice = choose(outgoing_accounts(session), sender, **options)
    return (choice.account.name if choice.account else None, choice.match)


def test_an_exact_address_beats_the_domain_beats_no_filter_whatever_the_sequence(desk):
    desk.account("any", sequence=1)
    desk.account("domain", sequence=2, from_filter=["Example.org"])
    desk.account("exact", sequence=3, from_filter=["other.test", "ann@example.org"])
    assert chosen(desk, "ann@example.org") == ("exact", Match.EXACT)
    assert chosen(desk, "bob@example.org") == ("domain", Match.DOMAIN)
    assert chosen(desk, "bob@example.net") == ("any", Match.ANY)


def test_among_equals_the_sequence_decides(desk):
    desk.account("later", sequence=20)
    desk.account("sooner", sequence=5)
    assert chosen(desk, "ann@example.org") == ("sooner", Match.ANY)


def test_an_account_that_sends_in_the_writers_name_comes_last(desk):
    desk.account("wrapping", sequence=1, from_filter=["other.test"], default_from="help@other.test")
    assert chosen(desk, "ann@example.org") == ("wrapping", Match.WRAPPED)
    assert chosen(desk, "ann@example.org", wrap=False) == (None, None)
    desk.account("any", sequence=2)
    assert chosen(desk, "ann@example.org") == ("any", Match.ANY)


def test_a_paused_account_comes_after_all_others_and_a_draft_never(desk):
    desk.account("draft", state=AccountState.DRAFT)
    assert chosen(desk, "ann@example.org") == (None, None)
    desk.account("paused", sequence=1, state=AccountState.PAUSED)
    assert chosen(desk, "ann@example.org") == ("paused", Match.ANY)
    desk.account("failing", sequence=2, state=AccountState.FAILING)
    assert chosen(desk, "ann@example.org") == ("failing", Match.ANY)


@pytest.mark.parametrize(
    ("entry", "sender", "expected"),
    [
        pytest.param("@example.org", "ann@example.org", Match.DOMAIN, id="domain with at"),
        pytest.param("bücher.example", "ann@xn--bcher-kva.example", Match.DOMAIN, id="international"),
        pytest.param("ANN@example.org", "ann@example.org", Match.EXACT, id="case"),
        pytest.param("example.org", "ann@sub.example.org", None, id="no sub-domains"),
        pytest.param("example.org", "ann@notexample.org", None, id="no endings"),
    ],
)
def test_filter_entries(desk, entry, sender, expected):
    desk.account(from_filter=[entry])
    assert chosen(desk, sender)[1] is expected


def test_every_account_gets_its_reason(desk):
    desk.account("draft", state=AccountState.DRAFT, sequence=1)
    desk.account("other", from_filter=["other.test"], sequence=2)
    desk.account("used", from_filter=["example.org"], sequence=3)
    with desk.database.read() as session:
        choice = choose(outgoing_accounts(session), "ann@example.org")
    reasons = {each.account.name: each.reason for each in choice.candidates}
    assert "draft" in reasons["draft"]
    assert reasons["other"] == "its From filter leaves ann@example.org out, and it has no default From"
    assert choice.reason == reasons["used"] == "its From filter names the domain example.org"
