"""Test connection, and opening, on a real Dovecot: every security, and every way to fail that a person can cause."""

from __future__ import annotations

from typing import Any

import pytest

from mailloom.addons.imap import ImapKind
from mailloom.api import Account, Authentication, Security, Step
from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, PermanentFailure

pytestmark = pytest.mark.dovecot


def probed(account: Account[Any], kind: ImapKind | None = None) -> list[Step]:
    return list((kind or ImapKind()).probe(account))


SECURED = {"security": Security.TLS, "host": "localhost"}


def port_for(mailbox: Any, security: Security) -> int:
    port: int = mailbox.dovecot.imaps if security is Security.TLS else mailbox.dovecot.imap
    return port


@pytest.mark.parametrize(
    ("security", "names"),
    [
        (Security.NONE, ["DNS", "TCP", "greeting", "mechanism", "login", "folder INBOX"]),
        (
            Security.STARTTLS,
            ["DNS", "TCP", "greeting", "STARTTLS", "TLS", "capabilities", "mechanism", "login", "folder INBOX"],
        ),
        (Security.TLS, ["DNS", "TCP", "TLS", "greeting", "mechanism", "login", "folder INBOX"]),
    ],
)
def test_every_step_is_told_and_the_account_opens(mailbox: Any, security: Security, names: list[str]) -> None:
    account = mailbox.account(
        security=security, port=port_for(mailbox, security), ca_file=mailbox.dovecot.ca_file, timeout_seconds=10
    )
    steps = probed(account)
    assert [step.name for step in steps] == names
    assert all(step.passed for step in steps)
    assert "IDLE, MOVE, UIDPLUS" in steps[-2].detail
    assert steps[-1].detail == "0 messages"
    source = ImapKind().open(account)
    assert list(source.fetch({}, 5)) == []
    source.close()


@pytest.mark.parametrize(
    ("changes", "step", "told", "error"),
    [
        pytest.param({"password": "wrong"}, "login", "User name or password is wrong", AuthenticationFailed, id="password"),
        pytest.param({"password": None}, "mechanism", "no user name or password", ConfigurationError, id="none given"),
        pytest.param({"password": "a\r\nM9 LOGOUT"}, "login", "wrong", AuthenticationFailed, id="injection"),
        pytest.param({"user": 'x" y\\'}, "login", "The server did not let us log in", MailloomError, id="odd user"),
        pytest.param({"folders": ["Nope"]}, "folder Nope", "does not exist", None, id="folder"),
        pytest.param({"ca_file": None}, "TLS", "self-signed or its issuer is not trusted", ConfigurationError, id="unknown CA"),
        pytest.param({"port": "imap"}, "TLS", "plain text where TLS was expected", ConfigurationError, id="plain port"),
        pytest.param({"port": "pop3s"}, "greeting", "This is no IMAP server", PermanentFailure, id="POP3 port"),
        pytest.param({"host": ""}, "account", "names no server", ConfigurationError, id="no host"),
        pytest.param(
            {"authentication": Authentication.OAUTH2}, "mechanism", "logs in by OAuth 2, and no addon", ConfigurationError, id="no token"
        ),
        pytest.param(
            {"authentication": Authentication.CERTIFICATE}, "mechanism", "offers no way to log in", ConfigurationError, id="EXTERNAL"
        ),
    ],
)  # fmt: skip
def test_the_first_failing_step_ends_it_and_says_what_helps(
    mailbox: Any, changes: dict[str, Any], step: str, told: str, error: type[MailloomError] | None
) -> None:
    values: dict[str, Any] = {"security": Security.TLS, "port": "imaps", "ca_file": mailbox.dovecot.ca_file, **changes}
    values["port"] = getattr(mailbox.dovecot, values["port"])
    account = mailbox.account(**values)
    steps = probed(account)
    assert [one.passed for one in steps] == [True] * (len(steps) - 1) + [False]
    assert steps[-1].name == step
    assert told in steps[-1].meaning
    assert steps[-1].remedy
    if step.startswith(("login", "folder")):
        assert steps[-1].words.startswith(("NO ", "BAD "))
    if error is not None:
        with pytest.raises(error) as raised:
            ImapKind().open(account)
        assert raised.value.remedy


def test_a_wrong_folder_is_answered_with_those_that_exist(mailbox: Any) -> None:
    mailbox.other.create_folder("Support")
    steps = probed(mailbox.account(folders=["Suport"]))
    assert "'Support'" in steps[-1].remedy


def test_the_secret_is_in_no_step(mailbox: Any) -> None:
    steps = probed(mailbox.account(password="hunter-two"))
    assert "hunter" not in repr(steps)
