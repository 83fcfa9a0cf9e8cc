"""A POP3 mailbox on a real Dovecot: what was seen, deletions that count or do not, the steps of a test. `mailbox` is conftest's DovecotMailbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from mailloom.addons.pop3 import Pop3Kind, Pop3Settings
from mailloom.api import AfterFetch, Authentication, Cursor, Fetched, Security
from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, PermanentFailure
from mailloom.testing.sources import numbered

pytestmark = pytest.mark.dovecot


def subjects(fetched: Sequence[Fetched]) -> list[str]:
    return [one.raw.split(b"\r\n", 1)[0].decode().removeprefix("Subject: number ") for one in fetched]


def positions(fetched: Sequence[Fetched]) -> dict[str, Cursor]:
    return {one.position.folder: one.position for one in fetched}


def dated(number: int, day: str, received: str = "") -> bytes:
    head = b"Received: from a by b;\r\n\t%s\r\n" % received.encode() if received else b""
    return head + b"Date: %s\r\n" % day.encode() + numbered(number)


def test_deletions_count_only_when_the_session_ended_well_and_are_repeated(mailbox: Any) -> None:
    for number in range(3):
        mailbox.deliver(numbered(number))
    source = mailbox.open(AfterFetch.DELETE)
    fetched = list(source.fetch({}, 2))
    source.done([one.cursor for one in fetched])
    source._conversation.stream.abandon()  # the line breaks before QUIT
    source.close()
    source = mailbox.open(AfterFetch.DELETE)
    rest = list(source.fetch(positions(fetched), 10))
    source.close()
    assert subjects(rest) == ["2"]
    assert mailbox.remaining() == 1


def test_mail_that_was_kept_is_not_deleted_when_the_wish_changes(mailbox: Any) -> None:
    mailbox.deliver(numbered(1))
    source = mailbox.open(AfterFetch.KEEP)
    kept = list(source.fetch({}, 10))
    source.close()
    mailbox.deliver(numbered(2))
    source = mailbox.open(AfterFetch.DELETE)
    fresh = list(source.fetch(positions(kept), 10))
    source.done([one.cursor for one in fresh])
    source.close()
    assert subjects(fresh) == ["2"]
    assert mailbox.remaining() == 1


def test_what_is_gone_from_the_server_is_forgotten(mailbox: Any) -> None:
    for number in range(40):
        mailbox.deliver(numbered(number))
    source = mailbox.open()
    first = list(source.fetch({}, 100))
    source.close()
    mailbox.other.select_folder("INBOX")
    mailbox.other.delete_messages(mailbox.other.search())
    mailbox.other.expunge()
    mailbox.deliver(numbered(99))
    source = mailbox.open()
    (last,) = source.fetch(positions(first), 100)
    source.close()
    assert len(last.position.text) < 20 < len(first[-1].position.text)


def test_since_divides_by_received_then_date(mailbox: Any) -> None:
    old, new = "Mon, 4 May 2020 10:00:00 +0000", "Mon, 4 May 2026 10:00:00 +0000"
    mailbox.deliver(dated(0, old))
    mailbox.deliver(dated(1, new))
    mailbox.deliver(dated(2, old, received=new))
    mailbox.deliver(dated(3, new, received=old))
    mailbox.deliver(numbered(4))
    source = mailbox.open(since="2026-01-01")
    fetched = list(source.fetch({}, 10))
    again = list(source.fetch(positions(fetched), 10))
    source.close()
    assert [one.raw.partition(b"Subject: number ")[2][:1] for one in fetched] == [b"1", b"2", b"4"]
    assert again == []


def test_a_message_that_is_too_large_stays_with_a_warning(mailbox: Any) -> None:
    mailbox.deliver(numbered(1, b"y" * 5000 + b"\r\n"))
    mailbox.deliver(numbered(2))
    source = mailbox.open(AfterFetch.DELETE, max_message_bytes=2048)
    with capture_logs() as logs:
        fetched = list(source.fetch({}, 10))
    source.done([one.cursor for one in fetched])
    source.close()
    assert subjects(fetched) == ["2"]
    assert [entry["event"] for entry in logs] == ["message too large, left on the server"]
    assert mailbox.remaining() == 1


@pytest.mark.parametrize("wish", [AfterFetch.SEEN, AfterFetch.MOVE])
def test_what_pop3_cannot_do_is_refused_with_a_sentence(wish: AfterFetch) -> None:
    with pytest.raises(ValidationError, match="choose keep or delete"):
        Pop3Settings(after_fetch=wish)


@pytest.mark.parametrize("security", list(Security))
def test_every_step_is_told_and_the_account_opens(mailbox: Any, security: Security) -> None:
    port = mailbox.dovecot.pop3s if security is Security.TLS else mailbox.dovecot.pop3
    account = mailbox.account(security=security, port=port, ca_file=mailbox.dovecot.ca_file)
    steps = list(Pop3Kind().probe(account))
    assert all(step.passed for step in steps)
    assert [step.name for step in steps][-3:] == ["mechanism", "login", "mailbox"]
    assert ("TLS" in {step.name for step in steps}) is (security is not Security.NONE)
    assert "0 messages" in steps[-1].detail
    assert "pipelining" in steps[-1].detail
    Pop3Kind().open(account).close()


@pytest.mark.parametrize(
    ("changes", "step", "told", "error"),
    [
        pytest.param({"password": "wrong"}, "login", "User name or password is wrong", AuthenticationFailed, id="password"),
        pytest.param({"password": None}, "mechanism", "no user name or password", ConfigurationError, id="none given"),
        pytest.param({"password": "a\r\nDELE 1"}, "login", "User name or password is wrong", AuthenticationFailed, id="injection"),
        pytest.param({"ca_file": None}, "TLS", "self-signed or its issuer is not trusted", ConfigurationError, id="unknown CA"),
        pytest.param({"port": "pop3"}, "TLS", "plain text where TLS was expected", ConfigurationError, id="plain port"),
        pytest.param({"port": "imaps"}, "greeting", "This is no POP3 server", PermanentFailure, id="IMAP port"),
        pytest.param({"host": ""}, "account", "names no server", ConfigurationError, id="no host"),
        pytest.param({"authentication": Authentication.NONE}, "mechanism", "always wants a login", ConfigurationError, id="no login"),
        pytest.param({"authentication": Authentication.OAUTH2}, "mechanism", "logs in by OAuth 2, and no addon", ConfigurationError, id="no token"),
    ],
)  # fmt: skip
def test_the_first_failing_step_ends_it_and_says_what_helps(
    mailbox: Any, changes: dict[str, Any], step: str, told: str, error: type[MailloomError]
) -> None:
    values: dict[str, Any] = {"security": Security.TLS, "port": "pop3s", "ca_file": mailbox.dovecot.ca_file, **changes}
    values["port"] = getattr(mailbox.dovecot, values["port"])
    account = mailbox.account(**values)
    steps = list(Pop3Kind().probe(account))
    assert [one.passed for one in steps] == [True] * (len(steps) - 1) + [False]
    assert steps[-1].name == step
    assert told in steps[-1].meaning
    assert steps[-1].remedy
    if step == "login":
        assert steps[-1].words.startswith("-ERR")
    with pytest.raises(error) as raised:
        Pop3Kind().open(account)
    assert raised.value.remedy
